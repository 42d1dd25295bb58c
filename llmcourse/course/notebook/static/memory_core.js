// The ledger of llmcourse/distributed/memory.py, function for function; a test holds the two against each other.
const memory = (() => {
  // Bytes of weights, gradients and optimizer that stay on one rank.
  function training(nParameters, ranks, stage, each) {
    const shard = Math.ceil(nParameters / ranks);
    return [3, 2, 1].map((first, i) => Math.ceil((stage >= first ? shard : nParameters) * each[i]));
  }

  // Bytes of one rank at the worst moment of a step.
  function step(model, run, precisions) {
    const each = precisions[run.precision], width = each[0];
    const { block, root, nLayers } = model;
    const all = root + nLayers * block;
    const [weights, gradients, optimizer] = training(all, run.ranks, run.stage, each);
    const full = run.tokens * model.kept[width];
    const kept = run.recompute ? run.tokens * model.width * width : full;
    const logits = 4 * run.tokens * model.vocabSize;
    const ofBlock = Math.floor(gradients * block / all);

    function moment(nKept, works, nSent, nWhole, extra) {
      let inFlight = 0;
      if (run.stage === 3) inFlight += width * (root + Math.min(nWhole, nLayers) * block);
      if (run.stage >= 2 && nSent >= 0) inFlight += each[1] * (root + Math.min(2, nSent + 1) * block);
      const there = run.stage >= 2 ? nSent : nSent + 1;
      let grads = Math.max(there, 0) * ofBlock;
      if (run.stage < 2 && nSent >= 0) grads += each[1] * root;
      const parts = { weights, gradients: grads, optimizer, inFlight, activations: nKept * kept + works + extra };
      return { ...parts, total: Object.values(parts).reduce((a, b) => a + b) };
    }

    const works = (run.recompute ? full : 0) + 3 * width * run.tokens * model.widest;
    const moments = [
      moment(nLayers, 0, -1, 1, 3 * logits),
      moment(nLayers, works, 0, run.prefetch + 1, 0),
      moment(1, works, nLayers - 1, 1, 0),
    ];
    return moments.reduce((a, b) => (b.total > a.total ? b : a));
  }

  const gb = (bytes) => (bytes < 1e10 ? (bytes / 1e9).toFixed(2) : (bytes / 1e9).toFixed(bytes < 1e12 ? 1 : 0));
  return { training, step, gb };
})();
