// Three optimizers in a quadratic valley; tests hold them against torch.optim and llmcourse/optim.
const valley = (() => {
  const DIVERGED = 1e9;

  const turned = ([x, y], degrees) => {
    const c = Math.cos((degrees * Math.PI) / 180), s = Math.sin((degrees * Math.PI) / 180);
    return [c * x - s * y, s * x + c * y];
  };

  // Along its own two directions the valley has curvature 1 and kappa.
  function loss(place, kappa, turn) {
    const [flat, steep] = turned(place, -turn);
    return (flat * flat + kappa * steep * steep) / 2;
  }
  function gradient(place, kappa, turn) {
    const [flat, steep] = turned(place, -turn);
    return turned([flat, kappa * steep], turn);
  }

  // One step on `state` (place, velocity, m, v), as `sgd_step` and `adamw_step` make it.
  function step(rule, state, slope, number, rate, beta) {
    for (const i of [0, 1]) {
      if (rule === "Adam") {
        state.m[i] = beta * state.m[i] + (1 - beta) * slope[i];
        state.v[i] = 0.95 * state.v[i] + 0.05 * slope[i] * slope[i];
        const size = Math.sqrt(state.v[i] / (1 - 0.95 ** number)) + 1e-8;
        state.place[i] -= (rate * state.m[i]) / (1 - beta ** number) / size;
      } else {
        state.velocity[i] = (rule === "momentum" ? beta : 0) * state.velocity[i] + slope[i];
        state.place[i] -= rate * state.velocity[i];
      }
    }
  }

  // Every place, and the loss there; a walk ends early where it has left for good.
  function walk({ rule, rate, beta, kappa, turn, fades, steps, start }) {
    const state = { place: turned(start, turn), velocity: [0, 0], m: [0, 0], v: [0, 0] };
    const places = [[...state.place]], losses = [loss(state.place, kappa, turn)];
    for (let t = 0; t < steps && losses[t] < DIVERGED; t += 1) {
      step(rule, state, gradient(state.place, kappa, turn), t + 1, fades ? rate * (1 - t / steps) : rate, beta);
      places.push([...state.place]);
      losses.push(loss(state.place, kappa, turn));
    }
    return { places, losses };
  }

  // What is left of the distance after a step, in the long run, along a direction of this curvature.
  function factor(rule, rate, beta, curvature) {
    const b = rule === "momentum" ? beta : 0, trace = 1 + b - rate * curvature;
    const inside = (trace * trace) / 4 - b;
    return inside < 0 ? Math.sqrt(b) : Math.abs(trace / 2) + Math.sqrt(inside);
  }

  // The rate from which on the steepest direction grows; Adam has none.
  const limit = (rule, beta, kappa) =>
    (rule === "Adam" ? null : (2 * (1 + (rule === "momentum" ? beta : 0))) / kappa);

  // Polyak's best rate and momentum; without momentum, the best rate.
  function best(rule, kappa) {
    const root = Math.sqrt(kappa);
    if (rule === "momentum") return { rate: (2 / (1 + root)) ** 2, beta: ((root - 1) / (root + 1)) ** 2 };
    return { rate: 2 / (1 + kappa) };
  }

  const told = (x) => (x === 0 ? "0" : x >= 0.001 && x < 1000 ? String(Number(x.toPrecision(3))) : x.toExponential(1));
  return { turned, loss, walk, factor, limit, best, told };
})();
