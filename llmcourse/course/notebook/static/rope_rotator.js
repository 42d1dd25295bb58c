// The figure: two positions and a few switches (`state`), and functions that draw them. startFigure calls `mount`.
function mount(box, config, host) {
  const { dHead, theta, q, last } = config;
  const nPairs = dHead / 2;
  const RADIUS = 46;
  const SPEED = 5; // positions a second, so that the fastest pair turns a little less than once a second
  const WINDOWS = [32, 128, last];
  const FACTORS = [1, 2, 4, 8];
  const beginning = {
    m: config.start[0], n: config.start[1], rotate: true, same: false, factor: 1, window: WINDOWS[0], pair: null,
  };
  const state = { ...beginning };
  let hovered = null, frame = null, moved = null;

  // ---- state -------------------------------------------------------------------------------------------------
  const still = Array(nPairs).fill(0);
  const freqs = () => (state.rotate ? rope.frequencies(dHead, theta, state.factor) : still);
  const key = () => (state.same ? q : config.k);
  const distance = () => Math.round(state.m - state.n);
  const scoreAt = (d, frequencies = freqs()) => rope.score(q, key(), d, 0, frequencies);
  // One scale for bars and chart, the same at every distance and switch: it belongs to the two vectors.
  const reaches = [config.k, q].map((k) => {
    const { low, high } = rope.reach(q, k, rope.frequencies(dHead, theta), last);
    return { low: low - 0.05 * (high - low), high: high + 0.05 * (high - low) };
  });
  const reach = () => reaches[Number(state.same)];
  const isPlain = () => state.rotate && state.factor === 1;

  // ---- numbers for people ------------------------------------------------------------------------------------
  const { decimal, whole } = rope;
  const signed = (value) => (value > 0 ? "+" : "") + whole(value);
  const degrees = (angle) => Math.round(angle * 180 / Math.PI);
  const rate = (frequency) => (frequency ? String(Number(frequency.toPrecision(3))) : "0");
  const period = (frequency) => {
    const turn = 2 * Math.PI / frequency;
    return turn < 100 ? turn.toPrecision(2) : whole(Number(turn.toPrecision(3)));
  };

  // ---- the positions -----------------------------------------------------------------------------------------
  const slider = (name, label, attributes) => element("input", {
    type: "range", min: 0, max: last, step: 1, class: name, "aria-label": label, ...attributes,
  });
  const sliders = {
    m: slider("at-m", "Position of the query, m", { oninput: (e) => moveOne("m", Number(e.target.value)) }),
    n: slider("at-n", "Position of the key, n", { oninput: (e) => moveOne("n", Number(e.target.value)) }),
    both: slider("at-both", "Both positions together", { oninput: (e) => moveBoth(Number(e.target.value)) }),
  };
  const values = { m: element("output"), n: element("output"), both: element("output") };
  const playButton = element("button", {
    type: "button", class: "primary", onclick: () => (frame === null ? play() : pause()),
  }, "▶ Walk both");
  const message = element("p", { class: "message" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });

  const row = (name, label, ...extra) => element("div", { class: "track" },
    element("span", { class: `name ${name}-ink`, "aria-hidden": "true" }, label), values[name],
    element("div", { class: "rail" }, sliders[name]), ...extra);

  // What the reader did since they took hold of a control: `from` is the state when they began with it.
  function remember(what) {
    if (moved?.what !== what) moved = { what, from: { m: state.m, n: state.n, score: scoreAt(distance()) } };
  }

  function moveOne(name, position) {
    pause();
    remember(name);
    state[name] = position;
    widen();
    draw();
  }

  function moveBoth(lower) {
    pause();
    remember("both");
    Object.assign(state, rope.moveBoth(state, lower, last));
    draw();
  }

  // The chart shows more when the marker would leave it; it never shrinks by itself.
  function widen() {
    if (Math.abs(distance()) > state.window) state.window = WINDOWS.find((half) => half >= Math.abs(distance()));
  }

  function set(change, sentence) {
    moved = null;
    Object.assign(state, change);
    widen();
    draw();
    say(sentence ?? "");
  }

  // ---- walking -----------------------------------------------------------------------------------------------
  const ahead = () => last - Math.max(state.m, state.n);

  function play() {
    if (ahead() <= 0) Object.assign(state, rope.moveBoth(state, 0, last));
    playButton.textContent = "■ Stop";
    let before = null;
    // Without motion the figure takes one whole step a second.
    const again = () => (prefersStillness() ? setTimeout(() => tick(null), 1000) : requestAnimationFrame(tick));
    const tick = (now) => {
      const step = now === null ? 1 : before === null ? 0 : Math.min(now - before, 100) * SPEED / 1000;
      before = now;
      remember("both");
      Object.assign(state, rope.moveBoth(state, Math.min(state.m, state.n) + step, last));
      draw();
      if (!host.isConnected || ahead() <= 0) pause();
      else frame = again();
    };
    frame = again();
  }

  function pause() {
    if (frame === null) return;
    cancelAnimationFrame(frame);
    clearTimeout(frame);
    frame = null;
    playButton.textContent = "▶ Walk both";
    Object.assign(state, rope.moveBoth(state, Math.round(Math.min(state.m, state.n)), last));
    draw();
    say(sentence());
  }

  // ---- dials -------------------------------------------------------------------------------------------------
  // An arrow along the x axis; a group around it turns it.
  function arrow(name, length) {
    const tip = RADIUS * length;
    return element("path", { class: name, d: `M0 0 H${tip - 6} M${tip} 0 l-9 -4.4 v8.8 z` });
  }

  const turn = (angle) => `rotate(${(-angle * 180 / Math.PI).toFixed(3)})`;
  const point = (angle, radius) => `${(radius * Math.cos(angle)).toFixed(2)} ${(-radius * Math.sin(angle)).toFixed(2)}`;

  // The slice from the key's arrow to the query's, the short way round.
  function slice(from, between, radius) {
    const sweep = between > 0 ? 0 : 1;
    return `M0 0 L${point(from, radius)} A${radius} ${radius} 0 0 ${sweep} ${point(from + between, radius)} Z`;
  }

  const dials = Array.from({ length: nPairs }, (_, i) => {
    const parts = {
      slice: element("path", { class: "slice" }), q: element("g"), k: element("g"),
      qStart: element("g"), kStart: element("g"),
      rate: element("span", { class: "rate" }), qTurns: element("span", { class: "m-ink" }),
      kTurns: element("span", { class: "n-ink" }), apart: element("strong"),
    };
    const face = element("svg", { viewBox: "-56 -56 112 112", "aria-hidden": "true" },
      element("circle", { class: "face", r: 52 }),
      ...Array.from({ length: 12 }, (_, tick) =>
        element("line", { class: "tick", x1: 52, x2: tick % 3 ? 49.5 : 47, transform: `rotate(${30 * tick})` })),
      parts.slice, parts.kStart, parts.qStart, parts.k, parts.q, element("circle", { class: "hub", r: 2.6 }));
    parts.button = element("button", {
      type: "button", class: "dial",
      onclick: () => { state.pair = state.pair === i ? null : i; hovered = null; draw(); },
      onpointerenter: (event) => { if (event.pointerType === "mouse") { hovered = i; draw(); } },
      onpointerleave: () => { hovered = null; draw(); },
    }, element("span", { class: "title" }, element("b", {}, `pair ${i}`), parts.rate), face,
    element("span", { class: "turns" }, parts.qTurns, parts.kTurns),
    element("span", { class: "apart" }, "apart ", parts.apart),
    element("span", { class: "hidden" }, ". Show its share of the curve"));
    return parts;
  });

  // The sign for those who see it, a word for those who hear it.
  function turned(times) {
    return [element("span", { "aria-hidden": "true" }, "↺"), element("span", { class: "hidden" }, "turned"), ` ${times} `];
  }

  function drawVectors() {
    dials.forEach((dial, i) => {
      for (const [name, vector] of [["q", q], ["k", key()]]) {
        const pair = rope.pairOf(vector, i);
        dial[name].replaceChildren(arrow(name, rope.lengthOf(pair)));
        dial[name + "Start"].replaceChildren(
          element("line", { class: `start ${name}`, x2: RADIUS * rope.lengthOf(pair) }));
        dial[name + "Start"].setAttribute("transform", turn(rope.angleOf(pair)));
      }
    });
  }

  function drawDials(frequencies) {
    dials.forEach((dial, i) => {
      const frequency = frequencies[i];
      const [qPair, kPair] = [rope.pairOf(q, i), rope.pairOf(key(), i)];
      const kAngle = rope.angleOf(kPair) + state.n * frequency;
      const between = rope.angleBetween(q, key(), i, state.m, state.n, frequencies);
      dial.q.setAttribute("transform", turn(rope.angleOf(qPair) + state.m * frequency));
      dial.k.setAttribute("transform", turn(kAngle));
      dial.slice.setAttribute("d", slice(kAngle, between, 0.62 * RADIUS));
      const turns = (position) => decimal(position * frequency / (2 * Math.PI));
      dial.qTurns.replaceChildren("q ", ...turned(turns(state.m)));
      dial.kTurns.replaceChildren("k ", ...turned(turns(state.n)));
      dial.apart.textContent = `${Math.abs(degrees(between))}°`;
      dial.rate.textContent = frequency ? `a turn in ${period(frequency)}` : "does not turn";
      dial.rate.title = `${rate(frequency)} radians per position`;
      dial.button.setAttribute("aria-pressed", String(state.pair === i));
    });
  }

  // ---- the sum -----------------------------------------------------------------------------------------------
  const bars = Array.from({ length: nPairs + 1 }, (_, i) => {
    const parts = {
      zero: element("span", { class: "zero" }), bar: element("i"), value: element("td", { class: "number" }),
    };
    parts.row = element("tr", { class: i === nPairs ? "total" : null },
      element("th", { scope: "row" }, i === nPairs ? "score q·k" : `pair ${i}`),
      element("td", { class: "beam" }, parts.zero, parts.bar), parts.value);
    return parts;
  });

  // Each bar begins where the one above ends; the last spans the whole sum.
  function drawBars(parts) {
    const { low: lowest, high: highest } = reach();
    const percent = (value) => 100 * (value - lowest) / (highest - lowest);
    let running = 0;
    [...parts, rope.sum(parts)].forEach((value, i) => {
      const from = i === nPairs ? 0 : running;
      running = from + value;
      const [low, high] = [Math.min(from, running), Math.max(from, running)].map(percent);
      bars[i].zero.style.left = `${percent(0)}%`;
      bars[i].bar.style.left = `${low}%`;
      bars[i].bar.style.width = `${high - low}%`;
      bars[i].bar.className = value < 0 ? "minus" : "plus";
      bars[i].value.textContent = (value >= 0.005 && i < nPairs ? "+" : "") + decimal(value);
      bars[i].row.classList.toggle("shown", (hovered ?? state.pair) === i);
    });
  }

  // ---- the curve ---------------------------------------------------------------------------------------------
  const chart = ropeChart({
    choose: (d) => { pause(); remember("m"); Object.assign(state, rope.atDistance(state, d, last)); draw(); },
    settle: () => say(sentence()),
  });

  function drawChart(frequencies) {
    const pair = hovered ?? state.pair;
    const plain = rope.frequencies(dHead, theta);
    const curves = [{ name: "total", label: "score", at: (d) => scoreAt(d, frequencies) }];
    if (pair !== null) {
      const share = (d) => rope.contributions(q, key(), d, 0, frequencies)[pair];
      curves.push({ name: "share", label: `pair ${pair} alone`, at: share });
    }
    if (!isPlain()) {
      const label = state.rotate ? "frequencies not divided" : "with rotation";
      curves.push({ name: "before", label, at: (d) => scoreAt(d, plain) });
    }
    const stamp = JSON.stringify([frequencies, state.same, state.window, pair]);
    chart.draw({ distance: distance(), half: state.window, range: reach(), curves, stamp });
  }

  // ---- words -------------------------------------------------------------------------------------------------
  const facts = {
    distance: element("strong"), score: element("strong"),
    kept: element("span", { class: "kept" }, "same"), keptScore: element("span", { class: "kept" }, "same"),
  };

  function sentence() {
    const value = scoreAt(distance());
    if (!state.rotate) {
      return "Without rotation the score is the same wherever the two stand: it cannot see position at all.";
    }
    if (moved?.what === "both" && Math.round(state.m - moved.from.m)) {
      return `Both moved by ${signed(state.m - moved.from.m)}: every dial turned, yet each pair of arrows stays ` +
        "just as far apart. The score depends on m − n alone.";
    }
    if (moved && moved.what !== "both" && distance() !== Math.round(moved.from.m - moved.from.n)) {
      return `The ${moved.what === "m" ? "query" : "key"} moved: the distance went from ` +
        `${whole(moved.from.m - moved.from.n)} to ${whole(distance())}, the score from ` +
        `${decimal(moved.from.score)} to ${decimal(value)}.`;
    }
    if (state.factor > 1) {
      return `All frequencies divided by ${state.factor}: distance ${whole(distance())} now scores as distance ` +
        `${String(Number((distance() / state.factor).toFixed(2))).replace("-", "−")} did.`;
    }
    return "Drag the bar that joins the two positions, or let both walk: the dials turn, and what else?";
  }

  let saying = null;
  function say(words) {
    clearTimeout(saying);
    saying = setTimeout(() => { live.textContent = words; }, 400);
  }

  function drawPositions() {
    const [m, n] = [Math.round(state.m), Math.round(state.n)];
    const span = Math.abs(m - n);
    sliders.both.max = last - span;
    sliders.both.style.setProperty("--share", span / last);
    sliders.both.classList.toggle("reversed", m < n);
    for (const [name, value] of [["m", state.m], ["n", state.n], ["both", Math.min(state.m, state.n)]]) {
      sliders[name].value = value;
    }
    values.m.textContent = `m = ${m}`;
    values.n.textContent = `n = ${n}`;
    values.both.textContent = `${Math.min(m, n)}–${Math.max(m, n)}`;
    const score = decimal(scoreAt(distance()));
    sliders.m.setAttribute("aria-valuetext", `${m}, distance ${distance()}, score ${score}`);
    sliders.n.setAttribute("aria-valuetext", `${n}, distance ${distance()}, score ${score}`);
    sliders.both.setAttribute("aria-valuetext", `query at ${m}, key at ${n}, score ${score}`);
  }

  function draw() {
    const frequencies = freqs();
    const parts = rope.contributions(q, key(), state.m, state.n, frequencies);
    const kept = moved?.what === "both" && Math.round(state.m - moved.from.m) !== 0;
    drawPositions();
    drawDials(frequencies);
    drawBars(parts);
    drawChart(frequencies);
    facts.distance.textContent = whole(distance());
    facts.score.textContent = decimal(rope.sum(parts));
    box.classList.toggle("kept-now", kept);
    message.textContent = sentence();
    rotateBox.checked = state.rotate;
    sameBox.checked = state.same;
    factorChoice.select(state.factor);
    windowChoice.select(state.window);
  }

  // ---- switches ----------------------------------------------------------------------------------------------
  function choice(name, legend, options, show, onchange) {
    const inputs = options.map((value) => element("input", {
      type: "radio", name, value, onchange: () => onchange(value),
    }));
    const node = element("fieldset", { class: "choice" }, element("legend", {}, legend),
      element("span", { class: "options" }, ...options.map((value, i) =>
        element("label", {}, inputs[i], element("span", {}, show(value))))));
    return { node, select: (value) => inputs.forEach((input, i) => { input.checked = options[i] === value; }) };
  }

  const check = (label, onchange) => {
    const input = element("input", { type: "checkbox", onchange: (event) => onchange(event.target.checked) });
    return [input, element("label", { class: "check" }, input, label)];
  };

  const [rotateBox, rotateLabel] = check("rotate", (on) => {
    set({ rotate: on }, on ? "Rotation on." : "Rotation off: the score is the same at every distance.");
  });
  const [sameBox, sameLabel] = check("same vector for query and key", (on) => {
    set({ same: on }, on ? "The key is the query's vector." : "The key is a vector of its own.");
    drawVectors();
  });
  const factorChoice = choice("factor", "frequencies divided by", FACTORS, String, (factor) => {
    set({ factor });
    say(sentence());
  });
  const windowChoice = choice("window", "distances up to", WINDOWS, (half) => `±${half}`, (half) => {
    const reach = Math.min(Math.abs(distance()), half) * Math.sign(distance());
    set({ ...rope.atDistance(state, reach, last), window: half });
  });
  const resetButton = element("button", {
    type: "button", onclick: () => { pause(); set(beginning, "Back to the start."); drawVectors(); },
  }, "Reset");

  for (const input of Object.values(sliders)) input.addEventListener("change", () => say(sentence()));

  box.className = "figure";
  box.append(element("div", { class: "rotator" },
    element("div", { class: "positions", role: "group", "aria-label": "Positions" },
      row("m", "query"), row("n", "key"), row("both", "both"),
      element("div", { class: "scale soft", "aria-hidden": "true" },
        ...[0, 0.25, 0.5, 0.75, 1].map((share) => element("span", {}, String(share * last))))),
    element("div", { class: "controls" }, playButton, resetButton, rotateLabel, sameLabel, factorChoice.node),
    element("div", { class: "dials", role: "group", "aria-label": "One dial for each pair of channels" },
      ...dials.map((dial) => dial.button)),
    element("div", { class: "verdict" },
      element("div", { class: "fact" }, facts.distance, element("span", {}, "distance m − n"), facts.kept),
      element("div", { class: "fact" }, facts.score, element("span", {}, "score q·k"), facts.keptScore),
      message),
    element("div", { class: "panels" },
      element("section", {}, element("h3", {}, "The score, pair by pair"),
        element("table", { class: "sum" }, element("tbody", {}, ...bars.map((bar) => bar.row))),
        element("p", { class: "soft" }, "Each bar begins where the one above it ends.")),
      element("section", {}, element("h3", {}, "The score at every distance"),
        element("div", { class: "chart" }, chart.svg),
        element("div", { class: "under" }, chart.legend, windowChoice.node))),
    element("p", { class: "soft" },
      `Pair i holds channels 2i and 2i + 1 and turns by θ^(−2i/d) radians at every position ` +
      `(θ = ${theta.toLocaleString("en-US")}, d = ${dHead}). ↺ counts turns since position 0, where the dashed arrows are. Choose a dial to see its share of ` +
      "the curve; drag in the chart to set the distance. A causal model asks only about distances of 0 and more."),
    live));
  drawVectors();
  draw();
}
