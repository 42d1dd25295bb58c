// Tokens on their way to experts on other ranks and back; tests hold it against llmcourse/moe (dispatch, expert_parallel).
const exchange = (() => {
  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  // The choices of a rank (S lists of K experts) in the order of their experts: s * K + k is the k-th choice of token s.
  function sorted(experts) {
    const flat = experts.flat();
    return range(flat.length).sort((a, b) => flat[a] - flat[b] || a - b);
  }

  const counts = (experts, nExperts) => range(nExperts).map((e) => experts.flat().filter((chosen) => chosen === e).length);

  // What a rank sends to each, gets from each, and how many rows of each sender are for each expert that lives here.
  function splits(ranks, nExperts, rank) {
    const local = nExperts / ranks.length;
    const table = ranks.map((experts) => counts(experts, nExperts));
    const part = (sender, receiver) => table[sender].slice(receiver * local, (receiver + 1) * local);
    return {
      send: range(ranks.length).map((to) => sum(part(rank, to))),
      receive: range(ranks.length).map((from) => sum(part(from, rank))),
      counts: range(ranks.length).map((from) => part(from, rank)),
    };
  }

  // Rows that have arrived on a rank, as [sender, choice]: by sender, and those of one sender by expert.
  function arrived(ranks, nExperts, rank) {
    const local = nExperts / ranks.length;
    return ranks.flatMap((experts, sender) => sorted(experts)
      .filter((choice) => Math.floor(experts.flat()[choice] / local) === rank).map((choice) => [sender, choice]));
  }

  // The order in which they are read, so that each expert's rows lie beside one another.
  function byExpert(countsNL) {
    const owner = countsNL.flatMap((of) => of.flatMap((n, expert) => Array(n).fill(expert)));
    return range(owner.length).sort((a, b) => owner[a] - owner[b] || a - b);
  }

  // Where each row lies at a step, as lists of [sender, choice] for each rank.
  const STEPS = ["chosen", "sorted", "counted", "arrived", "computed", "returned", "added"];
  function lanes(ranks, nExperts, step) {
    return ranks.map((experts, rank) => {
      const own = (order) => order.map((choice) => [rank, choice]);
      if (step === "chosen" || step === "added") return own(range(experts.flat().length));
      if (step === "sorted" || step === "counted" || step === "returned") return own(sorted(experts));
      const here = arrived(ranks, nExperts, rank);
      return step === "arrived" ? here : byExpert(splits(ranks, nExperts, rank).counts).map((place) => here[place]);
    });
  }

  return { sorted, counts, splits, arrived, byExpert, lanes, STEPS };
})();
