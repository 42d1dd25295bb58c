// A run that fails and goes on from its last checkpoint; tests hold it against llmcourse/distributed/failures.py.
const failures = (() => {
  // The expected share of the time that is lost, with checkpoints at a given interval.
  function lostShare(interval, save, mtbf, restart) {
    const round = (interval + save) / mtbf;
    return 1 - interval / mtbf * Math.exp(-round - restart / mtbf) / -Math.expm1(-round);
  }

  function bestInterval(save, mtbf) {
    let low = 0, high = 1;
    for (let i = 0; i < 200; i += 1) {
      const half = (low + high) / 2;
      if (half < 1 && Math.log1p(-half) + half + save / mtbf > 0) low = half; else high = half;
    }
    return low * mtbf;
  }

  const young = (save, mtbf) => Math.sqrt(2 * save * mtbf);

  // Plays a run until `until` seconds have passed or `rounds` checkpoints are written. `gaps` are times between
  // failures in units of `mtbf`. Gives segments [kind, begins, ends]: work, save, lost (work and saving in vain), restart,
  // open (at the end: what is not saved yet).
  function play(gaps, interval, save, mtbf, restart, until, rounds = Infinity) {
    const segments = [];
    let now = 0, failsAt = gaps[0] * mtbf, nFailures = 0, nSaved = 0, down = false;
    const add = (kind, ends) => {
      const end = Math.min(ends, until);
      if (end > now) segments.push([kind, now, end]);
    };
    while (now < until && nSaved < rounds) {
      const needed = down ? restart : interval + save;
      if (now + needed <= failsAt) {
        if (down) add("restart", now + restart);
        else if (now + needed <= until) {
          add("work", now + interval);
          if (save) segments.push(["save", now + interval, now + needed]);
        } else segments.push(["open", now, until]);
        now += needed;
        nSaved += down ? 0 : 1;
        down = false;
      } else {
        add(down ? "restart" : failsAt > until ? "open" : "lost", failsAt);
        now = failsAt;
        nFailures += now < until ? 1 : 0;
        failsAt += gaps[(nFailures) % gaps.length] * mtbf;
        down = true;
      }
    }
    return { segments, nFailures, nSaved, total: now };
  }

  function sums(segments) {
    const found = { work: 0, save: 0, lost: 0, restart: 0, open: 0 };
    for (const [kind, begins, ends] of segments) found[kind] += ends - begins;
    return found;
  }
  // Work and saves that follow one another, as one segment of work.
  function joined(segments) {
    const found = [];
    for (const [kind, begins, ends] of segments) {
      const name = kind === "save" ? "work" : kind, last = found.at(-1);
      if (last && last[0] === name && name === "work") last[2] = ends; else found.push([name, begins, ends]);
    }
    return found;
  }
  return { joined, lostShare, bestInterval, young, play, sums };
})();
