// The figure: a budget (`state.log`, its decimal logarithm), the line of all models that it pays for, and for each law
// the best of them, on the isoloss line that only touches the budget's.
function mount(box, config) {
  const state = { log: Math.log10(config.start) };
  const names = config.laws.map(([name]) => name), laws = config.laws.map(([, law]) => law);
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 494, 92, 24, 14, 62];
  const [nFrom, nTo] = config.params.map(Math.log10), [dFrom, dTo] = config.tokens.map(Math.log10);
  const [logFrom, logTo] = config.flops.map(Math.log10);
  const x = (logN) => LEFT + (WIDTH - LEFT - RIGHT) * (logN - nFrom) / (nTo - nFrom);
  const y = (logD) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (logD - dFrom) / (dTo - dFrom);
  const clamp = (value, from, to) => Math.min(Math.max(value, from), to);
  const flops = () => 10 ** state.log;

  // ---- choices -----------------------------------------------------------------------------------------------
  const slider = element("input", {
    type: "range", min: logFrom, max: logTo, step: 0.05, value: state.log, "aria-label": "operations of the run",
    oninput: (e) => set(Number(e.target.value)),
  });
  const output = element("output");
  const presets = config.presets.map(([name, value]) =>
    element("button", { type: "button", onclick: () => set(Math.log10(value)) }, name));

  function set(log) {
    state.log = clamp(log, logFrom, logTo);
    slider.value = state.log;
    draw();
  }

  // ---- the chart ---------------------------------------------------------------------------------------------
  const marks = element("g"), lines = element("g");
  const chart = element("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    onpointerdown: (event) => { chart.setPointerCapture(event.pointerId); drag(event); },
    onpointermove: (event) => { if (chart.hasPointerCapture(event.pointerId)) drag(event); },
  }, marks, lines);

  // The budget that pays for the point under the pointer.
  function drag(event) {
    event.preventDefault();
    const place = chart.getBoundingClientRect();
    const right = (event.clientX - place.left) / place.width * WIDTH;
    const down = (event.clientY - place.top) / place.height * HEIGHT;
    const logN = nFrom + (right - LEFT) / (WIDTH - LEFT - RIGHT) * (nTo - nFrom);
    const logD = dFrom + (HEIGHT - BOTTOM - down) / (HEIGHT - TOP - BOTTOM) * (dTo - dFrom);
    set(Math.round((logN + logD + Math.log10(6)) * 20) / 20);
  }

  function drawMarks() {
    const nodes = [];
    const rule = (x1, x2, y1, y2) => element("line", { class: "grid", x1, x2, y1, y2 });
    for (let log = Math.ceil(nFrom); log <= nTo; log++) {
      nodes.push(rule(x(log), x(log), TOP, HEIGHT - BOTTOM), element("text", {
        x: x(log), y: HEIGHT - BOTTOM + 25, "text-anchor": "middle" }, numbers.short(10 ** log).replace(/\.0+/, "")));
    }
    for (let log = Math.ceil(dFrom); log <= dTo; log++) {
      nodes.push(rule(LEFT, WIDTH - RIGHT, y(log), y(log)), element("text", {
        x: LEFT - 7, y: y(log) + 5, "text-anchor": "end" }, numbers.short(10 ** log).replace(/\.0+/, "")));
    }
    nodes.push(
      element("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, "parameters N"),
      element("text", {
        transform: `translate(18 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, "tokens D"));
    marks.replaceChildren(...nodes);
  }

  // A line through all models, as far as it is on the chart. `tokens` gives the tokens for n parameters, or null.
  function curve(name, tokens) {
    const parts = [];
    let pen = "M";
    for (let i = 0; i <= 300; i++) {
      const logN = nFrom + (nTo - nFrom) * i / 300, d = tokens(10 ** logN);
      if (d === null || Math.log10(d) < dFrom || Math.log10(d) > dTo) { pen = "M"; continue; }
      parts.push(`${pen}${x(logN).toFixed(1)} ${y(Math.log10(d)).toFixed(1)}`);
      pen = "L";
    }
    return element("path", { class: name, d: parts.join("") || "M0 0" });
  }

  function point(number, { n, d }) {
    const [cx, cy] = [x(Math.log10(n)), y(Math.log10(d))];
    return number ? element("rect", { class: `law-${number} dot`, x: cx - 6, y: cy - 6, width: 12, height: 12 })
      : element("circle", { class: `law-${number} dot`, cx, cy, r: 7 });
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const legend = element("p", { class: "legend soft" },
    ...names.map((name, i) => element("span", {}, element("i", { class: `swatch law-${i}` }), name)),
    element("span", {}, element("i", { class: "swatch budget" }), "all that the budget pays for"));
  const rows = names.map(() => element("tr"));
  const HEADS = ["constants of", "N", "D", "D / N", "loss", "at the other's choice"];
  const table = element("table", {},
    element("thead", {}, element("tr", {}, ...HEADS.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows));
  // Where it is wider than the page, the keyboard scrolls it.
  const scroll = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Both laws" }, table);
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  function draw() {
    const best = laws.map((law) => scaling.optimum(law, flops()));
    const nodes = [curve("budget", (n) => flops() / 6 / n)];
    laws.forEach((law, i) => {
      for (const [factor, name] of [[1.05, "near"], [1, "touch"], [0.95, "near"]]) {
        nodes.push(curve(`iso law-${i} ${name}`, (n) => scaling.tokensFor(law, n, factor * best[i].loss)));
      }
    });
    lines.replaceChildren(...nodes, ...best.map((optimum, i) => point(i, optimum)));
    output.textContent = `${numbers.power(flops())} operations`;
    slider.setAttribute("aria-valuetext", output.textContent);
    names.forEach((name, i) => {
      const other = best[1 - i], { n, d, loss } = best[i];
      const cells = [numbers.short(n), numbers.short(d), (d / n).toFixed(d / n < 10 ? 1 : 0), loss.toFixed(3),
        scaling.loss(laws[i], other.n, other.d).toFixed(3)];
      rows[i].replaceChildren(element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, cell)));
    });
    const sentences = names.map((name, i) => `${name}: ${numbers.short(best[i].n)} parameters, `
      + `${numbers.short(best[i].d)} tokens, loss ${best[i].loss.toFixed(3)}`);
    chart.setAttribute("aria-label", `Parameters and tokens for ${output.textContent}. ${sentences.join(". ")}.`);
    clearTimeout(saying); // a screen reader hears where the slider has come to rest, and not all on the way
    saying = setTimeout(() => { live.textContent = `${output.textContent}. ${sentences.join(". ")}.`; }, 400);
  }

  drawMarks();
  draw();
  box.className = "figure";
  box.append(element("h3", {}, "What is a budget best spent on?"),
    element("div", { class: "choices" }, element("label", { class: "choice wide" }, output, slider), ...presets),
    chart, legend, scroll, live);
}
