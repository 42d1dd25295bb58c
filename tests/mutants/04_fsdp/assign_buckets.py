"""Wrong solutions of assign_buckets."""

# %% from_the_first: in the order of the forward pass
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [], None, 0
    for i, p in enumerate(parameters):
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if not buckets or (p.dtype, p.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += size
    return buckets


# %% turned_around_at_the_end: fills from the first on and then reverses the list
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [], None, 0
    for i, p in enumerate(parameters):
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if not buckets or (p.dtype, p.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += size
    return [bucket[::-1] for bucket in buckets[::-1]]


# %% closes_when_over: a bucket is closed once it is over the limit, as PyTorch's own are
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        if not buckets or (p.dtype, p.device) != kind or n_bytes >= max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += p.numel() * p.element_size()
    return buckets


# %% never_full: a bucket that would be exactly full is one too large
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if not buckets or (p.dtype, p.device) != kind or n_bytes + size >= max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += size
    return buckets


# %% counts_numbers: the limit is compared with numbers, not bytes
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n = [], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        if not buckets or (p.dtype, p.device) != kind or n + p.numel() > max_bytes:
            buckets.append([])
            kind, n = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n += p.numel()
    return buckets


# %% always_four_bytes: every number is taken for a float32
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        if not buckets or (p.dtype, p.device) != kind or n_bytes + 4 * p.numel() > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += 4 * p.numel()
    return buckets


# %% mixes_dtypes: asks for the size alone
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, n_bytes = [], 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if not buckets or n_bytes + size > max_bytes:
            buckets.append([])
            n_bytes = 0
        buckets[-1].append(i)
        n_bytes += size
    return buckets


# %% one_open_bucket_a_dtype: goes back to the bucket of the same dtype
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, filling = [], {}
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        bucket, n_bytes = filling.get(p.dtype, (None, 0))
        if bucket is None or n_bytes + size > max_bytes:
            bucket, n_bytes = [], 0
            buckets.append(bucket)
        bucket.append(i)
        filling[p.dtype] = bucket, n_bytes + size
    return buckets


# %% takes_the_frozen: a frozen parameter waits for a gradient that never comes
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        size = p.numel() * p.element_size()
        if not buckets or (p.dtype, p.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += size
    return buckets


# %% the_frozen_end_a_bucket: a frozen parameter of another dtype begins a new bucket
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [[]], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        size = p.numel() * p.element_size() if p.requires_grad else 0
        if (p.dtype, p.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        if p.requires_grad:
            buckets[-1].append(i)
        n_bytes += size
    return [bucket for bucket in buckets if bucket]


# %% numbers_of_the_trained: positions among those that are trained, not among all
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    trained = [p for p in parameters if p.requires_grad]
    buckets, kind, n_bytes = [], None, 0
    for i in reversed(range(len(trained))):
        p = trained[i]
        size = p.numel() * p.element_size()
        if not buckets or (p.dtype, p.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += size
    return buckets


# %% an_empty_one_first: a parameter that is too large leaves an empty bucket before it
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [[]], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        kind = kind or (p.dtype, p.device)
        size = p.numel() * p.element_size()
        if (p.dtype, p.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += size
    return buckets


# %% the_first_that_fits: puts a parameter into any bucket that has room
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets = []
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        for bucket in buckets:
            if bucket["dtype"] == p.dtype and bucket["bytes"] + size <= max_bytes:
                bucket["members"].append(i)
                bucket["bytes"] += size
                break
        else:
            buckets.append({"dtype": p.dtype, "bytes": size, "members": [i]})
    return [bucket["members"] for bucket in buckets]


# %% forgets_to_begin_anew: the bytes of the bucket before are still counted
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}")
    buckets, kind, n_bytes = [], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        n_bytes += size
        if not buckets or (p.dtype, p.device) != kind or n_bytes > max_bytes:
            buckets.append([])
            kind = (p.dtype, p.device)
        buckets[-1].append(i)
    return buckets


# %% any_size: a negative limit is no error
def assign_buckets(parameters, max_bytes):
    buckets, kind, n_bytes = [], None, 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if not buckets or (p.dtype, p.device) != kind or n_bytes + size > max_bytes:
            buckets.append([])
            kind, n_bytes = (p.dtype, p.device), 0
        buckets[-1].append(i)
        n_bytes += size
    return buckets


# %% holds_bytes: asks whether the bucket holds bytes, not whether it holds a parameter
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}; it must be at least 0")
    buckets, held, kind = [[]], 0, None
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if held and (held + size > max_bytes or kind != (p.dtype, p.device)):
            buckets.append([])
            held = 0
        buckets[-1].append(i)
        held, kind = held + size, (p.dtype, p.device)
    return [b for b in buckets if b]


# %% device_not_asked: only the dtype begins a new bucket
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}; it must be at least 0")
    buckets, held, kind = [], 0, None
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if kind is None or held + size > max_bytes or kind != p.dtype:
            buckets.append([])
            held = 0
        buckets[-1].append(i)
        held, kind = held + size, p.dtype
    return buckets


# %% by_size_of_dtype: kinds are told apart by their bytes, so that float16 and bfloat16 are mixed
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}; it must be at least 0")
    buckets, held, kind = [], 0, None
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if kind is None or held + size > max_bytes or kind != (p.element_size(), p.device):
            buckets.append([])
            held = 0
        buckets[-1].append(i)
        held, kind = held + size, (p.element_size(), p.device)
    return buckets


# %% zero_puts_each_alone: with a limit of 0 each is alone, also those without elements
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}; it must be at least 0")
    buckets, held, kind = [], 0, None
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        size = p.numel() * p.element_size()
        if kind is None or held + size > max_bytes or kind != (p.dtype, p.device) or max_bytes == 0:
            buckets.append([])
            held = 0
        buckets[-1].append(i)
        held, kind = held + size, (p.dtype, p.device)
    return buckets


# %% bytes_go_on: the bytes are not set back when a new dtype begins a bucket
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes is {max_bytes}, below 0")
    buckets, size = [], 0
    for i in reversed(range(len(parameters))):
        p = parameters[i]
        if not p.requires_grad:
            continue
        if not buckets:
            buckets.append([])
        elif buckets[-1]:
            first = parameters[buckets[-1][0]]
            if (first.dtype, first.device) != (p.dtype, p.device):
                buckets.append([])
            elif size + p.nbytes > max_bytes:
                buckets.append([])
                size = 0
        buckets[-1].append(i)
        size += p.nbytes
    return buckets
