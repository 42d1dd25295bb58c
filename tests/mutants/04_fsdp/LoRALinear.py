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
