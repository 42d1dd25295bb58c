// The figure: above, the weights of one block and the levels on which they end; below, the error of all weights.
function mount(box, config) {
  const { place, ways, blocks, largest } = config, drawn = config.weights;
  const state = { ...config.start, way: ways.findIndex(([name]) => name === config.start.way), elsewhere: false };
  const WIDTH = 640, REACH = 4, FROM = 52, TO = 150, ROW = 64, HIGH = 18, STEPS = 60;
  const x = (value) => WIDTH / 2 + (WIDTH / 2 - 12) * value / REACH;
  const number = (value) => (value < 9.95 ? value.toFixed(1) : String(Math.round(value)));
  const percent = (share) => (share < 0.0995 ? `${(100 * share).toFixed(1)}%` : `${Math.round(100 * share)}%`);

  // ---- choices -----------------------------------------------------------------------------------------------
  const sizeOut = element("b", {});
  const size = element("input", {
    type: "range", min: 0, max: STEPS, step: 1, "aria-label": "one weight",
    oninput: (event) => { state.large = largest ** (Number(event.target.value) / STEPS); draw(); },
  });
  function select(label, values, told, get, set) {
    const node = element("select", {
      "aria-label": label, onchange: (event) => { set(values[event.target.selectedIndex]); draw(); },
    }, ...values.map((value) => element("option", { selected: value === get() }, told(value))));
    return element("label", { class: "choice" }, element("span", {}, label), node);
  }
  const choices = [
    select("weights in a block", blocks, String, () => state.block, (value) => { state.block = value; }),
    select("levels", ways.map((_, i) => i), (i) => ways[i][0], () => state.way, (i) => { state.way = i; }),
    select("scales", [false, true], (double) => (double ? "one byte each" : "float32"), () => state.double, (value) => { state.double = value; }),
    select("shown", [false, true], (other) => (other ? "another block" : "its block"), () => state.elsewhere,
      (value) => { state.elsewhere = value; }),
  ];

  // ---- drawing -----------------------------------------------------------------------------------------------
  const comb = element("svg", { viewBox: `0 0 ${WIDTH} 200`, role: "img" });
  const strip = element("svg", { viewBox: `0 0 ${WIDTH} ${drawn.length / ROW * HIGH + 4}`, role: "img", class: "strip" });
  const cells = drawn.map((_, i) => element("rect", { class: "cell", ...spot(i), width: (WIDTH - 4) / ROW, height: HIGH }));
  const text = (at, y, words, anchor = "middle") => element("text", { x: at, y, "text-anchor": anchor }, words);

  function spot(i) {
    return { x: 2 + (WIDTH - 4) / ROW * (i % ROW), y: 2 + HIGH * Math.floor(i / ROW) };
  }

  // The first weight of the block that is looked at: that of the large weight, or the last but it.
  function seen() {
    const own = Math.floor(place / state.block), n = drawn.length / state.block;
    return state.block * (state.elsewhere && n > 1 ? (own === n - 1 ? n - 2 : n - 1) : own);
  }

  function drawComb(numbers, { codes, kept, written }) {
    const first = seen(), levels = ways[state.way][1], scale = kept[first / state.block];
    const nodes = [text(12, 18, "as they are", "start"), text(12, TO + 24 + 20, `in four bits: the levels of ${ways[state.way][0]} times ${number(scale)}`, "start"),
      element("line", { class: "axis", x1: x(-REACH), x2: x(REACH), y1: FROM, y2: FROM }),
      element("line", { class: "axis", x1: x(-REACH), x2: x(REACH), y1: TO, y2: TO })];
    for (let value = -REACH; value <= REACH; value += 1) {
      nodes.push(text(x(value), FROM - 12, value < 0 ? `−${-value}` : String(value),
        value === -REACH ? "start" : value === REACH ? "end" : "middle"),
        element("line", { class: "axis", x1: x(value), x2: x(value), y1: FROM - 6, y2: FROM }));
    }
    const inside = levels.filter((level) => Math.abs(level * scale) <= REACH * 1.001);
    nodes.push(...inside.map((level) => element("line", { class: "level", x1: x(level * scale), x2: x(level * scale), y1: TO, y2: TO + 14 })));
    for (let i = first; i < first + state.block; i += 1) {
      const [before, after] = [numbers[i], written[i]];
      if (Math.abs(before) > REACH) continue;
      nodes.push(element("path", { class: i === place ? "way large" : "way",
        d: `M${x(before).toFixed(1)} ${FROM}L${x(Math.min(Math.max(after, -REACH), REACH)).toFixed(1)} ${TO}` }));
    }
    if (first <= place && place < first + state.block && numbers[place] > REACH) {
      nodes.push(element("path", { class: "way large", d: `M${x(REACH) - 40} ${(FROM + TO) / 2}h36m-9 -7l9 7l-9 7` }),
        text(x(REACH) - 46, (FROM + TO) / 2 + 5, number(numbers[place]), "end"));
    }
    comb.replaceChildren(...nodes);
    const used = new Set(codes.slice(first, first + state.block).filter((_, i) => first + i !== place)).size;
    return { used, of: levels.length, inside: inside.length, first };
  }

  function drawStrip(numbers, written, first) {
    cells.forEach((cell, i) => cell.setAttribute("fill-opacity", Math.min(1, 2 * Math.abs(written[i] - numbers[i])).toFixed(2)));
    const fences = [];
    for (let start = 0; start < numbers.length; start += state.block) {
      const { x: left, y: top } = spot(start), width = (WIDTH - 4) * Math.min(1, state.block / ROW);
      fences.push(element("rect", { class: start === first ? "fence seen" : "fence", x: left, y: top, width, height: HIGH * Math.max(1, state.block / ROW) }));
    }
    fences.sort((a, b) => a.classList.length - b.classList.length);
    const { x: left, y: top } = spot(place);
    strip.replaceChildren(element("rect", { class: "field", width: "100%", height: "100%" }), ...cells, ...fences,
      element("circle", { class: "ring", cx: left + (WIDTH - 4) / ROW / 2, cy: top + HIGH / 2, r: 7 }));
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const legend = element("p", { class: "legend soft" }, element("span", {}, "error of each weight: 0", element("i", { class: "ramp" }), "0.5 or more"),
    element("span", {}, "○ the weight that you move"), element("span", {}, "boxes are blocks, the bold one is shown above"));
  const told = element("p", { class: "told" }), soft = element("p", { class: "soft" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  function draw() {
    const numbers = drawn.map((value, i) => (i === place ? state.large : value));
    const found = fourbits.write(numbers, ways[state.way][1], state.block, state.double);
    const { used, of, inside, first } = drawComb(numbers, found);
    drawStrip(numbers, found.written, first);
    const { beside, elsewhere } = fourbits.neighbours(numbers.length, state.block, place);
    const [near, far] = [beside, elsewhere].map((places) => fourbits.error(numbers, found.written, places));
    size.value = Math.round(STEPS * Math.log(state.large) / Math.log(largest));
    sizeOut.textContent = `${number(state.large)} times the standard deviation`;
    size.setAttribute("aria-valuetext", sizeOut.textContent);
    told.textContent = `Error of its ${beside.length} neighbours ${percent(near)}, `
      + `${far === null ? "and there is no other block" : `of all other blocks ${percent(far)}`}. `
      + `${fourbits.bits(state.block, state.double).toFixed(2)} bits a weight.`;
    const others = state.block - (first <= place && place < first + state.block ? 1 : 0);
    soft.textContent = `In the block above, ${others} weights use ${used} of ${of} levels; ${inside} of them lie between −4 and 4.`;
    comb.setAttribute("aria-label", `${others} weights and the levels on which they end: ${used} of ${of} are used.`);
    strip.setAttribute("aria-label", `The error of ${numbers.length} weights in blocks of ${state.block}. ${told.textContent}`);
    clearTimeout(saying); // a screen reader hears where a slider has come to rest
    saying = setTimeout(() => { live.textContent = `${sizeOut.textContent}. ${told.textContent} ${soft.textContent}`; }, 400);
  }

  draw();
  clearTimeout(saying);
  box.className = "figure";
  box.append(element("h3", {}, "Who pays for one large weight?"),
    element("div", { class: "choices" }, element("label", { class: "choice full" }, element("span", {}, "one weight: ", sizeOut), size)),
    element("div", { class: "choices" }, ...choices), comb, strip, legend, told, soft, live);
}
