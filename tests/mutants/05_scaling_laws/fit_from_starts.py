"""Wrong solutions of fit_from_starts."""

# %% few_steps: stops after ten steps
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    for _ in range(10):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% always_steps: takes every step, also uphill
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = np.ones(len(value), bool)
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% absolute_tolerance: stops when all gain less than 1e-6
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = new[0] < value
        if np.abs(new[0] - value).max() < 1e-6:
            break
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% shared_damping: stops when one start is done
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = new[0] < value
        if (lower & (value - new[0] < 1e-6 * value)).any():
            break
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% ignores_weights: fits without weights
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, None, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, None, held)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% ignores_held: moves what is held
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% ignores_delta: a thousandth whatever was said
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, 1e-3, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, 1e-3, weights, held)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% squares: fits squares, and tells Huber's loss there
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, 1e3, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, 1e3, weights, held)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, normal_equations(here, log_n, log_d, log_loss, delta, weights, held)[0]


# %% best_only: the best start for all rows
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
    k = int(value.argmin())
    return np.tile(here[k], (len(here), 1)), np.full(len(here), value[k])


# %% in_place: works in the caller's array
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.asarray(starts, np.float64)
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


# %% mean_values: the mean as the value
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
    return here, value / len(log_n)


# %% old_values: values of the starts
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    first = value.copy()
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, first


# %% gradient_descent: a fixed small step down the slope
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    for _ in range(max_steps):
        value, gradient, _ = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
        there = here - gradient
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)[0]
        here[new < value] = there[new < value]
    return here, normal_equations(here, log_n, log_d, log_loss, delta, weights, held)[0]


# %% first_weights: the first row of weights for all starts
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    if weights is not None and np.ndim(weights) == 2:
        weights = weights[0]
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


# %% narrow: float32
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    for _ in range(max_steps):
        there = (here + damped_step(gradient, matrix, damping)).astype(np.float32).astype(float)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = new[0] < value
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here.astype(np.float32).astype(float), value.astype(np.float32).astype(float)


# %% no_first_row: only the first start moves
def fit_from_starts(starts, log_n, log_d, log_loss, delta=1e-3, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    damping = np.full(len(here), 0.01)
    value, gradient, matrix = normal_equations(here, log_n, log_d, log_loss, delta, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new = normal_equations(there, log_n, log_d, log_loss, delta, weights, held)
        lower = (new[0] < value) & (np.arange(len(value)) == 0)
        for old, latest in zip((here, value, gradient, matrix), (there, *new)):
            old[lower] = latest[lower]
        damping = np.where(lower, np.maximum(damping / 5, 1e-9), np.minimum(damping * 5, 1e12))
    return here, value


# %% whole_starts: starts that are whole numbers stay whole numbers
def fit_from_starts(starts, log_n, log_d, log_loss, delta=DELTA, weights=None, held=(), max_steps=300):
    points = (log_n, log_d, log_loss)
    here = np.array(starts)
    damping = np.full(len(here), 1e-2)
    value, gradient, matrix = normal_equations(here, *points, delta, weights, held)
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new_value, new_gradient, new_matrix = normal_equations(there, *points, delta, weights, held)
        lower = new_value < value
        here[lower], value[lower] = there[lower], new_value[lower]
        gradient[lower], matrix[lower] = new_gradient[lower], new_matrix[lower]
        damping = np.clip(np.where(lower, damping / 5, damping * 5), 1e-12, 1e15)
    return here, value


# %% at_least_one_step: one step is taken before anybody counts
def fit_from_starts(starts, log_n, log_d, log_loss, delta=DELTA, weights=None, held=(), max_steps=300):
    points = (log_n, log_d, log_loss)
    here = np.array(starts, dtype=np.float64)
    damping = np.full(len(here), 1e-2)
    value, gradient, matrix = normal_equations(here, *points, delta, weights, held)
    for _ in range(max(max_steps, 300)):
        there = here + damped_step(gradient, matrix, damping)
        new_value, new_gradient, new_matrix = normal_equations(there, *points, delta, weights, held)
        lower = new_value < value
        here[lower], value[lower] = there[lower], new_value[lower]
        gradient[lower], matrix[lower] = new_gradient[lower], new_matrix[lower]
        damping = np.clip(np.where(lower, damping / 5, damping * 5), 1e-12, 1e15)
    return here, value


# %% first_held_only: of several held numbers only the first stays
def fit_from_starts(starts, log_n, log_d, log_loss, delta=DELTA, weights=None, held=(), max_steps=300):
    here, held = np.array(starts, np.float64), tuple(held)[:1]
    args = (log_n, log_d, log_loss, delta, weights, held)
    value, gradient, matrix = normal_equations(here, *args)
    damping = np.ones(len(here))
    for _ in range(max_steps):
        there = here + damped_step(gradient, matrix, damping)
        new_value, new_gradient, new_matrix = normal_equations(there, *args)
        lower = new_value < value
        here[lower], value[lower], gradient[lower], matrix[lower] = there[lower], new_value[lower], new_gradient[lower], new_matrix[lower]
        damping = np.where(lower, damping / 5, np.minimum(damping * 5, 1e12))
    return here, value


# %% all_steps_always: max_steps is only asked whether it is 0
def fit_from_starts(starts, log_n, log_d, log_loss, delta=DELTA, weights=None, held=(), max_steps=300):
    here = np.array(starts, np.float64)
    args = (log_n, log_d, log_loss, delta, weights, held)
    value, gradient, matrix = normal_equations(here, *args)
    damping = np.ones(len(here))
    for _ in range(300 if max_steps else 0):
        there = here + damped_step(gradient, matrix, damping)
        new_value, new_gradient, new_matrix = normal_equations(there, *args)
        lower = new_value < value
        here[lower], value[lower], gradient[lower], matrix[lower] = there[lower], new_value[lower], new_gradient[lower], new_matrix[lower]
        damping = np.where(lower, damping / 5, np.minimum(damping * 5, 1e12))
    return here, value
