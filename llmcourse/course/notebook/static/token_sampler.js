// The figure: a temperature, a k and a p for several texts at once (`state`); for each text what the settings leave of
// the model's distribution, and tokens drawn from it.
function mount(box, config) {
  const { contexts, tokens, temperatures, ks, ps } = config;
  const state = { ...config.start, seed: 1 };
  const ROWS = 8, DRAWS = 16;
  const { percent } = sampler;

  // ---- choices -----------------------------------------------------------------------------------------------
  function slider(name, label, values, told) {
    const output = element("output");
    const input = element("input", {
      type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": label,
      oninput: (event) => set({ [name]: Number(event.target.value) }),
    });
    return { node: element("label", {}, output, input), show: () => {
      input.value = state[name];
      output.textContent = told(values[state[name]]);
      input.setAttribute("aria-valuetext", output.textContent);
    } };
  }
  const sliders = [
    slider("temperature", "temperature", temperatures, (value) => `temperature ${value.toFixed(1)}`),
    slider("k", "top-k", ks, (value) => (value === null ? "top-k: no limit" : `top-k: ${value}`)),
    slider("p", "top-p", ps, (value) => (value === null ? "top-p: no limit" : `top-p: ${value.toFixed(2)}`)),
  ];
  const presets = config.presets.map(([name, change]) => ({ change, node: element("button", {
    type: "button", onclick: () => set(change) }, name) }));
  const again = element("button", { type: "button", onclick: () => set({ seed: state.seed + 1 }) }, "draw again");

  function set(change) {
    Object.assign(state, change);
    draw();
  }

  // ---- one text ----------------------------------------------------------------------------------------------
  const visible = (token) => token.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥");
  // A bar is as long as the probability that is drawn with; the frame behind it, what the temperature alone gives.
  function row(name, before, after, font = "mono") {
    const beam = element("span", { class: "beam", "aria-hidden": "true" },
      element("i", { class: "before", style: `width:${100 * before}%` }),
      element("i", { class: "after", style: `width:${100 * after}%` }));
    return element("tr", { class: after > 0 ? null : "out" }, element("th", { scope: "row", class: font }, name),
      element("td", {}, beam), element("td", { class: "number" }, after > 0 ? percent(after) : "–"));
  }

  const panels = contexts.map(([text, logits]) => {
    const body = element("tbody"), chips = element("p", { class: "chips" });
    const told = element("p", { class: "soft kept" });
    const node = element("section", {},
      element("h4", {}, "after ", element("code", { class: "mono" }, visible(text))),
      element("table", {}, body), told, element("p", { class: "soft" }, `${DRAWS} draws:`), chips);
    return { text, logits, node, body, told, chips };
  });

  function show({ logits, body, told, chips }, settings) {
    const { order, before, after, kept, count } = sampler.settle(logits, settings);
    const rest = (values) => values.slice(ROWS).reduce((sum, one) => sum + one, 0);
    const shown = order.slice(0, ROWS);
    body.replaceChildren(...shown.map((id, rank) => row(visible(tokens[id]), before[rank], after[rank])));
    const others = order.length - shown.length;
    if (others > 0) {
      body.append(row(`${others.toLocaleString("en-US")} others`, rest(before), rest(after), "soft"));
    }
    told.textContent = `${count.toLocaleString("en-US")} of ${order.length.toLocaleString("en-US")} tokens `
      + `${count === 1 ? "stays" : "stay"}, with ${percent(kept)} of the probability.`;
    chips.replaceChildren(...sampler.numbers(state.seed, DRAWS).map((number) => {
      const rank = sampler.drawn(after, number);
      const name = visible(tokens[order[rank]]) || "∅";
      return element("span", { class: rank < ROWS ? "chip mono" : "chip mono rare" }, name);
    }));
    return { count, kept };
  }

  // ---- what is told ------------------------------------------------------------------------------------------
  const told = element("p", { class: "told" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  let saying = null;

  function draw() {
    const settings = { temperature: temperatures[state.temperature], k: ks[state.k], p: ps[state.p] };
    sliders.forEach(({ show: refresh }) => refresh());
    presets.forEach(({ change, node }) => node.setAttribute("aria-pressed",
      String(Object.entries(change).every(([name, value]) => state[name] === value))));
    const found = panels.map((panel) => show(panel, settings));
    told.textContent = `These settings keep ${found.map(({ count, kept }, i) =>
      `${count.toLocaleString("en-US")} ${count === 1 ? "token" : "tokens"} after “${visible(panels[i].text)}” and `
      + `leave out ${percent(1 - kept)} of the probability`).join("; ")}.`;
    clearTimeout(saying); // a screen reader hears where a slider has come to rest
    saying = setTimeout(() => { live.textContent = told.textContent; }, 400);
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "One setting, two places in a text"),
    element("div", { class: "choices" }, ...sliders.map(({ node }) => node)),
    element("div", { class: "presets" }, ...presets.map(({ node }) => node), again), told,
    element("div", { class: "panels" }, ...panels.map(({ node }) => node)),
    element("p", { class: "legend soft" },
      element("span", {}, element("i", { class: "swatch after" }), "drawn with this probability"),
      element("span", {}, element("i", { class: "swatch before" }), "before top-k and top-p"),
      element("span", {}, element("i", { class: "swatch rare" }), `a draw from beyond the first ${ROWS}`)), live);
}
