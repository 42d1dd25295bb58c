// Parabolas of equal budgets and the line through their lowest points, as in
// llmcourse/course/notebook/interactive/valleys.py; a test holds the two together.
const valleys = (() => {
  // Solves the 3 x 3 system of rows [a, b, c, right side] by elimination with the largest pivot.
  function solve(rows) {
    for (let k = 0; k < 3; k++) {
      const best = [0, 1, 2].slice(k).reduce((i, j) => (Math.abs(rows[j][k]) > Math.abs(rows[i][k]) ? j : i), k);
      [rows[k], rows[best]] = [rows[best], rows[k]];
      for (let i = 0; i < 3; i++) {
        if (i === k) continue;
        const factor = rows[i][k] / rows[k][k];
        rows[i] = rows[i].map((value, j) => value - factor * rows[k][j]);
      }
    }
    return rows.map((row, k) => row[3] / row[k]);
  }

  // The parabola of least squares through points, or null if it has no lowest point: `at(x)`, `x` and `y` of the lowest.
  function parabola(xs, ys) {
    if (new Set(xs).size < 3) return null;
    const middle = xs.reduce((sum, x) => sum + x, 0) / xs.length;
    const width = (Math.max(...xs) - Math.min(...xs)) / 2;
    const rows = [0, 1, 2].map(() => [0, 0, 0, 0]);
    xs.forEach((x, k) => {
      const u = (x - middle) / width, powers = [u * u, u, 1];
      powers.forEach((p, i) => {
        powers.forEach((q, j) => { rows[i][j] += p * q; });
        rows[i][3] += p * ys[k];
      });
    });
    const [curvature, slope, height] = solve(rows);
    if (!(curvature > 1e-13 * Math.max(...ys.map(Math.abs)))) return null;
    const bottom = -0.5 * slope / curvature;
    return {
      x: middle + width * bottom, y: height + slope * bottom / 2,
      at: (x) => { const u = (x - middle) / width; return curvature * u * u + slope * u + height; },
    };
  }

  // Slope and height of a line by least squares; null for fewer than two points.
  function line(xs, ys) {
    if (xs.length < 2) return null;
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [u, v] = [mean(xs), mean(ys)];
    const spread = xs.reduce((sum, x) => sum + (x - u) ** 2, 0);
    const slope = xs.reduce((sum, x, k) => sum + (x - u) * (ys[k] - v), 0) / spread;
    return { slope, height: v - slope * u };
  }

  // One entry for each group of runs: its parabola, or null, and whether the lowest point lies between the runs;
  // then the exponent of the best size and that size far away, both null where too few budgets have one.
  function fit(runs, groups, kept, far) {
    const fits = groups.map((group) => {
      const chosen = group.filter((k) => kept[k]), xs = chosen.map((k) => Math.log(runs[k].n));
      const curve = parabola(xs, chosen.map((k) => runs[k].loss));
      return { flops: runs[group[0]].flops, curve, from: Math.min(...xs), to: Math.max(...xs),
        inside: curve !== null && Math.min(...xs) <= curve.x && curve.x <= Math.max(...xs) };
    });
    const inside = fits.filter((one) => one.inside);
    const law = line(inside.map((one) => Math.log(one.flops)), inside.map((one) => one.curve.x));
    const largest = Math.max(...runs.map((run) => run.flops));
    return { fits, law, exponent: law && law.slope,
      far: law && Math.exp(law.height + law.slope * Math.log(far * largest)) };
  }

  return { parabola, line, fit };
})();
