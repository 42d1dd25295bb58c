"""Wrong solutions of init_weights."""

# %% forgets_residual: every matrix gets the same standard deviation
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for module in model.modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            weight.normal_(0.0, std, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% only_out: forgets the feed-forward network's `down`
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            weight.normal_(0.0, residual_std if name.endswith("out") else std, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% uniform: draws from a uniform distribution of the same standard deviation
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            bound = 3**0.5 * (residual_std if name.split(".")[-1] in ("out", "down") else std)
            weight.uniform_(-bound, bound, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% keeps_biases: biases stay as they were
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            writes = name.split(".")[-1] in ("out", "down")
            weight.normal_(0.0, residual_std if writes else std, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)


# %% keeps_norms: the weight of a norm stays as it was
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            writes = name.split(".")[-1] in ("out", "down")
            weight.normal_(0.0, residual_std if writes else std, generator=generator)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% global_random_numbers: ignores the generator
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            weight.normal_(0.0, residual_std if name.split(".")[-1] in ("out", "down") else std)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% ends_like_out: takes every name that ends in `out` or `down`, `shutdown` too
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            weight.normal_(0.0, residual_std if name.endswith(("out", "down")) else std, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% variances: takes the standard deviations for variances
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            variance = residual_std if name.split(".")[-1] in ("out", "down") else std
            weight.normal_(0.0, variance**0.5, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% forgets_embeddings: draws linear layers only
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, nn.Linear):
            writes = name.split(".")[-1] in ("out", "down")
            weight.normal_(0.0, residual_std if writes else std, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()


# %% new_parameters: puts new parameters in the place of the old ones, which an optimizer may hold already
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            size = residual_std if name.split(".")[-1] in ("out", "down") else std
            module.weight = nn.Parameter(size * torch.randn(weight.shape, generator=generator))
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            module.weight = nn.Parameter(torch.ones(weight.shape))
        if isinstance(bias, Tensor):
            module.bias = nn.Parameter(torch.zeros(bias.shape))


# %% biases_of_linear_layers_only: the bias of a norm stays as it was
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            writes = name.split(".")[-1] in ("out", "down")
            weight.normal_(0.0, residual_std if writes else std, generator=generator)
            if isinstance(bias, Tensor):
                bias.zero_()
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)


# %% every_matrix: draws every parameter with two dimensions, whatever it is
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, parameter in model.named_parameters():
        path = name.split(".")
        if path[-1] == "bias":
            parameter.zero_()
        elif parameter.ndim == 1:
            parameter.fill_(1.0)
        else:
            writes = len(path) > 1 and path[-2] in ("out", "down")
            parameter.normal_(0.0, residual_std if writes else std, generator=generator)


# %% a_seed_of_its_own: without a generator it makes one with a fixed seed instead of using PyTorch's global one
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    generator = generator or torch.Generator().manual_seed(0)
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            own = name.split(".")[-1]
            weight.normal_(0.0, residual_std if own in ("out", "down") else std, generator=generator)
        elif weight is not None and weight.ndim == 1:
            weight.fill_(1.0)
        if bias is not None:
            bias.zero_()


# %% cut_off_at_two: draws from a normal distribution that ends at two standard deviations
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            s = residual_std if name.split(".")[-1] in ("out", "down") else std
            nn.init.trunc_normal_(weight, 0.0, s / 0.8796, -2 * s / 0.8796, 2 * s / 0.8796, generator=generator)
        elif weight is not None and weight.ndim == 1:
            weight.fill_(1.0)
        if bias is not None:
            bias.zero_()


# %% outermost_name: looks at the whole path for `out` and `down`, so only outermost layers are found
@torch.no_grad()
def init_weights(model, std, residual_std, generator=None):
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            weight.normal_(0.0, residual_std if name in ("out", "down") else std, generator=generator)
        elif weight is not None and weight.ndim == 1:
            weight.fill_(1.0)
        if bias is not None:
            bias.zero_()
