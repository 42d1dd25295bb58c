// What models of one loss cost, as in llmcourse/scaling_laws/serving.py; a test holds the two together.
const serving = (() => {
  // The size above which a model can reach a loss at all.
  const smallest = (law, loss) => (law.A / (loss - law.E)) ** (1 / law.alpha);

  // Training tokens that take n parameters to the loss; null for a model that is too small.
  function tokensToReach(law, n, loss) {
    const left = loss - law.E - law.A * n ** -law.alpha;
    return left > 0 ? (law.B / left) ** (1 / law.beta) : null;
  }

  const training = (n, d) => 6 * n * d;
  const serve = (n, served) => 2 * n * served;

  // The cheapest model to train and serve: y = B / D^beta by halving an interval.
  function optimum(law, loss, served) {
    const above = loss - law.E;
    let low = 0, high = above * law.alpha / (law.alpha + law.beta);
    for (let i = 0; i < 200; i++) {
      const half = low + (high - low) / 2;
      const right = law.beta * half * (1 + served / 3 * (half / law.B) ** (1 / law.beta));
      if (right > law.alpha * (above - half)) high = half; else low = half;
    }
    return { n: (law.A / (above - high)) ** (1 / law.alpha), d: (law.B / high) ** (1 / law.beta) };
  }

  return { smallest, tokensToReach, training, serve, optimum };
})();
