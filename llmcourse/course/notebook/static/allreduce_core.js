// Who sends what to whom in an all-reduce, step by step; tests hold it against llmcourse/distributed/collectives.py.
// What a rank holds of a part is a set of ranks, whose numbers have been added up, as bits of a number.
const allreduce = (() => {
  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const rounds = (n) => { let k = 0; while (2 ** k < n) k += 1; return k; };
  const steps = (way, n) => ({ plain: n - 1, tree: 2 * rounds(n), ring: 2 * (n - 1) })[way];

  // The messages of a step (from 0): {from, to, parts, adds}; `parts` are Nths of the tensor.
  function messages(way, n, step) {
    if (way === "ring") {
      return range(n).map((from) => (
        { from, to: (from + 1) % n, parts: [(((from - step) % n) + n) % n], adds: step < n - 1 }));
    }
    if (way === "plain") return range(n).map((from) => ({ from, to: (from + step + 1) % n, parts: range(n), adds: true }));
    const up = step < rounds(n), reach = 2 ** (up ? step : 2 * rounds(n) - 1 - step);
    return range(n).filter((rank) => rank % (2 * reach) === reach).map((rank) => (up
      ? { from: rank, to: rank - reach, parts: range(n), adds: true }
      : { from: rank - reach, to: rank, parts: range(n), adds: false }));
  }

  // What every rank holds after so many steps: held[rank][part].
  function held(way, n, nSteps) {
    let now = range(n).map((rank) => range(n).map(() => 1 << rank));
    for (const step of range(nSteps)) {
      const before = now.map((row) => [...row]);
      for (const { from, to, parts, adds } of messages(way, n, step)) {
        for (const part of parts) {
          const came = way === "plain" ? 1 << from : before[from][part];
          now[to][part] = adds ? now[to][part] | came : came;
        }
      }
    }
    return now;
  }

  // How often each rank has sent the whole tensor after so many steps.
  function sent(way, n, nSteps) {
    const found = range(n).map(() => 0);
    for (const step of range(nSteps)) {
      for (const { from, parts } of messages(way, n, step)) found[from] += parts.length / n;
    }
    return found;
  }

  // Seconds, if a message of S bytes takes alpha + beta S and nobody sends two at a time.
  function seconds(way, nBytes, n, alpha, beta) {
    return steps(way, n) * (alpha + beta * nBytes / (way === "ring" ? n : 1));
  }

  const count = (bits) => { let n = 0; for (let b = bits; b; b >>= 1) n += b & 1; return n; };
  const members = (bits) => range(31).filter((rank) => (bits >> rank) & 1);
  return { steps, messages, held, sent, seconds, count, members };
})();
