// The figure: a few choices (`state`), a bar for each stage, and the numbers of the stage that is chosen.
function mount(box, config) {
  const state = { ...config.start };
  const PARTS = [
    ["weights", "weights"], ["gradients", "gradients"], ["optimizer", "optimizer"],
    ["inFlight", "in flight"], ["activations", "activations"],
  ];
  const WIDTH = 640, LEFT = 98, ROW = 46, TOP = 28;

  const ledger = (stage) => memory.step(config.models[state.model], { ...state, stage }, config.precisions);

  // ---- choices -----------------------------------------------------------------------------------------------
  function choice(name, label, values, told = String) {
    const select = element("select", {
      "aria-label": label,
      onchange: (e) => { state[name] = values[e.target.selectedIndex]; draw(); },
    }, ...values.map((value) => element("option", { selected: value === state[name] }, told(value))));
    return element("label", { class: "choice" }, element("span", {}, label), select);
  }
  const number = (value) => value.toLocaleString("en-US");
  const check = element("input", {
    type: "checkbox", onchange: (e) => { state.recompute = e.target.checked; draw(); },
  });
  const choices = element("div", { class: "choices" },
    choice("model", "model", Object.keys(config.models)),
    choice("ranks", "ranks", config.ranks, number),
    choice("precision", "precision", Object.keys(config.precisions)),
    choice("tokens", "tokens a rank", config.seqLens, number),
    choice("stage", "stage", [0, 1, 2, 3]),
    element("label", { class: "choice" }, element("span", {}, "recompute"), check));

  // ---- drawing -----------------------------------------------------------------------------------------------
  const chart = element("svg", { viewBox: `0 0 ${WIDTH} ${TOP + 4 * ROW + 22}`, role: "img" });
  const legend = element("p", { class: "legend soft" },
    ...PARTS.map(([part, told]) => element("span", {}, element("i", { class: `swatch ${part}` }), told)));
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });

  function draw() {
    const rows = [0, 1, 2, 3].map(ledger);
    const most = Math.max(...rows.map((row) => row.total), 1.05 * config.cards[0] * 1e9);
    const scale = (WIDTH - LEFT - 84) / most;
    const nodes = [];
    for (const card of config.cards) {
      const x = LEFT + card * 1e9 * scale;
      if (x > WIDTH - 20) continue;
      nodes.push(element("line", { x1: x, x2: x, y1: TOP - 6, y2: TOP + 4 * ROW, class: "card" }));
      nodes.push(element("text", { x, y: TOP - 11, "text-anchor": "middle" }, `${card} GB`));
    }
    rows.forEach((row, stage) => {
      const y = TOP + stage * ROW;
      const group = element("g", {
        class: stage === state.stage ? "bar chosen" : "bar",
        onclick: () => { state.stage = stage; choices.querySelector("[aria-label=stage]").value = String(stage); draw(); },
      });
      group.append(element("text", { x: LEFT - 8, y: y + 25, "text-anchor": "end" }, `stage ${stage}`));
      let x = LEFT;
      for (const [part, name] of PARTS) {
        const length = row[part] * scale;
        group.append(element("rect", { x, y: y + 5, width: length, height: ROW - 14, class: part },
          element("title", {}, `${name}: ${memory.gb(row[part])} GB`)));
        x += length;
      }
      group.append(element("text", { x: x + 6, y: y + 25, class: "total" }, memory.gb(row.total)));
      nodes.push(group);
    });
    chart.replaceChildren(...nodes);
    chart.setAttribute("aria-label", rows.map((row, i) => `stage ${i}: ${memory.gb(row.total)} GB`).join(", "));
    const row = rows[state.stage];
    const fits = config.cards.filter((card) => row.total <= card * 1e9).map((card) => `${card} GB`);
    const parts = PARTS.map(([part, name]) => `${name} ${memory.gb(row[part])}`).join(", ");
    told.textContent = `Stage ${state.stage}, at the worst moment of a step: ${parts}; together ${memory.gb(row.total)} `
      + `GB a rank. ${fits.length ? `Fits on a card of ${fits.join(", ")}.` : "Fits on none of the three cards."}`;
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "What a rank needs to train"), choices, chart, legend, told);
}
