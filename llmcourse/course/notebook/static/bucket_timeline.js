// The figure: above, one backward pass and its messages on the wire; below, when the optimizer may step, for every limit.
function mount(box, config) {
  const { backward, limits, models } = config;
  const state = { ...config.start, model: models.findIndex(([vocabulary]) => vocabulary === config.start.vocabulary) };
  const WIDTH = 640, EDGE = 14, LEFT = 62, HIGH = 310, BOTTOM = 58, TOP = 38, LANE = 30, ABOVE = 24, BELOW = 92;
  const numbers = () => models[state.model][1];
  const name = (i) => (i === 0 ? "each gradient by itself"
    : overlap.assign(numbers(), limits[i]).length === 1 ? "all in one bucket" : `${limits[i]} MiB`);
  const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const two = (value) => Number(value.toPrecision(2));

  // ---- choices -----------------------------------------------------------------------------------------------
  function slider(label, kind, [min, max, step], get, set, words) {
    const shown = element("b", {});
    const node = element("input", {
      type: "range", min, max, step, "aria-label": label, oninput: (event) => { set(Number(event.target.value)); draw(); },
    });
    const fill = () => {
      node.value = get();
      shown.textContent = words();
      node.setAttribute("aria-valuetext", words());
    };
    return { fill, node: element("label", { class: `choice ${kind}` }, element("span", {}, `${label}: `, shown), node) };
  }
  function select(label, values, told, get, set, kind = "") {
    const node = element("select", {
      "aria-label": label, onchange: (event) => { set(values[event.target.selectedIndex]); draw(); },
    }, ...values.map((value) => element("option", { selected: value === get() }, told(value))));
    return element("label", { class: `choice ${kind}` }, element("span", {}, label), node);
  }
  const log = (name, range) => [[...range.map((value) => Math.log10(value)), 0.1], () => Math.log10(state[name]),
    (value) => { state[name] = 10 ** value; }];
  const sliders = [
    slider("limit of a bucket", "full", [0, limits.length - 1, 1], () => state.limit, (value) => { state.limit = value; },
      () => name(state.limit)),
    slider("a message costs", "wide", ...log("latency", config.latencies), () => `${two(state.latency)} µs`),
    slider("the wire carries", "wide", ...log("bandwidth", config.bandwidths), () => `${two(state.bandwidth)} GB/s`),
  ];
  const thousands = (n) => n.toLocaleString("en");
  const selects = [
    select("ranks", config.ranks, String, () => state.ranks, (value) => { state.ranks = value; }),
    select("vocabulary", models.map((_, i) => i), (i) => thousands(models[i][0]), () => state.model, (i) => { state.model = i; }),
    select("buckets leave", [true, false], (during) => (during ? "when they are full" : "after the backward pass"),
      () => state.during, (value) => { state.during = value; }, "long"),
  ];
  const toBest = element("button", { type: "button", onclick: () => { state.limit = best; draw(); } }, "take the best limit");

  // ---- drawing -----------------------------------------------------------------------------------------------
  const lanes = element("svg", { viewBox: `0 0 ${WIDTH} ${BELOW + LANE + 34}`, role: "img" });
  const curves = element("svg", {
    viewBox: `0 0 ${WIDTH} ${HIGH}`, role: "img", class: "curves",
    onpointerdown: (event) => { curves.setPointerCapture(event.pointerId); drag(event); },
    onpointermove: (event) => { if (curves.hasPointerCapture(event.pointerId)) drag(event); },
  });
  const text = (x, y, words, anchor = "middle") => element("text", { x, y, "text-anchor": anchor }, words);
  const bar = (name, x, y, width) => element("rect", { class: `bucket ${name}`, x, y, width: Math.max(width, 0.4), height: LANE });
  const place = (i) => LEFT + (WIDTH - EDGE - LEFT) * i / (limits.length - 1);
  let best = 0;

  function drag(event) {
    event.preventDefault();
    const at = curves.getBoundingClientRect(), right = (event.clientX - at.left) / at.width * WIDTH;
    const i = Math.round((right - LEFT) / (WIDTH - EDGE - LEFT) * (limits.length - 1));
    state.limit = Math.min(Math.max(i, 0), limits.length - 1);
    draw();
  }

  // A round number above a value, and a step for about five ticks.
  function scale(value) {
    const unit = 10 ** Math.floor(Math.log10(value)), lead = [1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => one * unit >= value);
    return [lead * unit, unit * ([1.25, 1.5, 2, 2.5].includes(lead) ? (lead > 1.5 ? 0.5 : 0.25) : lead > 5 ? 2 : 1)];
  }

  function drawLanes(messages) {
    const [last, tick] = scale(Math.max(overlap.end(messages), 1.04 * backward));
    const x = (time) => EDGE + (WIDTH - 2 * EDGE) * time / last;
    const turn = ({ positions }, i) => (positions.includes(0) ? "table" : `turn${i % 2}`);
    const apart = Math.ceil(messages.length / 30); // of very many threads some are drawn
    const nodes = [element("rect", { class: "lane", x: x(0), y: BELOW, width: x(last) - x(0), height: LANE }),
      bar("head", x(0), ABOVE, x(messages[0].filled) - x(0))];
    messages.forEach((one, i) => {
      nodes.push(bar(turn(one, i), x(one.filled), ABOVE, x(one.ready) - x(one.filled)));
      if (i % apart === 0 || i === messages.length - 1) nodes.push(element("path", { class: "thread", d: `M${x(one.ready).toFixed(1)} ${ABOVE + LANE}L${x(one.begins).toFixed(1)} ${BELOW}` }));
    });
    nodes.push(text(EDGE, 16, "backward pass", "start"), text(EDGE, BELOW - 7, "wire", "start"));
    messages.forEach((one, i) => {
      nodes.push(bar(turn(one, i), x(one.begins), BELOW, x(one.ends) - x(one.begins)));
      if (x(one.begins + one.fixed) - x(one.begins) > 0.5) {
        nodes.push(element("rect", { class: "fixed", x: x(one.begins), y: BELOW + LANE - 8, width: x(one.begins + one.fixed) - x(one.begins), height: 8 }));
      }
    });
    for (let time = 0; time <= last * 1.001; time += tick) {
      const anchor = time === 0 ? "start" : time > last * 0.97 ? "end" : "middle";
      nodes.push(text(x(time), BELOW + LANE + 22, time === 0 ? "0 ms" : String(Math.round(time * 100) / 100), anchor));
    }
    for (const time of [backward, overlap.end(messages)]) {
      nodes.push(element("line", { class: "over", x1: x(time), x2: x(time), y1: ABOVE - 6, y2: BELOW + LANE + 4 }));
    }
    lanes.replaceChildren(...nodes);
  }

  function drawCurves(during, after) {
    const least = 0.9 * backward, [most, tick] = scale(Math.max(...after.ends, ...during.ends));
    const y = (time) => HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * (time - least) / (most - least);
    const [unit, unitName] = most < 10_000 ? [1, "ms"] : [1000, "s"], nodes = [];
    for (let time = tick * Math.ceil(least / tick); time <= most * 1.001; time += tick) {
      nodes.push(element("line", { class: "grid", x1: LEFT, x2: WIDTH - EDGE, y1: y(time), y2: y(time) }),
        text(LEFT - 7, y(time) + 5, String(Math.round(time / unit)), "end"));
    }
    limits.forEach((limit, i) => {
      if (i === 0 || [1, 8, 64, 1024].includes(limit)) {
        nodes.push(element("line", { class: "grid", x1: place(i), x2: place(i), y1: TOP, y2: HIGH - BOTTOM }),
          text(place(i), HIGH - BOTTOM + 21, i === 0 ? "alone" : i === limits.length - 1 ? "all" : String(limit), i === limits.length - 1 ? "end" : "middle"));
      }
    });
    const path = ({ ends }) => ends.map((end, i) => `${i ? "L" : "M"}${place(i).toFixed(1)} ${y(end).toFixed(1)}`).join("");
    const shown = state.during ? during : after;
    nodes.push(text(EDGE, 20, `until the optimizer may step (${unitName})`, "start"), text((LEFT + WIDTH - EDGE) / 2, HIGH - 8, "limit of a bucket (MiB)"),
      element("path", { class: "curve after", d: path(after) }), element("path", { class: "curve", d: path(during) }),
      element("rect", { class: "best", width: 11, height: 11, x: -5.5, y: -5.5,
        transform: `translate(${place(shown.best)} ${y(shown.ends[shown.best])}) rotate(45)` }),
      element("circle", { class: "here", cx: place(state.limit), cy: y(shown.ends[state.limit]), r: 9 }));
    curves.replaceChildren(...nodes);
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const swatch = (name, words) => element("span", {}, element("i", { class: `swatch ${name}` }), words);
  const keys = (...nodes) => element("p", { class: "legend soft" }, ...nodes);
  const above = keys(swatch("head", "output layer"), element("span", {}, element("i", { class: "swatch turn0" }),
    element("i", { class: "swatch turn1" }), "buckets in turn"), swatch("table", "the bucket with the embedding table"),
    swatch("fixed", "fixed cost of the message"), element("span", {}, "┆ backward over; optimizer may step"));
  const below = keys(element("span", {}, element("i", { class: "line" }), "sent during the backward pass"),
    element("span", {}, element("i", { class: "line after" }), "sent after it"), element("span", {}, "○ here"), element("span", {}, "◆ best limit"));
  const told = element("p", { class: "told" }), soft = element("p", { class: "soft" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  function draw() {
    const wire = (during) => ({ ...state, during });
    const [during, after] = [true, false].map((way) => overlap.sweep(numbers(), backward, limits, wire(way)));
    const shown = state.during ? during : after, messages = overlap.timeline(numbers(), backward, limits[state.limit], state);
    best = shown.best;
    sliders.forEach((one) => one.fill());
    drawLanes(messages);
    drawCurves(during, after);
    const end = overlap.end(messages), last = messages.at(-1), sum = (f) => messages.reduce((all, one) => all + f(one), 0);
    const wireTime = sum((one) => one.ends - one.begins), fixed = sum((one) => one.fixed);
    told.textContent = `${many(messages.length, "message")}: the optimizer may step after ${ms(end)}, `
      + `${ms(end - backward)} behind the backward pass. Best: ${name(best)}, with ${ms(shown.ends[best])}.`;
    soft.textContent = `The wire is busy for ${ms(wireTime)}, ${ms(fixed)} of them fixed costs. The first message leaves at `
      + `${ms(messages[0].begins)}. The last one, with the embedding table, takes ${ms(last.ends - last.begins)}. `
      + (state.during ? `For ${many(messages.length, "bucket")} of one size the formula says ${ms(overlap.formula(messages, backward))}.`
        : `Sent during the backward pass they would be done after ${ms(during.ends[state.limit])}.`);
    lanes.setAttribute("aria-label", `A backward pass of ${ms(backward)} and ${many(messages.length, "message")} on the wire, from `
      + `${ms(messages[0].begins)} to ${ms(end)}.`);
    curves.setAttribute("aria-label", `When the optimizer may step by the limit of a bucket: ${ms(shown.ends[0])} with each gradient by `
      + `itself, ${ms(shown.ends[best])} at best with ${name(best)}, ${ms(shown.ends.at(-1))} with all in one.`);
    toBest.setAttribute("aria-disabled", String(state.limit === best));
    clearTimeout(saying); // a screen reader hears where a slider has come to rest
    saying = setTimeout(() => { live.textContent = `${told.textContent} ${soft.textContent}`; }, 400);
  }

  draw();
  clearTimeout(saying);
  box.className = "figure";
  box.append(element("h3", {}, "What hides behind the backward pass?"),
    element("div", { class: "choices" }, ...sliders.map((one) => one.node)),
    element("div", { class: "choices" }, ...selects, toBest), lanes, above, told, soft, curves, below, live);
}
