"""Wrong solutions of choose_model."""

# %% largest_that_fits: more parameters are always better
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    best = max(fitting, key=lambda i: candidates[i].n_params)
    tokens = int(flops // (3 * candidates[best].flops_per_token))
    if tokens < 1:
        raise ValueError(f"flops is {flops}")
    return best, tokens


# %% memory_forgotten: the best of all, whether it fits or not
def choose_model(candidates, law, flops, device_bytes):
    if not any(c.rank_bytes <= device_bytes for c in candidates):
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = [int(flops // (3 * c.flops_per_token)) for c in candidates]
    trained = [i for i, n in enumerate(tokens) if n >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% best_must_fit: the best of all, and an error where it does not fit
def choose_model(candidates, law, flops, device_bytes):
    tokens = [int(flops // (3 * c.flops_per_token)) for c in candidates]
    trained = [i for i, n in enumerate(tokens) if n >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    if candidates[best].rank_bytes > device_bytes:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    return best, tokens[best]


# %% six_n_d: tokens from 6 N D
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (6 * candidates[i].n_params)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% forward_only: the backward pass costs nothing
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // candidates[i].flops_per_token) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% backward_as_forward: the backward pass counts once
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (2 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% rounded: to the nearest whole number, which the budget may not pay for
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: round(flops / (3 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% twenty_tokens: the model whose tokens are nearest to twenty a parameter
import math


def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: abs(math.log(tokens[i] / candidates[i].n_params / 20)))
    return best, tokens[best]


# %% strictly_less: a model that fits exactly is left out
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes < device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% counted_among_fitting: the number of the model among those that fit
def choose_model(candidates, law, flops, device_bytes):
    fitting = [c for c in candidates if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = [int(flops // (3 * c.flops_per_token)) for c in fitting]
    trained = [i for i, n in enumerate(tokens) if n >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(fitting[i].n_params, tokens[i]))
    return best, tokens[best]


# %% by_size: sorted by size first, so that the number is of another order
def choose_model(candidates, law, flops, device_bytes):
    ordered = sorted(candidates, key=lambda c: c.n_params)
    fitting = [i for i, c in enumerate(ordered) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (3 * ordered[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(ordered[i].n_params, tokens[i]))
    return best, tokens[best]


# %% last_of_equals: of equally good ones the last
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(reversed(trained), key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% divides_by_zero: a model without tokens is asked for its loss
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    best = min(fitting, key=lambda i: law.loss(candidates[i].n_params, max(tokens[i], 1)))
    return best, tokens[best]


# %% names_the_room: the message names what there is, not what is needed
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"nothing fits into {device_bytes}")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, tokens[i]))
    return best, tokens[best]


# %% seen_before_fit: the loss at the same tokens for all
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"needs {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    trained = [i for i in fitting if tokens[i] >= 1]
    if not trained:
        raise ValueError(f"flops is {flops}")
    most = max(tokens.values())
    best = min(trained, key=lambda i: law.loss(candidates[i].n_params, most))
    return best, tokens[best]


# %% float_tokens: a budget that is a float gives tokens that are a float
def choose_model(candidates, law, flops, device_bytes):
    fitting = [(i, c) for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"the smallest needs {min(c.rank_bytes for c in candidates)} bytes")
    paid = [(i, c, flops // (3 * c.flops_per_token)) for i, c in fitting]
    paid = [(i, c, tokens) for i, c, tokens in paid if tokens >= 1]
    if not paid:
        raise ValueError(f"flops is {flops}; it pays for no token")
    i, _, tokens = min(paid, key=lambda p: law.loss(p[1].n_params, p[2]))
    return i, tokens


# %% more_than_one_token: a model with one token is left out
def choose_model(candidates, law, flops, device_bytes):
    fitting = [(i, c) for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"the smallest needs {min(c.rank_bytes for c in candidates)} bytes")
    paid = [(i, c, int(flops // (3 * c.flops_per_token))) for i, c in fitting]
    paid = [(i, c, tokens) for i, c, tokens in paid if tokens > 1]
    if not paid:
        raise ValueError(f"flops is {flops}; it pays for no token")
    i, _, tokens = min(paid, key=lambda p: law.loss(p[1].n_params, p[2]))
    return i, tokens


# %% rounded_losses: losses are compared with three digits
def choose_model(candidates, law, flops, device_bytes):
    fitting = [(i, c) for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"the smallest needs {min(c.rank_bytes for c in candidates)} bytes")
    paid = [(i, c, int(flops // (3 * c.flops_per_token))) for i, c in fitting]
    paid = [(i, c, tokens) for i, c, tokens in paid if tokens >= 1]
    if not paid:
        raise ValueError(f"flops is {flops}; it pays for no token")
    i, _, tokens = min(paid, key=lambda p: round(float(law.loss(p[1].n_params, p[2])), 3))
    return i, tokens


# %% fraction_decides: the law is asked about the tokens before they are rounded down
def choose_model(candidates, law, flops, device_bytes):
    fitting = [(i, c) for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"the smallest needs {min(c.rank_bytes for c in candidates)} bytes")
    paid = [(i, c, flops / (3 * c.flops_per_token)) for i, c in fitting]
    paid = [(i, c, tokens) for i, c, tokens in paid if tokens >= 1]
    if not paid:
        raise ValueError(f"flops is {flops}; it pays for no token")
    i, _, tokens = min(paid, key=lambda p: law.loss(p[1].n_params, p[2]))
    return i, int(tokens)


# %% smallest_by_parameters: where none fits, the bytes of the model with the fewest parameters are named
def choose_model(candidates, law, flops, device_bytes):
    fitting = [(i, c) for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"the smallest needs {min(candidates, key=lambda c: c.n_params).rank_bytes} bytes")
    paid = [(i, c, int(flops // (3 * c.flops_per_token))) for i, c in fitting]
    paid = [(i, c, tokens) for i, c, tokens in paid if tokens >= 1]
    if not paid:
        raise ValueError(f"flops is {flops}; it pays for no token")
    i, _, tokens = min(paid, key=lambda p: law.loss(p[1].n_params, p[2]))
    return i, tokens


# %% smaller_of_equals: of equally good ones that with fewer parameters
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"no model fits; the smallest rank_bytes is {min(c.rank_bytes for c in candidates)}")
    rows = [(law.loss(candidates[i].n_params, t), candidates[i].n_params, i, t) for i in fitting if (t := int(flops // (3 * candidates[i].flops_per_token)))]
    if not rows:
        raise ValueError(f"flops is {flops}; it pays for no token")
    return min(rows)[2:]


# %% rounded_losses_too: losses are compared to six digits
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"no model fits; the smallest rank_bytes is {min(c.rank_bytes for c in candidates)}")
    tokens = {i: int(flops // (3 * candidates[i].flops_per_token)) for i in fitting}
    paid = [i for i in fitting if tokens[i] >= 1]
    if not paid:
        raise ValueError(f"flops is {flops}; it pays for no token")
    best = min(paid, key=lambda i: round(law.loss(candidates[i].n_params, tokens[i]), 6))
    return best, tokens[best]


# %% stops_rising: goes through the list while losses fall
def choose_model(candidates, law, flops, device_bytes):
    fitting = [i for i, c in enumerate(candidates) if c.rank_bytes <= device_bytes]
    if not fitting:
        raise ValueError(f"no model fits; the smallest rank_bytes is {min(c.rank_bytes for c in candidates)}")
    best = None
    for i in fitting:
        tokens = int(flops // (3 * candidates[i].flops_per_token))
        if tokens < 1:
            continue
        loss = law.loss(candidates[i].n_params, tokens)
        if best is not None and loss > best[0]:
            break
        if best is None or loss < best[0]:
            best = loss, i, tokens
    if best is None:
        raise ValueError(f"flops is {flops}; it pays for no token")
    return best[1:]


# %% below_a_hundred: a loss above 100 counts as no loss
def choose_model(candidates, law, flops, device_bytes):
    best, best_loss = None, 100.0
    smallest = min(c.rank_bytes for c in candidates)
    if smallest > device_bytes:
        raise ValueError(f"no model fits; the smallest rank_bytes is {smallest}")
    for i, (n, f, size) in enumerate(candidates):
        tokens = int(flops // (3 * f))
        if size > device_bytes or tokens < 1:
            continue
        loss = law.loss(n, tokens)
        if loss < best_loss:
            best, best_loss = (i, tokens), loss
    if best is None:
        raise ValueError(f"flops is {flops}; it pays for no token")
    return best
