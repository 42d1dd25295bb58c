// The figure: a lane for each rank, a square for each row; step by step the rows travel to their experts and back.
function mount(box, config) {
  const { nExperts, topK, scenarios } = config, SIDE = 25, GAP = 2, LEFT = 6, IN_LINE = 13, LANE = 100, LETTERS = "ABCDEFGH";
  const names = Object.keys(scenarios), local = nExperts / scenarios[names[0]].length;
  const state = { name: names[0], step: 0, follow: null };
  const ranks = () => scenarios[state.name];
  const list = (values) => values.join(", ");
  const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const tokenOf = (rank, choice) => `${LETTERS[rank]}${Math.floor(choice / topK) + 1}`;

  // ---- choices -----------------------------------------------------------------------------------------------
  function select(label, act) {
    const node = element("select", { "aria-label": label, onchange: (e) => { act(e.target.value); draw(); } });
    return { node, fill: (values) => node.replaceChildren(...values.map((value) => element("option", {}, value))),
      whole: element("label", { class: "choice" }, element("span", {}, label), node) };
  }
  const scenario = select("routers", (name) => { state.name = name; state.follow = null; build(); });
  const follow = select("follow a token", (name) => { state.follow = name === "all" ? null : name; });
  scenario.fill(names);
  const move = (by) => { state.step = Math.max(0, Math.min(exchange.STEPS.length - 1, state.step + by)); draw(); };
  const button = (label, by, primary) => element("button", {
    type: "button", class: primary ? "primary" : null, onclick: () => move(by),
    onkeydown: (event) => {
      const turn = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (turn) { event.preventDefault(); move(turn); }
    },
  }, label);
  const back = button("Back", -1), next = button("Next step", 1, true);
  const steps = element("ol", { class: "steps" }, ...config.steps.map(([name]) => element("li", {}, name)));

  // ---- drawing -----------------------------------------------------------------------------------------------
  const chart = element("svg", { role: "img" });
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });
  let rows = {}, texts = [];

  function build() {
    const n = ranks().length;
    chart.setAttribute("viewBox", `0 0 360 ${n * LANE}`);
    const frames = ranks().flatMap((_, rank) => [
      element("rect", { x: 1, y: rank * LANE + 1, width: 358, height: LANE - 8, rx: 8, class: "lane" }),
      element("text", { x: LEFT, y: rank * LANE + 16, class: "title" }, `rank ${rank}, which has experts `
        + `${list(Array.from({ length: local }, (_, i) => rank * local + i))}`),
    ]);
    texts = ranks().map((_, rank) => element("text", { x: LEFT, y: rank * LANE + 87, class: "counts" }));
    rows = {};
    ranks().forEach((experts, rank) => experts.flat().forEach((expert, choice) => {
      rows[[rank, choice]] = element("g", { class: `row expert${expert}` },
        element("rect", { width: SIDE - GAP, height: SIDE - GAP, rx: 3 }),
        element("text", { x: (SIDE - GAP) / 2, y: 16, "text-anchor": "middle" }, tokenOf(rank, choice)),
        element("title", {}, `token ${tokenOf(rank, choice)}, choice ${choice % topK + 1}: expert ${expert}`));
    }));
    chart.replaceChildren(...frames, ...texts, ...Object.values(rows));
    follow.fill(["all", ...ranks().flatMap((experts, rank) => experts.map((_, s) => `${LETTERS[rank]}${s + 1}`))]);
  }

  function draw() {
    const step = exchange.STEPS[state.step], lanes = exchange.lanes(ranks(), nExperts, step);
    const answered = state.step >= exchange.STEPS.indexOf("computed");
    lanes.forEach((lane, rank) => lane.forEach(([sender, choice], slot) => {
      const node = rows[[sender, choice]];
      const x = LEFT + (slot % IN_LINE) * (SIDE + 1.6), y = rank * LANE + 23 + Math.floor(slot / IN_LINE) * (SIDE + 1);
      node.style.transform = `translate(${x}px, ${y}px)`;
      node.classList.toggle("answer", answered);
      node.firstChild.setAttribute("rx", answered ? 11 : 3);
      node.classList.toggle("faint", state.follow !== null && tokenOf(sender, choice) !== state.follow);
    }));
    const shared = ranks().map((_, rank) => exchange.splits(ranks(), nExperts, rank));
    const grouped = (values) => Array.from({ length: values.length / local },
      (_, i) => values.slice(i * local, (i + 1) * local).join(" ")).join(" | ");
    texts.forEach((text, rank) => {
      const { send, receive, counts } = shared[rank];
      const own = grouped(exchange.counts(ranks()[rank], nExperts));
      text.textContent = state.step === 0 ? "" : state.step === 1 ? `counts ${own}`
        : state.step === 2 ? `sent ${own}; came ${grouped(counts.flat())}`
          : `send ${list(send)}; receive ${list(receive)}`;
    });
    const computed = shared.map(({ receive }) => receive.reduce((a, b) => a + b)), all = computed.reduce((a, b) => a + b);
    const moved = shared.map(({ send }, rank) => send.reduce((a, b, to) => a + (to === rank ? 0 : b), 0)).reduce((a, b) => a + b);
    const busiest = Math.max(...computed), even = all / computed.length;
    const numbers = {
      counted: `${many(nExperts, "number")} from each rank, 8 bytes each.`,
      arrived: `${moved} of ${many(all, "row")} have left their rank.`,
      computed: `Rows to compute: ${list(computed)}. The busiest rank has ${(busiest / even).toFixed(1)} times an even `
        + `share, and ${busiest > even ? "the others wait" : "nobody waits"}.`,
      returned: `Again ${many(moved, "row")} travel.`,
    }[step] ?? "";
    told.textContent = `Step ${state.step + 1} of ${exchange.STEPS.length}, ${config.steps[state.step][0]}: `
      + `${config.steps[state.step][1]} ${numbers}`;
    chart.setAttribute("aria-label", lanes.map((lane, rank) => `rank ${rank}: ${
      list(lane.map(([sender, choice]) => `${tokenOf(sender, choice)} for expert ${ranks()[sender].flat()[choice]}`))
      || "nothing"}`).join("; "));
    [...steps.children].forEach((item, i) => (i === state.step ? item.setAttribute("aria-current", "step")
      : item.removeAttribute("aria-current")));
    back.setAttribute("aria-disabled", state.step === 0);
    next.setAttribute("aria-disabled", state.step === exchange.STEPS.length - 1);
    if (state.follow === null) follow.node.selectedIndex = 0;
  }

  build();
  draw();
  box.className = "figure";
  box.append(element("h3", {}, "Tokens that travel"),
    element("div", { class: "choices" }, scenario.whole, follow.whole, back, next), steps, chart, told,
    element("p", { class: "soft" }, ...Array.from({ length: nExperts }, (_, e) => element("span", { class: "key" },
      element("i", { class: `swatch expert${e}` }), `expert ${e}`)), "Squares are tokens, circles are answers."));
}
