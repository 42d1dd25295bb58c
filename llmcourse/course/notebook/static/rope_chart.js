// The chart of the score against the distance. `choose` is called with a distance while the reader drags in the chart,
// `settle` when they let go.
function ropeChart({ choose, settle }) {
  const [width, height, left, right, top, bottom] = [400, 220, 30, 18, 20, 40];
  const { decimal, whole } = rope;
  const marks = element("g"), lines = element("g"), stem = element("line", { class: "stem" });
  const dot = element("circle", { class: "dot", r: 5.5 });
  const value = element("text", { class: "now", "text-anchor": "middle" });
  const legend = element("div", { class: "legend soft" });
  const svg = element("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img",
    onpointerdown: (event) => { svg.setPointerCapture(event.pointerId); drag(event); },
    onpointermove: (event) => { if (svg.hasPointerCapture(event.pointerId)) drag(event); },
    onpointerup: settle,
  }, marks, lines, stem, dot, value);
  let half, range, drawn;

  const x = (d) => left + (width - left - right) * (d + half) / (2 * half);
  const y = (score) => top + (height - top - bottom) * (range.high - score) / (range.high - range.low);

  function drag(event) {
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width * width - left) / (width - left - right);
    choose(rope.clamp(Math.round((2 * share - 1) * half), -half, half));
  }

  // Smooth where single turns can be seen, and never more points than a wide screen shows.
  function line({ name, at }) {
    const steps = Math.min(16 * half, 1536);
    const points = Array.from({ length: steps + 1 }, (_, i) => {
      const d = half * (2 * i / steps - 1);
      return `${x(d).toFixed(2)},${y(at(d)).toFixed(2)}`;
    });
    return element("polyline", { class: `curve ${name}${half > 128 ? " fine" : ""}`, points: points.join(" ") });
  }

  function drawMarks() {
    const { low, high } = range;
    const step = [0.5, 1, 2, 5].find((size) => (high - low) / size < 7) ?? 10;
    const rule = (name, x1, x2, y1, y2) => element("line", { class: name, x1, x2, y1, y2 });
    const found = [];
    for (let score = step * Math.ceil(low / step); score <= high; score += step) {
      found.push(rule(score ? "grid" : "axis", left, width - right, y(score), y(score)),
        element("text", { x: left - 6, y: y(score) + 4, "text-anchor": "end" }, decimal(score, step < 1 ? 1 : 0)));
    }
    for (let i = -2; i <= 2; i++) {
      const at = x(half * i / 2);
      found.push(rule(i ? "grid" : "axis", at, at, top, height - bottom),
        element("text", { x: at, y: height - bottom + 16, "text-anchor": "middle" }, whole(half * i / 2)));
    }
    const middle = (left + width - right) / 2;
    marks.replaceChildren(...found,
      element("text", { x: middle, y: height - 4, "text-anchor": "middle" }, "distance m − n, in positions"));
  }

  function drawMarker(distance, score) {
    const set = (node, attributes) =>
      Object.entries(attributes).forEach(([name, number]) => node.setAttribute(name, number));
    set(stem, { x1: x(distance), x2: x(distance), y1: top, y2: height - bottom });
    set(dot, { cx: x(distance), cy: y(score) });
    set(value, { x: rope.clamp(x(distance), left + 16, width - 22), y: 12 });
    value.textContent = decimal(score);
    svg.setAttribute("aria-label", `Score against distance, from ${whole(-half)} to ${half}: ` +
      `at distance ${whole(distance)} it is ${decimal(score)}.`);
  }

  // The first of `curves` carries the marker. As long as `stamp` stays the same, only the marker moves.
  function draw({ distance, curves, stamp, ...scale }) {
    ({ half, range } = scale);
    if (stamp !== drawn) {
      drawn = stamp;
      drawMarks();
      lines.replaceChildren(...curves.map(line).reverse());
      legend.replaceChildren(...curves.map(({ name, label }) => element("span", { class: `of-${name}` }, label)));
    }
    drawMarker(distance, curves[0].at(distance));
  }

  return { svg, legend, draw };
}
