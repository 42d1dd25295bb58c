// Rotary position embedding of one query and one key. No DOM here: the tests run this file in a bare JavaScript engine
// and compare it with complex numbers in numpy. A vector is a flat list; its numbers 2i and 2i + 1 are pair i.
const rope = (() => {
  "use strict";

  // Radians per position of each pair, the fastest first. A factor above 1 slows all pairs down alike.
  function frequencies(dHead, theta, factor = 1) {
    return Array.from({ length: dHead / 2 }, (_, i) => theta ** (-2 * i / dHead) / factor);
  }

  const pairOf = (vector, i) => [vector[2 * i], vector[2 * i + 1]];

  function rotate([x, y], angle) {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [x * cos - y * sin, x * sin + y * cos];
  }

  // The vector as attention sees it at this position.
  const rotateAll = (vector, position, freqs) =>
    freqs.flatMap((frequency, i) => rotate(pairOf(vector, i), position * frequency));

  // What each pair adds to the score of the query at position m and the key at position n.
  function contributions(q, k, m, n, freqs) {
    const [rotatedQ, rotatedK] = [rotateAll(q, m, freqs), rotateAll(k, n, freqs)];
    return freqs.map((_, i) => rotatedQ[2 * i] * rotatedK[2 * i] + rotatedQ[2 * i + 1] * rotatedK[2 * i + 1]);
  }

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  const score = (q, k, m, n, freqs) => sum(contributions(q, k, m, n, freqs));

  const angleOf = ([x, y]) => Math.atan2(y, x);
  const lengthOf = ([x, y]) => Math.hypot(x, y);

  // The angle from the key's arrow to the query's in pair i, more than -π and at most π.
  function angleBetween(q, k, i, m, n, freqs) {
    const [x, y] = rotate(pairOf(q, i), (m - n) * freqs[i] - angleOf(pairOf(k, i)));
    return angleOf([x, y]);
  }

  // The lowest and the highest sum of the first few pairs, of any number, at any distance up to `last` either way.
  function reach(q, k, freqs, last) {
    let [low, high] = [0, 0];
    for (let d = -last; d <= last; d++) {
      let running = 0;
      for (const part of contributions(q, k, d, 0, freqs)) {
        running += part;
        [low, high] = [Math.min(low, running), Math.max(high, running)];
      }
    }
    return { low, high };
  }

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // Both positions moved alike, as far as 0 and `last` allow, so that the earlier one comes to `lower`.
  function moveBoth({ m, n }, lower, last) {
    const span = Math.abs(m - n);
    const at = clamp(lower, 0, last - span);
    return m < n ? { m: at, n: at + span } : { m: at + span, n: at };
  }

  // Positions at this distance: the key stays unless the query would leave 0 to `last`.
  function atDistance({ n }, distance, last) {
    const m = clamp(n + distance, 0, last);
    return { m, n: m - distance };
  }

  // Numbers for people, with a real minus sign and no "-0.00".
  const decimal = (value, digits = 2) =>
    (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace("-", "−");
  const whole = (value) => (Math.round(value) || 0).toLocaleString("en-US").replace("-", "−");

  return {
    frequencies, pairOf, rotate, rotateAll, contributions, sum, score, angleOf, lengthOf, angleBetween, reach, clamp,
    moveBoth, atDistance, decimal, whole,
  };
})();
