// The figure: a model, its tokens and its devices (`state`); the operations of a token by what they are for and in
// three ways to count, the run's hours and costs, and how far each doubt moves them.
function mount(box, config) {
  const { shapes, vocabularies, lengths, tokens, devices, rates } = config;
  const state = { ...config.start };
  const WIDTH = 640, LEFT = 122, RIGHT = 80;
  const { fine: short } = numbers;
  const power = (value) => {
    const exponent = Math.floor(Math.log10(value));
    return `${(value / 10 ** exponent).toFixed(1)}e${exponent}`;
  };
  const percent = (share) => `${share < 0.0995 ? Number((100 * share).toPrecision(2)) : Math.round(100 * share)}%`;
  const factor = (value) => `×\u00a0${value < 9.95 ? Number(value.toPrecision(2)) : Math.round(value)}`;

  // ---- choices -----------------------------------------------------------------------------------------------
  function slider(name, label, values, told) {
    const output = element("output");
    const input = element("input", {
      type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": label,
      oninput: (event) => set({ [name]: Number(event.target.value) }),
    });
    return { node: element("label", {}, output, input), show: () => {
      input.value = state[name];
      output.textContent = told(values[state[name]]);
      input.setAttribute("aria-valuetext", output.textContent);
    } };
  }
  const size = (shape) => shape.inside + vocabularies[state.vocabulary] * shape.width;
  const sliders = [
    slider("shape", "width", shapes, (shape) =>
      `width ${shape.width.toLocaleString("en-US")}: ${short(size(shape))} parameters`),
    slider("vocabulary", "vocabulary", vocabularies, (value) => `vocabulary ${value.toLocaleString("en-US")}`),
    slider("length", "length of a sequence", lengths, (value) => `sequences of ${value.toLocaleString("en-US")}`),
    slider("tokens", "tokens", tokens, (value) => `${short(value)} tokens`),
    slider("devices", "devices", devices, (value) =>
      `${value.toLocaleString("en-US")} ${value === 1 ? "H100" : "H100s"}`),
    slider("rate", "utilization", rates, (value) => `utilization ${percent(value)}`),
  ];
  const presets = config.presets.map(([name, change]) => ({ change, node: element("button", {
    type: "button", onclick: () => set(change) }, name) }));

  function set(change) {
    Object.assign(state, change);
    draw();
  }

  // ---- operations of a token ---------------------------------------------------------------------------------
  const text = (x, y, anchor, words, name = null) =>
    element("text", { x, y, "text-anchor": anchor, class: name }, words);
  const rect = (name, x, y, width, height) => element("rect", { class: name, x, y, width: Math.max(width, 0), height });
  const BAR = 26, STEP = 40;
  const work = element("svg", { viewBox: `0 0 ${WIDTH} ${3 * STEP + 6}`, role: "img" });
  const COUNTS = [["exact", "exact"], ["6ND", "6 N D"], ["6ND without embeddings", "no tables"]];

  function drawWork(parts, counted) {
    const most = Math.max(...Object.values(counted)), room = WIDTH - LEFT - RIGHT, nodes = [];
    const line = LEFT + room * counted.exact / most;
    COUNTS.forEach(([name, told], i) => {
      const y = 6 + i * STEP;
      let x = LEFT;
      nodes.push(text(LEFT - 8, y + 18, "end", told));
      for (const [part, value] of i ? [["plain", counted[name]]] : Object.entries(parts)) {
        const width = room * value / most;
        nodes.push(rect(part, x, y, width, BAR));
        x += width;
      }
      // A label that would lie on the line stands behind it.
      const behind = x > line - 64 ? Math.max(x, line) : x;
      nodes.push(text(behind + 6, y + 18, "start", percent(counted[name] / counted.exact)));
    });
    nodes.push(element("line", { class: "exactly", x1: line, x2: line, y1: 2, y2: 3 * STEP }));
    work.replaceChildren(...nodes);
  }

  // ---- the doubts --------------------------------------------------------------------------------------------
  const NAMES = { count: "the count", utilization: "utilization", price: "the price" };
  const spans = element("svg", { viewBox: `0 0 ${WIDTH} ${3 * STEP + 34}`, role: "img" });
  const ENDS = [1 / 512, 8];

  function drawSpans(found) {
    const from = LEFT + 96, room = WIDTH - 62 - from, nodes = [];
    const [least, most] = ENDS.map(Math.log);
    const x = (value) => from + room * (Math.min(Math.max(Math.log(value), least), most) - least) / (most - least);
    for (let value = ENDS[0]; value <= ENDS[1]; value *= 8) {
      const told = value < 1 ? `1/${Math.round(1 / value)}` : String(value);
      nodes.push(element("line", { class: "grid", x1: x(value), x2: x(value), y1: 2, y2: 3 * STEP }),
        text(x(value), 3 * STEP + 19, "middle", told));
    }
    nodes.push(element("line", { class: "exactly", x1: x(1), x2: x(1), y1: 2, y2: 3 * STEP }));
    found.forEach(({ name, from: low, to: high }, i) => {
      const y = 6 + i * STEP, [a, b] = [x(low), x(high)];
      nodes.push(text(LEFT - 8, y + 18, "end", NAMES[name]), rect("span", a - 1.5, y + 4, b - a + 3, BAR - 8));
      if (low < 0.995) nodes.push(text(a - 6, y + 18, "end", factor(low), "end"));
      if (high > 1.005) nodes.push(text(b + 6, y + 18, "start", factor(high), "end"));
    });
    spans.replaceChildren(...nodes);
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const swatch = (name, words) => element("span", {}, element("i", { class: `swatch ${name}` }), words);
  const legend = element("p", { class: "legend soft" }, swatch("matrices", "matrices of the layers"),
    swatch("attention", "attention's own products"), swatch("output", "output matrix"),
    element("span", {}, "no tables: 6 N D without the embedding"));
  const FACTS = ["operations", "hours of an H100", "time", "energy", "cost"];
  const facts = FACTS.map((name) => ({ name: element("span", { class: "soft" }, name), value: element("strong") }));
  const told = element("p", { class: "told" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  function sentence(parts, counted, found) {
    const share = parts.attention / counted.exact, most = bill.widest(found), doubt = {
      count: "how the operations are counted", utilization: "the utilization", price: "the price" }[most.name];
    return `Attention's own products are ${percent(share)} of the operations, the output matrix `
      + `${percent(parts.output / counted.exact)}; 6 N D comes to ${percent(counted["6ND"] / counted.exact)} of the exact `
      + `count. The largest doubt is ${doubt}: `
      + `${factor(most.from)} to ${factor(most.to)}.`;
  }

  function draw() {
    const shape = shapes[state.shape], vocabulary = vocabularies[state.vocabulary], length = lengths[state.length];
    const parts = bill.parts(shape, vocabulary, length), counted = bill.counts(shape, vocabulary, length);
    const mfu = rates[state.rate];
    const sums = bill.sums(counted.exact * tokens[state.tokens], config.device, mfu, devices[state.devices]);
    const found = bill.doubts(shape, vocabulary, length, mfu, config.utilizations, config.prices);
    sliders.forEach(({ show }) => show());
    presets.forEach(({ change, node }) => node.setAttribute("aria-pressed",
      String(Object.entries(change).every(([name, value]) => state[name] === value))));
    drawWork(parts, counted);
    drawSpans(found);
    const energy = sums.gwh >= 0.01 ? `${short(sums.gwh)} GWh` : `${short(1e6 * sums.gwh)} kWh`;
    [power(sums.flops), short(sums.hours), bill.lasting(sums.days), energy, `$${short(sums.cost)}`]
      .forEach((value, i) => { facts[i].value.textContent = value; });
    told.textContent = sentence(parts, counted, found);
    const ways = COUNTS.map(([name, words]) => `${words} ${percent(counted[name] / counted.exact)}`);
    const moved = found.map(({ name, from, to }) => `${NAMES[name]} ${factor(from)} to ${factor(to)}`);
    work.setAttribute("aria-label", `Operations of a token: ${ways.join(", ")}`);
    spans.setAttribute("aria-label", `What each doubt would make of the cost: ${moved.join(", ")}`);
    clearTimeout(saying); // a screen reader hears where a slider has come to rest
    saying = setTimeout(() => {
      const said = facts.map(({ name, value }) => `${name.textContent} ${value.textContent}`);
      live.textContent = `${said.join(", ")}. ${told.textContent}`;
    }, 400);
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "What does it cost, and what is that number worth?"),
    element("div", { class: "presets" }, ...presets.map(({ node }) => node)),
    element("div", { class: "choices" }, ...sliders.map(({ node }) => node)),
    element("div", { class: "facts" }, ...facts.map(({ name, value }) => element("div", {}, name, value))),
    element("h4", {}, "Operations of one token, in three ways to count"), work, legend,
    element("h4", {}, "What each doubt would make of the cost"), spans,
    element("p", { class: "soft" }, `Utilization from ${config.utilizations.map(percent).join(" to ")}, price from `
      + `$${config.prices[0]} to $${config.prices[1]} an hour.`),
    told, live);
}
