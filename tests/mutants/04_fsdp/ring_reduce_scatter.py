"""Wrong solutions of ring_reduce_scatter."""

# %% off_by_one: part r sets out from rank r, so that rank r ends with part r + 1
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[me].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me + 1) % n, (me - 1) % n) + parts[(me - step - 1) % n]
    return total


# %% own_part_only: passes on what came without adding
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[(me - 1) % n].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me + 1) % n, (me - 1) % n)
    return total + (parts[me] if n > 1 else 0)


# %% the_whole_travels: sends the whole tensor around, keeps a part
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    total, now = whole.clone(), whole
    for _ in range(n - 1):
        now = group.exchange(now, (me + 1) % n, (me - 1) % n)
        total += now
    return total.chunk(n)[me].clone() if whole.shape[0] else total


# %% straight_home: each part goes directly to who keeps it
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[me].clone()
    for away in range(1, n):
        total = total + group.exchange(parts[(me + away) % n], (me + away) % n, (me - away) % n)
    return total


# %% adds_into_its_argument: += on a view
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = list(whole.chunk(n)) if whole.shape[0] else [whole] * n
    for step in range(n - 1):
        came = group.exchange(parts[(me - 1 - step) % n], (me + 1) % n, (me - 1) % n)
        parts[(me - 2 - step) % n] += came
    return parts[me].clone()


# %% no_error: leaves over what cannot be cut
def ring_reduce_scatter(whole, group):
    n, me, m = group.size, group.rank, whole.shape[0] // group.size
    parts = [whole[r * m : (r + 1) * m] for r in range(n)]
    total = parts[(me - 1) % n].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me + 1) % n, (me - 1) % n) + parts[(me - step - 2) % n]
    return total


# %% in_float32: sums and sends in float32, and rounds once
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = whole.float().chunk(n) if whole.shape[0] else [whole.float()] * n
    total = parts[(me - 1) % n].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me + 1) % n, (me - 1) % n) + parts[(me - step - 2) % n]
    return total.to(whole.dtype)


# %% mean: divides by the number of ranks
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[(me - 1) % n].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me + 1) % n, (me - 1) % n) + parts[(me - step - 2) % n]
    return (total / n).to(whole.dtype)


# %% other_way_around: around the ring in the other direction
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[(me + 1) % n].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me - 1) % n, (me + 1) % n) + parts[(me + step + 2) % n]
    return total


# %% one_step_too_many: the finished sum goes on once more
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    if n == 1:
        return whole.clone()
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[me].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me + 1) % n, (me - 1) % n) + parts[(me - step - 1) % n]
    return group.exchange(total, (me + 1) % n, (me - 1) % n)


# %% alone_a_view: one rank gets its own tensor back
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if n == 1:
        return whole
    if whole.shape[0] % n:
        raise ValueError(f"{whole.shape[0]} rows; must be a multiple of {n}")
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[(me - 1) % n].clone()
    for step in range(n - 1):
        total = group.exchange(total, (me + 1) % n, (me - 1) % n) + parts[(me - step - 2) % n]
    return total


# %% asks_the_group: uses the operation that is to be built
def ring_reduce_scatter(whole, group):
    return group.reduce_scatter(whole.clone()).wait()


# %% alone_gets_a_view: with one process the part is a view of the whole
def ring_reduce_scatter(whole, group):
    n, r = group.size, group.rank
    if len(whole) % n:
        raise ValueError(f"the first axis is {len(whole)}; it must be a multiple of {n}")
    size = len(whole) // n
    parts = [whole[i * size : (i + 1) * size] for i in range(n)]
    total = parts[(r - 1) % n]
    for s in range(n - 1):
        total = group.exchange(total, to=(r + 1) % n, source=(r - 1) % n) + parts[(r - 2 - s) % n]
    return total
