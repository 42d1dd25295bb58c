// From logits to a token, as in llmcourse/model/generation.py; a test holds the two together.
const sampler = (() => {
  // Probabilities at a temperature above 0, in the order of the ids.
  function softmax(logits, temperature) {
    const most = Math.max(...logits);
    const parts = logits.map((logit) => Math.exp((logit - most) / temperature));
    const whole = parts.reduce((sum, part) => sum + part, 0);
    return parts.map((part) => part / whole);
  }

  // The ids from the most probable token down; of equal ones the smaller id first.
  const ranked = (values) => Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);

  // What the settings leave: {order, before, after}, of all tokens in the order of their rank the probability at this
  // temperature and the one they are drawn with. k and p are null where there is no limit.
  function settle(logits, { temperature, k, p }) {
    const probabilities = softmax(logits, temperature), order = ranked(logits);
    const before = order.map((id) => probabilities[id]);
    const least = logits[order[Math.min(k ?? order.length, order.length) - 1]];
    const isIn = order.map((id) => logits[id] >= least); // tokens equal to the k-th stay, too
    const inK = before.reduce((sum, one, rank) => sum + (isIn[rank] ? one : 0), 0);
    let reached = 0;
    const after = before.map((one, rank) => {
      const stays = isIn[rank] && (p === null || p === 1 || rank === 0 || reached < p);
      reached += isIn[rank] ? one / inK : 0;
      return stays ? one : 0;
    });
    const kept = after.reduce((sum, one) => sum + one, 0);
    return { order, before, after: after.map((one) => one / kept), kept, count: after.filter((one) => one > 0).length };
  }

  // The rank that a number from 0 to 1 draws.
  function drawn(after, number) {
    let sum = 0, last = 0;
    for (let rank = 0; rank < after.length; rank += 1) {
      sum += after[rank];
      if (number < sum) return rank;
      if (after[rank] > 0) last = rank;
    }
    return last;
  }

  // The same numbers from 0 to 1 for the same seed, wherever this runs.
  function numbers(seed, count) {
    let state = (seed * 2654435761 + 12345) % 4294967296;
    return Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 4294967296;
    });
  }

  const percent = (share) => {
    const value = 100 * share;
    if (share === 0 || share >= 0.99995) return `${Math.round(value)}%`;
    return value >= 99 ? `${value.toFixed(2)}%` : value >= 10 ? `${Math.round(value)}%`
      : value >= 0.095 ? `${value.toFixed(1)}%` : value >= 0.0095 ? `${value.toFixed(2)}%` : "under 0.01%";
  };

  return { softmax, ranked, settle, drawn, numbers, percent };
})();
