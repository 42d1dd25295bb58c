// Losses over steps, and what a step is worth, as in llmcourse/course/notebook/interactive/race.py; a test holds the
// two together. A model's lengths are [steps, loss, standard error], from the shortest run to the longest.
const race = (() => {
  const first = (lengths) => lengths[0][0], final = (lengths) => lengths.at(-1)[0];

  // The loss after so many steps, a straight line over their logarithm; null outside of what was measured.
  function lossAfter(lengths, steps) {
    if (steps < first(lengths) * (1 - 1e-9) || steps > final(lengths) * (1 + 1e-9)) return null;
    const i = Math.max(1, lengths.findIndex(([length]) => length >= steps * (1 - 1e-9)));
    const [a, above] = lengths[i - 1], [b, below] = lengths[i];
    return above + (below - above) * Math.log(steps / a) / Math.log(b / a);
  }

  // How many steps of the dense model one of the mixture is worth after so many.
  function worth(dense, mixture, steps) {
    const loss = lossAfter(mixture, steps), reached = dense.findIndex(([, one], i) => i > 0 && one <= loss);
    const i = reached < 0 ? dense.length - 1 : reached, [a, above] = dense[i - 1], [b, below] = dense[i];
    return a * (b / a) ** ((above - loss) / (above - below)) / steps;
  }

  // After how many of its steps the mixture is level with the dense model at this price; null if it never is.
  function crossing(dense, mixture, price) {
    let low = Math.log(first(mixture)), high = Math.log(final(mixture));
    if (worth(dense, mixture, first(mixture)) > price || worth(dense, mixture, final(mixture)) < price) return null;
    for (let i = 0; i < 60; i += 1) {
      const middle = (low + high) / 2;
      if (worth(dense, mixture, Math.exp(middle)) < price) low = middle; else high = middle;
    }
    return Math.exp(high);
  }

  // Who has which loss when so much is spent, the best one first; those that were not measured there are left out.
  function ranking(models, prices, spent) {
    return models.map(({ lengths }, i) => ({ i, steps: spent / prices[i], loss: lossAfter(lengths, spent / prices[i]) }))
      .filter(({ loss }) => loss !== null).sort((one, other) => one.loss - other.loss);
  }

  return { lossAfter, worth, crossing, ranking };
})();
