// The figure: a schedule as a timeline, a moment in it that the reader moves, and all schedules side by side in a table.
function mount(box, config) {
  const state = { ...config.start };
  const WIDTH = 640, LEFT = 90, RIGHT = 130, TOP = 26, BOTTOM = 26;
  const SCHEDULES = {
    GPipe: { v: 1, order: (p, m) => pipeline.gpipe(p, m) },
    "1F1B": { v: 1, order: (p, m) => pipeline.oneForwardOneBackward(p, m) },
    "interleaved, 2 groups": { v: 2, order: (p, m) => pipeline.interleaved(p, m, 2) },
    "interleaved, 4 groups": { v: 4, order: (p, m) => pipeline.interleaved(p, m, 4) },
  };
  const percent = (share) => `${(100 * share).toFixed(0)}%`;
  const short = (n) => String(Math.round(100 * n) / 100);

  // ---- choices -----------------------------------------------------------------------------------------------
  function select(label, values, name, told = String) {
    const node = element("select", {
      "aria-label": label, onchange: (e) => { state[name] = values[e.target.selectedIndex]; refresh(); },
    }, ...values.map((value) => element("option", { selected: value === state[name] }, told(value))));
    return element("label", { class: "choice" }, element("span", {}, label), node);
  }
  const moment = element("input", {
    type: "range", min: 0, max: 200, "aria-label": "moment", oninput: (e) => { state.moment = e.target.value / 200; draw(); },
  });
  moment.value = 200 * state.moment;
  const controls = element("div", { class: "choices" },
    select("schedule", Object.keys(SCHEDULES), "schedule"),
    select("stages", config.stages, "stages"),
    select("micro-batches", config.microBatches, "microBatches"),
    select("last stage", config.slower, "slower", (by) => (by === 1 ? "as the others" : `takes ${by} times as long`)),
    element("label", { class: "choice" }, element("span", {}, "moment"), moment));

  // ---- what is shown -----------------------------------------------------------------------------------------
  const chart = element("svg", { role: "img" });
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });
  const rows = element("tbody", {});
  let shown;

  function run(name) {
    const { v, order } = SCHEDULES[name], { stages: p, microBatches: m, slower } = state;
    if (v > 1 && m % p) return null;
    const slow = (seconds) => Array.from({ length: p }, (_, stage) => seconds * (stage === p - 1 ? slower : 1));
    const orders = order(p, m), found = pipeline.times(orders, slow(1), slow(2), v);
    return { v, orders, found, total: pipeline.length(found), kept: orders.map((tasks) => pipeline.kept(tasks, v)) };
  }

  function refresh() {
    const runs = Object.keys(SCHEDULES).map((name) => [name, run(name)]);
    shown = runs.find(([name]) => name === state.schedule)[1];
    rows.replaceChildren(...runs.map(([name, one]) => element("tr", { class: name === state.schedule ? "chosen" : null },
      element("th", { scope: "row" }, name),
      ...(one ? [short(one.total), percent(pipeline.bubble(one.found)), short(Math.max(...one.kept)),
        String(2 * (state.stages * one.v - 1))] : ["–", "–", "–", "–"]).map((cell) => element("td", {}, cell)))));
    draw();
  }

  function draw() {
    const { stages: p, microBatches: m } = state, row = p > 4 ? 27 : 40, height = TOP + p * row + BOTTOM;
    chart.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
    if (!shown) {
      chart.replaceChildren(element("text", { x: LEFT, y: 40 }, "interleaved orders want a multiple of the stages"));
      chart.setAttribute("aria-label", "no schedule");
      told.textContent = `The interleaved order takes ${p} micro-batches at a time, one for each stage: ${m} are no `
        + `multiple of ${p}. Choose other micro-batches or stages.`;
      return;
    }
    const { v, orders, found, total, kept } = shown, now = state.moment * total;
    const scale = (WIDTH - LEFT - RIGHT) / total, most = Math.max(m, ...kept), nodes = [];
    nodes.push(element("text", { x: WIDTH - RIGHT + 12, y: 19 }, "kept now"));
    orders.forEach((tasks, stage) => {
      const y = TOP + stage * row;
      nodes.push(element("text", { x: LEFT - 7, y: y + row / 2 + 5, "text-anchor": "end" }, `stage ${stage + 1}`));
      nodes.push(element("rect", { x: LEFT, y: y + 2, width: WIDTH - LEFT - RIGHT, height: row - 4, class: "idle" }));
      tasks.forEach(([kind, k, group], i) => {
        const [begins, ends] = found[stage][i], width = (ends - begins) * scale;
        const name = `${kind === "F" ? "forward" : "backward"} ${k + 1}${v > 1 ? `, group ${group + 1}` : ""}`;
        nodes.push(element("rect", {
          x: LEFT + begins * scale + 0.4, y: y + 2.4, width: Math.max(width - 1.6, 0.1), height: row - 4.8,
          class: `${kind === "F" ? "forward" : "backward"} g${group}${begins <= now && now < ends ? " now" : ""}`,
        }, element("title", {}, `stage ${stage + 1}: ${name}`)));
        if (width >= 13) {
          nodes.push(element("text", {
            x: LEFT + (begins + ends) / 2 * scale, y: y + row / 2 + 4, class: "number", "text-anchor": "middle",
          }, String(k + 1)));
        }
      });
      const holds = pipeline.keptAt(tasks, found[stage], now, v), unit = (RIGHT - 68) / most, x = WIDTH - RIGHT + 12;
      nodes.push(element("rect", { x, y: y + 5, width: most * unit, height: row - 10, class: "room" }));
      nodes.push(element("rect", { x, y: y + 5, width: holds * unit, height: row - 10, class: "held" }));
      nodes.push(element("line", { x1: x + kept[stage] * unit, x2: x + kept[stage] * unit, y1: y + 3, y2: y + row - 3, class: "peak" }));
      nodes.push(element("text", { x: WIDTH - 2, y: y + row / 2 + 4, "text-anchor": "end" }, short(holds)));
    });
    const at = LEFT + now * scale;
    nodes.push(element("line", { x1: at, x2: at, y1: TOP - 4, y2: TOP + p * row + 2, class: "moment" }));
    nodes.push(element("text", { x: LEFT, y: height - 7 }, "time 0"));
    nodes.push(element("text", { x: WIDTH - RIGHT, y: height - 7, "text-anchor": "end" }, short(total)));
    chart.replaceChildren(...nodes);
    const share = pipeline.bubble(found);
    chart.setAttribute("aria-label", `${state.schedule}, ${p} stages, ${m} micro-batches: idle ${percent(share)}, `
      + `the stages keep at most ${kept.map(short).join(", ")}`);
    moment.setAttribute("aria-valuetext", `${short(now)} of ${short(total)}`);
    const works = orders.map((tasks, stage) => {
      const task = pipeline.workAt(tasks, found[stage], now);
      if (!task) return `stage ${stage + 1} waits`;
      return `stage ${stage + 1} ${task[0] === "F" ? "forward" : "backward"} ${task[1] + 1}`;
    });
    told.textContent = `${state.schedule}: idle ${percent(share)} of the time, and the first stage keeps at most `
      + `${short(kept[0])} micro-batches. At ${short(now)} of ${short(total)} forward passes: ${works.join(", ")}.`;
  }

  chart.addEventListener("click", (event) => {
    const place = chart.getBoundingClientRect(), x = (event.clientX - place.left) / place.width * WIDTH;
    state.moment = Math.min(1, Math.max(0, (x - LEFT) / (WIDTH - LEFT - RIGHT)));
    moment.value = 200 * state.moment;
    draw();
  });

  refresh();
  box.className = "figure";
  box.append(element("h3", {}, "A pipeline at work"), controls, chart,
    element("p", { class: "soft" }, ...[
      ["forward", "forward pass"], ["backward", "backward pass, twice as long"], ["idle", "idle"], ["held", "micro-batches kept"],
    ].map(([name, text]) => element("span", { class: "key" }, element("i", { class: `swatch ${name}` }), text)),
    element("span", { class: "key" }, "the tick is the most that a stage keeps")),
    told,
    element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "all schedules" },
      element("table", { class: "numbers" }, element("thead", {}, element("tr", {},
        ...["schedule", "time", "idle", "most kept", "messages"].map((head) => element("th", { scope: "col" }, head)))), rows)),
    element("p", { class: "soft" }, "Time in forward passes of one stage; messages for each micro-batch. Paler passes are those of a later group of layers."));
}
