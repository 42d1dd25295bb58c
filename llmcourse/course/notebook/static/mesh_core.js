// What the figure computes of a run's sizes `of`, a layout `at` and a `device`: the same numbers as
// llmcourse/course/notebook/interactive/mesh.py, and a test holds the two together.
const mesh = (() => {
  const shards = (at) => at.ranks / (at.replicas * at.experts);
  const possible = (of, at) => at.ranks % (at.replicas * at.experts) === 0 && of.nExperts % at.experts === 0
    && of.batchSize % (at.ranks * at.rows) === 0;

  // Where a rank stands: its copy, its shard, its part of the experts.
  function place(at, rank) {
    const s = shards(at), inner = at.near === "experts" ? at.experts : s, outer = at.near === "experts" ? s : at.experts;
    const fast = rank % inner, slow = Math.floor(rank / inner) % outer, copy = Math.floor(rank / (inner * outer));
    return at.near === "experts" ? { copy, shard: slow, part: fast } : { copy, shard: fast, part: slow };
  }

  // What `other` is to `rank`: itself, or whom it swaps tokens with, shares an expert's weights with, shares all other
  // weights with, sums its gradients with in another copy; nothing else.
  function relation(at, rank, other) {
    if (rank === other) return "self";
    const a = place(at, rank), b = place(at, other);
    if (a.copy !== b.copy) return a.shard === b.shard && a.part === b.part ? "copy" : "none";
    if (a.shard === b.shard) return "tokens";
    return a.part === b.part ? "experts" : "rest";
  }

  const peers = (at, rank, kinds) =>
    Array.from({ length: at.ranks }, (_, i) => i).filter((i) => kinds.includes(relation(at, rank, i)));

  function memory(of, at) {
    const dense = of.outer + of.nLayers * of.dense, experts = of.nLayers * of.experts;
    const several = of.batchSize > at.ranks * at.rows && at.ranks > 1;
    return {
      state: 16 * (dense + experts) / (at.ranks / at.replicas),
      kept: several ? 4 * (dense + experts / at.experts) : 0,
      gathered: of.bytes * (of.dense + of.experts / at.experts + of.outer),
      activations: at.rows * of.rowBytes,
    };
  }

  function ringSpeed(ranks, device) {
    const machines = ranks.map((rank) => Math.floor(rank / device.perNode));
    const first = machines.filter((machine) => machine === machines[0]).length;
    if (first === machines.length) return device.inside;
    return Math.min(device.between * first, device.inside);
  }

  // For each kind of message: bytes that a rank sends for one layer of one micro-batch, and their seconds.
  function messages(of, at, device) {
    const parts = at.ranks / at.replicas, s = shards(at), e = at.experts, r = at.replicas;
    const nMicro = of.batchSize / (at.ranks * at.rows), machine = (rank) => Math.floor(rank / device.perNode);
    const tokens = (of.recompute ? 6 : 4) * at.rows * of.seqLen * of.topK * of.width * of.bytes / e;
    const inside = peers(at, 0, ["tokens"]).filter((rank) => machine(rank) === 0).length;
    const travel = tokens * (inside / device.inside + (e - 1 - inside) / device.between);
    const experts = of.experts / e * (s - 1) / s, rest = of.dense * (parts - 1) / parts;
    const shard = (of.experts + of.dense) / parts;
    const speeds = [["self", "experts"], ["self", "tokens", "experts", "rest"], ["self", "copy"]]
      .map((kinds) => ringSpeed(peers(at, 0, kinds), device));
    const gathers = [experts, rest].map((n) => 2 * of.bytes * n), sums = [experts, rest].map((n) => 4 * n / nMicro);
    const copies = 8 * shard * (r - 1) / r / nMicro;
    return {
      tokens: [tokens * (e - 1), travel],
      experts: [gathers[0], gathers[0] / speeds[0]],
      rest: [gathers[1], gathers[1] / speeds[1]],
      gradients: [sums[0] + sums[1] + copies, sums[0] / speeds[0] + sums[1] / speeds[1] + copies / speeds[2]],
    };
  }

  const arithmetic = (of, at, device) =>
    (of.recompute ? 4 : 3) * of.flops / of.nLayers * at.rows * of.seqLen / device.flops;

  // "0 to 7", "3, 11, 19, ... 59": ranks in words.
  function named(ranks) {
    if (ranks.length < 4) return ranks.join(ranks.length === 2 ? " and " : ", ");
    const step = ranks[1] - ranks[0], even = ranks.every((rank, i) => rank === ranks[0] + i * step);
    if (even && step === 1) return `${ranks[0]} to ${ranks.at(-1)}`;
    return `${ranks[0]}, ${ranks[1]}, ${ranks[2]}, … ${ranks.at(-1)}`;
  }

  const gb = (bytes) => (bytes / 1e9).toFixed(1);
  const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);
  const ms = (seconds) => `${(1e3 * seconds).toFixed(seconds < 1e-2 ? 2 : 1)} ms`;

  return { possible, place, relation, peers, memory, messages, arithmetic, named, gb, size, ms };
})();
