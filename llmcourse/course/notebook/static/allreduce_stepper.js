// The figure: ranks in a circle, each with what it holds of each part, the messages of the next step as arrows, and
// what every rank has sent so far.
function mount(box, config) {
  const state = { ...config.start };
  const WIDTH = 640, HEIGHT = 430, MIDDLE = [320, 208];
  const NAMES = { ring: "ring", tree: "tree", plain: "everybody to everybody" };
  const SHORT = { ring: "ring", tree: "tree", plain: "plain" };
  const times = (x) => (Math.round(100 * x) / 100).toString();
  const time = (s) => (s < 1e-3 ? `${(1e6 * s).toFixed(0)} µs` : s < 1 ? `${(1e3 * s).toFixed(s < 0.1 ? 1 : 0)} ms` : `${s.toFixed(1)} s`);

  // ---- choices -----------------------------------------------------------------------------------------------
  function select(label, values, name, told = String) {
    const node = element("select", {
      "aria-label": label,
      onchange: (e) => { state[name] = values[e.target.selectedIndex]; state.step = 0; draw(); },
    }, ...values.map((value) => element("option", { selected: value === state[name] }, told(value))));
    return element("label", { class: "choice" }, element("span", {}, label), node);
  }
  const slider = element("input", {
    type: "range", min: 0, "aria-label": "step", oninput: (e) => { state.step = Number(e.target.value); draw(); },
  });
  const move = (by) => () => {
    const goal = state.step + by;
    if (goal < 0 || goal > allreduce.steps(state.way, state.ranks)) return;
    state.step = goal;
    draw();
  };
  const back = element("button", { type: "button", onclick: move(-1) }, "back");
  const next = element("button", { type: "button", class: "primary", onclick: move(1) }, "next step");
  const controls = element("div", { class: "choices" },
    select("way", Object.keys(NAMES), "way", (way) => NAMES[way]),
    select("ranks", config.ranks, "ranks"),
    element("label", { class: "choice" }, element("span", {}, "step"), slider),
    element("div", { class: "buttons" }, back, next));

  // ---- drawing -----------------------------------------------------------------------------------------------
  const chart = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });
  const size = element("select", {
    "aria-label": "tensor", onchange: (e) => { state.bytes = config.bytes[e.target.selectedIndex][1]; draw(); },
  }, ...config.bytes.map(([name, n]) => element("option", { selected: n === state.bytes }, name)));
  const rows = element("tbody", {});

  function where(rank) {
    const turn = -Math.PI / 2 + 2 * Math.PI * rank / state.ranks;
    return [MIDDLE[0] + 232 * Math.cos(turn), MIDDLE[1] + 162 * Math.sin(turn)];
  }

  function drawRank(rank, held, sent, most, nodes) {
    const n = state.ranks, cell = n > 6 ? 14 : n > 4 ? 19 : 24, tall = 34, [x, y] = where(rank);
    const left = x - n * cell / 2, top = y - tall / 2;
    held[rank].forEach((bits, part) => {
      const share = allreduce.count(bits) / n, from = allreduce.members(bits).map((r) => r).join(", ");
      const group = element("g", {}, element("title", {}, `rank ${rank}, part ${part}: sum of ranks ${from}`),
        element("rect", { x: left + part * cell, y: top, width: cell - 2, height: tall, class: "room" }),
        element("rect", {
          x: left + part * cell, y: top + tall * (1 - share), width: cell - 2, height: tall * share,
          class: share === 1 ? "done" : "partly",
        }));
      nodes.push(group);
      if (cell >= 19) {
        nodes.push(element("text", { x: left + (part + 0.5) * cell - 1, y: y + 5, class: "number", "text-anchor": "middle" },
          String(allreduce.count(bits))));
      }
    });
    nodes.push(element("text", { x, y: top - 6, "text-anchor": "middle" }, `rank ${rank}`));
    nodes.push(element("text", { x, y: top + tall + 19, "text-anchor": "middle", class: "sent" }, `sent ${times(sent[rank])} S`));
  }

  function arrow({ from, to, parts }, nodes) {
    const [x1, y1] = where(from), [x2, y2] = where(to), length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const inset = Math.min(62, length * 0.3), ux = (x2 - x1) / length, uy = (y2 - y1) / length;
    // Bent a little to the side, so that what goes to and fro does not lie on one another.
    const side = state.way === "plain" || state.ranks === 2 ? 16 : 0;
    const ax = x1 + ux * inset - uy * side / 2, ay = y1 + uy * inset + ux * side / 2;
    const bx = x2 - ux * inset - uy * side / 2, by = y2 - uy * inset + ux * side / 2;
    const wide = 1.5 + 3.5 * parts.length / state.ranks;
    nodes.push(element("line", { x1: ax, y1: ay, x2: bx, y2: by, class: "message", "stroke-width": wide }));
    nodes.push(element("path", {
      d: `M${bx + 7 * ux},${by + 7 * uy} L${bx - 6 * uy},${by + 6 * ux} L${bx + 6 * uy},${by - 6 * ux} z`, class: "head",
    }));
    if (state.way === "ring") {
      const mx = (ax + bx) / 2, my = (ay + by) / 2, far = Math.hypot(mx - MIDDLE[0], my - MIDDLE[1]);
      const ox = far > 20 ? (mx - MIDDLE[0]) / far : 0, oy = far > 20 ? (my - MIDDLE[1]) / far : uy || ux;
      nodes.push(element("text", { x: mx + ox * 30, y: my + oy * 18 + 5, class: "part", "text-anchor": "middle" }, `part ${parts[0]}`));
    }
  }

  function draw() {
    const { way, ranks: n, step } = state, last = allreduce.steps(way, n);
    slider.max = last;
    slider.value = step;
    slider.setAttribute("aria-valuetext", `step ${step} of ${last}`);
    back.setAttribute("aria-disabled", String(step === 0));
    next.setAttribute("aria-disabled", String(step === last));
    const held = allreduce.held(way, n, step), sent = allreduce.sent(way, n, step), nodes = [];
    const coming = step < last ? allreduce.messages(way, n, step) : [];
    coming.forEach((message) => arrow(message, nodes));
    held.forEach((_, rank) => drawRank(rank, held, sent, n, nodes));
    chart.replaceChildren(...nodes);
    const done = held.flat().filter((bits) => allreduce.count(bits) === n).length;
    chart.setAttribute("aria-label", `${NAMES[way]}, ${n} ranks, after step ${step} of ${last}: ${done} of ${n * n} parts are `
      + `complete sums; sent so far ${sent.map(times).join(", ")} tensors`);
    const busy = new Set(coming.map((message) => message.from)).size;
    const doing = step === last ? "All have the sum." : `In the next step ${busy === n ? `all ${n}` : `${busy} of ${n}`} ranks send `
      + `${way === "ring" ? "one part" : "a whole tensor"}${coming[0].adds ? ", and the receiver adds." : ", and the receiver keeps it."}`;
    told.textContent = `After step ${step} of ${last}, ${done} of the ${n * n} parts are complete. The busiest rank has sent `
      + `${times(Math.max(...sent))} S, where S is the whole tensor. ${doing}`;
    rows.replaceChildren(...Object.keys(NAMES).map((each) => {
      const steps = allreduce.steps(each, n);
      return element("tr", { class: each === way ? "chosen" : null }, element("th", { scope: "row" }, SHORT[each]),
        ...[String(steps), `${times(Math.max(...allreduce.sent(each, n, steps)))} S`,
          time(allreduce.seconds(each, state.bytes, n, config.alpha, config.beta))].map((cell) => element("td", {}, cell)));
    }));
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "An all-reduce, step by step"), controls, chart,
    element("p", { class: "soft" }, ...[
      ["partly", "how many ranks' numbers are in a part"], ["done", "the sum of all"], ["message", "the next messages"],
    ].map(([kind, name]) => element("span", { class: "key" }, element("i", { class: `swatch ${kind}` }), name))),
    told,
    element("div", { class: "below" },
      element("table", { class: "numbers" }, element("thead", {}, element("tr", {},
        ...["way", "steps", "busiest sends", "time"].map((head) => element("th", { scope: "col" }, head)))), rows),
      element("label", { class: "choice" }, element("span", {}, "size of the tensor, S"), size)),
    element("p", { class: "soft" }, config.wire));
}
