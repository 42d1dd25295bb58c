// The plots of one page. `data` has `runs` (lines by field, places of spikes and restarts), `plots` and `axes`.
// All plots share what they are drawn against, which runs are shown, and the place that is read.
const state = { axis: data.axes[0], shown: data.runs.map(() => true), smooth: 0, at: null };
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 3", "4 2 1 2", "5 5", "1 2"];
const [LEFT, RIGHT, TOP, BOTTOM, HEIGHT] = [54, 12, 16, 40, 236];
const WORDS = { step: "steps", tokens: "tokens", seconds: "time" };
const color = (i) => `var(--run-${i % 8})`, dash = (i) => DASHES[(i + Math.floor(i / 8)) % 8];

function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "circle", "text"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

// ---- numbers ---------------------------------------------------------------------------------------------------
function short(value) {
  for (const [size, unit] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}\u202f${unit}`;
  }
  return String(Number(value.toPrecision(3)));
}
function number(value) {
  const size = Math.abs(value);
  if (size >= 1e5) return short(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, "e");
  return size >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
}
function tick(value) {
  const size = Math.abs(value);
  return size !== 0 && size < 1e-3 ? value.toExponential(1).replace(/\.0e/, "e") : size >= 1e4 ? short(value)
    : String(Number(value.toPrecision(6)));
}
function time(seconds) {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}
const place = (value) => state.axis === "seconds" ? time(value)
  : state.axis === "tokens" ? `${short(value)} tokens` : `step ${Math.round(value).toLocaleString("en")}`;
const placeTick = (value) => state.axis === "seconds" ? (value < 60 ? `${value} s` : value < 3600
  ? `${Number((value / 60).toPrecision(3))} min` : `${Number((value / 3600).toPrecision(3))} h`) : short(value);

// Round numbers between two ends, about `wanted` of them; of time, round minutes and hours.
function ticks(from, to, wanted, isTime = false) {
  const rough = (to - from) / wanted || 1, unit = !isTime || rough < 20 ? 1 : rough < 1200 ? 60 : 3600;
  const power = 10 ** Math.floor(Math.log10(rough / unit));
  const step = unit * power * ([1, 2, 5].find((m) => m * power * unit >= rough) ?? 10);
  const found = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to + step * 1e-9; k++) found.push(k * step);
  return found;
}
function logTicks(from, to) {
  const found = [], many = Math.log10(to / from) > 2;
  for (let e = Math.floor(Math.log10(from)); e <= Math.ceil(Math.log10(to)); e++) {
    for (const m of many ? [1] : [1, 2, 5]) if (m * 10 ** e >= from && m * 10 ** e <= to) found.push(m * 10 ** e);
  }
  return found.length > 7 ? found.filter((_, i) => i % Math.ceil(found.length / 6) === 0) : found;
}

// ---- lines -----------------------------------------------------------------------------------------------------
// A mean over the points before, in which each counts a little less than the next; the first ones are not held back.
function smoothed(values, factor) {
  let sum = 0, weight = 0;
  return values.map((value) => {
    sum = factor * sum + (1 - factor) * value;
    weight = factor * weight + (1 - factor);
    return sum / weight;
  });
}
function lineOf(run, field) {
  const line = run.lines[field];
  if (!line) return null;
  const kept = line.y.map((_, i) => i).filter((i) => line[state.axis][i] !== null);
  if (!kept.length) return null;
  return { x: kept.map((i) => line[state.axis][i]), y: kept.map((i) => line.y[i]) };
}
function nearest(xs, at) {
  let low = 0, high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= at) low = middle; else high = middle;
  }
  return at - xs[low] <= xs[high] - at ? low : high;
}
// The value at a place; none where the run had not begun, or was at its end.
function valueAt(line, at) {
  const last = line.x.length - 1, gap = last ? (line.x[last] - line.x[0]) / last : 0;
  return at < line.x[0] - gap || at > line.x[last] + gap ? null : line.y[nearest(line.x, at)];
}

// ---- one plot --------------------------------------------------------------------------------------------------
function makePlot(plot) {
  let lines = [], places = [], scaleX = null, isLog = null;
  const readout = element("div", { class: "readout", "aria-hidden": "true" });
  const back = element("g"), front = element("g");
  const chart = element("svg", {
    class: "chart", role: "slider", tabindex: 0, "aria-label": `${plot.title}: read values with the arrow keys`,
    onpointerdown: point, onpointermove: point, onkeydown: key,
    onpointerleave: (event) => { if (event.pointerType === "mouse") setAt(null); },
  }, back, front);
  const logButton = element("button", { type: "button", onclick: () => { isLog = !isLog; draw(); } }, "log");
  const body = element("tbody"), head = element("tr");
  const details = element("details", { ontoggle: fillTable }, element("summary", {}, "Values as a table"),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${plot.title}, values` },
      element("table", {}, element("thead", {}, head), body)));
  const card = element("section", { class: "plot", "aria-label": plot.title },
    element("header", {}, element("div", {}, element("h2", {}, plot.title),
      plot.unit ? element("span", { class: "unit" }, plot.unit) : null), logButton),
    readout, chart, details);

  function point(event) {
    if (!scaleX) return;
    const box = chart.getBoundingClientRect();
    setAt(places[nearest(places, scaleX.back(event.clientX - box.left))]);
  }
  function key(event) {
    if (!places.length) return;
    const now = state.at === null ? places.length - 1 : nearest(places, state.at);
    const far = Math.max(1, Math.round(places.length / 10));
    const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: far, PageDown: -far,
      Home: -places.length, End: places.length };
    if (event.key === "Escape") { setAt(null); return; }
    if (!(event.key in moves)) return;
    event.preventDefault();
    const step = moves[event.key] * (event.shiftKey ? 10 : 1);
    setAt(places[Math.min(Math.max(now + step, 0), places.length - 1)]);
  }

  // Each visible run's line, drawn and smoothed.
  function collect() {
    lines = data.runs.map((run, i) => {
      const line = state.shown[i] ? lineOf(run, plot.field) : null;
      if (!line) return null;
      const isMany = state.smooth > 0 && line.y.length > 30;
      return { ...line, raw: isMany ? line.y : null, y: isMany ? smoothed(line.y, state.smooth) : line.y };
    });
    places = [...new Set(lines.flatMap((line) => line ? line.x : []))].sort((a, b) => a - b);
  }

  function draw() {
    collect();
    const all = lines.flatMap((line) => line ? (line.raw ?? line.y) : []);
    if (isLog === null) isLog = wantsLog(all);
    const canLog = all.length > 0 && Math.min(...bounds(all)) > 0, log = isLog && canLog;
    logButton.setAttribute("aria-pressed", String(log));
    logButton.setAttribute("aria-label", `${plot.title} on a logarithmic scale`);
    logButton.style.visibility = canLog ? "" : "hidden";
    const width = chart.getBoundingClientRect().width || 400;
    chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    if (!all.length) {
      scaleX = null;
      back.replaceChildren(element("text", { x: width / 2, y: HEIGHT / 2, "text-anchor": "middle" }, "nothing to show"));
      readPlace();
      return;
    }
    scaleX = scale(extent(), LEFT, width - RIGHT, false);
    const scaleY = scale(padded(bounds(all), log), HEIGHT - BOTTOM, TOP, log);
    chart.scaleY = scaleY;
    back.replaceChildren(...grid(width, scaleY, log), ...marks(), ...lines.flatMap((line, i) => curve(line, i, scaleY)));
    readPlace();
    if (details.open) fillTable();
  }

  function grid(width, scaleY, log) {
    const nodes = [];
    for (const value of log ? logTicks(...scaleY.ends) : ticks(...scaleY.ends, 4)) {
      const y = scaleY(value);
      nodes.push(element("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
        element("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, tick(value)));
    }
    const found = ticks(...scaleX.ends, Math.max(2, Math.floor(width / 80)), state.axis === "seconds");
    for (const value of found) {
      const x = scaleX(value), anchor = x > width - 30 ? "end" : x < LEFT + 8 ? "start" : "middle";
      nodes.push(element("text", { x: anchor === "end" ? width - 2 : x, y: HEIGHT - 23, "text-anchor": anchor },
        placeTick(value)));
    }
    nodes.push(element("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 5, "text-anchor": "middle" }, WORDS[state.axis]));
    return nodes;
  }

  function marks() {
    return data.runs.flatMap((run, i) => !lines[i] ? [] : [
      ...run.restarts.filter((p) => state.axis in p).map((p) => element("line", { class: "restart",
        stroke: color(i), x1: scaleX(p[state.axis]), x2: scaleX(p[state.axis]), y1: TOP, y2: HEIGHT - BOTTOM })),
      ...run.spikes.filter((p) => state.axis in p).map((p) => element("path", {
        fill: color(i), d: `M${scaleX(p[state.axis]) - 5} 3h10l-5 9z` })),
    ]);
  }

  function curve(line, i, scaleY) {
    if (!line) return [];
    const path = (ys) => line.x.map((x, k) => `${k ? "L" : "M"}${scaleX(x).toFixed(1)} ${scaleY(ys[k]).toFixed(1)}`).join("");
    const nodes = [];
    if (line.raw) nodes.push(element("path", { class: "raw", stroke: color(i), d: path(line.raw) }));
    nodes.push(element("path", { class: "curve", stroke: color(i), d: path(line.y),
      "stroke-dasharray": isCalm(line.y) && dash(i) || null }));
    if (line.x.length < 30) {
      nodes.push(...line.x.map((x, k) => element("circle", { class: "dot", fill: color(i), r: 3.5, cx: scaleX(x),
        cy: scaleY(line.y[k]) })));
    }
    return nodes;
  }

  // What the lines say at the place that is read; at their ends where none is.
  function readPlace() {
    const at = state.at, nodes = [], said = [], dots = [];
    if (scaleX && at !== null && at >= scaleX.ends[0] && at <= scaleX.ends[1]) {
      const x = scaleX(at);
      dots.push(element("line", { class: "cursor", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }));
    }
    const where = at === null ? "at the end" : place(at);
    nodes.push(element("span", { class: "at" }, where));
    lines.forEach((line, i) => {
      if (!line) return;
      const value = at === null ? line.y[line.y.length - 1] : valueAt(line, at);
      const name = data.runs.length > 1 ? `${data.runs[i].name} ` : "", told = value === null ? "–" : number(value);
      nodes.push(element("span", {}, element("span", { style: `color: ${color(i)}` }, name), element("b", {}, told)));
      said.push(`${name}${value === null ? "none" : told}`);
      if (at !== null && value !== null && scaleX) {
        const k = nearest(line.x, at);
        dots.push(element("circle", { class: "dot", fill: color(i), r: 4.5, cx: scaleX(line.x[k]), cy: chart.scaleY(line.y[k]) }));
      }
    });
    readout.replaceChildren(...nodes);
    front.replaceChildren(...dots);
    const now = at === null || !places.length ? Math.max(0, places.length - 1) : nearest(places, at);
    chart.setAttribute("aria-valuemin", 0);
    chart.setAttribute("aria-valuemax", Math.max(0, places.length - 1));
    chart.setAttribute("aria-valuenow", now);
    chart.setAttribute("aria-valuetext", `${where}: ${said.join(", ") || "nothing to show"}`);
  }

  function fillTable() {
    if (!details.open) return;
    const n = Math.min(12, places.length), drawn = lines.map((line, i) => [line, i]).filter(([line]) => line);
    const rows = [...new Set(Array.from({ length: n }, (_, k) => places[Math.round(k * (places.length - 1) / Math.max(1, n - 1))]))];
    const what = { step: "step", tokens: "tokens", seconds: "time" }[state.axis];
    head.replaceChildren(element("th", { scope: "col" }, what),
      ...drawn.map(([, i]) => element("th", { scope: "col" }, data.runs[i].name)));
    body.replaceChildren(...rows.map((at) => element("tr", {},
      element("th", { scope: "row" }, place(at).replace(/^step | tokens$/g, "")),
      ...drawn.map(([line]) => {
        const value = valueAt(line, at);
        return element("td", {}, value === null ? "–" : number(value));
      }))));
  }
  return { card, draw, readPlace };
}

const bounds = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
// From where to where the runs that are shown go: the same in all plots, so that marks stand above each other.
function extent() {
  const lines = data.runs.flatMap((run, i) => state.shown[i] ? Object.keys(run.lines).map((f) => lineOf(run, f)) : []);
  return bounds(lines.flatMap((line) => line ? [line.x[0], line.x[line.x.length - 1]] : []));
}
function padded([low, high], log) {
  if (log) return low === high ? [low / 2, high * 2] : [low / 1.05, high * 1.05];
  const room = high > low ? (high - low) * 0.04 : Math.abs(high) * 0.1 || 1;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}
// Whether a line can be followed in dashes: it does not go up and down all the time.
function isCalm(values) {
  const [low, high] = bounds(values);
  const way = values.reduce((sum, value, i) => sum + (i ? Math.abs(value - values[i - 1]) : 0), 0);
  return way <= 12 * (high - low);
}
// Most of a line is at the bottom of a plot when a few values are far above.
function wantsLog(values) {
  if (values.length < 20) return false;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[0] > 0 && sorted[sorted.length - 1] > 12 * sorted[sorted.length >> 1];
}
function scale([from, to], start, end, log) {
  const f = log ? Math.log : (v) => v, span = f(to) - f(from) || 1;
  const map = (value) => start + (end - start) * (f(value) - f(from)) / span;
  map.back = (pixel) => from + (to - from) * (pixel - start) / (end - start);
  map.ends = [from, to];
  return map;
}

// ---- the page --------------------------------------------------------------------------------------------------
const plots = data.plots.map(makePlot);
const drawAll = () => plots.forEach((plot) => plot.draw());
function setAt(at) {
  state.at = at;
  plots.forEach((plot) => plot.readPlace());
}
const swatch = (i) => element("svg", { width: 26, height: 10, "aria-hidden": "true" },
  element("path", { d: "M1 5h24", stroke: color(i), "stroke-width": 3, "stroke-dasharray": dash(i) || null }));

function makeControls() {
  const runs = element("div", { class: "group runs", role: "group", "aria-label": "Runs shown" },
    ...data.runs.map((run, i) => {
      const button = element("button", { type: "button", "aria-pressed": "true", onclick: () => {
        state.shown[i] = !state.shown[i];
        button.setAttribute("aria-pressed", String(state.shown[i]));
        drawAll();
      } }, swatch(i), run.name);
      return button;
    }));
  const axis = element("div", { class: "group axis", role: "group", "aria-label": "Drawn against" },
    element("span", { class: "name" }, "against"),
    ...data.axes.map((name) => element("button", { type: "button", "aria-pressed": String(name === state.axis),
      onclick: (event) => {
        state.axis = name;
        state.at = null;
        for (const other of axis.querySelectorAll("button")) {
          other.setAttribute("aria-pressed", String(other === event.currentTarget));
        }
        drawAll();
      } }, WORDS[name])));
  const output = element("output", {}, "off");
  const smooth = element("label", { class: "group" }, element("span", { class: "name" }, "smoothing"),
    element("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: 0, "aria-valuetext": "off", oninput: (event) => {
      state.smooth = Number(event.target.value);
      output.textContent = state.smooth ? state.smooth.toFixed(2) : "off";
      event.target.setAttribute("aria-valuetext", output.textContent);
      drawAll();
    } }), output);
  const key = element("div", { class: "key" },
    data.runs.some((run) => run.spikes.length) ? element("span", {}, "▼ the loss jumps") : null,
    data.runs.some((run) => run.restarts.length) ? element("span", {}, "┊ the run goes on after a stop") : null);
  document.getElementById("controls").append(...(data.runs.length > 1 ? [runs] : []),
    ...(data.axes.length > 1 ? [axis] : []), smooth, key);
}

makeControls();
document.getElementById("plots").append(...plots.map((plot) => plot.card));
let width = 0;
new ResizeObserver(([entry]) => {
  if (entry.contentRect.width !== width) drawAll();
  width = entry.contentRect.width;
}).observe(document.getElementById("plots"));
drawAll();
