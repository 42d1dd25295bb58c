// The figure: what each size costs in all, training below and serving on top, in multiples of the cheapest.
function mount(box, config) {
  const state = { law: 0, target: 0, log: Math.log10(config.start), at: null };
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 400, 66, 20, 14, 56], HIGHEST = 2.4;
  const clamp = (value, from, to) => Math.min(Math.max(value, from), to);

  // ---- choices -----------------------------------------------------------------------------------------------
  const select = (label, names, pick) => element("label", { class: "choice" }, label, element("select", {
    onchange: (event) => { pick(Number(event.target.value)); draw(); } },
    ...names.map((name, i) => element("option", { value: i }, name))));
  const laws = select("constants of", config.laws.map((one) => one.name), (i) => { state.law = i; state.at = null; });
  const targets = select("as good as", config.laws[0].targets.map(([name]) => name),
    (i) => { state.target = i; state.at = null; });
  const [servedOut, sizeOut] = [element("output"), element("output")];
  const served = element("input", {
    type: "range", min: Math.log10(config.served[0]), max: Math.log10(config.served[1]), step: 0.05, value: state.log,
    "aria-label": "tokens served", oninput: (event) => { state.log = Number(event.target.value); draw(); } });
  const size = element("input", {
    type: "range", min: 0, max: 1, step: 0.002, "aria-label": "your model",
    oninput: (event) => { state.at = Number(event.target.value); draw(); } });
  const toBest = element("button", { type: "button", onclick: () => { state.at = "best"; draw(); } }, "take the best");
  const toTrained = element("button", { type: "button", onclick: () => { state.at = null; draw(); } },
    "take the cheapest to train");

  // ---- the chart ---------------------------------------------------------------------------------------------
  const y = (cost) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * cost / HIGHEST;
  let span = [0, 1];
  const place = (n) => LEFT + (WIDTH - LEFT - RIGHT) * (Math.log(n) - span[0]) / (span[1] - span[0]);
  const chart = element("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    onpointerdown: (event) => { chart.setPointerCapture(event.pointerId); drag(event); },
    onpointermove: (event) => { if (chart.hasPointerCapture(event.pointerId)) drag(event); },
  });

  function drag(event) {
    event.preventDefault();
    const at = chart.getBoundingClientRect(), right = (event.clientX - at.left) / at.width * WIDTH;
    state.at = clamp((right - LEFT) / (WIDTH - LEFT - RIGHT), 0, 1);
    draw();
  }

  const text = (attributes, words) => element("text", attributes, words);

  function grid(law, loss) {
    const nodes = [];
    for (let cost = 0; cost <= 2; cost += 0.5) {
      nodes.push(element("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(cost), y2: y(cost) }),
        text({ x: LEFT - 7, y: y(cost) + 5, "text-anchor": "end" }, cost.toFixed(1)));
    }
    for (let exponent = 8; exponent < 13; exponent++) {
      for (const lead of [1, 2, 5]) {
        const n = lead * 10 ** exponent;
        if (Math.log(n) < span[0] + 0.06 * (span[1] - span[0]) || Math.log(n) > span[1] - 0.02) continue;
        nodes.push(element("line", { class: "grid", x1: place(n), x2: place(n), y1: TOP, y2: HEIGHT - BOTTOM }),
          text({ x: place(n), y: HEIGHT - BOTTOM + 20, "text-anchor": "middle" }, numbers.short(n).replace(/\.0+/, "")));
      }
    }
    const wall = place(serving.smallest(law, loss));
    nodes.push(element("rect", { class: "wall", x: LEFT, y: TOP, width: wall - LEFT, height: HEIGHT - BOTTOM - TOP }),
      text({ x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, "parameters"),
      text({ transform: `translate(17 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" },
        "operations (the least = 1)"));
    return nodes;
  }

  // The area between two heights over the sizes that reach the loss.
  function area(name, sizes, from, to) {
    const edge = (heights) => sizes.map((n, i) => `${place(n).toFixed(1)} ${y(Math.min(heights[i], HIGHEST)).toFixed(1)}`);
    return element("path", { class: name, d: `M${edge(from).join("L")}L${edge(to).reverse().join("L")}Z` });
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const swatch = (name, words) => element("span", {}, element("i", { class: `swatch ${name}` }), words);
  const legend = element("p", { class: "legend soft" }, swatch("training", "training"), swatch("serving", "serving"),
    swatch("wall", "too small for this loss"), element("span", {}, "● the least in all"),
    element("span", {}, "■ the least to train"), element("span", {}, "│ your model"));
  const told = element("p", { class: "told" }), soft = element("p", { class: "soft" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  function draw() {
    const { law } = config.laws[state.law], loss = config.laws[state.law].targets[state.target][1];
    const asked = 10 ** state.log, best = serving.optimum(law, loss, asked), trained = serving.optimum(law, loss, 0);
    const least = serving.smallest(law, loss);
    span = [Math.log(least * 0.9), Math.log(trained.n * config.widest)];
    const cost = (n) => {
      const d = serving.tokensToReach(law, n, loss);
      return d === null ? null : { d, training: serving.training(n, d), serving: serving.serve(n, asked) };
    };
    const total = ({ training, serving: rest }) => training + rest;
    const unit = total(cost(best.n));
    const lowest = Math.log(least * 1.0005);
    if (state.at === null) state.at = clamp((Math.log(trained.n) - span[0]) / (span[1] - span[0]), 0, 1);
    const mine = state.at === "best" ? best.n
      : Math.exp(Math.max(span[0] + (span[1] - span[0]) * state.at, lowest + 1e-3));
    state.at = (Math.log(mine) - span[0]) / (span[1] - span[0]);
    const own = cost(mine);

    const sizes = Array.from({ length: 301 }, (_, i) => Math.exp(lowest + (span[1] - lowest) * (i / 300) ** 2));
    const costs = sizes.map(cost), zero = sizes.map(() => 0);
    const below = costs.map((one) => one.training / unit), whole = costs.map((one) => total(one) / unit);
    const at = (n) => [place(n), y(total(cost(n)) / unit)];
    const [bx, by] = at(best.n), [tx, ty] = at(trained.n), mx = place(mine);
    chart.replaceChildren(...grid(law, loss), area("training", sizes, zero, below), area("serving", sizes, below, whole),
      element("line", { class: "mine", x1: mx, x2: mx, y1: TOP, y2: HEIGHT - BOTTOM }),
      element("rect", { class: "dot", x: tx - 6, y: Math.max(ty, TOP) - 6, width: 12, height: 12 }),
      element("circle", { class: "dot", cx: bx, cy: by, r: 7 }));

    size.value = state.at;
    servedOut.textContent = `${numbers.short(asked)} tokens served`;
    sizeOut.textContent = `your model: ${numbers.short(mine)} parameters`;
    served.setAttribute("aria-valuetext", servedOut.textContent);
    size.setAttribute("aria-valuetext", sizeOut.textContent);
    const more = 100 * (total(own) / unit - 1), share = 100 * serving.serve(best.n, asked) / unit;
    told.textContent = `Your model costs ${more < 0.05 ? "the least there is" : `${more < 10 ? more.toFixed(1) : Math.round(more)}% more than the best`}.`;
    soft.textContent = `It reads ${numbers.short(own.d)} tokens, ${Math.round(own.d / mine).toLocaleString("en")} for each parameter. `
      + `The best has ${numbers.short(best.n)} and reads ${numbers.short(best.d)}, ${Math.round(best.d / best.n).toLocaleString("en")} for each; `
      + `${Math.round(share)}% of its operations are serving. None below ${numbers.short(least)} reaches this loss of ${loss.toFixed(3)}.`;
    chart.setAttribute("aria-label", `Operations of training and serving against size, for ${servedOut.textContent}. `
      + `${told.textContent} ${soft.textContent}`);
    clearTimeout(saying); // a screen reader hears where a slider has come to rest
    saying = setTimeout(() => { live.textContent = `${servedOut.textContent}, ${sizeOut.textContent}. ${told.textContent} ${soft.textContent}`; }, 400);
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Which model is cheapest to own?"),
    element("div", { class: "choices" }, targets, laws),
    element("div", { class: "choices" }, element("label", { class: "choice wide" }, servedOut, served),
      element("label", { class: "choice wide" }, sizeOut, size)),
    element("div", { class: "choices" }, toTrained, toBest), chart, legend, told, soft, live);
}
