// Which keys a query reads and what is kept of them; tests hold it against llmcourse/model (masks and accounting).
const cache = (() => {
  // The head of keys and values that a query head reads: neighbours share one.
  const kvHead = (head, nHeads, nKvHeads) => Math.floor(head / (nHeads / nKvHeads));

  // The first position that a query reads; 0 is no window. The last one is its own.
  const firstKey = (query, window) => (window ? Math.max(0, query - window + 1) : 0);

  // "seen", "outside" (the window has moved on) or "future".
  function cell(query, key, window) {
    if (key > query) return "future";
    return key < firstKey(query, window) ? "outside" : "seen";
  }

  // Of groups of `nLocal` layers with a window and one without: how many read everything.
  const globalLayers = (nLayers, nLocal) => (nLocal < 0 ? 0 : Math.floor(nLayers / (nLocal + 1)));

  // Bytes of the whole cache: `shape` has nLayers, nKvHeads, dHead and bytesPerValue.
  function bytes(shape, length, window, nGlobal) {
    const local = window ? Math.min(window, length) : length;
    const positions = nGlobal * length + (shape.nLayers - nGlobal) * local;
    return 2 * shape.nKvHeads * shape.dHead * positions * shape.bytesPerValue;
  }

  function told(n) {
    const units = ["bytes", "KiB", "MiB", "GiB"];
    let unit = 0;
    while (n >= 1024 && unit < 3) { n /= 1024; unit += 1; }
    return `${n < 10 && n % 1 ? n.toFixed(2) : n < 100 && n % 1 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
  }
  return { kvHead, firstKey, cell, globalLayers, bytes, told };
})();
