// Puts every figure with this id on the page into a shadow root, where the page's styles do not reach it and its own
// do not leak out. Until `mount` has succeeded the static fallback stays.
function startFigure(id, css, config, mount) {
  const hosts = document.querySelectorAll(`[data-llm-figure="${id}"]:not([data-ready])`);
  for (const host of hosts) {
    const box = document.createElement("div");
    try {
      mount(box, config, host);
    } catch (error) {
      console.error(error);
      continue;
    }
    host.dataset.ready = "";
    // The page must not act on keys pressed here: an arrow key that moves a slider would turn the page.
    host.addEventListener("keydown", (event) => event.stopPropagation());
    const style = document.createElement("style");
    style.textContent = css;
    host.attachShadow({ mode: "open" }).append(style, box);
  }
}

// element("p", {class: "note", onclick: f}, "text", child) makes an element; a null or false attribute is left out.
function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "circle", "text", "polyline", "rect", "title"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
