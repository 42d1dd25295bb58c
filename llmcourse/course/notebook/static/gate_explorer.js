// The figure: handles for logits and biases, what the gate makes of them, and the answers as arrows in a plane.
function mount(box, config) {
  const N = config.angles.length, X = (e) => 34 + e * 56, ZERO = 86, BASE = 296, WEIGHT = 406, MOVE = 455;
  const UNIT = { logit: 14, bias: 56, weight: 42, move: 20 }, LIMIT = { logit: [-config.most, config.most], bias: [-0.5, 0.9] };
  const OWN = "another";
  const fresh = () => ({ ...structured(config.start), ...config.gates[config.start.gate] });
  const structured = (value) => JSON.parse(JSON.stringify(value));
  let state = fresh();
  const signed = (value, digits) => {
    const text = Math.abs(value).toFixed(digits);
    return Number(text) === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
  };
  const named = (experts) => experts.map((e) => e + 1).join(" and ");

  // ---- choices -----------------------------------------------------------------------------------------------
  function select(label, values, get, set) {
    const node = element("select", {
      "aria-label": label, onchange: (e) => { set(values[e.target.selectedIndex]); draw(); },
    }, ...values.map((value) => element("option", {}, String(value))));
    const fill = () => { node.selectedIndex = values.indexOf(get()); };
    return { fill, node: element("label", { class: "choice" }, element("span", {}, label), node) };
  }
  const gateName = () => Object.keys(config.gates).find((name) => ["topK", "scores", "normalise"].every(
    (key) => config.gates[name][key] === state[key])) ?? OWN;
  const controls = [
    select("gate of", [...Object.keys(config.gates), OWN], gateName, (name) => Object.assign(state, config.gates[name])),
    select("experts a token", [1, 2, 3], () => state.topK, (k) => { state.topK = k; }),
    select("scores", ["softmax", "sigmoid"], () => state.scores, (kind) => { state.scores = kind; }),
  ];
  const check = element("input", {
    type: "checkbox", onchange: (e) => { state.normalise = e.target.checked; draw(); },
  });
  const button = (label, act, primary) => element("button", {
    type: "button", class: primary ? "primary" : null, onclick: () => { act(); draw(); },
  }, label);
  const walk = (steps) => {
    state.logits = gate.descend(state.logits, state, config.angles, state.wanted, config.rate, steps, config.most);
  };
  const choices = element("div", { class: "choices" }, ...controls.map((control) => control.node),
    element("label", { class: "choice" }, element("span", {}, "sum to 1"), check));
  const buttons = element("div", { class: "choices" }, button("1 step of descent", () => walk(1), true),
    button("50 steps", () => walk(50)), button("Start again", () => { state = fresh(); }));

  // ---- handles -----------------------------------------------------------------------------------------------
  // A handle is a slider: it is dragged, and moved with the arrow keys. `point` turns a place on the chart into a value.
  function handle(chart, attributes, shape, { get, set, range, small, point }) {
    const put = (value) => { set(Math.max(range[0], Math.min(range[1], value))); draw(); };
    const keys = {
      ArrowUp: () => get() + small, ArrowRight: () => get() + small, ArrowDown: () => get() - small,
      ArrowLeft: () => get() - small, PageUp: () => get() + 5 * small, PageDown: () => get() - 5 * small,
      Home: () => range[0], End: () => range[1],
    };
    const place = (event) => {
      const view = chart.viewBox.baseVal, frame = chart.getBoundingClientRect();
      put(point((event.clientX - frame.left) / frame.width * view.width,
        (event.clientY - frame.top) / frame.height * view.height));
    };
    const node = element("g", {
      role: "slider", tabindex: 0, class: "handle", "aria-valuemin": range[0], "aria-valuemax": range[1], ...attributes,
      onkeydown: (event) => {
        if (!keys[event.key]) return;
        event.preventDefault();
        put(Math.round(keys[event.key]() * 100) / 100);
      },
      onpointerdown: (event) => { event.preventDefault(); node.focus(); node.setPointerCapture(event.pointerId); },
      onpointermove: (event) => { if (node.hasPointerCapture(event.pointerId)) place(event); },
    }, element("circle", { r: 17, class: "reach" }), shape);
    return node;
  }
  function show(node, x, y, value, text) {
    node.setAttribute("transform", `translate(${x} ${y})`);
    node.setAttribute("aria-valuenow", value.toFixed(2));
    node.setAttribute("aria-valuetext", text);
  }
  const limited = (value) => Math.round(value * 20) / 20;

  // ---- columns: one expert each ------------------------------------------------------------------------------
  const columns = element("svg", { viewBox: "0 0 350 490", role: "group", "aria-label": "The experts' logits and weights" });
  const row = (text, y) => element("text", { x: 4, y, class: "row" }, text);
  const rule = (y) => element("line", { x1: 8, x2: 342, y1: y, y2: y, class: "rule" });
  columns.append(row("logits: drag the dots", 14), rule(ZERO), row("score and, dashed, bias: drag the squares", 182),
    rule(BASE), row("what the answer counts", 346), rule(WEIGHT), row("a step of descent moves the logit by", 430));
  const bar = (name) => columns.appendChild(element("rect", { width: 26, class: name }));
  const line = columns.appendChild(element("line", { x1: 8, x2: 342, class: "threshold" }));
  const experts = config.angles.map((_, e) => ({
    logit: bar("score"), score: bar("score"), bias: bar("bias"), weight: bar("weight"),
    weightText: columns.appendChild(element("text", { x: X(e), "text-anchor": "middle" })),
    arrow: columns.appendChild(element("path", { class: "arrow" })),
    moveText: columns.appendChild(element("text", { x: X(e), y: 485, "text-anchor": "middle" })),
    number: columns.appendChild(element("text", { x: X(e), y: 158, "text-anchor": "middle", class: "number" }, String(e + 1))),
    dot: columns.appendChild(handle(columns, { "aria-label": `logit of expert ${e + 1}`, "aria-orientation": "vertical" },
      element("circle", { r: 8, class: "dot" }), {
        get: () => state.logits[e], set: (value) => { state.logits[e] = value; }, range: LIMIT.logit, small: 0.1,
        point: (x, y) => limited((ZERO - y) / UNIT.logit),
      })),
    square: columns.appendChild(handle(columns, { "aria-label": `bias of expert ${e + 1}`, "aria-orientation": "vertical" },
      element("rect", { x: -6, y: -6, width: 12, height: 12, class: "dot" }), {
        get: () => state.bias[e], set: (value) => { state.bias[e] = value; }, range: LIMIT.bias, small: 0.05,
        point: (x, y) => limited((BASE - y) / UNIT.bias - gate.scores(state.logits, state.scores)[e]),
      })),
  }));
  function stand(rect, e, from, to) {
    rect.setAttribute("x", X(e) - 13);
    rect.setAttribute("y", Math.min(from, to));
    rect.setAttribute("height", Math.abs(from - to));
  }

  // ---- the plane of answers ----------------------------------------------------------------------------------
  const MIDDLE = 120, R = 82;
  const at = ([x, y], length = 1) => [MIDDLE + R * length * x, MIDDLE - R * length * y];
  const plane = element("svg", { viewBox: "0 0 240 240", role: "group", "aria-label": "The answers, as arrows in a plane" });
  plane.append(element("circle", { cx: MIDDLE, cy: MIDDLE, r: R, class: "ring" }));
  const rays = config.angles.map((angle, e) => {
    const [x, y] = at(gate.vector(angle)), [tx, ty] = at(gate.vector(angle), 1.28);
    const thin = element("line", { x1: MIDDLE, y1: MIDDLE, x2: x, y2: y, class: "ray" });
    const part = element("line", { x1: MIDDLE, y1: MIDDLE, class: "part" });
    plane.append(thin, part, element("text", { x: tx, y: ty + 5, "text-anchor": "middle" }, String(e + 1)));
    return { thin, part };
  });
  const sumLine = plane.appendChild(element("line", { x1: MIDDLE, y1: MIDDLE, class: "sum" }));
  const sumDot = plane.appendChild(element("circle", { r: 6, class: "sum" }));
  const target = plane.appendChild(handle(plane, { "aria-label": "angle of the answer that is wanted" },
    element("circle", { r: 11, class: "wanted" }), {
      get: () => state.wanted, set: (value) => { state.wanted = value; }, range: [0, 360], small: 5,
      point: (x, y) => (Math.round(Math.atan2(MIDDLE - y, x - MIDDLE) * 180 / Math.PI) + 360) % 360,
    }));

  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });

  function draw() {
    controls.forEach((control) => control.fill());
    check.checked = state.normalise;
    const routed = gate.route(state.logits, state), y = gate.answer(routed, config.angles);
    const slope = gate.gradient(state.logits, state, config.angles, state.wanted);
    const weightOf = (e) => (routed.experts.includes(e) ? routed.weights[routed.experts.indexOf(e)] : 0);
    const ranked = routed.scores.map((score, e) => score + state.bias[e]);
    const least = BASE - UNIT.bias * ranked[routed.experts[routed.experts.length - 1]];
    line.setAttribute("y1", least);
    line.setAttribute("y2", least);
    experts.forEach((parts, e) => {
      const chosen = routed.experts.includes(e), z = state.logits[e], w = weightOf(e), move = -config.rate * slope[e];
      const top = BASE - UNIT.bias * routed.scores[e], biased = BASE - UNIT.bias * ranked[e];
      stand(parts.logit, e, ZERO, ZERO - UNIT.logit * z);
      stand(parts.score, e, BASE, top);
      stand(parts.bias, e, top, biased);
      stand(parts.weight, e, WEIGHT, WEIGHT - UNIT.weight * Math.min(w, 1));
      for (const part of [parts.logit, parts.score, parts.number]) part.classList.toggle("chosen", chosen);
      parts.weightText.textContent = chosen ? w.toFixed(2) : "";
      parts.weightText.setAttribute("y", WEIGHT - UNIT.weight * Math.min(w, 1) - 3);
      const length = Math.sign(move) * (6 + UNIT.move * Math.sqrt(Math.min(1, Math.abs(move)))), head = Math.sign(length) * Math.min(6, Math.abs(length));
      parts.arrow.setAttribute("d", Math.abs(move) < 0.005 ? `M${X(e) - 4} ${MOVE}h8`
        : `M${X(e)} ${MOVE + length / 2}v${-length}m-5 ${head}l5 ${-head}l5 ${head}`);
      parts.arrow.setAttribute("class", Math.abs(move) < 0.005 ? "arrow still" : move > 0 ? "arrow up" : "arrow down");
      parts.moveText.textContent = signed(move, 2);
      show(parts.dot, X(e), ZERO - UNIT.logit * z, z, signed(z, 2));
      show(parts.square, X(e), biased, state.bias[e], `${signed(state.bias[e], 2)}, score ${routed.scores[e].toFixed(2)}`);
      rays[e].thin.classList.toggle("chosen", chosen);
      const [px, py] = at(gate.vector(config.angles[e]), w);
      rays[e].part.setAttribute("x2", px);
      rays[e].part.setAttribute("y2", py);
    });
    const [sx, sy] = at(y), [wx, wy] = at(gate.vector(state.wanted));
    sumLine.setAttribute("x2", sx);
    sumLine.setAttribute("y2", sy);
    sumDot.setAttribute("cx", sx);
    sumDot.setAttribute("cy", sy);
    show(target, wx, wy, state.wanted, `${Math.round(state.wanted)} degrees`);
    const heard = slope.map((s, e) => [Math.abs(config.rate * s), e]).filter(([s]) => s >= 0.005).map(([, e]) => e);
    const who = heard.length === N ? "Every logit moves" : heard.length === 0 ? "No logit moves: nothing is learned"
      : heard.length === 1 ? `Only the logit of expert ${named(heard)} moves` : `Only the logits of experts ${named(heard)} move`;
    told.textContent = `Chosen: ${routed.experts.map((e, k) => `expert ${e + 1} with ${routed.weights[k].toFixed(2)}`).join(", ")}. `
      + `Half the squared error is ${gate.loss(y, state.wanted).toFixed(2)}. ${who}.`;
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "A gate, and what its router learns"), choices, buttons,
    element("div", { class: "charts" }, columns, element("div", { class: "side" }, plane,
      element("p", { class: "soft legend" }, ...[["part", "a chosen answer, as much as it counts"],
        ["sum", "their sum, the layer's answer"], ["wanted", "the answer that is wanted: drag it"],
        ["threshold", "who is above it is chosen"]].map(
        ([name, text]) => element("span", { class: "key" }, element("i", { class: `swatch ${name}` }), text))))), told);
}
