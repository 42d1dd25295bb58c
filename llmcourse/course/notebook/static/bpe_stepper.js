// The figure: a state (text and the pairs merged so far) and functions that draw it. `mount` is called by startFigure.
function mount(box, config, host) {
  const MAX_PAIRS = 7;
  const MAX_LENGTH = 600;
  let text, base, history, states, greedy, timer = null, target = 0;

  // ---- state -------------------------------------------------------------------------------------------------
  const words = () => states[states.length - 1];

  function load(newText) {
    text = newText;
    base = bpe.toWords(text);
    history = [];
    states = [base];
    greedy = bpe.train(text, config.nMerges);
  }

  const isPlanned = (pair, i) => text === config.text && String(pair) === String(config.merges?.[i]);

  // The pair that the Merge button takes: the next one of the given merges, or the most frequent one.
  function nextPair(ranked) {
    const planned = text === config.text && history.every(isPlanned) ? config.merges?.[history.length] : null;
    if (planned) {
      return ranked.find(({ pair }) => String(pair) === String(planned)) ?? { pair: planned, count: 0 };
    }
    return ranked[0] ?? null;
  }

  function merge(pair) {
    states.push(words().map((ids) => bpe.mergePair(ids, pair, 256 + history.length)));
    history.push(pair);
    if (history.length > greedy.merges.length) greedy = bpe.train(text, history.length + config.nMerges);
  }

  // ---- tokens ------------------------------------------------------------------------------------------------
  const partsOf = (id, merges = history) => bpe.display(bpe.bytesOf(id, merges));
  const spoken = (id, merges) => partsOf(id, merges).map((part) => part.name).join(" ");

  function chip(id, merges = history) {
    const parts = partsOf(id, merges);
    const tags = { text: "span", mark: "i", byte: "b" };
    const hue = id < 256 ? "" : ` hued hue${(id - 256) % 7}`;
    const broken = parts.some((part) => part.kind === "byte") ? " broken" : "";
    return element("span", { class: "token mono" + hue + broken, title: `id ${id}` },
      ...parts.flatMap((part) => part.text === part.name ? [element(tags[part.kind], {}, part.text)]
        : [element(tags[part.kind], { "aria-hidden": "true" }, part.text), unseen(part.name)]));
  }

  // What only a screen reader gets: a mark's name, the words between the parts of a button.
  function unseen(words) {
    return element("span", { class: "hidden" }, words);
  }

  // ---- the parts of the figure -------------------------------------------------------------------------------
  const input = element("textarea", {
    id: "text", rows: 2, maxlength: MAX_LENGTH, spellcheck: "false", autocomplete: "off",
    oninput: () => { pause(); load(input.value); draw(); say(`New text, ${facts().tokens} bytes.`); },
  });
  input.value = config.text;
  const mergeButton = element("button", { class: "primary", type: "button", onclick: () => { pause(); step(); } });
  const undoButton = element("button", { type: "button", onclick: () => { pause(); undo(); } }, "Undo");
  const resetButton = element("button", { type: "button", onclick: () => { pause(); reset(); } }, "Reset");
  const playButton = element("button", { type: "button", onclick: () => (timer ? pause() : play()) }, "Play");
  const textBox = element("div", { class: "text", role: "group", tabindex: 0 });
  const factsBox = element("div", { class: "facts" });
  const pairsBody = element("tbody");
  const tieNote = element("p", { class: "soft" });
  const chartBox = element("div", { class: "chart" });
  const keyBox = element("div", { class: "key soft" });
  const mergeList = element("ol", {
    class: "merges", reversed: true, tabindex: 0, "aria-label": "Merges so far, newest first",
  });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  const times = (n) => (n === 1 ? "once" : `${n} times`);
  const say = (sentence) => { live.textContent = sentence; };

  // ---- what the reader can do --------------------------------------------------------------------------------
  function apply(pair) {
    const before = bpe.countTokens(words());
    const [left, right] = pair.map((id) => spoken(id));
    merge(pair);
    const after = bpe.countTokens(words());
    draw({ fresh: 255 + history.length });
    say(`Merge ${history.length}: ${left} and ${right}, ${times(before - after)}. ${after} tokens.`);
  }

  function step() {
    const next = nextPair(bpe.rankPairs(words()));
    if (next) apply(next.pair);
    return next !== null;
  }

  function undo() {
    if (!history.length) return;
    history.pop();
    states.pop();
    draw();
    say(`Took back a merge. ${facts().tokens} tokens.`);
  }

  function reset() {
    load(text);
    draw();
    say(`Back to ${facts().tokens} bytes.`);
  }

  function play() {
    target = (Math.floor(history.length / config.nMerges) + 1) * config.nMerges;
    const tick = () => { if (!host.isConnected || !step() || history.length >= target) pause(); };
    timer = setInterval(tick, 1100);
    playButton.textContent = "Pause";
    tick();
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    playButton.textContent = "Play";
  }

  // ---- drawing -----------------------------------------------------------------------------------------------
  function facts() {
    const bytes = bpe.countTokens(base);
    const tokens = bpe.countTokens(words());
    return { bytes, tokens, vocabulary: 256 + history.length, ratio: tokens ? (bytes / tokens).toFixed(2) : "–" };
  }

  function drawText(fresh) {
    const old = new Map();
    if (!prefersStillness()) {
      for (const node of textBox.querySelectorAll(".token")) {
        old.set(node.dataset.at, node.getBoundingClientRect());
      }
    }
    const scroll = textBox.scrollTop;
    const lengths = new Map();
    const byteLength = (id) => {
      if (!lengths.has(id)) lengths.set(id, bpe.bytesOf(id, history).length);
      return lengths.get(id);
    };
    let at = 0;
    textBox.replaceChildren(...words().map((ids) => element("span", { class: "word" }, ...ids.map((id) => {
      const node = chip(id);
      node.dataset.at = at;
      node.dataset.id = id;
      at += byteLength(id);
      return node;
    }))));
    if (!at) textBox.append(element("span", { class: "soft" }, "Type a text above."));
    textBox.scrollTop = scroll;
    textBox.setAttribute("aria-label", `The text as ${bpe.countTokens(words())} tokens`);
    if (old.size) slide(old, fresh);
  }

  // Each token glides from where its first byte stood before; a newly merged one also swells for a moment.
  function slide(old, fresh) {
    for (const node of textBox.querySelectorAll(".token")) {
      const from = old.get(node.dataset.at);
      const to = node.getBoundingClientRect();
      const born = Number(node.dataset.id) === fresh;
      if (!from) continue;
      const shift = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
      const frames = born
        ? [{ transform: shift }, { transform: "scale(1.14)", offset: .65 }, { transform: "none" }]
        : [{ transform: shift }, { transform: "none" }];
      if (born || from.left !== to.left || from.top !== to.top) {
        node.animate(frames, { duration: born ? 520 : 340, easing: "cubic-bezier(.2, .7, .3, 1)" });
      }
    }
  }

  // Ring the places that merging this pair would join, left to right, as mergePair does.
  function pick(pair) {
    for (const word of textBox.querySelectorAll(".word")) {
      const nodes = [...word.children];
      nodes.forEach((node) => node.classList.remove("picked", "left", "right"));
      for (let i = 0; pair && i + 1 < nodes.length; i++) {
        if (Number(nodes[i].dataset.id) !== pair[0] || Number(nodes[i + 1].dataset.id) !== pair[1]) continue;
        nodes[i].classList.add("picked", "left");
        nodes[++i].classList.add("picked", "right");
      }
    }
  }

  function drawPairs(ranked, next) {
    const focused = [...pairsBody.rows].findIndex((row) => row.contains(box.getRootNode().activeElement));
    const shown = ranked.slice(0, MAX_PAIRS);
    const best = ranked[0];
    pairsBody.replaceChildren(...shown.map(({ pair, count }, i) => {
      const isNext = String(pair) === String(next?.pair);
      const tie = !isNext && count === best.count;
      const bar = `width: ${(2.6 * count / best.count).toFixed(2)}rem`;
      const choose = () => { pause(); apply(pair); };
      const point = () => pick(pair);
      const leave = () => pick(nextPair(bpe.rankPairs(words()))?.pair);
      return element("tr", {
        class: isNext ? "best" : null, onmouseenter: point, onmouseleave: leave, onfocusin: point, onfocusout: leave,
      },
      element("td", {}, element("button", { type: "button", onclick: choose },
        unseen("Merge "), chip(pair[0]), unseen(" and "), chip(pair[1]), unseen(`, found ${times(count)} `),
        isNext ? element("span", { class: "tag" }, "next") : null,
        tie ? element("span", { class: "tag tie" }, "tie") : null)),
      element("td", { class: "ids" }, `${pair[0]}, ${pair[1]}`),
      element("td", { class: "number" }, element("span", { class: "count" },
        element("span", { class: "bar", style: bar }), String(count))));
    }));
    if (focused >= 0) {
      (pairsBody.rows[Math.min(focused, shown.length - 1)]?.querySelector("button") ?? mergeButton).focus();
    }
    pairsBody.parentNode.hidden = !shown.length;
    tieNote.textContent = pairSentence(ranked, next);
  }

  function pairSentence(ranked, next) {
    if (!base.length) return "There is no pair: the text is empty.";
    if (!ranked.length) return "No pair is left: every word is one token.";
    const ties = ranked.filter(({ count }) => count === ranked[0].count);
    const found = times(ranked[0].count);
    if (next !== ranked[0]) return "The next merge comes from the given list, not from this text's counts.";
    if (ties.length === 1) return `One pair leads, found ${found}. Click any other row to merge that one instead.`;
    return `${ties.length} pairs tie, each found ${found}: the smallest pair of ids goes first. ` +
      "Click any row to merge that one instead.";
  }

  function drawFacts() {
    const { bytes, tokens, vocabulary, ratio } = facts();
    const shown = [
      [bytes, "bytes"], [tokens, "tokens"], [ratio, "bytes per token"],
      [vocabulary, `vocabulary: 256 + ${history.length}`],
    ];
    factsBox.replaceChildren(...shown.map(([value, name]) =>
      element("div", {}, element("strong", {}, String(value)), element("span", {}, name))));
  }

  function drawMerges() {
    mergeList.replaceChildren(...history.map((pair, i) => {
      const saved = bpe.countTokens(states[i]) - bpe.countTokens(states[i + 1]);
      const best = bpe.rankPairs(states[i])[0];
      const own = String(best?.pair) !== String(pair) && !isPlanned(pair, i);
      return element("li", {}, element("span", { class: "ids mono" }, String(256 + i)),
        chip(pair[0]), "+", chip(pair[1]), "→", chip(256 + i), element("span", { class: "soft" }, `−${saved}`),
        own ? element("span", { class: "tag own" }, "your choice") : null);
    }).reverse());
    if (!history.length) {
      const sentence = "None yet. Each merge adds one token to the vocabulary.";
      mergeList.append(element("li", { class: "empty soft" }, sentence));
    }
    mergeList.scrollTop = 0;
  }

  function drawChart() {
    const mine = states.map(bpe.countTokens);
    const span = Math.max(config.nMerges, history.length);
    const path = greedy.counts.slice(0, span + 1);
    const [width, height, left, right, top, bottom] = [340, 190, 40, 30, 14, 38];
    const highest = Math.max(mine[0], 1);
    const x = (k) => left + (width - left - right) * k / span;
    const y = (n) => height - bottom - (height - top - bottom) * n / highest;
    const at = (n, k) => `${x(k).toFixed(1)},${y(n).toFixed(1)}`;
    const line = (counts, name) => element("polyline", { class: name, points: counts.map(at).join(" ") });
    const now = mine[mine.length - 1];
    const [everyN, everyK] = [tickStep(highest), tickStep(span)];
    const marks = [];
    for (let n = 0; n <= highest; n += everyN) {
      marks.push(element("line", { class: "grid", x1: left, x2: width - right, y1: y(n), y2: y(n) }),
        element("text", { x: left - 6, y: y(n) + 4, "text-anchor": "end" }, String(n)));
    }
    for (let k = 0; k <= span; k += everyK) {
      marks.push(element("text", { x: x(k), y: height - bottom + 15, "text-anchor": "middle" }, String(k)));
    }
    const middle = (top + height - bottom) / 2;
    const label = `${now} tokens after ${history.length} merges; it began with ${mine[0]}.`;
    chartBox.replaceChildren(element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      ...marks, line(path, "greedy"), line(mine, "mine"),
      ...mine.map((n, k) => element("circle", { class: "dot", cx: x(k), cy: y(n), r: k === history.length ? 5 : 3 })),
      element("text", { class: "now", x: x(history.length) + 7, y: Math.max(y(now) - 7, 10) }, String(now)),
      element("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, "number of merges"),
      element("text", { x: 10, y: middle, "text-anchor": "middle", transform: `rotate(-90 10 ${middle})` }, "tokens")));
    const behind = greedy.counts[history.length];
    const apart = behind !== undefined && behind !== now;
    keyBox.replaceChildren(element("span", {}, "your merges"), element("span", { class: "path" },
      apart ? `most frequent first: ${behind} by now` : "most frequent first"));
  }

  function tickStep(largest) {
    const rough = Math.max(largest / 5, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  }

  function drawControls(next) {
    if (next) {
      const [left, right] = next.pair.map((id) => chip(id));
      mergeButton.replaceChildren("Merge ", left, unseen(" and "), right, unseen(", found "), times(next.count));
    } else {
      mergeButton.replaceChildren("Nothing left to merge");
    }
    // aria-disabled and not disabled: a disabled button loses the focus of whoever works with the keyboard.
    mergeButton.setAttribute("aria-disabled", String(!next));
    undoButton.setAttribute("aria-disabled", String(!history.length));
    resetButton.setAttribute("aria-disabled", String(!history.length));
    playButton.setAttribute("aria-disabled", String(!next));
  }

  function draw({ fresh = -1 } = {}) {
    const ranked = bpe.rankPairs(words());
    const next = nextPair(ranked);
    drawText(fresh);
    drawFacts();
    drawPairs(ranked, next);
    drawChart();
    drawMerges();
    drawControls(next);
    pick(next?.pair);
  }

  // Arrow keys work anywhere in the figure but in the text.
  host.addEventListener("keydown", (event) => {
    const within = event.composedPath()[0];
    if (within === input || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    event.preventDefault();
    pause();
    if (event.key === "ArrowRight") step(); else undo();
  });

  box.className = "figure";
  box.append(element("div", { class: "stepper" },
    element("div", { class: "writing" }, element("label", { for: "text" }, "Text to train on (write your own)"), input),
    element("div", { class: "controls", role: "group", "aria-label": "Training" },
      mergeButton, undoButton, resetButton, playButton),
    textBox,
    factsBox,
    element("div", { class: "panels" },
      element("section", {},
        element("h3", {}, "Neighbouring pairs, most frequent first"),
        element("table", {},
          element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "pair"),
            element("th", { scope: "col" }, "ids"), element("th", { scope: "col", class: "number" }, "count"))),
          pairsBody),
        tieNote),
      element("div", { class: "side" },
        element("section", {}, element("h3", {}, "Tokens left after each merge"), chartBox, keyBox),
        element("section", {}, element("h3", {}, "Merges so far, newest first"), mergeList))),
    element("p", { class: "soft" },
      "␣ is a space, which belongs to the word that follows it; GPT-2's files write it as Ġ. A gap parts two words " +
      "of GPT-2's split: no merge crosses it. A dashed chip such as C3 is a byte, in hexadecimal, that is not yet " +
      "a whole character. Keys: → merges, ← takes back."),
    live));
  load(config.text);
  draw();
}
