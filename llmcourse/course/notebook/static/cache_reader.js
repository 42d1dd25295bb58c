// The figure: heads and whom they share with, the mask of one layer, and what its cache and the whole model's hold.
function mount(box, config) {
  const state = { ...config.start };
  const SIDE = 17, LEFT = 40, TOP = 26, MOST = config.mostPositions;
  const divisors = () => config.heads.filter((k) => state.nHeads % k === 0);
  const many = (n, what) => `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;

  // ---- choices -----------------------------------------------------------------------------------------------
  function select(label, values, get, set, told = String) {
    const node = element("select", {
      "aria-label": label, onchange: (e) => { set(values()[e.target.selectedIndex]); refresh(); },
    });
    const fill = () => node.replaceChildren(
      ...values().map((value) => element("option", { selected: value === get() }, told(value))));
    return { fill, node: element("label", { class: "choice" }, element("span", {}, label), node) };
  }
  function slider(label, most, get, set) {
    const node = element("input", {
      type: "range", min: 1, "aria-label": label, oninput: (e) => { set(Number(e.target.value)); refresh(); },
    });
    const shown = element("b", {});
    const fill = () => { node.max = most(); node.value = get(); shown.textContent = ` ${get()}`; };
    return { fill, node: element("label", { class: "choice" }, element("span", {}, label, shown), node) };
  }
  const controls = [
    select("query heads", () => config.heads, () => state.nHeads, (n) => {
      state.nHeads = n;
      state.head = Math.min(state.head, n - 1);
      if (n % state.nKvHeads) state.nKvHeads = n;
    }),
    select("key/value heads", divisors, () => state.nKvHeads, (n) => { state.nKvHeads = n; }),
    select("window", () => config.windows, () => state.window, (w) => { state.window = w; },
      (w) => (w ? many(w, "position") : "none")),
    select("layers with the window", () => config.ratios, () => state.nLocal, (n) => { state.nLocal = n; },
      (n) => (n < 0 ? "all" : `${n} of ${n + 1}`)),
    slider("length", () => MOST, () => state.length, (n) => {
      state.length = n;
      state.query = n - 1;
    }),
    slider("head", () => state.nHeads, () => state.head + 1, (n) => { state.head = n - 1; }),
    slider("query", () => state.length, () => state.query + 1, (n) => { state.query = n - 1; }),
  ];

  // ---- drawing -----------------------------------------------------------------------------------------------
  const headChart = element("svg", { viewBox: "0 0 330 118", role: "img" });
  const maskChart = element("svg", { viewBox: `0 0 330 ${TOP + MOST * SIDE + 50}`, role: "img" });
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });
  const costs = element("p", { class: "told" });

  function drawHeads() {
    const { nHeads, nKvHeads } = state, chosen = cache.kvHead(state.head, nHeads, nKvHeads);
    const place = (i, n) => 165 + (i - (n - 1) / 2) * (300 / Math.max(nHeads, 2));
    const nodes = [
      element("text", { x: 4, y: 14 }, "query heads"),
      element("text", { x: 4, y: 114 }, "key/value heads"),
    ];
    for (let head = 0; head < nHeads; head += 1) {
      const kv = cache.kvHead(head, nHeads, nKvHeads), x = place(head, nHeads);
      nodes.push(element("line", {
        x1: x, x2: place(kv, nKvHeads), y1: 46, y2: 74, class: kv === chosen ? "link chosen" : "link",
      }));
      nodes.push(element("rect", {
        x: x - 12, y: 22, width: 24, height: 24, rx: 4, class: head === state.head ? "query chosen" : "query",
        onclick: () => { state.head = head; refresh(); },
      }, element("title", {}, `query head ${head + 1}`)));
    }
    for (let kv = 0; kv < nKvHeads; kv += 1) {
      nodes.push(element("rect", {
        x: place(kv, nKvHeads) - 12, y: 74, width: 24, height: 24, rx: 4, class: kv === chosen ? "kv chosen" : "kv",
      }, element("title", {}, `key/value head ${kv + 1}`)));
    }
    headChart.replaceChildren(...nodes);
    headChart.setAttribute("aria-label",
      `${many(nHeads, "query head")}, ${many(nKvHeads, "key/value head")}, each read by ${nHeads / nKvHeads}`);
  }

  function drawMask() {
    const nodes = [element("text", { x: LEFT, y: 14 }, "keys: positions of the text, oldest first")];
    const square = (row, column, name, title, choose) => element("rect", {
      x: LEFT + column * SIDE, y: TOP + row * SIDE, width: SIDE - 2, height: SIDE - 2, rx: 2, class: name, onclick: choose,
    }, element("title", {}, title));
    for (let query = 0; query < state.length; query += 1) {
      const choose = () => { state.query = query; refresh(); };
      const own = query === state.query ? " chosen" : "";
      for (let key = 0; key < state.length; key += 1) {
        const kind = cache.cell(query, key, state.window);
        nodes.push(square(query, key, `cell ${kind}${own}`, `query ${query + 1}, key ${key + 1}: ${kind}`, choose));
      }
    }
    nodes.push(element("text", { x: LEFT - 6, y: TOP + state.query * SIDE + 13, "text-anchor": "end" },
      String(state.query + 1)));
    const first = cache.firstKey(state.length - 1, state.window);
    for (let key = 0; key < state.length; key += 1) {
      const kept = key >= first;
      const name = kept ? "slot kept" : "slot gone";
      nodes.push(square(state.length + 0.6, key, name, `position ${key + 1}: ${kept ? "in the cache" : "dropped"}`, null));
    }
    nodes.push(element("text", { x: LEFT, y: TOP + (state.length + 1.6) * SIDE + 14 }, "cache of such a layer, now"));
    maskChart.replaceChildren(...nodes);
    maskChart.setAttribute("aria-label", `mask of ${many(state.length, "query row")}; the cache of such a layer holds `
      + `${many(state.length - first, "position")}`);
  }

  function refresh() {
    controls.forEach((control) => control.fill());
    drawHeads();
    drawMask();
    const { query, window, length, nHeads, nKvHeads } = state, first = cache.firstKey(query, window);
    const reads = query - first + 1;
    told.textContent = `Query ${query + 1} of head ${state.head + 1} reads ${many(reads, "key")} of key/value head `
      + `${cache.kvHead(state.head, nHeads, nKvHeads) + 1}: ${reads === 1 ? "position" : "positions"} `
      + `${first + 1}${reads === 1 ? "" : ` to ${query + 1}`}.`;
    const shape = { ...config.shape, nKvHeads };
    const nGlobal = window ? cache.globalLayers(shape.nLayers, state.nLocal) : shape.nLayers;
    const now = cache.bytes(shape, length, window, nGlobal);
    const large = cache.bytes(shape, config.large.length, window ? config.large.window : 0, nGlobal);
    const plain = cache.bytes({ ...shape, nKvHeads: nHeads }, config.large.length, 0, shape.nLayers);
    const windowed = window ? ` with a window of ${config.large.window.toLocaleString("en-US")}` : "";
    costs.textContent = `A model of ${shape.nLayers} layers with these heads of ${shape.dHead} channels, in bfloat16, `
      + `keeps ${cache.told(now)} for ${many(length, "position")}. At ${config.large.length.toLocaleString("en-US")} `
      + `positions${windowed} it keeps ${cache.told(large)}, ${(plain / large).toFixed(plain / large < 10 ? 1 : 0)} `
      + `times less than with all heads and no window.`;
  }

  refresh();
  box.className = "figure";
  box.append(element("h3", {}, "Attention and its cache"),
    element("div", { class: "choices" }, ...controls.map((control) => control.node)),
    element("div", { class: "charts" }, headChart, maskChart), told, costs,
    element("p", { class: "soft" }, ...[
      ["chosen", "read by the chosen query"], ["seen", "read by others"], ["outside", "left behind by the window"],
      ["kept", "kept in the cache"],
    ].map(([name, text]) => element("span", { class: "key" }, element("i", { class: `swatch ${name}` }), text))));
}
