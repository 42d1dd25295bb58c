// What the figure computes of `pairs`, how many pairs of documents have a similarity in each of equal steps from 0 to 1.
// The numbers are those of llmcourse/course/notebook/interactive/banding.py; a test holds the two together.
const banding = (() => {
  const probability = (similarity, bands, rows) => 1 - (1 - similarity ** rows) ** bands;
  const middle = (step, pairs) => (step + 0.5) / pairs.length;

  // Expected candidates in each step.
  const candidates = (pairs, bands, rows) =>
    pairs.map((count, step) => count * probability(middle(step, pairs), bands, rows));

  function outcome(pairs, bands, rows, threshold) {
    const total = { near: 0, far: 0, found: 0, false: 0 };
    candidates(pairs, bands, rows).forEach((count, step) => {
      const isNear = middle(step, pairs) > threshold;
      total[isNear ? "near" : "far"] += pairs[step];
      total[isNear ? "found" : "false"] += count;
    });
    const all = total.found + total.false;
    return { ...total, missed: total.near - total.found, falseShare: all ? total.false / all : 0 };
  }

  // Where the curve rises most steeply, nearly.
  const steep = (bands, rows) => (1 / bands) ** (1 / rows);

  const whole = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
  // An expected number: one decimal where there are few.
  const about = (value) => (value < 9.95 ? value.toFixed(1) : whole(Math.round(value)));
  const percent = (share) => (share && share < 0.005 ? "less than 1%" : `${Math.round(100 * share)}%`);

  function sentence(pairs, { bands, rows, threshold }) {
    const { near, found, missed, false: wrong, falseShare } = outcome(pairs, bands, rows, threshold);
    const size = `${bands === 1 ? "One band" : `${bands} bands`} of ${rows}, ${whole(bands * rows)} numbers a document. `;
    const copies = near
      ? `Of ${whole(near)} near copies, ${about(found)} become candidates and ${about(missed)} are missed. `
      : `No pair has a similarity of ${threshold.toFixed(2)} or more. `;
    return `${size}${copies}Of all other pairs, ${about(wrong)} become candidates too: `
      + `${percent(falseShare)} of all candidates are false.`;
  }

  return { probability, candidates, outcome, steep, whole, about, percent, sentence };
})();
