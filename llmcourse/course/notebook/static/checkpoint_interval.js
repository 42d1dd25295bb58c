// The figure: days of a run as rows, with what was worked, saved and lost, and the curve of what is lost on average.
function mount(box, config) {
  const state = { ...config.start };
  const WIDTH = 640, LEFT = 76, DAY = 86400, DAYS = config.days, ROW = 26, TOP = 8;
  const CURVE = { width: 640, height: 220, left: 70, right: 14, top: 12, bottom: 50 };
  const [SHORTEST, LONGEST] = config.minutes;
  const toMinutes = (place) => SHORTEST * (LONGEST / SHORTEST) ** place;
  const toPlace = (minutes) => Math.log(minutes / SHORTEST) / Math.log(LONGEST / SHORTEST);
  const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
  function time(seconds) {
    const minutes = seconds / 60, tell = (n, unit) => `${n < 10 ? n.toFixed(1).replace(/\.0$/, "") : n.toFixed(0)} ${unit}`;
    return seconds < 60 ? tell(seconds, "s") : minutes < 100 ? tell(minutes, "min") : tell(minutes / 60, "h");
  }

  // ---- choices -----------------------------------------------------------------------------------------------
  const runs = config.runs;
  const select = element("select", {
    "aria-label": "run", onchange: (e) => { state.run = e.target.selectedIndex; draw(); },
  }, ...runs.map((run, i) => element("option", { selected: i === state.run }, run.name)));
  const slider = element("input", {
    type: "range", min: 0, max: 200, "aria-label": "interval between checkpoints",
    oninput: (e) => { state.minutes = toMinutes(e.target.value / 200); draw(); },
  });
  const place = () => { slider.value = Math.round(200 * toPlace(state.minutes)); };
  place();
  const shown = element("b", {});
  const go = (label, minutes) => element("button", {
    type: "button", onclick: () => { state.minutes = Math.min(LONGEST, Math.max(SHORTEST, minutes())); place(); draw(); },
  }, label);
  const best = () => failures.bestInterval(runs[state.run].save, runs[state.run].mtbf) / 60;
  const controls = element("div", { class: "choices" },
    element("label", { class: "choice" }, element("span", {}, "run"), select),
    element("label", { class: "choice" }, element("span", {}, "work between checkpoints: ", shown), slider),
    element("div", { class: "buttons" },
      go("the best", best), go("a tenth of it", () => best() / 10), go("ten times it", () => best() * 10),
      element("button", {
        type: "button", onclick: () => { state.luck = (state.luck + 1) % config.gaps.length; draw(); },
      }, "other luck")));

  // ---- drawing -----------------------------------------------------------------------------------------------
  const days = element("svg", { viewBox: `0 0 ${WIDTH} ${TOP + DAYS * ROW + 26}`, role: "img" });
  const curve = element("svg", { viewBox: `0 0 ${CURVE.width} ${CURVE.height}`, role: "img" });
  const told = element("p", { class: "told", role: "status", "aria-live": "polite" });
  const NAMES = { work: "work that stays", save: "saving", lost: "lost in a failure", restart: "restart", open: "not yet saved" };

  function drawDays(run, played) {
    const scale = (WIDTH - LEFT - 8) / DAY, nodes = [];
    for (let day = 0; day < DAYS; day += 1) {
      const y = TOP + day * ROW;
      nodes.push(element("text", { x: LEFT - 7, y: y + 16, "text-anchor": "end", class: "row" }, `day ${day + 1}`));
      nodes.push(element("rect", { x: LEFT, y, width: DAY * scale, height: ROW - 6, class: "room" }));
    }
    // Saves that lie closer than six pixels cannot be told apart: they stand as a strip, as high as their share.
    const cycle = run.save + 60 * state.minutes, strip = cycle * scale < 6 ? run.save / cycle : 0;
    for (const [kind, begins, ends] of strip ? failures.joined(played.segments) : played.segments) {
      for (let day = Math.floor(begins / DAY); day < DAYS && day * DAY < ends; day += 1) {
        const from = Math.max(begins - day * DAY, 0), to = Math.min(ends - day * DAY, DAY), y = TOP + day * ROW;
        const place = { x: LEFT + from * scale, width: Math.max((to - from) * scale, 0.5) }, tall = ROW - 6;
        nodes.push(element("rect", { ...place, y, height: tall, class: kind }));
        if (strip && kind === "work") {
          nodes.push(element("rect", { ...place, y: y + tall * (1 - strip), height: tall * strip, class: "save" }));
        }
      }
    }
    played.segments.forEach(([kind, , ends], i) => {
      const next = played.segments[i + 1];
      if (!next || next[0] !== "restart" || kind === "save" || kind === "work") return;
      const day = Math.floor(ends / DAY), x = LEFT + (ends - day * DAY) * scale, y = TOP + day * ROW;
      nodes.push(element("path", { d: `M${x - 4},${y - 5} h8 l-4,7 z`, class: "failure" }));
    });
    for (const hour of [0, 6, 12, 18, 24]) {
      nodes.push(element("text", {
        x: LEFT + hour * 3600 * scale, y: TOP + DAYS * ROW + 14, "text-anchor": hour === 24 ? "end" : hour ? "middle" : "start",
      }, hour ? String(hour) : "0 h"));
    }
    days.replaceChildren(...nodes);
  }

  function drawCurve(run, share) {
    const { width, height, left, right, top, bottom } = CURVE;
    const x = (minutes) => left + toPlace(minutes) * (width - left - right);
    const y = (part) => height - bottom - part * (height - top - bottom);
    const of = (minutes) => failures.lostShare(60 * minutes, run.save, run.mtbf, run.restart);
    const points = Array.from({ length: 101 }, (_, i) => toMinutes(i / 100)), nodes = [];
    for (const part of [0, 0.5, 1]) {
      nodes.push(element("line", { x1: left, x2: width - right, y1: y(part), y2: y(part), class: "grid" }));
      nodes.push(element("text", { x: left - 6, y: y(part) + 4, "text-anchor": "end", class: "row" }, `${100 * part}%`));
    }
    for (const [minutes, text] of [[1, "1 min"], [10, "10"], [60, "1 h"], [600, "10 h"], [6000, "100 h"]]) {
      if (minutes < SHORTEST || minutes > LONGEST) continue;
      nodes.push(element("line", { x1: x(minutes), x2: x(minutes), y1: y(0), y2: y(0) + 5, class: "grid" }));
      nodes.push(element("text", { x: x(minutes), y: y(0) + 20, "text-anchor": minutes === LONGEST ? "end" : "middle" }, text));
    }
    const line = (f) => points.map((m) => `${x(m).toFixed(1)},${y(Math.min(1, f(m))).toFixed(1)}`).join(" ");
    nodes.push(element("polyline", { points: line((m) => run.save / (run.save + 60 * m)), class: "part saving" }));
    nodes.push(element("polyline", { points: line(of), class: "curve" }));
    const at = Math.min(LONGEST, Math.max(SHORTEST, best()));
    nodes.push(element("line", { x1: x(at), x2: x(at), y1: y(of(at)) - 6, y2: y(0), class: "best" }));
    nodes.push(element("circle", { cx: x(state.minutes), cy: y(of(state.minutes)), r: 6, class: "here" }));
    if (share !== null) nodes.push(element("circle", { cx: x(state.minutes), cy: y(share), r: 5, class: "played" }));
    nodes.push(element("text", { x: width - right, y: height - 4, "text-anchor": "end" }, "work between checkpoints"));
    nodes.push(element("text", { x: left + 6, y: top + 10 }, "lost"));
    curve.replaceChildren(...nodes);
    curve.setAttribute("aria-label", `share of the time that is lost on average: ${percent(of(state.minutes))} at `
      + `${time(60 * state.minutes)}, lowest ${percent(of(at))} at ${time(60 * at)}`);
  }

  function draw() {
    const run = runs[state.run], interval = 60 * state.minutes;
    const played = failures.play(config.gaps[state.luck], interval, run.save, run.mtbf, run.restart, DAYS * DAY);
    const sums = failures.sums(played.segments), all = DAYS * DAY, lost = (all - sums.work - sums.open) / all;
    drawDays(run, played);
    drawCurve(run, lost);
    shown.textContent = time(interval);
    slider.setAttribute("aria-valuetext", time(interval));
    days.setAttribute("aria-label", `${DAYS} days of a run with ${played.nFailures} failures: ${percent(sums.work / all)} `
      + `work that stays, ${percent(sums.save / all)} saving, ${percent(sums.lost / all)} lost in failures, `
      + `${percent(sums.restart / all)} restarts`);
    const bestShare = failures.lostShare(60 * best(), run.save, run.mtbf, run.restart);
    told.textContent = `A save stops the run for ${time(run.save)}, a failure comes every ${time(run.mtbf)} on average. In these `
      + `${DAYS} days ${played.nFailures === 1 ? "one came" : `${played.nFailures} came`}: ${percent(sums.save / all)} went into saving, `
      + `${percent(sums.lost / all)} was lost in failures, ${percent(sums.restart / all)} in restarts. On average `
      + `${percent(failures.lostShare(interval, run.save, run.mtbf, run.restart))} is lost at this interval, and `
      + `${percent(bestShare)} at the best, ${time(60 * best())}.`;
  }

  draw();
  box.className = "figure";
  box.append(element("h3", {}, "How often to save"), controls, days,
    element("p", { class: "soft" }, ...Object.entries(NAMES).map(([kind, name]) => (
      element("span", { class: "key" }, element("i", { class: `swatch ${kind}` }), name))),
    element("span", { class: "key" }, "▼ a failure; saves close together stand as a strip below")),
    told, curve,
    element("p", { class: "soft" }, ...[
      ["curve", "lost on average"], ["saving", "of it saving"], ["played", "lost in the days above"],
    ].map(([kind, name]) => element("span", { class: "key" }, element("i", { class: `swatch ${kind}` }), name))));
}
