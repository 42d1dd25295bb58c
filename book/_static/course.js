// A link to a place inside a fold opens it; hints open for the printer; words that were searched for are marked; what
// scrolls can be reached with the keyboard.
(() => {
  const openAround = (node) => {
    for (let box = node && node.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  };
  const followHash = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) openAround(target);
  };

  // Solutions, checks and the code of figures stay folded on paper.
  let opened = [];
  const openHints = () => {
    opened = [...document.querySelectorAll("article details:not(.hide, [open])")];
    opened.forEach((box) => { box.open = true; });
  };
  const closeHints = () => opened.forEach((box) => { box.open = false; });

  function markSearched() {
    const question = new URLSearchParams(location.search).get("marked"), article = document.querySelector("article");
    if (!question || !article || !window.Highlight) return;
    const words = question.split(/[^\p{L}\p{N}_.-]+/u).filter(Boolean).map((word) =>
      (word.length > 3 ? word.replace(/(?<=[^s])s$/, "") : word).replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const wanted = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})[\\p{L}\\p{N}]*`, "giu");
    const ranges = [], texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      for (const hit of node.data.matchAll(wanted)) {
        const range = new Range();
        range.setStart(node, hit.index);
        range.setEnd(node, hit.index + hit[0].length);
        ranges.push(range);
      }
    }
    CSS.highlights.set("searched", new Highlight(...ranges));
    addEventListener("keydown", (event) => { if (event.key === "Escape") CSS.highlights.delete("searched"); });
  }

  const reachScrolled = () => document.querySelectorAll("article :is(pre, figure, .text_html, .pst-scrollable-table-container)")
    .forEach((box) => { if (box.scrollWidth > box.clientWidth + 1 && box.tabIndex < 0) box.tabIndex = 0; });

  addEventListener("hashchange", followHash);
  addEventListener("DOMContentLoaded", () => { followHash(); markSearched(); });
  addEventListener("load", reachScrolled);
  addEventListener("resize", () => setTimeout(reachScrolled, 400)); // the theme does the same for some, and undoes it for others
  addEventListener("beforeprint", openHints);
  addEventListener("afterprint", closeHints);
})();
