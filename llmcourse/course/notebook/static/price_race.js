// The figure: each model's loss over what it has spent, at the prices that the reader sets, and who is ahead where.
function mount(box, config) {
  const { models, prices } = config, [dense, mixture] = models.map((model) => model.lengths);
  const WIDTH = 640, HEIGHT = 360, LEFT = 72, RIGHT = 14, TOP = 12, BOTTOM = 62, SPAN = [440, 4800], DEAREST = 2.5;
  const preset = prices.findIndex(([name]) => name === config.start);
  const state = { prices: [...prices[preset][1]], spent: 1000 };
  const count = (value) => Math.round(value).toLocaleString("en");
  const ENDS = [480, 4600], NOTCHES = 200;

  // ---- choices -----------------------------------------------------------------------------------------------
  function slider(label, [min, max, step], get, set, words) {
    const shown = element("b", {});
    const node = element("input", {
      type: "range", min, max, step, "aria-label": label, oninput: (event) => { set(Number(event.target.value)); draw(); },
    });
    const fill = () => {
      node.value = get();
      shown.textContent = words();
      node.setAttribute("aria-valuetext", words());
    };
    return { fill, node: element("label", { class: "choice wide" }, element("span", {}, `${label}: `, shown), node) };
  }
  const price = (i, label) => slider(label, [1, DEAREST, 0.01], () => state.prices[i], (value) => { state.prices[i] = value; },
    () => state.prices[i].toFixed(2));
  const notch = (value) => NOTCHES * Math.log(value / ENDS[0]) / Math.log(ENDS[1] / ENDS[0]);
  const sliders = [
    price(1, "mixture's price"), price(2, "large one's price"),
    slider("spent", [0, NOTCHES, 1], () => notch(state.spent),
      (value) => { state.spent = ENDS[0] * (ENDS[1] / ENDS[0]) ** (value / NOTCHES); }, () => `${count(state.spent)} dense steps`),
  ];
  const buttons = prices.map(([name, of]) => element("button", {
    type: "button", onclick: () => { state.prices = [...of]; draw(); } }, name));

  // ---- the chart ---------------------------------------------------------------------------------------------
  const losses = models.flatMap(({ lengths }) => lengths.map(([, loss]) => loss));
  const low = Math.floor(20 * Math.min(...losses) - 0.5) / 20, high = Math.ceil(20 * Math.max(...losses) + 0.5) / 20;
  const x = (spent) => LEFT + (WIDTH - LEFT - RIGHT) * Math.log(spent / SPAN[0]) / Math.log(SPAN[1] / SPAN[0]);
  const y = (loss) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (loss - low) / (high - low);
  const chart = element("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "chart",
    onpointerdown: (event) => { chart.setPointerCapture(event.pointerId); drag(event); },
    onpointermove: (event) => { if (chart.hasPointerCapture(event.pointerId)) drag(event); },
  });
  const text = (at, down, words, anchor = "middle") => element("text", { x: at, y: down, "text-anchor": anchor }, words);

  function drag(event) {
    event.preventDefault();
    const at = chart.getBoundingClientRect(), right = (event.clientX - at.left) / at.width * WIDTH;
    const spent = SPAN[0] * (SPAN[1] / SPAN[0]) ** ((right - LEFT) / (WIDTH - LEFT - RIGHT));
    state.spent = Math.min(Math.max(spent, ENDS[0]), ENDS[1]);
    draw();
  }

  function grid() {
    const nodes = [];
    for (let loss = Math.ceil(low * 5) / 5; loss <= high + 1e-9; loss += 0.2) {
      nodes.push(element("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(loss), y2: y(loss) }),
        text(LEFT - 7, y(loss) + 5, loss.toFixed(1), "end"));
    }
    for (const spent of [500, 1000, 2000, 4000]) {
      nodes.push(element("line", { class: "grid", x1: x(spent), x2: x(spent), y1: TOP, y2: HEIGHT - BOTTOM }),
        text(x(spent), HEIGHT - BOTTOM + 21, count(spent)));
    }
    nodes.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "spent (steps of the dense model)"),
      element("text", { transform: `translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, "loss"));
    return nodes;
  }

  function line({ lengths }, i) {
    const points = lengths.map(([steps, loss, error]) => [x(steps * state.prices[i]), y(loss), y(loss - error) - y(loss)]);
    return [element("path", { class: `line m${i}`, d: `M${points.map(([at, down]) => `${at.toFixed(1)} ${down.toFixed(1)}`).join("L")}` }),
      ...points.flatMap(([at, down, error]) => [
        element("line", { class: `bar m${i}`, x1: at, x2: at, y1: down - error, y2: down + error }),
        ...[-error, error].map((off) => element("line", { class: `bar m${i}`, x1: at - 4, x2: at + 4, y1: down + off, y2: down + off })),
        element("circle", { class: `dot small m${i}`, cx: at, cy: down, r: 3 })])];
  }

  // From the mixture's loss at what is spent to where the dense model has it, too.
  function gap(steps) {
    const from = x(state.spent), to = x(Math.min(steps * race.worth(dense, mixture, steps), SPAN[1]));
    const down = y(race.lossAfter(mixture, steps)), turn = to > from ? -7 : 7;
    if (Math.abs(to - from) < 10) return [];
    return [element("path", { class: "gap", d: `M${from} ${down}H${to}m${turn} -5l${-turn} 5l${turn} 5` })];
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const legend = element("p", { class: "legend soft" }, ...models.map(({ name }, i) => element("span", {},
    element("svg", { viewBox: "0 0 34 10", class: "key", "aria-hidden": "true" }, element("line", { x1: 0, x2: 34, y1: 5, y2: 5, class: `line m${i}` })),
    ` ${name}`)), element("span", {}, "a price is of one step, in steps of the dense model"), element("span", {}, "◇ mixture and dense level"), element("span", {}, "→ from the mixture to the same loss of the dense model"));
  const told = element("p", { class: "told" }), soft = element("p", { class: "soft" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  const called = ["dense", "mixture", "large dense"];
  let saying = null;

  function draw() {
    const ranks = race.ranking(models, state.prices, state.spent), level = race.crossing(dense, mixture, state.prices[1]);
    const nodes = grid(), steps = state.spent / state.prices[1], there = race.lossAfter(mixture, steps) !== null;
    nodes.push(element("line", { class: "spent", x1: x(state.spent), x2: x(state.spent), y1: TOP, y2: HEIGHT - BOTTOM }),
      ...models.flatMap(line));
    if (there) nodes.push(...gap(steps));
    if (level !== null) {
      const [at, down] = [x(level * state.prices[1]), y(race.lossAfter(mixture, level))];
      nodes.push(element("path", { class: "level", d: `M${at} ${down - 9}l9 9l-9 9l-9 -9z` }));
    }
    ranks.forEach(({ i, loss }) => nodes.push(element("circle", { class: `dot m${i}`, cx: x(state.spent), cy: y(loss), r: 7 })));
    chart.replaceChildren(...nodes);
    sliders.forEach((one) => one.fill());
    buttons.forEach((button, i) => button.setAttribute("aria-pressed",
      String(prices[i][1].every((one, k) => Math.abs(one - state.prices[k]) < 0.005))));
    const list = ranks.map(({ i, loss }) => `${called[i]} ${loss.toFixed(3)}`);
    told.textContent = `With ${count(state.spent)} spent: ${ranks.length ? list.join(", ") : "nobody was measured"}.`;
    const m = there ? race.worth(dense, mixture, steps) : 0, t = state.prices[1];
    const first = !there ? "The mixture has no run of this length at this price. "
      : `After ${count(steps)} steps one of the mixture is worth m = ${m.toFixed(2)} of the dense model's and costs t = ${t.toFixed(2)}: `
        + `it is ${m > t ? "ahead" : "behind"}. `;
    const second = level !== null ? `The two are level when ${count(level * t)} are spent, after ${count(level)} steps of the mixture.`
      : race.worth(dense, mixture, mixture[0][0]) > t ? "The mixture is ahead from its shortest run on." : "At this price the mixture is behind in every run.";
    soft.textContent = first + second;
    chart.setAttribute("aria-label", `Loss over what is spent, for ${models.map(({ name }, i) => `${name} at ${state.prices[i].toFixed(2)} a step`).join("; ")}. `
      + `${told.textContent} ${soft.textContent}`);
    clearTimeout(saying); // a screen reader hears where a slider has come to rest
    saying = setTimeout(() => { live.textContent = `${told.textContent} ${soft.textContent}`; }, 400);
  }

  draw();
  clearTimeout(saying);
  box.className = "figure";
  box.append(element("h3", {}, "Who is ahead, at which price?"),
    element("div", { class: "choices" }, element("div", { class: "presets" }, element("span", {}, "what you pay for:"), ...buttons)),
    element("div", { class: "choices" }, ...sliders.map((one) => one.node)), chart, legend, told, soft, live);
}
