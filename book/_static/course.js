// A link to a place inside a folded solution, check or hint opens it, and so does printing the page.
(() => {
  const openAround = (node) => {
    for (let box = node && node.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  };
  const followHash = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) openAround(target);
  };
  // myst-nb calls every fold "Toggle hidden content"; its visible words say what it holds.
  const nameFolds = () => document.querySelectorAll("details.hide > summary[aria-label]").forEach((fold) => fold.removeAttribute("aria-label"));
  addEventListener("DOMContentLoaded", nameFolds);
  addEventListener("hashchange", followHash);
  addEventListener("DOMContentLoaded", followHash);
  addEventListener("beforeprint", () => document.querySelectorAll("article details").forEach((box) => { box.open = true; }));
})();
