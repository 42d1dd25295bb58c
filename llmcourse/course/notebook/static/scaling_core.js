// The law of llmcourse/scaling_laws/laws.py, loss = E + A / N^alpha + B / D^beta; a test holds the two together.
const scaling = (() => {
  const loss = (law, n, d) => law.E + law.A * n ** -law.alpha + law.B * d ** -law.beta;

  // The parameters and tokens that a budget of 6 N D is best spent on.
  function optimum(law, flops) {
    const sum = law.alpha + law.beta;
    const ratio = (law.alpha * law.A / (law.beta * law.B)) ** (1 / sum);
    const n = ratio * (flops / 6) ** (law.beta / sum), d = flops / 6 / n;
    return { n, d, loss: loss(law, n, d) };
  }

  // The tokens after which a model of n parameters has this loss; null if it never has.
  function tokensFor(law, n, target) {
    const left = target - law.E - law.A * n ** -law.alpha;
    return left > 0 ? (left / law.B) ** (-1 / law.beta) : null;
  }

  return { loss, optimum, tokensFor };
})();
