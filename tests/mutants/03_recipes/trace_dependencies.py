"""Wrong solutions of trace_dependencies."""

# %% plain_sum: sums each row's values, whose gradient vanishes behind a softmax
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    for i, row in enumerate(y):
        if y.requires_grad:
            (gradient,) = torch.autograd.grad(row.sum(), x, retain_graph=True, allow_unused=True)
            if gradient is not None:
                depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% transposed: rows are inputs and columns are outputs
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(x), len(y), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[:, i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% square_only: takes the output to have as many rows as the input
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(x), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% fills_gradients: calls backward, which leaves gradients in the parameters
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        x.grad = None
        (row * weights).sum().backward(retain_graph=True)
        depends[i] = (x.grad != 0).reshape(len(x), -1).any(1)
    return depends


# %% needs_a_graph: fails where the function ignores its input
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    rows = [torch.autograd.grad((row * weights).sum(), x, retain_graph=True)[0] for row in y]
    return torch.stack([(g != 0).reshape(len(x), -1).any(1) for g in rows])


# %% magnitudes: returns how large the gradients are
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x))
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = gradient.reshape(len(x), -1).norm(dim=1)
    return depends


# %% watches_x_itself: asks the tensor that it was given to keep gradients
def trace_dependencies(function, x):
    x.requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% frees_the_graph: works for the first row, then the graph is gone
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% gradients_cancel: adds up a row's gradient before it looks whether it is zero
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = gradient.reshape(len(x), -1).sum(1).abs() > 0
    return depends


# %% small_is_nothing: takes small gradients for zero
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient.abs() > 1e-5).reshape(len(x), -1).any(1)
    return depends


# %% needs_a_path: a graph that does not lead to x is an error
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True)
        depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% rises_only: counts an input only if the output grows with it
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.rand(y[0].shape, generator=torch.Generator().manual_seed(0)).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient > 0).reshape(len(x), -1).any(1)
    return depends


# %% first_value_only: follows the first value of each row
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    for i, row in enumerate(y.reshape(len(y), -1)):
        (gradient,) = torch.autograd.grad(row[0], x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% draws_global_numbers: the weights come from PyTorch's global generator
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn_like(y[0])
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% by_moving_rows: moves each input row a little and looks which output rows change
def trace_dependencies(function, x):
    x = x.detach()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    for j in range(len(x)):
        moved = x.clone()
        moved[j] += 0.7 * torch.arange(1, x[j].numel() + 1).reshape(x[j].shape).to(x)
        depends[:, j] = (function(moved) != y).reshape(len(y), -1).any(1)
    return depends.detach()


# %% weights_of_one_row: rows of the output have one dimension
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.linspace(0.3, 1.7, y.shape[1]).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient != 0).reshape(len(x), -1).any(1)
    return depends


# %% last_axis_only: looks along the last axis of the gradient, which is not all of a row that has more axes
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    n_out, n_in = y.shape[0], x.shape[0]
    if not y.requires_grad:
        return torch.zeros(n_out, n_in, dtype=torch.bool)
    weights = torch.rand(y.shape[1:], generator=torch.Generator().manual_seed(0)).to(y.dtype) + 0.5
    rows = []
    for i in range(n_out):
        (grad,) = torch.autograd.grad((y[i] * weights).sum(), x, retain_graph=True, allow_unused=True)
        rows.append(torch.zeros(n_in, dtype=torch.bool) if grad is None else (grad != 0).any(-1))
    return torch.stack(rows)


# %% gradient_summed: the gradient of an input row is added up, and a LayerNorm's adds up to 0
def trace_dependencies(function, x):
    x = x.detach().clone().requires_grad_(True)
    y = function(x)
    out = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return out
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(1)).to(y)
    for i in range(len(y)):
        (grad,) = torch.autograd.grad((y[i] * weights).sum(), x, retain_graph=True, allow_unused=True)
        if grad is not None:
            out[i] = grad.flatten(1).sum(1).abs() > 1e-6 if grad.ndim > 1 else grad != 0
    return out
