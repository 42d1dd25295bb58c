"""Right solutions of choose_model that are not written as the library's is."""

# %% loop: the best so far
import math


def choose_model(candidates, law, flops, device_bytes):
    best, best_loss, best_tokens, smallest = None, math.inf, 0, math.inf
    fits = False
    for number, (n_params, per_token, rank_bytes) in enumerate(candidates):
        smallest = min(smallest, rank_bytes)
        if rank_bytes > device_bytes:
            continue
        fits = True
        tokens = math.floor(flops / (3 * per_token))
        if tokens == 0:
            continue
        loss = law.E + law.A / n_params**law.alpha + law.B / tokens**law.beta
        if loss < best_loss:
            best, best_loss, best_tokens = number, loss, tokens
    if not fits:
        raise ValueError(f"a device needs {smallest} bytes at least")
    if best is None:
        raise ValueError(f"{flops} operations are too few")
    return best, best_tokens


# %% arrays: with NumPy
import numpy as np


def choose_model(candidates, law, flops, device_bytes):
    n_params, per_token, rank_bytes = (np.array(column, dtype=float) for column in zip(*candidates))
    if (rank_bytes > device_bytes).all():
        raise ValueError(f"device_bytes must be at least {int(rank_bytes.min())}")
    tokens = np.floor(flops / (3 * per_token))
    usable = (rank_bytes <= device_bytes) & (tokens >= 1)
    if not usable.any():
        raise ValueError(f"flops is {flops}: not one token")
    with np.errstate(divide="ignore"):
        losses = np.where(usable, law.loss(n_params, np.maximum(tokens, 1)), np.inf)
    best = int(losses.argmin())
    return best, int(tokens[best])


# %% sorted: all that can be had, by loss and then by number
def choose_model(candidates, law, flops, device_bytes):
    if min(c.rank_bytes for c in candidates) > device_bytes:
        raise ValueError(f"the smallest model needs {min(c.rank_bytes for c in candidates)}")
    offers = []
    for i, c in enumerate(candidates):
        tokens = int(flops // 3 // c.flops_per_token)
        if c.rank_bytes <= device_bytes and tokens > 0:
            offers.append((float(law.loss(c.n_params, tokens)), i, tokens))
    if not offers:
        raise ValueError(f"flops is {flops!r}")
    _, i, tokens = sorted(offers)[0]
    return i, tokens


# %% walk: one pass, the best so far
def choose_model(candidates, law, flops, device_bytes):
    best = None
    fits = False
    for number, (n_params, per_token, need) in enumerate(candidates):
        if need > device_bytes:
            continue
        fits = True
        n_tokens = int(flops // (3 * per_token))
        if n_tokens == 0:
            continue
        loss = law.loss(n_params, n_tokens)
        if best is None or loss < best[0]:
            best = loss, number, n_tokens
    if not fits:
        raise ValueError(f"{device_bytes} bytes: the smallest need is {min(need for *_, need in candidates)} bytes")
    if best is None:
        raise ValueError(f"flops is {flops}: less than one token of any model that fits")
    return best[1], best[2]


# %% sorted_too: triples sorted by loss and number
def choose_model(candidates, law, flops, device_bytes):
    table = [(number, model) for number, model in enumerate(candidates) if not model.rank_bytes > device_bytes]
    if len(table) == 0:
        raise ValueError(f"the smallest rank_bytes is {sorted(c.rank_bytes for c in candidates)[0]}, more than {device_bytes}")
    found = []
    for number, model in table:
        tokens = int(flops) // (model.flops_per_token * 3)
        if tokens:
            found.append((float(law.loss(model.n_params, tokens)), number, tokens))
    if not found:
        raise ValueError(f"a budget of {flops} flops pays for no token")
    _, number, tokens = sorted(found)[0]
    return number, tokens
