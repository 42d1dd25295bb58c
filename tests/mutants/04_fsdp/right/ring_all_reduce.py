"""Right solutions of ring_all_reduce that are written in another way."""

# %% two_halves: a reduce-scatter, then an all-gather, each with its own loop
def ring_all_reduce(tensor, group):
    import torch.nn.functional as F
    n, me = group.size, group.rank
    flat = tensor.reshape(-1)
    sums = F.pad(flat, (0, -len(flat) % n)).reshape(n, -1).clone() if len(flat) else flat.new_zeros(n, 0)
    following, previous = (me + 1) % n, (me - 1) % n
    for step in range(n - 1):
        sums[(me - 2 - step) % n] += group.exchange(sums[(me - 1 - step) % n], following, previous)
    for step in range(n - 1):
        sums[(me - 1 - step) % n] = group.exchange(sums[(me - step) % n], following, previous)
    return sums.reshape(-1)[: tensor.numel()].reshape(tensor.shape).clone()


# %% a_dictionary: parts by their number, and one that is carried along
def ring_all_reduce(tensor, group):
    import torch
    n, me, size = group.size, group.rank, tensor.numel()
    if size == 0:
        return tensor.clone()
    m = (size + n - 1) // n
    padded = torch.cat([tensor.flatten(), torch.zeros(n * m - size, dtype=tensor.dtype)])
    parts = {i: padded[i * m : i * m + m] for i in range(n)}
    i, carried = me, parts[me]
    for step in range(1, 2 * n - 1):
        carried = group.exchange(carried, (me + 1) % n, (me - 1) % n)
        i = (i - 1) % n
        if step < n:
            carried = carried + parts[i]
        parts[i] = carried
    return torch.cat([parts[i] for i in range(n)])[:size].reshape(tensor.shape).clone()
