"""Right solutions of clip_across_meshes that are not written as the library's is."""

# %% a_tensor_travels: the squares as a tensor of one number
def clip_across_meshes(gradients, copies, max_norm, group):
    if math.isnan(max_norm) or max_norm <= 0:
        raise ValueError(f"max_norm={max_norm}")
    if len(gradients) != len(copies):
        raise ValueError(f"{len(gradients)} gradients, {len(copies)} copies")
    if any(n < 1 or n > group.size for n in copies):
        raise ValueError(f"copies are {list(copies)}, ranks are {group.size}")
    total = torch.zeros((), dtype=torch.float64)
    for g, n in zip(gradients, copies):
        total += g.detach().to(torch.float64).pow(2).sum() / n
    norm = group.all_reduce(total).wait().sqrt().item()
    factor = max_norm / norm if norm > max_norm else 1.0
    for g in gradients:
        g *= factor
    return norm


# %% by_norms: norms of each gradient, in float32 at least
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    squares = 0.0
    for gradient, n in zip(gradients, copies):
        wide = gradient.float() if gradient.dtype in (torch.float16, torch.bfloat16) else gradient
        squares += float(torch.linalg.vector_norm(wide)) ** 2 / n
    norm = group.sum(squares) ** 0.5
    if not norm <= max_norm:
        with torch.no_grad():
            for gradient in gradients:
                gradient.copy_(gradient * (max_norm / norm))
    return norm


# %% all_together: one long row of numbers, each with its share
def clip_across_meshes(gradients, copies, max_norm, group):
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}")
    if len(copies) != len(gradients):
        raise ValueError(f"{len(copies)} copies for {len(gradients)} gradients")
    for n in copies:
        if not 1 <= n <= group.size:
            raise ValueError(f"copies has {n}, of {group.size} ranks")
    flat = [g.reshape(-1).double() / math.sqrt(n) for g, n in zip(gradients, copies)]
    row = torch.cat(flat) if flat else torch.zeros(1, dtype=torch.float64)
    whole_norm = math.sqrt(group.sum(float(row @ row)))
    shrink = min(1.0, max_norm / whole_norm) if whole_norm > 0 else 1.0
    if shrink < 1.0 and gradients:
        torch._foreach_mul_(list(gradients), shrink)
    return whole_norm
