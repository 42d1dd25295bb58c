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

  // Three digits and a unit: 1.23B.
  function short(value) {
    for (const [unit, size] of [["T", 1e12], ["B", 1e9], ["M", 1e6]]) {
      if (value >= 0.9995 * size) {
        const count = value / size;
        return (count < 9.995 ? count.toFixed(2) : count < 99.95 ? count.toFixed(1) : Math.round(count)) + unit;
      }
    }
    return String(Math.round(value));
  }

  // 10^21 and its neighbours as people write them.
  function power(value) {
    const exponent = Math.floor(Math.log10(value) + 1e-9), lead = (value / 10 ** exponent).toFixed(1);
    const raised = String(exponent).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
    return lead === "1.0" ? `10${raised}` : `${lead} · 10${raised}`;
  }

  return { loss, optimum, tokensFor, short, power };
})();
