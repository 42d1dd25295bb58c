"""Right solutions of trace_dependencies that are not written as the library's is."""

# %% by_vector_products: one row of a matrix of weights a backward pass
def trace_dependencies(function, x):
    point = x.detach().clone()
    point.requires_grad_(True)
    y = function(point)
    if not y.requires_grad:
        return torch.zeros(y.shape[0], x.shape[0], dtype=torch.bool)
    weight = torch.rand(y.shape[1:], dtype=torch.float64, generator=torch.Generator().manual_seed(1)).to(y.dtype) + 0.1
    result = []
    for i in range(y.shape[0]):
        direction = torch.zeros_like(y)
        direction[i] = weight
        gradient = torch.autograd.grad(y, point, direction, retain_graph=True, allow_unused=True)[0]
        if gradient is None:
            result.append(torch.zeros(x.shape[0], dtype=torch.bool))
        else:
            result.append(gradient.flatten(start_dim=1).abs().sum(1) > 0)
    return torch.stack(result)


# %% all_rows_at_once: one batched vector-Jacobian product
def trace_dependencies(function, x):
    start = x.detach().clone().requires_grad_()
    y = function(start)
    found = torch.zeros(y.shape[0], x.shape[0], dtype=torch.bool)
    if not y.requires_grad:
        return found
    weights = torch.empty(y.shape[1:], dtype=y.dtype).uniform_(1.0, 2.0, generator=torch.Generator().manual_seed(5))
    directions = torch.zeros(y.shape[0], *y.shape, dtype=y.dtype)
    directions[range(y.shape[0]), range(y.shape[0])] = weights
    (gradients,) = torch.autograd.grad(y, start, directions, is_grads_batched=True, allow_unused=True)
    return found if gradients is None else gradients.flatten(2).ne(0).any(2)


# %% value_by_value: a backward pass for each value of each row
def trace_dependencies(function, x):
    start = x.detach().clone()
    start.requires_grad = True
    with torch.enable_grad():
        result = function(start)
    found = torch.zeros((result.shape[0], start.shape[0]), dtype=torch.bool)
    for i in range(result.shape[0]) if result.requires_grad else ():
        for value in result[i].flatten().unbind():
            gradient = torch.autograd.grad(value, start, retain_graph=True, allow_unused=True)[0]
            if gradient is not None:
                found[i] |= gradient.flatten(1).ne(0).any(dim=1)
    return found
