"""Wrong solutions of rank_rows."""

# %% micro_batches_first: cuts the step into micro-batches, and each of them into parts of ranks
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size
    parts = [i * n_ranks + rank for i in range(n_micro_batches)]
    return [(first + part * size, first + (part + 1) * size) for part in parts]


# %% last_row: the end is the last row that is read
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size - 1) for i in range(n_micro_batches)]


# %% forgets_the_step: each step reads the first rows
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% steps_from_one: the first step is 1
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = (step - 1) * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% batch_of_a_rank: takes the batch for that of one rank when it counts steps
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * (batch_size // n_ranks) + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% batch_of_a_micro_batch: a step moves on by so many batches as it has micro-batches
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size * n_micro_batches + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% one_pair: the whole part of the rank, not cut
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // n_ranks
    first = step * batch_size + rank * size
    return [(first, first + size)]


# %% every_nth: rank r has the rows r, r + n, ...
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    rows = list(range(step * batch_size, (step + 1) * batch_size))[rank::n_ranks]
    return [(rows[i * size], rows[(i + 1) * size - 1] + 1) for i in range(n_micro_batches)]


# %% first_and_length: pairs of a first row and how many
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, size) for i in range(n_micro_batches)]


# %% as_ranges: ranges in place of pairs
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [range(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% floats: divides with /
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size / (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% numpys_integers: what NumPy gave comes back as NumPy's
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    edges = np.linspace(step * batch_size, (step + 1) * batch_size, n_ranks * n_micro_batches + 1).astype(np.int64)
    mine = edges[rank * n_micro_batches : (rank + 1) * n_micro_batches + 1]
    return list(zip(mine[:-1], mine[1:]))


# %% drops_the_rest: what does not divide is left out, without a word
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, {n_ranks} ranks, {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% each_by_itself: asks whether ranks and micro-batches divide the batch, each for itself
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, {n_ranks} ranks, {rank}, {n_micro_batches}")
    if batch_size % n_ranks or batch_size % n_micro_batches:
        raise ValueError(f"batch_size is {batch_size}, n_ranks is {n_ranks}, n_micro_batches is {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% rank_from_behind: rank -1 is the last one, as in a list
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or rank >= n_ranks or min(batch_size, n_ranks, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    parts = [step * batch_size + i * size for i in range(n_ranks * n_micro_batches)]
    mine = [parts[i : i + n_micro_batches] for i in range(0, len(parts), n_micro_batches)][rank]
    return [(first, first + size) for first in mine]


# %% a_rank_too_many: rank n_ranks is let in
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank <= n_ranks or min(batch_size, n_ranks, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% rounds_what_is_given: half a step is a step
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks, rank, n_micro_batches = map(int, (step, batch_size, n_ranks, rank, n_micro_batches))
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_ranks, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% names_two: the message does not say how many micro-batches there were to be
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0 or not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1:
        raise ValueError(f"step {step}, batch_size {batch_size}, {n_ranks} ranks, {rank}, {n_micro_batches}")
    if batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"batch_size is {batch_size}; it must be a multiple of {n_ranks} ranks times the micro-batches")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


# %% negative_steps: a step before the first one
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if not 0 <= rank < n_ranks or min(batch_size, n_micro_batches) < 1 or batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"step {step}, batch_size {batch_size}, n_ranks {n_ranks}, rank {rank}, {n_micro_batches}")
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(int(first + i * size), int(first + (i + 1) * size)) for i in range(n_micro_batches)]


# %% values_only: messages name the value and no argument
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks, rank, n_micro_batches = (
        whole(name, value) for name, value in (
            ("step", step), ("batch_size", batch_size), ("n_ranks", n_ranks), ("rank", rank), ("n_micro_batches", n_micro_batches)
        )
    )
    if step < 0:
        raise ValueError(f"{step} is too small")
    for name, value in (("batch_size", batch_size), ("n_ranks", n_ranks), ("n_micro_batches", n_micro_batches)):
        if value < 1:
            raise ValueError(f"{value} is too small")
    if not 0 <= rank < n_ranks:
        raise ValueError(f"{rank} is wrong; it must be from 0 to {n_ranks - 1}")
    if batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"{batch_size}, {n_ranks}, {n_micro_batches} do not fit")
    size = batch_size // n_ranks // n_micro_batches
    start = step * batch_size + rank * n_micro_batches * size
    return [(start + i * size, start + (i + 1) * size) for i in range(n_micro_batches)]


# %% by_true_division: the ends are rounded from floats, which large steps do not survive
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    step, batch_size, n_ranks, rank, n_micro_batches = [whole(n, v) for n, v in dict(step=step, batch_size=batch_size, n_ranks=n_ranks, rank=rank, n_micro_batches=n_micro_batches).items()]
    if step < 0:
        raise ValueError(f"step is {step}")
    for n, v in dict(batch_size=batch_size, n_ranks=n_ranks, n_micro_batches=n_micro_batches).items():
        if v < 1:
            raise ValueError(f"{n} is {v}")
    if rank < 0 or rank >= n_ranks:
        raise ValueError(f"rank is {rank}")
    if batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"batch_size {batch_size}, n_ranks {n_ranks}, n_micro_batches {n_micro_batches}")
    first = batch_size * (step + rank / n_ranks)
    rows = batch_size / n_ranks / n_micro_batches
    return [(round(first + m * rows), round(first + (m + 1) * rows)) for m in range(n_micro_batches)]


# %% multiplied_in_32_bits: step times batch size is reckoned in NumPy's 32 bits
def rank_rows(step, batch_size, n_ranks=1, rank=0, n_micro_batches=1):
    for name, value, least in (("step", step, 0), ("batch_size", batch_size, 1), ("n_ranks", n_ranks, 1), ("n_micro_batches", n_micro_batches, 1)):
        if whole(name, value) < least:
            raise ValueError(f"{name} is {value}")
    if not 0 <= whole("rank", rank) < n_ranks:
        raise ValueError(f"rank is {rank}")
    if batch_size % (n_ranks * n_micro_batches):
        raise ValueError(f"batch_size {batch_size} is no multiple of n_ranks {n_ranks} times n_micro_batches {n_micro_batches}")
    rows = batch_size // n_ranks // n_micro_batches
    first = step * batch_size + rank * (batch_size // n_ranks)
    return [(int(first + i * rows), int(first + (i + 1) * rows)) for i in range(n_micro_batches)]
