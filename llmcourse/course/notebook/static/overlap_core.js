// Buckets of gradients and when they are on the wire, as in llmcourse/course/notebook/interactive/overlap.py; a test
// holds the two together. Times in ms from the start of the backward pass.
const overlap = (() => {
  const MIB = 2 ** 20;

  // Positions by bucket, from the last parameter to the first; `numbers` are float32.
  function assign(numbers, limit) {
    const found = [], most = Math.floor(limit * MIB);
    let room = -1;
    for (let place = numbers.length - 1; place >= 0; place -= 1) {
      const size = 4 * numbers[place];
      if (room < size) {
        found.push([]);
        room = most;
      }
      found.at(-1).push(place);
      room -= size;
    }
    return found;
  }

  // When each gradient is complete; the table of embeddings, at place 0, is the output layer, too.
  function arrivals(numbers, backward) {
    const all = numbers.reduce((sum, n) => sum + n, 0), found = Array(numbers.length).fill(backward);
    let done = numbers[0];
    for (let place = numbers.length - 1; place > 0; place -= 1) {
      done += numbers[place];
      found[place] = backward * done / all;
    }
    return found;
  }

  // The two parts of a ring all-reduce: what messages take for themselves, and what bytes take.
  function cost(bytes, { ranks, latency, bandwidth }) {
    const hops = 2 * (ranks - 1);
    return { fixed: hops * latency / 1e3, moving: hops * bytes / ranks / bandwidth / 1e6 };
  }

  function timeline(numbers, backward, limit, wire) {
    const complete = arrivals(numbers, backward);
    let free = 0, from = backward * numbers[0] / numbers.reduce((sum, n) => sum + n, 0);
    return assign(numbers, limit).map((positions) => {
      const ready = Math.max(...positions.map((place) => complete[place]));
      const bytes = positions.reduce((sum, place) => sum + 4 * numbers[place], 0), { fixed, moving } = cost(bytes, wire);
      const begins = Math.max(free, wire.during ? ready : backward), filled = from;
      free = begins + fixed + moving;
      from = ready;
      return { positions, bytes, filled, ready, begins, fixed, ends: free };
    });
  }

  const end = (messages) => messages.at(-1).ends;

  // For each limit when the last message has come, and the first of the limits for which that is soonest.
  function sweep(numbers, backward, limits, wire) {
    const ends = limits.map((limit) => end(timeline(numbers, backward, limit, wire)));
    const least = Math.min(...ends);
    return { ends, best: ends.findIndex((one) => one <= least * (1 + 1e-9)) };
  }

  // What the page's formula says of these messages: as if they were of one size.
  function formula(messages, backward) {
    const wire = messages.reduce((sum, one) => sum + one.ends - one.begins, 0);
    return Math.max(backward, wire) + Math.min(backward, wire) / messages.length;
  }

  return { assign, arrivals, cost, timeline, end, sweep, formula };
})();
