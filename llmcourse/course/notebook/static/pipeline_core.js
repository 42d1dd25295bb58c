// Schedules of a pipeline and their clock; a test holds them against llmcourse/distributed (pipeline and interleaved).
// A task is [direction, micro-batch, group of layers]; the first two schedules have one group a stage.
const pipeline = (() => {
  const range = (n) => Array.from({ length: n }, (_, i) => i);

  function gpipe(p, m) {
    const tasks = [...range(m).map((k) => ["F", k, 0]), ...range(m).reverse().map((k) => ["B", k, 0])];
    return range(p).map(() => tasks);
  }

  function takingTurns(forward, backward, nFirst) {
    const tasks = forward.slice(0, nFirst), total = forward.length;
    for (let i = nFirst; i < total; i += 1) tasks.push(forward[i], backward[i - nFirst]);
    return [...tasks, ...backward.slice(total - nFirst)];
  }

  function oneForwardOneBackward(p, m) {
    const of = (kind) => range(m).map((k) => [kind, k, 0]);
    return range(p).map((stage) => takingTurns(of("F"), of("B"), Math.min(p - 1 - stage, m)));
  }

  // Only for micro-batches that are a multiple of the stages.
  function interleaved(p, m, v) {
    const of = (kind) => range(m * v).map((i) => {
      const within = i % (p * v), group = Math.floor(within / p);
      return [kind, Math.floor(i / (p * v)) * p + (within % p), kind === "F" ? group : v - 1 - group];
    });
    return range(p).map((stage) => (
      takingTurns(of("F"), of("B"), Math.min(2 * (p - 1 - stage) + (v - 1) * p, m * v))));
  }

  // For each stage when its tasks begin and end.
  function times(orders, forward, backward, v) {
    const p = orders.length, done = new Map(), found = orders.map(() => []);
    const ready = (kind, k, place) => {
      if (kind === "F") return place ? done.get(`F${k}.${place - 1}`) : 0;
      return done.get(place < p * v - 1 ? `B${k}.${place + 1}` : `F${k}.${place}`);
    };
    for (let going = true; going;) {
      going = false;
      orders.forEach((tasks, stage) => {
        while (found[stage].length < tasks.length) {
          const [kind, k, group] = tasks[found[stage].length], place = group * p + stage;
          const from = ready(kind, k, place);
          if (from === undefined) break;
          const begins = Math.max(from, found[stage].length ? found[stage].at(-1)[1] : 0);
          const ends = begins + (kind === "F" ? forward : backward)[stage] / v;
          found[stage].push([begins, ends]);
          done.set(`${kind}${k}.${place}`, ends);
          going = true;
        }
      });
    }
    return found;
  }

  const length = (found) => Math.max(...found.map((stage) => stage.at(-1)[1]));

  function bubble(found) {
    const busy = found.flat().reduce((sum, [begins, ends]) => sum + ends - begins, 0);
    return 1 - busy / (length(found) * found.length);
  }

  // The most micro-batches that a stage keeps, in those of the whole stage.
  function kept(tasks, v) {
    let n = 0, most = 0;
    for (const [kind] of tasks) { n += kind === "F" ? 1 : -1; most = Math.max(most, n); }
    return most / v;
  }

  // What it keeps at a moment: from the beginning of a forward pass to the end of the backward pass.
  function keptAt(tasks, found, moment, v) {
    let n = 0;
    tasks.forEach(([kind], i) => {
      if (kind === "F" && found[i][0] <= moment) n += 1;
      if (kind === "B" && found[i][1] <= moment) n -= 1;
    });
    return n / v;
  }

  // Which task a stage works on; null if it waits.
  const workAt = (tasks, found, moment) => tasks.find((_, i) => found[i][0] <= moment && moment < found[i][1]) ?? null;

  return { gpipe, oneForwardOneBackward, interleaved, times, length, bubble, kept, keptAt, workAt };
})();
