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


# %% start_by_start: one start after the other
def fit_from_starts(starts, log_n, log_d, log_loss, delta=DELTA, weights=None, held=(), max_steps=300):
    ends, values = [], []
    for i, start in enumerate(np.asarray(starts, np.float64)):
        own = weights if weights is None or np.ndim(weights) == 1 else np.asarray(weights)[i]
        here, damping = start[None].copy(), 0.1
        now = normal_equations(here, log_n, log_d, log_loss, delta, own, held)
        for _ in range(max_steps):
            there = here + damped_step(now[1], now[2], np.array([damping]))
            new = normal_equations(there, log_n, log_d, log_loss, delta, own, held)
            if new[0][0] < now[0][0]:
                done = damping <= 1 and now[0][0] - new[0][0] < 1e-12 * now[0][0]
                here, now, damping = there, new, damping / 5
                if done:
                    break
            else:
                damping *= 5
                if damping > 1e12:
                    break
        ends.append(here[0])
        values.append(now[0][0])
    return np.array(ends), np.array(values)
