"""Wrong solutions of shard."""

# %% padding_in_front: the zeros stand before the elements
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    flat = torch.cat([flat.new_zeros(-len(flat) % n_ranks), flat])
    return flat.chunk(n_ranks)[rank].clone()


# %% a_window: the part shares memory with the vector of a single tensor
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flats = [tensor.detach().reshape(-1) for tensor in tensors]
    flat = flats[0] if len(flats) == 1 else torch.cat(flats)
    missing = -len(flat) % n_ranks
    flat = torch.cat([flat, flat.new_zeros(missing)]) if missing else flat
    size = len(flat) // n_ranks
    return flat[rank * size : (rank + 1) * size]


# %% chunk_without_padding: the last part is shorter, or missing
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    return flat.chunk(n_ranks)[rank].clone()


# %% each_tensor_by_itself: every tensor is padded and cut alone
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    parts = []
    for tensor in tensors:
        flat = tensor.detach().reshape(-1)
        flat = torch.cat([flat, flat.new_zeros(-len(flat) % n_ranks)])
        size = len(flat) // n_ranks
        parts.append(flat[rank * size : (rank + 1) * size])
    return torch.cat(parts)


# %% every_nth: a rank gets every n-th element
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    flat = torch.cat([flat, flat.new_zeros(-len(flat) % n_ranks)])
    return flat[rank::n_ranks].clone()


# %% one_more_than_needed: pads even where nothing is missing
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    size = len(flat) // n_ranks + 1
    flat = torch.cat([flat, flat.new_zeros(size * n_ranks - len(flat))])
    return flat[rank * size : (rank + 1) * size].clone()


# %% keeps_the_graph: the part is still attached to the parameters
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    flat = torch.cat([flat, flat.new_zeros(-len(flat) % n_ranks)])
    return flat.chunk(n_ranks)[rank].clone()


# %% always_float32: the padding widens
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
    flat = torch.cat([flat, flat.new_zeros(-len(flat) % n_ranks)])
    return flat.chunk(n_ranks)[rank].clone()


# %% any_rank: a rank of -1 is the last one
def shard(tensors, rank, n_ranks):
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    flat = torch.cat([flat, flat.new_zeros(-len(flat) % n_ranks)])
    return flat.view(n_ranks, -1)[rank].clone()


# %% repeats_the_last: pads with the last element
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}")
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    flat = torch.cat([flat, flat[-1:].expand(-len(flat) % n_ranks)])
    return flat.view(n_ranks, -1)[rank].clone()


# %% window_on_all: the part is a window, and keeps the memory of the whole vector alive
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}; it must be at least 0 and below {n_ranks}")
    flat = torch.cat([t.detach().flatten() for t in tensors])
    flat = torch.nn.functional.pad(flat, (0, -len(flat) % n_ranks))
    size = len(flat) // n_ranks
    return flat[rank * size : (rank + 1) * size]


# %% padding_left_as_found: the part is made without zeros, so the padding is whatever the memory had
def shard(tensors, rank, n_ranks):
    if rank not in range(n_ranks):
        raise ValueError(f"rank is {rank}; it must be at least 0 and below {n_ranks}")
    flat = torch.cat([t.detach().flatten() for t in tensors])
    size = -(-flat.numel() // n_ranks)
    part = flat.new_empty(size)
    mine = flat[rank * size : (rank + 1) * size]
    part[: len(mine)] = mine
    return part


# %% viewed_flat: a tensor that does not lie in order cannot be viewed flat
def shard(tensors, rank, n_ranks):
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank}; it must be at least 0 and below {n_ranks}")
    n = sum(t.numel() for t in tensors)
    size = math.ceil(n / n_ranks)
    padded = torch.zeros(size * n_ranks, dtype=tensors[0].dtype)
    offset = 0
    for t in tensors:
        padded[offset : offset + t.numel()] = t.detach().view(-1)
        offset += t.numel()
    return padded[rank * size : (rank + 1) * size].clone()
