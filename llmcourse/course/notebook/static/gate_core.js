// A gate of one token and its gradient; tests hold it against llmcourse/moe/routing.py and autograd.
const gate = (() => {
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  // Of each expert, before the bias: softmax over all, or a sigmoid of each.
  function scores(logits, kind) {
    if (kind === "sigmoid") return logits.map((z) => 1 / (1 + Math.exp(-z)));
    const most = Math.max(...logits), each = logits.map((z) => Math.exp(z - most)), all = sum(each);
    return each.map((value) => value / all);
  }

  // The best experts by score plus bias, the best one first; of equal ones the lower number.
  function choose(scoresE, bias, topK) {
    const ranked = scoresE.map((score, e) => [score + bias[e], e]);
    return ranked.sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, topK).map(([, e]) => e);
  }

  // `options` has scores, topK, normalise and bias.
  function route(logits, options) {
    const scoresE = scores(logits, options.scores), experts = choose(scoresE, options.bias, options.topK);
    const chosen = experts.map((e) => scoresE[e]), total = options.normalise ? sum(chosen) : 1;
    return { scores: scoresE, experts, weights: chosen.map((score) => score / total) };
  }

  // What the layer answers: the weighted sum of the unit vectors that its experts answer, by their angles in degrees.
  const vector = (angle) => [Math.cos(angle * Math.PI / 180), Math.sin(angle * Math.PI / 180)];
  function answer(routed, angles) {
    const parts = routed.experts.map((e, k) => vector(angles[e]).map((value) => routed.weights[k] * value));
    return [0, 1].map((axis) => sum(parts.map((part) => part[axis])));
  }

  const loss = (y, wanted) => 0.5 * sum(vector(wanted).map((t, axis) => (y[axis] - t) ** 2));

  // The gradient of that loss by each logit. The choice itself has none.
  function gradient(logits, options, angles, wanted) {
    const routed = route(logits, options), y = answer(routed, angles), target = vector(wanted);
    const heard = routed.experts.map((e) => sum(vector(angles[e]).map((v, axis) => v * (y[axis] - target[axis]))));
    const mean = sum(heard.map((g, k) => g * routed.weights[k]));
    const place = (e) => routed.experts.indexOf(e);
    return routed.scores.map((score, e) => {
      const k = place(e);
      if (options.scores === "sigmoid") {
        if (k < 0) return 0;
        const slope = 1 - score;  // of the sigmoid, divided by the score
        return slope * routed.weights[k] * (heard[k] - (options.normalise ? mean : 0));
      }
      if (options.normalise) return k < 0 ? 0 : routed.weights[k] * (heard[k] - mean);
      return score * ((k < 0 ? 0 : heard[k]) - mean);
    });
  }

  // The logits after steps of gradient descent, kept within `most` to both sides.
  function descend(logits, options, angles, wanted, rate, steps, most) {
    let z = [...logits];
    for (let step = 0; step < steps; step += 1) {
      const slope = gradient(z, options, angles, wanted);
      z = z.map((value, e) => Math.max(-most, Math.min(most, value - rate * slope[e])));
    }
    return z;
  }

  return { scores, choose, route, answer, vector, loss, gradient, descend };
})();
