// A link to a place inside a folded solution or hint opens it, and so does printing the page.
(() => {
  const openAround = (node) => {
    for (let box = node && node.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  };
  const followHash = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) openAround(target);
  };
  addEventListener("hashchange", followHash);
  addEventListener("DOMContentLoaded", followHash);
  addEventListener("beforeprint", () => document.querySelectorAll("article details").forEach((box) => { box.open = true; }));
})();
