// The figure: a run, a look at it and perhaps a cell (`state`), a table of cells with a colour each, and a sentence.
function mount(box, config, host) {
  const { kinds, steps, nExperts, topK } = config;
  const last = steps.length - 1, most = nExperts / topK, ALL = kinds.length;
  const PAUSE = 700; // milliseconds between two looks
  const state = { run: 0, look: last, cell: null };
  let pointed = null, timer = null, saying = null;

  const counts = () => config.runs[state.run][1][state.look];
  const stepName = () => `step ${steps[state.look].toLocaleString("en-US")}`;

  // ---- choices -----------------------------------------------------------------------------------------------
  const inputs = config.runs.map(([name], i) => element("input", {
    type: "radio", name: "run", value: i, checked: i === state.run, onchange: () => set({ run: i }),
  }));
  const runChoice = element("fieldset", { class: "choice" }, element("legend", { class: "soft" }, "run"),
    element("span", { class: "options" }, ...config.runs.map(([name], i) =>
      element("label", {}, inputs[i], element("span", {}, name)))));
  const slider = element("input", {
    type: "range", min: 0, max: last, step: 1, "aria-label": "step of training",
    oninput: (e) => { pause(); set({ look: Number(e.target.value) }); },
  });
  const output = element("output");
  const playButton = element("button", {
    type: "button", class: "primary", onclick: () => (timer === null ? play() : pause()),
  }, "▶ Train");

  function set(change) {
    Object.assign(state, change);
    draw();
    say();
  }

  function play() {
    if (state.look === last) set({ look: 0 });
    playButton.textContent = "■ Stop";
    timer = setInterval(() => {
      if (!host.isConnected) pause();
      else {
        set({ look: Math.min(state.look + 1, last) });
        if (state.look === last) pause();
      }
    }, PAUSE);
  }

  function pause() {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    playButton.textContent = "▶ Train";
    say();
  }

  // ---- the cells ---------------------------------------------------------------------------------------------
  const name = (expert, kind) => `expert ${expert}, ${kind === ALL ? "all bytes" : kinds[kind]}`;
  const same = (a, b) => a !== null && b !== null && a[0] === b[0] && a[1] === b[1];

  function cell(expert, kind) {
    const number = element("span"), bar = kind === ALL ? element("i") : null;
    const even = bar && element("b", { style: `left: ${100 / most}%` });
    const at = [expert, kind];
    const node = element("td", {
      class: kind === ALL ? "all" : "cell", tabindex: -1,
      onfocus: () => { state.cell = at; draw(); },
      onclick: () => node.focus(),
      onpointerenter: (e) => { if (e.pointerType === "mouse") { pointed = at; draw(); } },
      onkeydown: (e) => move(e, expert, kind),
    }, bar, even, number);
    return { node, number, bar, expert, kind };
  }

  const cells = Array.from({ length: nExperts }, (_, expert) =>
    Array.from({ length: ALL + 1 }, (_, kind) => cell(expert, kind)));
  const columnHeads = [...kinds, "all bytes"].map((kind) =>
    element("th", { scope: "col" }, element("span", { class: kind.length < 3 ? "short" : null }, kind)));
  const rowHeads = cells.map((_, expert) => element("th", { scope: "row" }, String(expert)));
  const table = element("table", {
    role: "grid", onpointerleave: () => { pointed = null; draw(); },
  },
  element("colgroup", {},
    element("col", { class: "name" }), ...kinds.map(() => element("col")), element("col", { class: "all" })),
  element("thead", {},
    element("tr", {}, element("th", { scope: "col" }, element("span", {}, "expert")), ...columnHeads)),
  element("tbody", {},
    ...cells.map((row, expert) => element("tr", {}, rowHeads[expert], ...row.map(({ node }) => node)))));

  // One cell is reached by the tabulator, the others from it by arrow keys.
  function move(event, expert, kind) {
    const to = {
      ArrowUp: [expert - 1, kind], ArrowDown: [expert + 1, kind], ArrowLeft: [expert, kind - 1],
      ArrowRight: [expert, kind + 1], Home: [expert, 0], End: [expert, ALL],
    }[event.key];
    if (event.key === "Escape") set({ cell: null });
    if (!to) return;
    event.preventDefault();
    cells[to[0]]?.[to[1]]?.node.focus();
  }

  // ---- words -------------------------------------------------------------------------------------------------
  const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("i", { style: `left: ${100 / most}%` }));
  const shades = Array.from({ length: 13 }, (_, i) => routing.colour(i / 12));
  bar.style.background = `linear-gradient(to right, ${shades.join(", ")})`;
  const scale = element("p", { class: "scale soft" },
    element("span", {}, "0"), bar, element("span", {}, String(Number(most.toFixed(2)))),
    element("span", {}, "part of a column that chooses the expert; the mark is 1, an even share"));
  const told = element("p", { class: "told" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });

  function sentence(at) {
    if (at === null) return routing.summary(counts(), config);
    const [expert, kind] = at;
    return kind === ALL ? routing.expertSentence(counts(), expert, config)
      : routing.cellSentence(counts(), expert, kind, config);
  }

  // A screen reader hears where the slider has come to rest, and not all on the way.
  function say() {
    clearTimeout(saying);
    if (timer === null) saying = setTimeout(() => { live.textContent = told.textContent; }, 400);
  }

  // ---- drawing -----------------------------------------------------------------------------------------------
  function drawCell({ node, number, bar: length, expert, kind }, value, shown) {
    const words = value === null ? "–" : routing.times(value);
    number.textContent = kind !== ALL && value !== null && value < 0.05 ? "" : words;
    node.setAttribute("aria-label", `${name(expert, kind)}: ${words} times an even share`);
    node.tabIndex = same(state.cell ?? [0, 0], [expert, kind]) ? 0 : -1;
    node.classList.toggle("chosen", same(shown, [expert, kind]));
    if (kind === ALL) length.style.width = `${100 * (value ?? 0) / most}%`;
    else {
      node.classList.toggle("none", value === null);
      node.style.backgroundColor = value === null ? "" : routing.colour(value / most);
      node.style.color = value === null ? "" : routing.ink(value / most);
    }
  }

  function draw() {
    const shown = pointed ?? state.cell;
    const loads = routing.loads(counts(), config), totals = routing.totals(counts(), config);
    cells.forEach((row, expert) => row.forEach((each, kind) =>
      drawCell(each, kind === ALL ? totals[expert] : loads[expert][kind], shown)));
    columnHeads.forEach((head, kind) => head.classList.toggle("on", shown !== null && shown[1] === kind));
    rowHeads.forEach((head, expert) => head.classList.toggle("on", shown !== null && shown[0] === expert));
    const [run] = config.runs[state.run];
    slider.value = state.look;
    output.textContent = `${stepName()} of ${steps[last].toLocaleString("en-US")}`;
    slider.setAttribute("aria-valuetext", stepName());
    table.setAttribute("aria-label", `Who reads what: ${run}, ${stepName()}`);
    told.replaceChildren(element("strong", {}, `${run}, ${stepName()}. `), sentence(shown));
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Who reads what?"),
    element("div", { class: "choices" }, runChoice,
      element("div", { class: "time" }, playButton, element("label", {}, output, slider))),
    table, scale, told,
    element("p", { class: "soft keys" }, "Point at a cell, or choose one, to read it in words; a cell that is chosen "
      + "stays so while the step and the run change. Arrow keys go from cell to cell, Escape leaves it."),
    live);
}
