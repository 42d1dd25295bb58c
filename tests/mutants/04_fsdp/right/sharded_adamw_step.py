"""Right solutions of sharded_adamw_step."""

# %% adamw_by_hand: the rule written out, on a table with a row a rank
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    def rows(tensors):
        flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
        return torch.nn.functional.pad(flat, (0, group.size * m.numel() - flat.numel())).view(group.size, -1)

    grad = group.reduce_scatter(rows(grads)).wait().view(-1)
    mine = rows(params)[group.rank].clone()
    mine *= 1 - lr * weight_decay
    m.copy_(betas[0] * m + (1 - betas[0]) * grad)
    v.copy_(betas[1] * v + (1 - betas[1]) * grad**2)
    mine -= lr * (m / (1 - betas[0] ** step)) / ((v / (1 - betas[1] ** step)).sqrt() + eps)
    whole, start = group.all_gather(mine).wait(), 0
    for param in params:
        param.data.copy_(whole[start : start + param.numel()].view_as(param))
        start += param.numel()


# %% cut_with_shard: uses the piece that cuts for the parameters
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    flat = torch.zeros(len(m) * group.size, dtype=m.dtype)
    start = 0
    for grad in grads:
        flat[start : start + grad.numel()] = grad.reshape(-1)
        start += grad.numel()
    summed = group.reduce_scatter(flat).wait()
    numbers = torch.cat([param.detach().reshape(-1) for param in params])
    part = torch.zeros_like(m)
    kept = numbers[group.rank * len(m) : (group.rank + 1) * len(m)]
    part[: len(kept)] = kept
    adamw_step(part, summed, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    out = group.all_gather(part).wait()
    with torch.no_grad():
        for param in params:
            param[...] = out[: param.numel()].view(param.shape)
            out = out[param.numel() :]
