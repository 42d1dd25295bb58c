// The figure: a model, a way to slow its clocks and a length (`state`); for each pair how far it turns and how much
// slower it has become, and a dial of one pair.
function mount(box, config) {
  const state = { ...config.start };
  const [WIDTH, LEFT, RIGHT] = [640, 72, 10];
  const REACH = { top: 28, height: 236 }, SLOW = { top: 318, height: 112 };
  const HEIGHT = SLOW.top + SLOW.height + 46, MOST = 100;
  const model = () => config.models[state.model];
  const { number } = stretch;
  const times = (value) => `${number(value)} ×`;

  // ---- choices -----------------------------------------------------------------------------------------------
  const select = (name, label, names) => element("label", {}, label, element("select", {
    "aria-label": label,
    onchange: (event) => set({ [name]: event.target.selectedIndex }) },
    ...names.map((told, i) => element("option", { selected: state[name] === i }, told))));

  // A slider over a list of values: the state holds the place in the list.
  function slider(name, label, values, told, ways = null) {
    const output = element("output");
    const input = element("input", {
      type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": label,
      oninput: (event) => set({ [name]: Number(event.target.value) }),
    });
    return { node: element("label", {}, output, input), show: () => {
      input.value = state[name];
      output.textContent = told(values[state[name]]);
      input.setAttribute("aria-valuetext", output.textContent);
      if (ways) input.parentNode.hidden = !ways.includes(way());
    } };
  }
  const way = () => config.ways[state.way][0];
  const { lengths, factors, fasts, bases } = config;
  const sliders = [
    slider("times", "length to read", lengths, (value) =>
      `read ${number(value * model().trained)} tokens, ${times(value)} the length`),
    slider("factor", "factor", factors, (value) => `slow down by a factor of ${number(value)}`,
      ["linear", "ntk", "yarn", "llama3"]),
    slider("fast", "turns from which a pair stays", fasts, (value) => `a pair stays from ${value} turns on`, ["yarn"]),
    slider("base", "base", bases, (value) =>
      `a base of ${Number((value * model().theta).toPrecision(2)).toLocaleString("en-US")}`, ["base"]),
  ];
  const pick = element("input", {
    type: "range", min: 0, step: 1, "aria-label": "pair", oninput: (event) => set({ pair: Number(event.target.value) }),
  });

  function set(change) {
    Object.assign(state, change);
    state.pair = Math.min(state.pair, model().dHead / 2 - 1);
    draw();
  }

  // ---- the charts --------------------------------------------------------------------------------------------
  const chart = element("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    onpointerdown: (event) => { chart.setPointerCapture(event.pointerId); choose(event); },
    onpointermove: (event) => { if (chart.hasPointerCapture(event.pointerId)) choose(event); },
  });

  function choose(event) {
    const at = chart.getBoundingClientRect(), n = model().dHead / 2;
    const right = (event.clientX - at.left) / at.width * WIDTH;
    set({ pair: Math.min(Math.max(Math.floor((right - LEFT) / (WIDTH - LEFT - RIGHT) * n), 0), n - 1) });
  }

  const line = (name, x1, x2, y1, y2) => element("line", { class: name, x1, x2, y1, y2 });
  const text = (x, y, anchor, words, name = null) =>
    element("text", { x, y, "text-anchor": anchor, class: name }, words);
  const rect = (name, x, y, width, height) =>
    element("rect", { class: name, x, y, width, height: Math.max(height, 0) });

  function columns(found) {
    const n = found.length, wide = (WIDTH - LEFT - RIGHT) / n, gap = n > 20 ? 1 : 6, nodes = [];
    const low = Math.floor(Math.log10(Math.min(...found.map(({ before }) => before)))), high = Math.log10(MOST);
    const foot = REACH.top + REACH.height;
    const y = (turns) => foot - REACH.height * (Math.min(Math.max(Math.log10(turns), low), high) - low) / (high - low);
    const most = Math.max(4, ...found.map(({ slower }) => slower)), base = SLOW.top + SLOW.height;
    const up = (slower) => SLOW.height * Math.log(Math.max(slower, 1)) / Math.log(most);
    nodes.push(text(LEFT, 15, "start", "turns within the text"), text(LEFT, SLOW.top - 11, "start", "times slower"));
    for (let power = low; power <= high; power += 1) {
      const at = y(10 ** power);
      nodes.push(line(power ? "grid" : "turn", LEFT, WIDTH - RIGHT, at, at),
        text(LEFT - 7, at + 5, "end", power ? `${10 ** power}${power === high ? "+" : ""}` : "1"));
    }
    for (let value = 1; value <= most * 1.001; value *= most > 64 ? 10 : most > 9 ? 4 : 2) {
      nodes.push(line(value > 1 ? "grid" : "axis", LEFT, WIDTH - RIGHT, base - up(value), base - up(value)),
        text(LEFT - 7, base - up(value) + 5, "end", number(value)));
    }
    found.forEach(({ before, after, slower, fresh }, i) => {
      const x = LEFT + i * wide + gap / 2, width = wide - gap;
      const seen = before >= 1 ? REACH.top : y(before);
      nodes.push(rect("known", x, seen, width, foot - seen));
      if (fresh > 1e-6) nodes.push(rect("fresh", x, y(Math.min(after, 1)), width, y(before) - y(Math.min(after, 1))));
      nodes.push(rect(before >= 1 ? "blurred" : "helped", x, base - up(slower), width, up(slower)));
      nodes.push(element("circle", { class: fresh > 1e-6 ? "hand new" : "hand", cx: x + width / 2, cy: y(after),
        r: n > 20 ? 3.2 : 6 }));
      if (n <= 20 || i % 8 === 0 || i === n - 1) nodes.push(text(x + width / 2, base + 19, "middle", String(i)));
    });
    const x = LEFT + state.pair * wide;
    nodes.push(...[REACH, SLOW].map(({ top, height }) => rect("chosen", x, top - 3, wide, height + 6)),
      text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "middle", "pair of channels, from the fastest to the slowest"));
    chart.replaceChildren(...nodes);
  }

  // ---- the dial of one pair ----------------------------------------------------------------------------------
  const dial = element("svg", { viewBox: "-100 -100 200 200", class: "dial", "aria-hidden": "true" });
  const place = (turns, radius) => {
    const angle = 2 * Math.PI * turns;
    return `${(radius * Math.cos(angle)).toFixed(2)} ${(-radius * Math.sin(angle)).toFixed(2)}`;
  };
  function arc(name, from, to, radius) {
    if (to - from >= 1) return element("circle", { class: name, r: radius });
    const large = to - from > 0.5 ? 1 : 0;
    const d = `M${place(from, radius)} A${radius} ${radius} 0 ${large} 0 ${place(to, radius)}`;
    return element("path", { class: name, d });
  }
  const SHOWN = 5; // tokens whose hands are drawn

  function drawDial({ before, after, slower, fresh }) {
    const speed = stretch.plain(model().dHead, model().theta)[state.pair] / (2 * Math.PI);
    const nodes = [element("circle", { class: "face", r: 66 }), element("circle", { class: "face", r: 88 }),
      arc("arc trained", 0, before, 66), arc("arc now", 0, Math.min(after, fresh > 1e-6 ? before : 1), 88)];
    if (fresh > 1e-6) nodes.push(arc("arc new", before, Math.min(after, 1), 88));
    for (let token = 0; token < SHOWN; token += 1) {
      const [x, y] = place(token * speed / slower, 42).split(" ");
      nodes.push(element("path", { class: "ray", d: `M${place(token * speed, 14)} L${place(token * speed, 46)}` }),
        element("circle", { class: "dot", cx: x, cy: y, r: 5 }));
    }
    dial.replaceChildren(...nodes);
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const swatch = (name, words) => element("span", {}, element("i", { class: `swatch ${name}` }), words);
  const legend = element("p", { class: "legend soft" }, swatch("known", "angles that training showed"),
    swatch("fresh", "angles that it never showed"), element("span", {}, "● as far as the pair turns now"),
    swatch("blurred", "slowed, and knew every angle"), swatch("helped", "slowed, and did not"));
  const told = element("p", { class: "told" }), about = element("p", { class: "about" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  const portion = (share) => (share >= 0.9995 ? "all"
    : share >= 0.01 ? `${Math.round(100 * share)}%` : "less than 1%");

  function sentence(found) {
    const { fresh, most, whole, blurred } = stretch.verdict(found);
    const first = fresh ? `${fresh} of ${found.length} pairs come to angles that training never showed, most of all `
      + `pair ${most}: ${portion(found[most].fresh)} of the circle is new to it.`
      : `None of the ${found.length} pairs comes to an angle that training never showed.`;
    const fastest = found[0].slower > 1.005 ? `${number(found[0].slower)} times slower` : "as fast as it did";
    const second = blurred ? `${blurred} of the ${whole} that knew every angle are slowed by more than a tenth; `
      + `the fastest turns ${fastest}.` : `Of the ${whole} that knew every angle none is slowed by more than a tenth.`;
    return `${first} ${second}`;
  }

  function describe({ before, after, slower, fresh }) {
    const neighbours = 360 * stretch.plain(model().dHead, model().theta)[state.pair] / (2 * Math.PI);
    const degrees = (value) => `${number(value)}°`;
    return `Pair ${state.pair} made ${number(before)} turns in training and makes ${number(after)} now`
      + `${fresh > 1e-6 ? `, with ${portion(fresh)} of the circle new to it` : ""}. Neighbouring tokens are `
      + `${degrees(neighbours / slower)} apart${slower > 1.005 ? `, where they were ${degrees(neighbours)}` : ""}.`;
  }

  function draw() {
    const choice = { way: way(), factor: factors[state.factor], fast: fasts[state.fast], base: bases[state.base] };
    const found = stretch.pairs(model(), choice, lengths[state.times]), chosen = found[state.pair];
    sliders.forEach(({ show }) => show());
    columns(found);
    drawDial(chosen);
    pick.max = found.length - 1;
    pick.value = state.pair;
    pick.setAttribute("aria-valuetext", describe(chosen));
    told.textContent = sentence(found);
    about.textContent = describe(chosen);
    chart.setAttribute("aria-label", `${config.ways[state.way][1]}: ${told.textContent}`);
    clearTimeout(saying); // a screen reader hears where a slider has come to rest
    saying = setTimeout(() => { live.textContent = told.textContent; }, 400);
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Which angles are new, and which neighbours blur?"),
    element("div", { class: "choices" }, select("model", "model", config.models.map(({ name }) => name)),
      select("way", "way", config.ways.map(([, name]) => name)), ...sliders.map(({ node }) => node)),
    told, chart, legend,
    element("div", { class: "one" }, dial, element("div", { class: "beside" },
      element("label", {}, element("b", {}, "one pair"), pick), about,
      element("p", { class: "soft" }, "Inner ring: the angles of training. Outer ring: those of the text now. "
        + "Rays: five neighbouring tokens as training had them; dots: the same five now."))), live);
}
