// The figure: bands, rows and a threshold (`state`), the curve of the pairs that become candidates, and below it the
// pairs of a corpus by their similarity, with the part of each step that does.
function mount(box, config) {
  const { pairs } = config;
  const state = { ...config.start };
  const [WIDTH, LEFT, RIGHT] = [640, 62, 14];
  const CURVE = { top: 26, height: 150 }, BARS = { top: 232, height: 190 };
  const HEIGHT = BARS.top + BARS.height + 58;
  const x = (similarity) => LEFT + (WIDTH - LEFT - RIGHT) * similarity;
  const most = Math.ceil(Math.log10(Math.max(...pairs) + 1));
  // Pairs on a logarithmic scale on which 0 has a place: the height of log10(1 + pairs).
  const tall = (count) => BARS.height * Math.log10(1 + count) / most;

  // ---- choices -----------------------------------------------------------------------------------------------
  function slider(name, [min, max], step, label, told) {
    const output = element("output");
    const input = element("input", {
      type: "range", min, max, step, value: state[name], "aria-label": label,
      oninput: (e) => set({ [name]: Number(e.target.value) }),
    });
    return { node: element("label", {}, output, input), show: () => {
      input.value = state[name];
      output.textContent = told(state[name]);
      input.setAttribute("aria-valuetext", output.textContent);
    } };
  }
  const sliders = [
    slider("bands", config.bands, 1, "bands", (value) => `${value} ${value === 1 ? "band" : "bands"}`),
    slider("rows", config.rows, 1, "rows of a band", (value) => `${value} ${value === 1 ? "row" : "rows"} in each`),
    slider("threshold", config.thresholds, 0.01, "similarity of a near copy",
      (value) => `near copy from ${value.toFixed(2)}`),
  ];
  const presets = config.presets.map(([name, bands, rows]) => ({ bands, rows, node: element("button", {
    type: "button", onclick: () => set({ bands, rows }) }, name) }));

  function set(change) {
    Object.assign(state, change);
    draw();
  }

  // ---- the marks that stay -----------------------------------------------------------------------------------
  const line = (name, x1, x2, y1, y2) => element("line", { class: name, x1, x2, y1, y2 });
  const text = (at, down, anchor, words, name = null) =>
    element("text", { x: at, y: down, "text-anchor": anchor, class: name }, words);

  function marks() {
    const nodes = [text(LEFT, 16, "start", "chance to become candidates"),
      text(LEFT, BARS.top - 12, "start", "pairs of documents, logarithmic")];
    const foot = BARS.top + BARS.height;
    for (const tenth of [0, 2, 4, 6, 8, 10]) {
      const at = x(tenth / 10);
      nodes.push(line("grid", at, at, CURVE.top, CURVE.top + CURVE.height), line("grid", at, at, BARS.top, foot),
        text(at, foot + 22, tenth === 10 ? "end" : "middle", (tenth / 10).toFixed(1)));
    }
    for (const share of [0, 0.5, 1]) {
      const down = CURVE.top + CURVE.height * (1 - share);
      nodes.push(line(share ? "grid" : "axis", LEFT, WIDTH - RIGHT, down, down),
        text(LEFT - 7, down + 5, "end", share.toFixed(1)));
    }
    for (let power = 0; power <= most; power += most > 4 ? 2 : 1) {
      const down = foot - tall(10 ** power);
      if (down < BARS.top) continue;
      nodes.push(line("grid", LEFT, WIDTH - RIGHT, down, down),
        text(LEFT - 7, down + 5, "end", banding.whole(10 ** power).replace(/,000$/, "k").replace(/,000k$/, "M")));
    }
    nodes.push(line("axis", LEFT, WIDTH - RIGHT, foot, foot),
      text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle", "Jaccard similarity of a pair"));
    return nodes;
  }

  const moving = element("g");
  const chart = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, element("g", {}, ...marks()), moving);

  // ---- what is told ------------------------------------------------------------------------------------------
  const PARTS = [["found", "near copies, candidates"], ["missed", "near copies, missed"],
    ["false", "other pairs, candidates"], ["all", "other pairs, never compared"]];
  const legend = element("p", { class: "legend soft" }, ...PARTS.map(([name, words]) =>
    element("span", {}, element("i", { class: `swatch ${name}` }), words)));
  const told = element("p", { class: "told" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  // ---- drawing -----------------------------------------------------------------------------------------------
  function bar(step, count, name) {
    const height = tall(count), [from, to] = [x(step / pairs.length), x((step + 1) / pairs.length)];
    return element("rect", {
      class: name, x: from + 0.4, width: to - from - 0.8, y: BARS.top + BARS.height - height, height });
  }

  function draw() {
    const { bands, rows, threshold } = state;
    const met = banding.candidates(pairs, bands, rows);
    const nodes = pairs.flatMap((count, step) => {
      const isNear = (step + 0.5) / pairs.length > threshold;
      return count ? [bar(step, count, isNear ? "missed" : "all"), bar(step, met[step], isNear ? "found" : "false")] : [];
    });
    const points = Array.from({ length: 201 }, (_, i) => {
      const down = CURVE.top + CURVE.height * (1 - banding.probability(i / 200, bands, rows));
      return `${x(i / 200).toFixed(1)},${down.toFixed(1)}`;
    });
    const border = x(threshold);
    nodes.push(element("polyline", { class: "curve", points: points.join(" ") }),
      line("border", border, border, CURVE.top, CURVE.top + CURVE.height),
      line("border", border, border, BARS.top, BARS.top + BARS.height));
    moving.replaceChildren(...nodes);
    sliders.forEach(({ show }) => show());
    presets.forEach((preset) =>
      preset.node.setAttribute("aria-pressed", String(preset.bands === bands && preset.rows === rows)));
    const words = banding.sentence(pairs, state);
    told.textContent = `${words} The curve is steep near ${banding.steep(bands, rows).toFixed(2)}.`;
    chart.setAttribute("aria-label", `${banding.whole(pairs.reduce((a, b) => a + b))} pairs. ${told.textContent}`);
    clearTimeout(saying); // a screen reader hears where a slider has come to rest, and not all on the way
    saying = setTimeout(() => { live.textContent = words; }, 400);
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Who is compared with whom?"),
    element("div", { class: "choices" }, ...sliders.map(({ node }) => node)),
    element("div", { class: "presets" }, ...presets.map(({ node }) => node)),
    chart, legend, told, live);
}
