// The search page: every part of the book that has all words, those with the words in their heading first.
(() => {
  const LONGEST = 240, MOST = 60;
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // A word of the question is the beginning of a word of the text; an ending of the plural does not count.
  const beginning = (word) => (word.length > 3 ? word.replace(/(?<=[^s])s$/, "") : word);
  const pattern = (words) => words.map((word) => new RegExp(`(?<![\\p{L}\\p{N}])${escape(beginning(word))}`, "giu"));

  function find(question) {
    const words = question.toLowerCase().split(/[^\p{L}\p{N}_.-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
    if (!words.length) return [];
    const wanted = pattern(words), found = [];
    for (const [page, parts] of window.courseText) {
      for (const [anchor, heading, text] of parts) {
        const counts = wanted.map((each) => [(heading.match(each) ?? []).length, (text.match(each) ?? []).length]);
        if (counts.some(([inHeading, inText]) => !inHeading && !inText)) continue;
        const score = counts.reduce((sum, [inHeading, inText]) => sum + 20 * Math.min(inHeading, 1) + Math.min(inText, 8), 0);
        found.push({ page, anchor, heading, text, score, title: parts[0][1], wanted });
      }
    }
    return found.sort((a, b) => b.score - a.score);
  }

  // The words around the first hit, with every hit marked.
  function excerpt(text, wanted) {
    const places = wanted.map((each) => text.search(each)).filter((place) => place >= 0);
    const from = Math.max(0, (places.length ? Math.min(...places) : 0) - 70);
    const start = from && text.indexOf(" ", from) + 1;
    const shown = text.slice(start, start + LONGEST);
    const line = document.createElement("p");
    line.append(start ? "… " : "", ...marked(shown, wanted), start + LONGEST < text.length ? " …" : "");
    return line;
  }

  function marked(text, wanted) {
    const all = new RegExp(wanted.map((each) => `${each.source}[\\p{L}\\p{N}]*`).join("|"), "giu");
    const nodes = [];
    let at = 0;
    for (const hit of text.matchAll(all)) {
      const mark = document.createElement("mark");
      mark.textContent = hit[0];
      nodes.push(text.slice(at, hit.index), mark);
      at = hit.index + hit[0].length;
    }
    return [...nodes, text.slice(at)];
  }

  function result({ page, anchor, heading, text, title, wanted }, question) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = `${page}?marked=${encodeURIComponent(question)}${anchor && `#${anchor}`}`;
    link.append(...marked(heading, wanted));
    item.append(link);
    if (heading !== title) {
      const where = document.createElement("span");
      where.className = "search-where";
      where.textContent = title;
      item.append(where);
    }
    if (text) item.append(excerpt(text, wanted));
    return item;
  }

  addEventListener("DOMContentLoaded", () => {
    const box = document.getElementById("search-results");
    const question = (new URLSearchParams(location.search).get("q") ?? "").trim();
    for (const field of document.querySelectorAll("form.bd-search input[type=search]")) field.value = question;
    if (!question) return;
    const found = find(question);
    const told = document.createElement("p"), list = document.createElement("ol");
    told.setAttribute("role", "status");
    told.textContent = !found.length ? `No part of the book has “${question}”. Try fewer words, or their beginnings.`
      : `${found.length === 1 ? "One part" : `${found.length} parts`} of the book with “${question}”`
        + (found.length > MOST ? `; the first ${MOST} are shown.` : ".");
    list.className = "search";
    list.append(...found.slice(0, MOST).map((each) => result(each, question)));
    box.replaceChildren(told, list);
  });
})();
