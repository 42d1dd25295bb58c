"""Right solutions of assign_buckets."""

# %% counts_down: what is still free in the bucket, and the last member's kind
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"max_bytes={max_bytes} is negative")
    buckets, free = [], -1
    for i in range(len(parameters) - 1, -1, -1):
        p = parameters[i]
        if p.requires_grad:
            free -= p.nbytes
            last = parameters[buckets[-1][-1]] if buckets else None
            if last is None or free < 0 or p.dtype != last.dtype or p.device != last.device:
                buckets.append([])
                free = max_bytes - p.nbytes
            buckets[-1].append(i)
    return buckets


# %% one_bucket_at_a_time: takes from a stack until the next one does not fit
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"a bucket of {max_bytes} bytes")
    stack = [i for i, p in enumerate(parameters) if p.requires_grad]
    buckets = []
    while stack:
        bucket = [stack.pop()]
        first = parameters[bucket[0]]
        while stack:
            members = [parameters[i] for i in (*bucket, stack[-1])]
            if sum(p.numel() * p.element_size() for p in members) > max_bytes:
                break
            if (members[-1].dtype, members[-1].device) != (first.dtype, first.device):
                break
            bucket.append(stack.pop())
        buckets.append(bucket)
    return buckets


# %% recursive: the bucket of the last one, and then the rest
def assign_buckets(parameters, max_bytes):
    if max_bytes < 0:
        raise ValueError(f"{max_bytes}")
    order = [i for i in reversed(range(len(parameters))) if parameters[i].requires_grad]

    def rest(order):
        if not order:
            return []
        n, n_bytes = 0, 0
        kinds = set()
        for i in order:
            n_bytes += parameters[i].numel() * parameters[i].itemsize
            kinds.add((parameters[i].dtype, str(parameters[i].device)))
            if n and (n_bytes > max_bytes or len(kinds) > 1):
                break
            n += 1
        return [order[:n], *rest(order[n:])]

    return rest(order)
