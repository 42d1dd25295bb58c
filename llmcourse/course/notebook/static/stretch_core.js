// Slower clocks for a longer context, as in llmcourse/positional/scaling.py, and the angles that a pair of channels
// meets; a test holds the two together.
const stretch = (() => {
  const TURN = 2 * Math.PI;
  const BARELY = 1e-6; // of a circle: less is a rounding error
  const between = (value, from, to) => Math.min(Math.max(value, from), to);

  // Radians for each token, from the fastest pair to the slowest.
  const plain = (dHead, theta) => Array.from({ length: dHead / 2 }, (_, i) => theta ** (-2 * i / dHead));

  // A pair that makes `fast` turns within the trained length stays, one that makes a single turn is slowed in full.
  const banded = ({ dHead, theta, trained }, factor, fast) => plain(dHead, theta).map((speed) => {
    const stays = between((trained * speed / TURN - 1) / (fast - 1), 0, 1);
    return speed * stays + speed / factor * (1 - stays);
  });

  const WAYS = {
    none: ({ dHead, theta }) => plain(dHead, theta),
    linear: ({ dHead, theta }, { factor }) => plain(dHead, theta).map((speed) => speed / factor),
    ntk: ({ dHead, theta }, { factor }) => plain(dHead, theta * factor ** (dHead / (dHead - 2))),
    yarn: (model, { factor, fast }) => banded(model, factor, fast),
    llama3: (model, { factor }) => banded(model, factor, 4),
    base: ({ dHead, theta }, { base }) => plain(dHead, theta * base),
  };

  // Of each pair: the turns within the trained length and within the one that is asked for, how many times slower it
  // has become, and the part of the circle that it meets now and never met in training.
  function pairs(model, choice, times) {
    const slowed = WAYS[choice.way](model, choice);
    return plain(model.dHead, model.theta).map((speed, i) => {
      const before = model.trained * speed / TURN, after = times * model.trained * slowed[i] / TURN;
      return { before, after, slower: speed / slowed[i], fresh: Math.max(0, Math.min(after, 1) - Math.min(before, 1)) };
    });
  }

  // How many pairs meet something new, which of them the most, and how many were slowed though they knew every angle.
  function verdict(found) {
    const whole = found.filter(({ before }) => before >= 1);
    const most = found.reduce((best, { fresh }, i) => (fresh > found[best].fresh ? i : best), 0);
    return {
      fresh: found.filter(({ fresh }) => fresh > BARELY).length, most, whole: whole.length,
      blurred: whole.filter(({ slower }) => slower > 1.1).length,
    };
  }

  const number = (value) => (value >= 100 ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(2))));

  return { plain, pairs, verdict, number, speeds: (model, choice) => WAYS[choice.way](model, choice) };
})();
