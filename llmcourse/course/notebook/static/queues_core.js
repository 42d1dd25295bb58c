// Queues before experts of a fixed capacity; tests hold it against llmcourse/moe (routing and dispatch).
const queues = (() => {
  // The best experts of each token, the best one first; of equal ones the lower number.
  const choose = (logits, topK) => logits.map((row) => row.map((z, e) => [z, e])
    .sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, topK).map(([, e]) => e));

  const uneven = (noise, favour, size) => noise.map((row) => row.map((z, e) => z + size * favour[e]));

  function capacity(nTokens, nExperts, topK, factor) {
    return Math.max(1, Math.ceil(factor * nTokens * topK / nExperts));
  }

  // For each expert its queue, as [token, choice]: all first choices, then all second ones, each in the order of tokens.
  function stand(experts, nExperts) {
    const lines = Array.from({ length: nExperts }, () => []);
    for (let k = 0; k < (experts[0] ?? []).length; k += 1) {
      experts.forEach((chosen, token) => lines[chosen[k]].push([token, k]));
    }
    return lines;
  }

  // Which choices are kept, as rows of true and false.
  function kept(experts, nExperts, most) {
    const keep = experts.map((chosen) => chosen.map(() => false));
    for (const line of stand(experts, nExperts)) line.slice(0, most).forEach(([token, k]) => { keep[token][k] = true; });
    return keep;
  }

  return { choose, uneven, capacity, stand, kept };
})();
