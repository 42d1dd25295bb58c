// What a training run costs, as in llmcourse/scaling_laws/budgets.py; a test holds the two together.
const bill = (() => {
  // Operations of one token in training, by what they are for; a shape has the numbers of its layers.
  function parts({ width, layers, matrices }, vocabulary, length) {
    return { matrices: 6 * matrices, attention: 12 * layers * length * width, output: 6 * vocabulary * width };
  }

  // The same token in the three ways to count.
  function counts(shape, vocabulary, length) {
    const { matrices, attention, output } = parts(shape, vocabulary, length);
    return {
      exact: matrices + attention + output,
      "6ND": 6 * (shape.inside + vocabulary * shape.width),
      "6ND without embeddings": 6 * shape.inside,
    };
  }

  // Hours of a device, all devices together, and what follows from them.
  function sums(flops, { peak, watts, pue, price }, mfu, devices) {
    const hours = flops / (peak * mfu) / 3600;
    return { flops, hours, days: hours / devices / 24, gwh: hours * watts / 1000 * pue / 1e6, cost: hours * price };
  }

  // By how much the cost would be another: the lowest and the highest factor for each thing that one is unsure of.
  function doubts(shape, vocabulary, length, mfu, [worst, best], [low, high]) {
    const counted = counts(shape, vocabulary, length), all = Object.values(counted);
    return [
      { name: "count", from: Math.min(...all) / counted.exact, to: Math.max(...all) / counted.exact },
      { name: "utilization", from: mfu / Math.max(best, mfu), to: mfu / Math.min(worst, mfu) },
      { name: "price", from: 1, to: high / low },
    ];
  }

  // The doubt with the widest span.
  const widest = (found) => found.reduce((best, one) => (one.to / one.from > best.to / best.from ? one : best));

  // A time of so many days in the unit that suits it.
  function lasting(days) {
    for (const [unit, size] of [["days", 1], ["hours", 1 / 24], ["minutes", 1 / 1440]]) {
      if (days >= size) return `${numbers.fine(days / size)} ${unit}`;
    }
    return `${Number((86400 * days).toPrecision(2))} s`;
  }

  return { parts, counts, sums, doubts, widest, lasting };
})();
