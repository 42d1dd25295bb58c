"""Wrong solutions of sharded_adamw_step."""

# %% mean_of_gradients: divides by the number of ranks
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait() / group.size
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% sends_all_gradients: an all-reduce, of which a part is taken
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.all_reduce(padded(grads)).wait()[group.rank * size : (group.rank + 1) * size]
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% own_gradient: does not sum the gradients
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = padded(grads)[group.rank * size : (group.rank + 1) * size]
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% not_gathered: the other ranks' parts stay old
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = padded(params)
    whole[group.rank * size : (group.rank + 1) * size] = part
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% new_parameters: binds new tensors in the list and leaves the caller's as they were
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for i, piece in enumerate(whole[: sum(counts)].split(counts)):
            params = [*params[:i], piece.view(params[i].shape), *params[i + 1 :]]


# %% moments_of_its_own: the moments are copied, and forgotten
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m.clone(), v.clone(), step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% first_step_always: the number of the step is always 1
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, 1, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% counts_from_zero: the step is one too low
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, max(step - 1, 1), lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% first_part: every rank steps the first part
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[:size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% forgets_the_decay: weight decay is left out
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=0.0)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% default_betas: does not hand on the settings
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% steps_everything: every rank steps all of it, and gathers nothing
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.all_reduce(padded(grads)).wait()
    part = padded(params)
    wide_m, wide_v = group.all_gather(m).wait(), group.all_gather(v).wait()
    adamw_step(part, grad, wide_m, wide_v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    m.copy_(wide_m[group.rank * size : (group.rank + 1) * size])
    v.copy_(wide_v[group.rank * size : (group.rank + 1) * size])
    whole = part
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% a_message_each: one pair of messages a parameter, with all the rest of each shard
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = sum(group.reduce_scatter(padded([g if i == j else g * 0 for j, g in enumerate(grads)])).wait() for i in range(len(grads)))
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


# %% parameters_replaced: the parameters get new memory, and whoever shared the old one sees nothing
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    with torch.no_grad():
        size = len(m)

        def padded(tensors):
            flat = torch.cat([t.reshape(-1) for t in tensors])
            return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

        grad = group.reduce_scatter(padded(grads)).wait()
        part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
        adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        whole = group.all_gather(part).wait()
        offset = 0
        for p in params:
            p.data = whole[offset : offset + p.numel()].view(p.shape)
            offset += p.numel()


# %% float32_vectors: the padded vectors are float32, whatever the parameters are
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    with torch.no_grad():
        size = m.numel()

        def padded(tensors):
            out = torch.zeros(size * group.size)
            offset = 0
            for t in tensors:
                out[offset : offset + t.numel()] = t.reshape(-1)
                offset += t.numel()
            return out

        grad = group.reduce_scatter(padded(grads)).wait()
        part = padded(params).view(group.size, size)[group.rank].clone()
        adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        whole = group.all_gather(part).wait()
        offset = 0
        for p in params:
            p.copy_(whole[offset : offset + p.numel()].view(p.shape))
            offset += p.numel()


# %% in_the_graph: copies into parameters while autograd is watching
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    size = len(m)

    def padded(tensors):
        flat = torch.cat([t.reshape(-1) for t in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    offset = 0
    for p in params:
        p.copy_(whole[offset : offset + p.numel()].view(p.shape))
        offset += p.numel()


# %% views_of_parameters: parameters that do not lie in order cannot be viewed flat
def sharded_adamw_step(params, grads, m, v, step, lr, betas, eps, weight_decay, group):
    with torch.no_grad():
        size = len(m)
        n = sum(p.numel() for p in params)

        def padded(tensors):
            flat = tensors[0].new_zeros(size * group.size)
            flat[:n] = torch.cat([t.view(-1) for t in tensors])
            return flat

        grad = group.reduce_scatter(padded(grads)).wait()
        part = padded(params)[group.rank * size :][:size].clone()
        adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        whole = group.all_gather(part).wait()
        offset = 0
        for p in params:
            p.view(-1).copy_(whole[offset : offset + p.numel()])
            offset += p.numel()
