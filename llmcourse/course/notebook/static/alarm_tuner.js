// The figure: a signal, a threshold and how long it must be passed (`state`); the signal of every run over the steps so
// far, and when the alarm would have rung.
function mount(box, config) {
  const { steps, runs, well } = config;
  const WIDTH = 640, HEIGHT = 324, LEFT = 56, RIGHT = 14, TOP = 12, BOTTOM = 44, NOTCHES = 200;
  const SHAPES = ["", "7 4", "2 3", "10 3 2 3"];
  const state = {
    signal: 0, until: steps.length - 1,
    thresholds: config.signals.map(([, , threshold]) => threshold), lengths: config.signals.map(([, , , inARow]) => inARow),
  };
  let saying = null, timer = null;

  const key = () => config.signals[state.signal][0];
  const threshold = () => state.thresholds[state.signal];
  const number = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

  // ---- choices -----------------------------------------------------------------------------------------------
  const signal = element("select", {
    "aria-label": "watch", onchange: (e) => { state.signal = e.target.selectedIndex; draw(); },
  }, ...config.signals.map(([, told]) => element("option", {}, told)));
  const height = element("input", {
    type: "range", min: 0, max: NOTCHES, step: 1, "aria-label": "threshold",
    oninput: (e) => { state.thresholds[state.signal] = fromNotch(Number(e.target.value)); draw(); },
  });
  const heightOut = element("output");
  const LENGTHS = [1, 2, 5, 10];
  const patience = element("select", {
    "aria-label": "looks in a row", onchange: (e) => { state.lengths[state.signal] = LENGTHS[e.target.selectedIndex]; draw(); },
  }, ...LENGTHS.map((n) => element("option", {}, String(n))));
  const now = element("input", {
    type: "range", min: 0, max: steps.length - 1, step: 1, "aria-label": "step of training",
    oninput: (e) => { pause(); state.until = Number(e.target.value); draw(); },
  });
  const nowOut = element("output");
  const playButton = element("button", {
    type: "button", class: "primary", onclick: () => (timer === null ? play() : pause()),
  }, "▶ Replay");

  // The slider goes from the smallest value of the signal to a little above the largest.
  const span = () => {
    const [low, high] = alarms.range(runs, key());
    return [low, high + 0.05 * (high - low)];
  };
  const fromNotch = (notch) => { const [low, high] = span(); return low + (high - low) * notch / NOTCHES; };
  const toNotch = (value) => { const [low, high] = span(); return Math.round((value - low) / (high - low) * NOTCHES); };

  function play() {
    if (state.until === steps.length - 1) state.until = 0;
    playButton.textContent = "■ Stop";
    // Without motion the replay is a few pictures, one after the other.
    const [looks, milliseconds] = prefersStillness() ? [Math.ceil(steps.length / 10), 800] : [1, 60];
    timer = setInterval(() => {
      state.until = Math.min(state.until + looks, steps.length - 1);
      draw();
      if (state.until === steps.length - 1 || !box.isConnected) pause();
    }, milliseconds);
    draw();
  }

  function pause() {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    playButton.textContent = "▶ Replay";
  }

  // ---- drawing -----------------------------------------------------------------------------------------------
  const chart = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const told = element("p", { class: "told" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  const cells = runs.map(() => element("td"));
  const table = element("table", {},
    element("thead", {}, element("tr", {}, ...runs.map(([name], i) => element("th", { scope: "col" },
      element("svg", { viewBox: "0 0 34 10", class: "key", "aria-hidden": "true" },
        element("line", { x1: 0, x2: 34, y1: 5, y2: 5, class: `run run-${i}`, "stroke-dasharray": SHAPES[i % 4] || null })),
      ` ${name}`)))),
    element("tbody", {}, element("tr", {}, ...cells)));

  function lines() {
    const [low, high] = span(), last = steps.at(-1);
    const x = (step) => LEFT + (WIDTH - LEFT - RIGHT) * step / last;
    const y = (value) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low);
    const nodes = [];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const value = low + (high - low) * share;
      nodes.push(element("text", { x: LEFT - 6, y: y(value) + 5, "text-anchor": "end" }, number(value)));
      nodes.push(element("text", { x: x(last * share), y: HEIGHT - BOTTOM + 20, "text-anchor": share === 1 ? "end" : "middle" },
        String(Math.round(last * share))));
    }
    nodes.push(element("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 2, "text-anchor": "middle" }, "step"));
    runs.forEach(([, of], i) => {
      let path = "";
      of[key()].slice(0, state.until + 1).forEach((value, look) => {
        if (value !== null) path += `${path ? "L" : "M"}${x(steps[look]).toFixed(1)} ${y(value).toFixed(1)}`;
      });
      nodes.push(element("path", { d: path, class: `run run-${i}`, "stroke-dasharray": SHAPES[i % 4] || null }));
    });
    const at = y(Math.min(Math.max(threshold(), low), high));
    nodes.push(element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at, class: "threshold" }));
    return { nodes, x, y };
  }

  function draw() {
    const shown = runs.map(([name, of]) => [name, { [key()]: of[key()].slice(0, state.until + 1) }]);
    const { rings, words } = alarms.verdict(shown, well, steps, key(), threshold(), state.lengths[state.signal]);
    const { nodes, x, y } = lines();
    rings.forEach(([, look], i) => {
      cells[i].textContent = look === null ? "–" : `step ${steps[look]}`;
      cells[i].className = look === null ? "" : runs[i][0] === well ? "false" : "rings";
      if (look === null) return;
      const value = runs[i][1][key()][look];
      nodes.push(element("circle", { cx: x(steps[look]), cy: y(value), r: 7, class: `bell run-${i}` }));
    });
    chart.replaceChildren(...nodes);
    chart.setAttribute("aria-label", `${config.signals[state.signal][1]}, up to step ${steps[state.until]}; threshold `
      + `${number(threshold())}. ${words}`);
    signal.selectedIndex = state.signal;
    patience.selectedIndex = LENGTHS.indexOf(state.lengths[state.signal]);
    height.value = toNotch(threshold());
    heightOut.textContent = `rings above ${number(threshold())}`;
    height.setAttribute("aria-valuetext", number(threshold()));
    now.value = state.until;
    nowOut.textContent = `step ${steps[state.until]} of ${steps.at(-1)}`;
    now.setAttribute("aria-valuetext", nowOut.textContent);
    told.replaceChildren(element("strong", {}, `By step ${steps[state.until]}. `), words);
    clearTimeout(saying);
    if (timer === null) saying = setTimeout(() => { live.textContent = told.textContent; }, 400);
  }

  draw();
  live.textContent = "";
  clearTimeout(saying);
  box.className = "figure";
  box.append(element("h3", {}, "When would it have rung?"),
    element("div", { class: "choices" },
      element("label", { class: "choice wide" }, element("span", {}, "watch"), signal),
      element("label", { class: "choice wide" }, heightOut, height),
      element("label", { class: "choice" }, element("span", {}, "looks in a row"), patience),
      playButton, element("label", { class: "choice wide" }, nowOut, now)),
    chart, table, told,
    element("p", { class: "soft" }, `A look is ${steps[1] - steps[0]} steps. The threshold of each signal stays where you `
      + "have put it."), live);
}
