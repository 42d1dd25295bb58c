# %% forgets_the_scale: the correction counts once
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + F.linear(F.linear(x, self.a), self.b)


# %% multiplies_by_alpha: alpha instead of alpha / rank
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% divides_by_alpha: rank / alpha
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = rank / alpha
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% both_zero: A starts with zeros, too, and never learns
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.zeros_(self.a)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% both_random: B starts with random numbers: the model is not the base at the start
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.randn(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% a_zero_b_random: the two starts are exchanged
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.rand(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.zeros_(self.a)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% learns_everything: the base is not frozen
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% bias_learns: only the base's weight is frozen
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        base.weight.requires_grad_(False)
        self.base = base
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% shapes_exchanged: A and B are stored the other way round
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(base.in_features, rank, **made))
        self.b = nn.Parameter(torch.zeros(rank, base.out_features, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * (x @ self.a @ self.b)


# %% correction_alone: the base is left out
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * F.linear(F.linear(x, self.a), self.b)


# %% wrong_bound: the bound is 1 / in_features
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / base.in_features
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% bound_of_rank: the bound is that of the rank
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(rank)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% always_float32: A and B are float32 whatever the base is
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% rank_zero_is_fine: no error for a rank of 0
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 0:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / max(rank, 1)
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% scales_the_base: the scale multiplies both terms
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * (self.base(x) + F.linear(F.linear(x, self.a), self.b))


# %% forgets_the_bias: works with the base's weight and leaves its bias out
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.base.weight) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% freezes_a_copy: the base is copied, and the layer that was given still learns
import copy


class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank is {rank}; it must be at least 1")
        self.base = copy.deepcopy(base).requires_grad_(False)
        weight = getattr(base, "weight", None)
        floats = weight is not None and weight.is_floating_point()
        kind = {"dtype": weight.dtype if floats else torch.float32, "device": None if weight is None else weight.device}
        bound = 1 / math.sqrt(base.in_features)
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **kind).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **kind))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


# %% positive_only: A's numbers are uniform between 0 and the bound
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank is {rank}; it must be at least 1")
        self.base = base.requires_grad_(False)
        weight = getattr(base, "weight", None)
        floats = weight is not None and weight.is_floating_point()
        kind = {"dtype": weight.dtype if floats else torch.float32, "device": None if weight is None else weight.device}
        self.a = nn.Parameter(torch.rand(rank, base.in_features, **kind) / math.sqrt(base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **kind))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


# %% shape_of_the_weight: sizes are read off the weight, which another module may keep in another shape
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank is {rank}; it must be at least 1")
        self.base = base.requires_grad_(False)
        n_out, n_in = base.weight.shape
        dtype = base.weight.dtype if base.weight.is_floating_point() else torch.float32
        bound = 1 / math.sqrt(n_in)
        self.a = nn.Parameter(torch.empty(rank, n_in, dtype=dtype, device=base.weight.device).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.zeros(n_out, rank, dtype=dtype, device=base.weight.device))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


# %% freezes_weight_and_bias_only: deeper parameters of another module still learn
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank is {rank}; it must be at least 1")
        self.base = base
        for name in ("weight", "bias"):
            if isinstance(getattr(base, name, None), nn.Parameter):
                getattr(base, name).requires_grad_(False)
        weight = getattr(base, "weight", None)
        floats = weight is not None and weight.is_floating_point()
        kind = {"dtype": weight.dtype if floats else torch.float32, "device": None if weight is None else weight.device}
        bound = 1 / math.sqrt(base.in_features)
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **kind).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **kind))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


# %% product_kept: the product of B and A is formed
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank is {rank}; it must be at least 1")
        self.base = base.requires_grad_(False)
        weight = getattr(base, "weight", None)
        floats = weight is not None and weight.is_floating_point()
        kind = {"dtype": weight.dtype if floats else torch.float32, "device": None if weight is None else weight.device}
        bound = 1 / math.sqrt(base.in_features)
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **kind).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **kind))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(x, torch.einsum("or,ri->oi", self.b, self.a))
