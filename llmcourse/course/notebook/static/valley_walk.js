// The figure: the valley from above with the walk in it, and the loss at each step.
function mount(box, config) {
  const state = { ...config.start };
  const SIZE = 330, VIEW = 3, LOW = 1e-10, HIGH = 1e4, LEFT = 46, TOP = 12, PLOT = 168;
  const xy = ([x, y]) => [(SIZE * (x + VIEW)) / (2 * VIEW), (SIZE * (VIEW - y)) / (2 * VIEW)];
  const held = (c) => Math.max(-999, Math.min(SIZE + 999, c)).toFixed(1);
  const points = (places) => places.map((place) => xy(place).map(held).join(",")).join(" ");

  // ---- choices -----------------------------------------------------------------------------------------------
  function select(label, values, key, shown = String) {
    const choose = (e) => { state[key] = values[e.target.selectedIndex]; refresh(); };
    const node = element("select", { "aria-label": label, onchange: choose },
      ...values.map((value) => element("option", { selected: value === state[key] }, shown(value))));
    return element("label", { class: "choice" }, element("span", {}, label), node);
  }
  function slider(label, from, to, by, get, set, shown) {
    const value = element("b", {});
    const input = element("input", {
      type: "range", min: from, max: to, step: by, "aria-label": label,
      oninput: (e) => { set(Number(e.target.value)); refresh(); },
    });
    const fill = () => {
      input.value = get();
      value.textContent = ` ${shown()}`;
      input.setAttribute("aria-valuetext", shown());
    };
    return { fill, input, node: element("label", { class: "choice" }, element("span", {}, label, value), input) };
  }
  const rate = slider("rate", -3, 1, 0.02, () => Math.log10(state.rate), (x) => { state.rate = 10 ** x; },
    () => valley.told(state.rate));
  const beta = slider("β", 0, 0.98, 0.01, () => state.beta, (x) => { state.beta = x; }, () => valley.told(state.beta));
  const best = element("button", {
    onclick: () => { Object.assign(state, valley.best(state.rule, state.kappa)); refresh(); },
  }, "Best rate");
  const over = element("button", {
    onclick: () => { state.rate = 1.02 * valley.limit(state.rule, state.beta, state.kappa); refresh(); },
  }, "Just too large");

  // ---- drawing -----------------------------------------------------------------------------------------------
  const map = element("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img" });
  const curve = element("svg", { viewBox: `0 0 ${SIZE} ${TOP + PLOT + 24}`, role: "img" });
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });

  function contours() {
    const most = valley.loss(config.start.start, state.kappa, 0), rings = [];
    for (let level = most; level > most / 5000; level /= 4) {
      const ring = [];
      for (let degrees = 0; degrees <= 360; degrees += 6) {
        const a = (degrees * Math.PI) / 180, r = Math.sqrt(2 * level);
        ring.push(valley.turned([r * Math.cos(a), (r * Math.sin(a)) / Math.sqrt(state.kappa)], state.turn));
      }
      rings.push(element("polyline", { class: "ring", points: points(ring) }));
    }
    return rings;
  }
  function drawMap(places) {
    const [x, y] = xy(places[0]), [bx, by] = xy([0, 0]);
    map.replaceChildren(...contours(),
      element("polyline", { class: "walk", points: points(places) }),
      ...places.slice(0, 40).map((place) => {
        const [cx, cy] = xy(place);
        return element("circle", { class: "foot", cx, cy, r: 2.4 });
      }),
      element("circle", { class: "from", cx: x, cy: y, r: 5 }),
      element("path", { class: "bottom", d: `M${bx - 6} ${by}h12M${bx} ${by - 6}v12` }));
  }
  function drawCurve(losses) {
    const at = (t, value) => {
      const share = Math.log10(Math.max(LOW, Math.min(HIGH, value)) / LOW) / Math.log10(HIGH / LOW);
      return `${(LEFT + ((SIZE - LEFT - 8) * t) / state.steps).toFixed(1)},${(TOP + PLOT * (1 - share)).toFixed(1)}`;
    };
    const nodes = [];
    for (let power = 4; power >= -10; power -= 2) {
      const y = Number(at(0, 10 ** power).split(",")[1]);
      nodes.push(element("line", { class: "grid", x1: LEFT, x2: SIZE - 8, y1: y, y2: y }));
      if (power % 4) continue;
      nodes.push(element("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, power ? `1e${power}` : "1"));
    }
    nodes.push(element("polyline", { class: "walk", points: losses.map((value, t) => at(t, value)).join(" ") }),
      element("text", { x: LEFT, y: TOP + PLOT + 18 }, "0"),
      element("text", { x: SIZE - 8, y: TOP + PLOT + 18, "text-anchor": "end" }, `step ${state.steps}`),
      element("text", { x: SIZE - 12, y: TOP + 16, "text-anchor": "end" }, "loss"));
    curve.replaceChildren(...nodes);
  }

  function tell(losses) {
    const { rule, kappa } = state, limit = valley.limit(rule, state.beta, kappa), last = losses[losses.length - 1];
    const parts = [];
    if (limit === null) {
      parts.push("Adam divides each number's step by the size of its own gradients: as long as their signs agree, it "
        + "moves by about the rate, however steep it is.");
    } else {
      const [flat, steep] = [1, kappa].map((c) => valley.factor(rule, state.rate, state.beta, c));
      parts.push(`In the long run a step leaves ${flat.toFixed(3)} of the distance along the flat direction and `
        + `${steep.toFixed(3)} of that along the steep one${state.fades ? ", at the full rate" : ""}.`);
      const above = state.rate >= limit ? ", and this one is above it" : "";
      parts.push(`From a rate of ${valley.told(limit)} on, the second is 1 or more${above}.`);
    }
    const ended = losses.length - 1 < state.steps ? `The walk has left the valley at step ${losses.length - 1}.`
      : `After ${state.steps} steps the loss is ${valley.told(last / losses[0])} of what it was.`;
    told.textContent = [...parts, ended].join(" ");
  }

  function refresh() {
    const { places, losses } = valley.walk(state);
    rate.fill();
    beta.fill();
    beta.input.disabled = state.rule === "gradient descent";
    for (const button of [best, over]) {
      button.disabled = state.rule === "Adam";
      button.setAttribute("aria-disabled", String(button.disabled));
    }
    drawMap(places);
    drawCurve(losses);
    tell(losses);
    map.setAttribute("aria-label", `the valley from above, ${state.kappa} times as steep in one direction, with a walk `
      + `by ${state.rule} of ${losses.length - 1} steps`);
    curve.setAttribute("aria-label",
      `loss by step, from ${valley.told(losses[0])} to ${valley.told(losses[losses.length - 1])}`);
  }

  const choices = [
    select("rule", config.rules, "rule"),
    select("steepness", config.kappas, "kappa", (k) => `${k} to 1`),
    select("valley", config.turns, "turn", (turn) => (turn ? `turned by ${turn}°` : "along the axes")),
    select("rate over the walk", [false, true], "fades", (fades) => (fades ? "a line to zero" : "constant")),
    rate.node, beta.node,
  ];
  refresh();
  box.className = "figure";
  box.append(element("h3", {}, "A walk in a valley"), element("div", { class: "choices" }, ...choices),
    element("div", { class: "buttons" }, best, over), element("div", { class: "charts" }, map, curve), told);
}
