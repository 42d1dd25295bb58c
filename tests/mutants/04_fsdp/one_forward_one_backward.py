"""Wrong solutions of one_forward_one_backward."""

# %% all_forward_first: that is GPipe
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    tasks = [("F", k) for k in range(n_micro_batches)] + [("B", k) for k in range(n_micro_batches)]
    return [list(tasks) for _ in range(n_stages)]


# %% stages_in_front: counts the stages before it, not those behind
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = min(stage, n_micro_batches)
        tasks = [("F", k) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("F", w + k), ("B", k)]
        orders.append(tasks + [("B", k) for k in range(n_micro_batches - w, n_micro_batches)])
    return orders


# %% one_more_ahead: p - s forward passes in advance
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = min(n_stages - stage, n_micro_batches)
        tasks = [("F", k) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("F", w + k), ("B", k)]
        orders.append(tasks + [("B", k) for k in range(n_micro_batches - w, n_micro_batches)])
    return orders


# %% too_few_micro_batches: runs ahead with micro-batches that are not there
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = n_stages - 1 - stage
        tasks = [("F", k) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("F", w + k), ("B", k)]
        orders.append(tasks + [("B", k) for k in range(max(0, n_micro_batches - w), n_micro_batches)])
    return orders


# %% backward_first: in a turn the backward pass comes first
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = min(n_stages - 1 - stage, n_micro_batches)
        tasks = [("F", k) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("B", k), ("F", w + k)]
        orders.append(tasks + [("B", k) for k in range(n_micro_batches - w, n_micro_batches)])
    return orders


# %% newest_first: the backward pass of the micro-batch that went forward last
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = min(n_stages - 1 - stage, n_micro_batches)
        tasks = [("F", k) for k in range(w)]
        for k in range(w, n_micro_batches):
            tasks += [("F", k), ("B", k)]
        orders.append(tasks + [("B", k) for k in reversed(range(w))])
    return orders


# %% never_ends: leaves out the backward passes that are left
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = min(n_stages - 1 - stage, n_micro_batches)
        tasks = [("F", k) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("F", w + k), ("B", k)]
        orders.append(tasks)
    return orders


# %% ends_in_reverse: the last backward passes in the opposite order
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = min(n_stages - 1 - stage, n_micro_batches)
        tasks = [("F", k) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("F", w + k), ("B", k)]
        orders.append(tasks + [("B", k) for k in reversed(range(n_micro_batches - w, n_micro_batches))])
    return orders


# %% counts_from_one: micro-batches from 1 to m
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1 or n_micro_batches < 1:
        raise ValueError(f"{n_stages} stages, {n_micro_batches} micro-batches")
    orders = []
    for stage in range(n_stages):
        w = min(n_stages - 1 - stage, n_micro_batches)
        tasks = [("F", k + 1) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("F", w + k + 1), ("B", k + 1)]
        orders.append(tasks + [("B", k + 1) for k in range(n_micro_batches - w, n_micro_batches)])
    return orders


# %% takes_zero: no error for a pipeline without micro-batches
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1:
        raise ValueError(f"{n_stages} stages")
    orders = []
    for stage in range(n_stages):
        w = min(n_stages - 1 - stage, n_micro_batches)
        tasks = [("F", k) for k in range(w)]
        for k in range(n_micro_batches - w):
            tasks += [("F", w + k), ("B", k)]
        orders.append(tasks + [("B", k) for k in range(n_micro_batches - w, n_micro_batches)])
    return orders


# %% one_list_for_all: the stages' lists are one and the same list
def one_forward_one_backward(n_stages, n_micro_batches):
    if n_stages < 1:
        raise ValueError(f"n_stages is {n_stages}; it must be at least 1")
    if n_micro_batches < 1:
        raise ValueError(f"n_micro_batches is {n_micro_batches}; it must be at least 1")
    orders = [[]] * n_stages
    for stage in range(n_stages):
        w = min(n_stages - 1 - stage, n_micro_batches)
        for k in range(w):
            orders[stage].append(("F", k))
        for k in range(n_micro_batches - w):
            orders[stage].append(("F", w + k))
            orders[stage].append(("B", k))
        for k in range(n_micro_batches - w, n_micro_batches):
            orders[stage].append(("B", k))
    return orders
