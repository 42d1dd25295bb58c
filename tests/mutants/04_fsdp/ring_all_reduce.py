"""Wrong solutions of ring_all_reduce."""

# %% whole_tensors_around: the ring without the parts
def ring_all_reduce(tensor, group):
    n, total, now = group.size, tensor.clone(), tensor
    for _ in range(n - 1):
        now = group.exchange(now, (group.rank + 1) % n, (group.rank - 1) % n)
        total = total + now
    return total


# %% forgets_the_rest: cuts off what the ranks do not divide
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, tensor.numel() // group.size
    parts = list(tensor.flatten()[: n * m].clone().view(n, m))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    out = tensor.clone().flatten()
    out[: n * m] = torch.cat(parts)
    return out.view(tensor.shape)


# %% keeps_the_padding: returns the zeros, too
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    out = torch.cat(parts)
    return out.view(tensor.shape) if out.numel() == tensor.numel() else out


# %% flat: forgets the shape
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    return torch.cat(parts)[: tensor.numel()]


# %% always_adds: adds in the second half, too
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take]
    return torch.cat(parts)[: tensor.numel()].view(tensor.shape)


# %% half_way: stops when each rank has one finished part
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(n - 1):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take]
    return torch.cat(parts)[: tensor.numel()].view(tensor.shape)


# %% adds_into_its_argument: the parts are views of the tensor where nothing is padded
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    flat = tensor.reshape(-1)
    padded = flat if n * m == flat.numel() else torch.cat([flat, flat.new_zeros(n * m - flat.numel())])
    parts = padded.view(n, m)
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    return parts.flatten()[: tensor.numel()].view(tensor.shape).clone()


# %% mean: divides by the number of ranks
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    return (torch.cat(parts)[: tensor.numel()].view(tensor.shape) / n).to(tensor.dtype)


# %% padded_in_float32: forgets the dtype
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = torch.zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    return torch.cat(parts)[: tensor.numel()].view(tensor.shape)


# %% keeps_what_it_had: the second half goes around, but a rank that has added its own keeps its own rounding
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    owns = list(parts)
    for step in range(n - 1):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take]
    for step in range(n - 1, 2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        parts[(me - step - 1) % n] = came
    parts = [part - own + own if part.is_floating_point() else part for part, own in zip(parts, owns)]
    return torch.cat(parts)[: tensor.numel()].view(tensor.shape)


# %% asks_the_group: uses the operation that is to be built
def ring_all_reduce(tensor, group):
    return group.all_reduce(tensor.clone()).wait()


# %% gathers_at_rank_0: one rank adds for all
def ring_all_reduce(tensor, group):
    total = tensor.clone()
    if group.rank == 0:
        for rank in range(1, group.size):
            total = total + group.receive(tensor, rank)
        for rank in range(1, group.size):
            group.send(total, rank)
        return total
    group.send(tensor, 0)
    return group.receive(tensor, 0)


# %% padded_to_one_too_many: another part although the ranks divide it
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, tensor.numel() // group.size + 1
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    return torch.cat(parts)[: tensor.numel()].view(tensor.shape)


# %% send_then_receive: everybody sends first
def ring_all_reduce(tensor, group):
    import torch
    n, me, m = group.size, group.rank, -(-tensor.numel() // group.size)
    padded = tensor.new_zeros(n * m)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, m))
    for step in range(2 * (n - 1)):
        group.send(parts[(me - step) % n], (me + 1) % n)
        take = (me - step - 1) % n
        came = group.receive(parts[take], (me - 1) % n)
        parts[take] = came + parts[take] if step < n - 1 else came
    return torch.cat(parts)[: tensor.numel()].view(tensor.shape)


# %% rows_only: cuts the first axis, which a number does not have
def ring_all_reduce(tensor, group):
    import torch
    n, me = group.size, group.rank
    m = -(-tensor.shape[0] // n)
    padded = tensor.new_zeros(n * m, *tensor.shape[1:])
    padded[: tensor.shape[0]] = tensor
    parts = [padded[r * m : (r + 1) * m] for r in range(n)]
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    return torch.cat(parts)[: tensor.shape[0]]


# %% alone_a_view: one rank gets a view of its own tensor
def ring_all_reduce(tensor, group):
    n = group.size
    if n == 1:
        return tensor.view(tensor.shape)
    flat = tensor.flatten()
    size = -(-flat.numel() // n)
    padded = tensor.new_zeros(n * size)
    padded[: flat.numel()] = flat
    return ring_all_gather(ring_reduce_scatter(padded, group), group)[: flat.numel()].view(tensor.shape)
