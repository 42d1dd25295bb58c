// The figure: how a run lies on ranks (`state`) and a rank that is looked at. The machines with their ranks, whom that
// rank talks with, what it holds, and what the messages of a layer take.
function mount(box, config) {
  const { device } = config, PER = device.perNode;
  const KINDS = [
    ["self", "this rank"], ["tokens", "swaps tokens"], ["experts", "has the same experts"],
    ["rest", "shares all other weights"], ["copy", "has the same in another copy"],
  ];
  const HELD = [
    ["state", "shards, gradients, moments"], ["kept", "gradients kept whole"], ["gathered", "gathered weights"],
    ["activations", "activations"],
  ];
  const SENT = [
    ["arithmetic", "arithmetic"], ["tokens", "tokens"], ["experts", "experts’ weights"], ["rest", "other weights"],
    ["gradients", "gradients, a share"],
  ];
  const state = { model: config.start, ...config.models[config.start].start, rank: 0 };
  const of = () => config.models[state.model];

  // ---- choices -----------------------------------------------------------------------------------------------
  // A choice offers what is possible beside the others; what a change makes impossible falls back to what is.
  const selects = {};
  function choice(name, label, values, told = String) {
    const select = element("select", {
      "aria-label": label,
      onchange: (e) => { state[name] = values[e.target.selectedIndex]; repair(name); draw(); say(); },
    }, ...values.map((value) => element("option", {}, told(value))));
    selects[name] = [select, values];
    return element("label", { class: "choice" }, element("span", {}, label), select);
  }
  const NEAR = { experts: "with other experts", shards: "with other shards" };
  const choices = element("div", { class: "choices" },
    choice("model", "file", Object.keys(config.models)),
    choice("ranks", "ranks", config.choices.ranks),
    choice("experts", "experts over", config.choices.experts, (n) => `${n} rank${n === 1 ? "" : "s"}`),
    choice("replicas", "copies of the model", config.choices.replicas),
    choice("near", "neighbours are ranks", Object.keys(NEAR), (key) => NEAR[key]),
    choice("rows", "sequences of a micro-batch", config.choices.rows));
  const note = element("p", { class: "soft note", role: "status" });

  function repair(changed) {
    if (changed === "model") Object.assign(state, of().start, { rank: 0 });
    const before = { ...state };
    while (!mesh.possible(of(), state)) {
      const at = ["replicas", "experts", "rows"].find((name) => name !== changed && state[name] > 1);
      state[at ?? changed] /= 2;
    }
    const names = { replicas: "copies", experts: "ranks for the experts", rows: "sequences" };
    const told = Object.keys(names).filter((name) => state[name] !== before[name]);
    note.textContent = told.map((name) =>
      `${before[name]} ${names[name]} are not possible here: ${state[name]}.`).join(" ");
    state.rank = Math.min(state.rank, state.ranks - 1);
  }

  // ---- the ranks ---------------------------------------------------------------------------------------------
  const grid = element("div", { class: "grid", role: "group" });
  let buttons = [];
  const machines = [];
  function build() {
    const focused = buttons.some((button) => button.matches(":focus"));
    buttons = Array.from({ length: state.ranks }, (_, rank) => element("button", {
      type: "button", tabindex: -1,
      onclick: () => { state.rank = rank; draw(); say(); },
      onkeydown: (event) => {
        const to = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -PER, ArrowDown: PER }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        if (buttons[rank + to]) { state.rank = rank + to; draw(); say(); buttons[rank].blur(); buttons[state.rank].focus(); }
      },
    }));
    machines.length = 0;
    for (let first = 0; first < state.ranks; first += PER) {
      machines.push(element("div", { class: "machine" },
        element("span", { class: "soft" }, `machine ${first / PER}`),
        element("div", { class: "ranks" }, ...buttons.slice(first, first + PER))));
    }
    grid.replaceChildren(...machines);
    if (focused) buttons[state.rank].focus();
  }

  const legend = element("p", { class: "legend soft" },
    ...KINDS.map(([kind, told]) => element("span", { class: `of-${kind}` }, element("i", { class: `swatch ${kind}` }), told)));
  const told = element("p", { class: "told" });
  const live = element("p", { class: "hidden", role: "status", "aria-live": "polite" });
  const say = () => { live.textContent = told.textContent; };

  // ---- words -------------------------------------------------------------------------------------------------
  function sentence() {
    const { copy, shard, part } = mesh.place(state, state.rank), each = of().nExperts / state.experts;
    const who = (kinds) => mesh.peers(state, state.rank, kinds);
    const first = part * each, words = [];
    const all = state.ranks / state.replicas / state.experts;
    const experts = state.experts === 1 ? "all experts" : each === 1 ? `expert ${first}` : `experts ${first} to ${first + each - 1}`;
    const copies = state.replicas > 1 ? `, in copy ${copy + 1} of ${state.replicas}` : "";
    words.push(all > 1 ? `has shard ${shard + 1} of ${all} of ${experts} of each layer${copies}.`
      : `has ${experts} of each layer for itself${copies}.`);
    if (state.experts > 1) words.push(`Tokens travel between ranks ${mesh.named(who(["self", "tokens"]))}.`);
    if (all > 1 && state.experts > 1) words.push(`The same experts are in shards on ${mesh.named(who(["self", "experts"]))}.`);
    if (state.ranks > state.replicas) words.push(`Everything else is in shards on ${mesh.named(who(["self", "tokens", "experts", "rest"]))}.`);
    if (state.replicas > 1) words.push(`Its gradients are summed with those of ${mesh.named(who(["copy"]))}.`);
    return words.join(" ");
  }

  // ---- bars --------------------------------------------------------------------------------------------------
  function bars(rows, most, unit, mark = null) {
    const percent = (value) => `${100 * value / most}%`;
    return element("div", {
      class: "bars", role: "img",
      "aria-label": `${unit}: ${rows.map(({ name, words }) => `${name} ${words}`).join(", ")}`,
    }, ...rows.map(({ name, kind, value, words }) => element("div", { class: "bar" },
      element("span", { class: "name" }, name),
      element("span", { class: "track" },
        element("i", { class: kind, style: `width: ${percent(value)}` }),
        mark ? element("b", { style: `left: ${percent(mark)}` }) : null),
      element("span", { class: "value" }, words))));
  }
  const holds = element("div"), sends = element("div");
  const fits = element("p", { class: "verdict" });

  function drawBars() {
    const held = mesh.memory(of(), state), sent = mesh.messages(of(), state, device);
    const total = HELD.reduce((sum, [kind]) => sum + held[kind], 0);
    const rows = HELD.map(([kind, name]) => ({ name, kind, value: held[kind], words: `${mesh.gb(held[kind])} GB` }));
    rows.push({ name: "in all", kind: "total", value: total, words: `${mesh.gb(total)} GB` });
    holds.replaceChildren(element("h4", {}, "What a rank holds"),
      bars(rows, Math.max(total, device.memory), "memory of a rank", device.memory));
    const products = mesh.arithmetic(of(), state, device);
    const times = SENT.map(([kind, name]) => {
      const [bytes, seconds] = kind === "arithmetic" ? [0, products] : sent[kind];
      return { name, kind, value: seconds, words: mesh.ms(seconds) + (bytes ? ` (${mesh.size(bytes)})` : "") };
    });
    const waits = times.slice(1).reduce((sum, { value }) => sum + value, 0);
    sends.replaceChildren(element("h4", {}, "What a layer takes, for one micro-batch"),
      bars(times, Math.max(...times.map(({ value }) => value)), "time of a layer"));
    const room = total <= device.memory ? "It fits" : "It does not fit";
    fits.textContent = `${room} into ${mesh.gb(device.memory)} GB (the dashed line). All messages together take `
      + `${mesh.ms(waits)}, the arithmetic ${mesh.ms(products)}: `
      + (waits <= products ? "they could hide behind it." : "even hidden behind it they would hold the layer up.");
  }

  // ---- drawing -----------------------------------------------------------------------------------------------
  function draw() {
    if (buttons.length !== state.ranks) build();
    for (const [name, [select, values]] of Object.entries(selects)) select.selectedIndex = values.indexOf(state[name]);
    const words = Object.fromEntries(KINDS);
    buttons.forEach((button, rank) => {
      const kind = mesh.relation(state, state.rank, rank);
      button.className = kind;
      button.textContent = String(rank);
      button.tabIndex = rank === state.rank ? 0 : -1;
      button.setAttribute("aria-pressed", rank === state.rank ? "true" : "false");
      button.setAttribute("aria-label", `${rank}${kind === "self" || kind === "none" ? "" : `, ${words[kind]}`}`);
    });
    grid.setAttribute("aria-label", `${state.ranks} ranks on ${machines.length} machine${machines.length === 1 ? "" : "s"}`);
    const there = new Set(buttons.map((button) => button.className));
    KINDS.forEach(([kind], i) => legend.children[i].classList.toggle("away", !there.has(kind)));
    told.replaceChildren(element("strong", {}, `Rank ${state.rank} `), sentence());
    drawBars();
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Who holds what, and who talks with whom?"), choices, note, grid, legend, told, holds, sends,
    fits, element("p", { class: "soft keys" }, "Choose a rank, with the arrow keys too. Bytes are those that one rank "
      + `sends; seconds are those of ${device.name}, eight in a machine, each with a wire of its own to the network, `
      + "every kind of message by itself."), live);
}
