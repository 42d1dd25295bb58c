// The figure: a queue before each expert, the line of the capacity, and who stands above it.
function mount(box, config) {
  const { noise, favour, topK } = config, nExperts = favour.length;
  const state = { ...config.start, half: false, follow: null };
  const PITCH = 14, FLOOR = noise.length * PITCH + 30, X = (e) => 22 + e * 55, WIDE = 48;
  const percent = (part, all) => `${Math.round(100 * part / all)}%`;
  const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

  // ---- choices -----------------------------------------------------------------------------------------------
  function slider(label, [min, max, step], get, set) {
    const shown = element("b", {});
    const node = element("input", {
      type: "range", min, max, step, "aria-label": label, oninput: (e) => { set(Number(e.target.value)); draw(); },
    });
    const fill = () => {
      node.value = get();
      shown.textContent = ` ${get().toFixed(2)}`;
      node.setAttribute("aria-valuetext", get().toFixed(2));
    };
    return { fill, node: element("label", { class: "choice" }, element("span", {}, label, shown), node) };
  }
  const controls = [
    slider("capacity factor", [0.5, 4, 0.05], () => state.factor, (value) => { state.factor = value; }),
    slider("unevenness of the router", [0, 3, 0.1], () => state.uneven, (value) => { state.uneven = value; }),
  ];
  const half = element("input", {
    type: "checkbox", "aria-label": "first half alone",
    onchange: (e) => { state.half = e.target.checked; state.follow = null; draw(); },
  });
  const follow = element("select", {
    "aria-label": "follow a token", onchange: (e) => { state.follow = e.target.selectedIndex - 1; draw(); },
  });
  const choices = element("div", { class: "choices" }, ...controls.map((control) => control.node),
    element("label", { class: "choice" }, element("span", {}, "follow a token"), follow),
    element("label", { class: "choice" }, element("span", {}, "first half alone"), half));

  // ---- drawing -----------------------------------------------------------------------------------------------
  const chart = element("svg", { viewBox: `0 0 350 ${FLOOR + 22}`, role: "img" });
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });

  function draw() {
    controls.forEach((control) => control.fill());
    const rows = state.half ? noise.slice(0, noise.length / 2) : noise, n = rows.length;
    const experts = queues.choose(queues.uneven(rows, favour, state.uneven), topK);
    const most = queues.capacity(n, nExperts, topK, state.factor), keep = queues.kept(experts, nExperts, most);
    follow.replaceChildren(element("option", {}, "none"), ...rows.map((_, token) => element("option", {}, String(token + 1))));
    follow.selectedIndex = state.follow === null || state.follow < 0 ? 0 : state.follow + 1;
    const nodes = [];
    const place = (e, slot, name, text, title) => element("g", { class: name, transform: `translate(${X(e)} ${FLOOR - (slot + 1) * PITCH})` },
      element("rect", { width: WIDE, height: PITCH - 2, rx: 3 }), text && element("text", { x: WIDE / 2, y: 10, "text-anchor": "middle" }, text),
      title && element("title", {}, title));
    queues.stand(experts, nExperts).forEach((line, e) => {
      line.forEach(([token, k], slot) => {
        const out = slot >= most, follows = state.follow === token;
        const node = place(e, slot, `place choice${k}${out ? " out" : ""}${follows ? " followed" : ""}`, String(token + 1),
          `token ${token + 1}, ${k === 0 ? "first" : "second"} choice: ${out ? "dropped" : "served"}`);
        node.addEventListener("click", () => { state.follow = follows ? null : token; draw(); });
        nodes.push(node);
      });
      for (let slot = line.length; slot < Math.min(most, noise.length); slot += 1) nodes.push(place(e, slot, "empty", null, "a row of zeros"));
      nodes.push(element("text", { x: X(e) + WIDE / 2, y: FLOOR + 15, "text-anchor": "middle" }, `expert ${e}`));
    });
    const y = FLOOR - most * PITCH - 1;
    if (most <= noise.length) {
      nodes.push(element("line", { x1: 4, x2: 346, y1: y, y2: y, class: "capacity" }));
      nodes.push(element("text", { x: 4, y: y - 4, class: "capacity" }, `capacity ${most}`));
    }
    chart.replaceChildren(...nodes);
    const flat = keep.flat(), all = flat.length, served = flat.filter(Boolean).length, computed = nExperts * most;
    const lost = keep.filter((each) => !each.some(Boolean)).length;
    const firsts = keep.filter(([first]) => !first).length;
    told.textContent = `Each expert takes ${many(most, "row")}. Of ${all} choices ${all - served} find no room `
      + `(${percent(all - served, all)}), ${firsts} of them first choices; ${lost === 0 ? "no token" : many(lost, "token")} `
      + `${lost > 1 ? "are" : "is"} served by nobody. Of ${many(computed, "computed row")} ${computed - served} are zeros `
      + `(${percent(computed - served, computed)}).${state.follow !== null && state.follow >= 0 ? ` Token ${state.follow + 1}: ${
        experts[state.follow].map((e, k) => `expert ${e} ${keep[state.follow][k] ? "serves it" : "has no room"}`).join(", ")}.` : ""}`;
    chart.setAttribute("aria-label", queues.stand(experts, nExperts).map((line, e) => `expert ${e}: ${line.length} in the queue, `
      + `${Math.max(0, line.length - most)} above the capacity`).join("; "));
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Who finds room"), choices, chart,
    element("p", { class: "soft" }, ...[["choice0", "first choice"], ["choice1", "second choice"], ["out", "no room"],
      ["empty", "row of zeros"]].map(([name, text]) => element("span", { class: "key" },
      element("i", { class: `swatch ${name}` }), text))), told);
}
