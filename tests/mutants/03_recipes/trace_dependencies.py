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
