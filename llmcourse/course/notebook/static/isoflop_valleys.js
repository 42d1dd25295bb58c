// The figure: above, a valley for each budget; below, its best size against the budget. `kept` says which runs are in.
function mount(box, config) {
  const { runs, groups, far } = config;
  let kept = runs.map(() => true);
  let seen = [Infinity, -Infinity]; // the smallest and the largest exponent that this reader has met
  const [WIDTH, LEFT, RIGHT] = [640, 84, 22];
  const UPPER = [16, 316], LOWER = [386, 600], HEIGHT = 652;
  const logs = runs.map((run) => Math.log(run.n)), budgets = groups.map((group) => Math.log(runs[group[0]].flops));
  const [nFrom, nTo] = [Math.min(...logs) - 0.25, Math.max(...logs) + 0.25];
  const [cFrom, cTo] = [budgets[0] - 0.5, budgets[budgets.length - 1] + 0.5];
  const losses = runs.map((run) => run.loss);
  const [lossFrom, lossTo] = [Math.min(...losses) - 0.08, Math.max(...losses) + 0.05];
  const scale = (from, to, start, end) => (value) => start + (end - start) * (value - from) / (to - from);
  const x = scale(nFrom, nTo, LEFT, WIDTH - RIGHT), y = scale(lossFrom, lossTo, UPPER[1], UPPER[0]);
  const cx = scale(cFrom, cTo, LEFT, WIDTH - RIGHT), ny = scale(nFrom, nTo, LOWER[1], LOWER[0]);

  // ---- choices -----------------------------------------------------------------------------------------------
  const presets = config.choices.map(([name, value]) =>
    element("button", { type: "button", onclick: () => choose(value) }, name));

  function choose(value) {
    kept = [...value];
    draw();
  }

  function toggle(k) {
    kept[k] = !kept[k];
    draw();
  }

  // ---- the chart ---------------------------------------------------------------------------------------------
  const marks = element("g"), lines = element("g"), dots = element("g");
  const chart = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, marks, lines, dots);
  const text = (attributes, words) => element("text", attributes, words);
  const rule = (x1, x2, y1, y2) => element("line", { class: "grid", x1, x2, y1, y2 });
  const TENS = [1e3, 1e4, 1e5, 1e6].map(Math.log);

  function drawMarks() {
    const nodes = [];
    for (const log of TENS.filter((one) => one > nFrom && one < nTo)) {
      nodes.push(rule(x(log), x(log), ...UPPER), rule(LEFT, WIDTH - RIGHT, ny(log), ny(log)),
        text({ x: x(log), y: UPPER[1] + 20, "text-anchor": "middle" }, numbers.short(Math.exp(log)).replace(/\.0+/, "")),
        text({ x: LEFT - 7, y: ny(log) + 5, "text-anchor": "end" }, numbers.short(Math.exp(log)).replace(/\.0+/, "")));
    }
    for (let loss = Math.ceil(2 * lossFrom) / 2; loss < lossTo; loss += 0.5) {
      nodes.push(rule(LEFT, WIDTH - RIGHT, y(loss), y(loss)),
        text({ x: LEFT - 7, y: y(loss) + 5, "text-anchor": "end" }, loss.toFixed(1)));
    }
    budgets.forEach((log) => nodes.push(rule(cx(log), cx(log), ...LOWER), text({
      x: cx(log), y: LOWER[1] + 20, "text-anchor": "middle" }, numbers.power(Math.exp(log)).replace(" · ", "·"))));
    // The exponents of the two papers, through the middle of the panel.
    for (const [power, end] of [[0.5, -1], [0.73, 1]]) {
      const [c, n] = [(cFrom + cTo) / 2, (nFrom + nTo) / 2], far = (cTo - c) * 0.8;
      nodes.push(element("line", { class: "paper", x1: cx(c - far), y1: ny(n - power * far),
        x2: cx(c + far), y2: ny(n + power * far) }), text({
        x: cx(c + end * far) + 6 * end, y: ny(n + power * end * far) + 2,
        "text-anchor": end < 0 ? "end" : "start" }, String(power)));
    }
    const middle = (LEFT + WIDTH - RIGHT) / 2;
    const side = (at, words) => text({
      transform: `translate(18 ${(at[0] + at[1]) / 2}) rotate(-90)`, "text-anchor": "middle" }, words);
    nodes.push(text({ x: middle, y: UPPER[1] + 42, "text-anchor": "middle" }, "parameters"), side(UPPER, "loss (nats a byte)"),
      text({ x: middle, y: HEIGHT - 6, "text-anchor": "middle" }, "budget (operations)"), side(LOWER, "best size"));
    marks.replaceChildren(...nodes);
  }

  function path(name, from, to, height) {
    const parts = [];
    for (let i = 0; i <= 60; i++) {
      const at = from + (to - from) * i / 60;
      parts.push(`${x(at).toFixed(1)} ${y(height(at)).toFixed(1)}`);
    }
    return element("path", { class: name, d: `M${parts.join("L")}` });
  }

  const places = runs.map((run, k) => {
    const group = groups.findIndex((one) => one.includes(k));
    const dot = element("g", { class: `run budget-${group}`, onclick: () => toggle(k) },
      element("circle", { class: "target", cx: x(logs[k]), cy: y(run.loss), r: 15 }),
      element("circle", { class: "dot", cx: x(logs[k]), cy: y(run.loss), r: 6 }));
    return dot;
  });

  // ---- what is told ------------------------------------------------------------------------------------------
  const told = element("p", { class: "told" }), soft = element("p", { class: "soft" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  const chips = runs.map((run, k) => element("button", {
    type: "button", class: "chip", onclick: () => toggle(k),
    "aria-label": `run of ${numbers.short(run.n)} parameters, ${Math.round(run.steps)} steps, loss ${run.loss.toFixed(3)}`,
  }, numbers.short(run.n)));
  const bests = groups.map(() => element("td", { class: "best" }));
  const table = element("table", {},
    element("thead", {}, element("tr", {},
      ...["budget", "runs, by their parameters", "best size"].map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...groups.map((group, i) => element("tr", {},
      element("th", { scope: "row" }, element("i", { class: `swatch budget-${i}` }), numbers.power(Math.exp(budgets[i]))),
      element("td", {}, element("div", { class: "chips" },
        ...[...group].sort((a, b) => runs[a].n - runs[b].n).map((k) => chips[k]))), bests[i]))));
  let saying = null;

  function draw() {
    const found = valleys.fit(runs, groups, kept, far);
    const nodes = [];
    found.fits.forEach((one, i) => {
      if (one.curve) nodes.push(path(`valley budget-${i}${one.inside ? "" : " open"}`, one.from, one.to, one.curve.at));
      if (one.inside) {
        const at = [[x(one.curve.x), y(one.curve.y)], [cx(budgets[i]), ny(one.curve.x)]];
        at.forEach(([right, down]) => nodes.push(element("path", { class: `lowest budget-${i}`,
          d: `M${right} ${down - 8}L${right + 8} ${down}L${right} ${down + 8}L${right - 8} ${down}Z` })));
      }
      bests[i].textContent = one.inside ? numbers.short(Math.exp(one.curve.x)) : one.curve ? "outside" : "none";
    });
    if (found.law) {
      const ends = [cFrom, cTo].map((log) => [cx(log), ny(found.law.height + found.law.slope * log)]);
      nodes.unshift(element("line", { class: "law", x1: ends[0][0], y1: ends[0][1], x2: ends[1][0], y2: ends[1][1] }));
      seen = [Math.min(seen[0], found.exponent), Math.max(seen[1], found.exponent)];
    }
    lines.replaceChildren(...nodes);
    places.forEach((place, k) => place.classList.toggle("out", !kept[k]));
    chips.forEach((chip, k) => chip.setAttribute("aria-pressed", String(kept[k])));
    presets.forEach((preset, i) => preset.setAttribute("aria-pressed",
      String(config.choices[i][1].every((value, k) => value === kept[k]))));
    const count = kept.filter(Boolean).length, inside = found.fits.filter((one) => one.inside).length;
    told.textContent = found.law
      ? `The best size grows as C to the ${found.exponent.toFixed(2)}: ${count} runs, ${inside} budgets with a best size.`
      : `No exponent: ${count} runs, and ${inside === 1 ? "one budget has" : "no budget has"} a best size.`;
    soft.textContent = `${found.law ? `A million times further, the line says ${numbers.short(found.far)} parameters. ` : ""}`
      + `Exponents so far: ${[...new Set(seen.map((one) => one.toFixed(2)))].join(" to ")}.`;
    chart.setAttribute("aria-label", `Losses of ${runs.length} runs by size, a valley for each budget, and the best sizes `
      + `by budget. ${told.textContent}`);
    clearTimeout(saying);
    saying = setTimeout(() => { live.textContent = `${told.textContent} ${soft.textContent}`; }, 400);
  }

  drawMarks();
  dots.append(...places);
  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Which runs decide the exponent?"),
    element("div", { class: "choices", role: "group", "aria-label": "runs to let in" }, ...presets),
    told, soft, chart,
    element("p", { class: "soft" }, "Click a run, here or in the chart, to leave it out or let it in again."),
    table, live);
}
