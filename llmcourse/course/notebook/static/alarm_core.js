// The look at which a signal has been above a threshold so many times in a row, as `first_ring` of
// llmcourse/course/notebook/interactive/alarms.py has it; a test holds the two together.
const alarms = (() => {
  function firstRing(values, threshold, inARow) {
    let length = 0;
    for (let look = 0; look < values.length; look += 1) {
      length = values[look] !== null && values[look] > threshold ? length + 1 : 0;
      if (length === inARow) return look;
    }
    return null;
  }

  // The smallest and the largest value of a signal over all runs.
  function range(runs, key) {
    const values = runs.flatMap(([, of]) => of[key]).filter((value) => value !== null);
    return [Math.min(...values), Math.max(...values)];
  }

  // What an alarm is worth: when it rings in each run, and a sentence.
  function verdict(runs, well, steps, key, threshold, inARow) {
    const rings = runs.map(([name, of]) => [name, firstRing(of[key], threshold, inARow)]);
    const at = (look) => `at step ${steps[look]}`;
    const wrong = rings.filter(([name, look]) => name !== well && look !== null);
    const missed = rings.filter(([name, look]) => name !== well && look === null).map(([name]) => name);
    const calm = rings.find(([name]) => name === well)[1];
    const parts = [];
    if (calm !== null) parts.push(`A false alarm: it rings ${at(calm)} of “${well}”, in which nothing is wrong.`);
    else parts.push(`It leaves “${well}” alone.`);
    if (wrong.length) parts.push(`It rings ${wrong.map(([name, look]) => `${at(look)} of ${name}`).join(", ")}.`);
    if (missed.length) parts.push(`It says nothing of ${missed.join(" and ")}.`);
    return { rings, words: parts.join(" ") };
  }

  return { firstRing, range, verdict };
})();
