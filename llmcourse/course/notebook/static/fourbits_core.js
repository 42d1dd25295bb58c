// Numbers in four bits with a scale for each block, as in llmcourse/finetuning/nf4.py; a test holds the two together.
const fourbits = (() => {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  function nearest(share, levels) {
    let code = 0;
    while (code + 1 < levels.length && share > (levels[code] + levels[code + 1]) / 2) code += 1;
    return code;
  }

  // Scales in one byte: the mean is taken off, the rest is rounded to 255 equal steps.
  function inOneByte(scales) {
    const middle = mean(scales), widest = Math.max(...scales.map((scale) => Math.abs(scale - middle)));
    if (widest === 0) return scales.map(() => middle);
    return scales.map((scale) => Math.max(0, Math.round(127 * (scale - middle) / widest) / 127 * widest + middle));
  }

  // The code of each number, its block's scale as it is kept, and what the two stand for.
  function write(numbers, levels, block, double) {
    const scales = [];
    for (let first = 0; first < numbers.length; first += block) {
      scales.push(Math.max(...numbers.slice(first, first + block).map(Math.abs)));
    }
    const kept = double ? inOneByte(scales) : scales, of = (place) => Math.floor(place / block);
    const codes = numbers.map((number, place) => nearest(number / (scales[of(place)] || 1), levels));
    return { codes, kept, written: codes.map((code, place) => levels[code] * kept[of(place)]) };
  }

  // Root mean square of the errors over that of the numbers, at these places; null where there are none.
  function error(numbers, written, places) {
    if (!places.length) return null;
    const square = (values) => values.reduce((sum, value) => sum + value * value, 0);
    return Math.sqrt(square(places.map((p) => written[p] - numbers[p])) / square(places.map((p) => numbers[p])));
  }

  const bits = (block, double) => 4 + (double ? 8 / block + 32 / (block * 256) : 32 / block);

  // The places of the block around one, without it, and of all other blocks.
  function neighbours(n, block, place) {
    const all = Array.from({ length: n }, (_, i) => i), same = (i) => Math.floor(i / block) === Math.floor(place / block);
    return { beside: all.filter((i) => same(i) && i !== place), elsewhere: all.filter((i) => !same(i)) };
  }

  return { nearest, inOneByte, write, error, bits, neighbours };
})();
