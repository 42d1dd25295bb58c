"""Right solutions of fit_from_starts that are not written as the library's is."""

# %% all_rounds: every start goes through every round
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% quasi_newton: BFGS for all starts at once, with a search along each direction
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    free = np.array([float(k not in held) for k in range(5)])
    centre_n, centre_d = np.mean(log_n), np.mean(log_d)

    def ask(p):
        value, gradient, _ = normal_equations(p, log_n, log_d, log_loss, delta, weights, held)
        return value, gradient * free

    here = np.array(starts, np.float64)
    value, gradient = ask(here)
    eye = np.eye(5)
    inverse = np.tile(eye, (len(here), 1, 1)) / np.maximum(np.linalg.norm(gradient, axis=1), 1e-12)[:, None, None] * 0.1
    for _ in range(6 * max_steps):
        direction = -np.einsum("nij,nj->ni", inverse, gradient) * free
        slope = (direction * gradient).sum(1)
        bad = ~(slope < 0)
        direction[bad], inverse[bad] = -gradient[bad], eye
        slope = (direction * gradient).sum(1)
        low, high, length = np.zeros(len(here)), np.full(len(here), np.inf), np.ones(len(here))
        taken = np.zeros(len(here), bool)
        there, new_value, new_gradient = here.copy(), value.copy(), gradient.copy()
        for _ in range(25):
            trial = here + np.where(taken, 0, length)[:, None] * direction
            v, g = ask(trial)
            short = ~(v <= value + 1e-4 * length * slope)
            flat = (g * direction).sum(1) < 0.9 * slope
            good = ~taken & ~short
            there[good], new_value[good], new_gradient[good] = trial[good], v[good], g[good]
            high = np.where(~taken & short, length, high)
            low = np.where(~taken & ~short & flat, length, low)
            taken |= good & ~flat
            length = np.where(np.isinf(high), 2 * low + (low == 0), (low + np.where(np.isinf(high), 0, high)) / 2)
            if taken.all():
                break
        move, change = there - here, new_gradient - gradient
        along = (move * change).sum(1)
        ok = along > 1e-300
        scale = np.where(ok, along, 1.0)[:, None, None]
        shift = eye - move[:, :, None] * change[:, None, :] / scale
        fresh = shift @ inverse @ np.swapaxes(shift, 1, 2) + move[:, :, None] * move[:, None, :] / scale
        inverse = np.where(ok[:, None, None], fresh, inverse)
        if (value - new_value <= 1e-14 * value).all():
            here, value, gradient = there, new_value, new_gradient
            break
        here, value, gradient = there, new_value, new_gradient
    return here, value


# %% one_by_one: start after start, with a ridge of its own
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    ends, values = np.array(starts, np.float64), np.zeros(len(starts))
    for k in range(len(ends)):
        own = weights[k : k + 1] if weights is not None and np.ndim(weights) == 2 else weights

        def ask(p):
            value, gradient, matrix = normal_equations(p[None], log_n, log_d, log_loss, delta, own, held)
            return value[0], gradient[0], matrix[0]

        here, damping = ends[k].copy(), 1e-3
        value, gradient, matrix = ask(here)
        for _ in range(2 * max_steps):
            ridge = damping * np.diag(np.diag(matrix) + 1e-12 * np.diag(matrix).max() + 1e-300)
            there = here - np.linalg.solve(matrix + ridge, gradient)
            new = ask(there)
            if new[0] < value:
                gain = value - new[0]
                here, (value, gradient, matrix), damping = there, new, max(damping / 3, 1e-10)
                if gain < 1e-13 * value and damping < 1:
                    break
            else:
                damping *= 4
                if damping > 1e14:
                    break
        ends[k], values[k] = here, value
    return ends, values
