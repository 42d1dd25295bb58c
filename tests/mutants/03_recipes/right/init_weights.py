"""Right solutions of init_weights."""

# %% by_parameters: looks at names and dimensions of parameters
def init_weights(model, std, residual_std, generator=None):
    drawn = {id(m.weight) for m in model.modules() if isinstance(m, (nn.Linear, nn.Embedding))}
    for name, parameter in model.named_parameters():
        *path, kind = name.split(".")
        values = parameter.detach()
        if kind == "bias":
            values.fill_(0.0)
        elif id(parameter) in drawn:
            size = residual_std if path and path[-1] in {"out", "down"} else std
            values.copy_(size * torch.randn(values.shape, generator=generator))
        elif kind == "weight" and parameter.ndim == 1:
            values.fill_(1.0)


# %% by_recursion: walks down the tree of modules
def init_weights(model, std, residual_std, generator=None, name=""):
    kind = type(model)
    if issubclass(kind, (nn.Linear, nn.Embedding)):
        nn.init.normal_(model.weight, std=residual_std if name in ("out", "down") else std, generator=generator)
    elif isinstance(getattr(model, "weight", None), Tensor) and model.weight.dim() == 1:
        nn.init.ones_(model.weight)
    if getattr(model, "bias", None) is not None:
        nn.init.zeros_(model.bias)
    for child_name, child in model.named_children():
        init_weights(child, std, residual_std, generator, child_name)
