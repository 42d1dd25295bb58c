# %% with_matmul: transposes and @ instead of F.linear
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
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


# %% kaiming: kaiming_uniform_ with a = sqrt(5), as peft writes it
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
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% frozen_one_by_one: a loop over the base's parameters
class LoRALinear(nn.Module):

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f'rank is {rank!r}; it must be at least 1')
        self.base = base
        for parameter in base.parameters():
            parameter.requires_grad = False
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {'dtype': like.dtype, 'device': like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


# %% einsum: named axes, the scale on the thin middle, and the base's kind found among its parameters
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        if rank <= 0:
            raise ValueError(f"rank is {rank}; it must be at least 1")
        self.base, self.factor = base, alpha / rank
        self.base.requires_grad_(False)
        floats = [p for p in base.parameters() if torch.is_floating_point(p)]
        kind = dict(device=floats[0].device, dtype=floats[0].dtype) if floats else dict(dtype=torch.float32)
        self.a = nn.Parameter((2 * torch.rand(rank, base.in_features, **kind) - 1) * base.in_features**-0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **kind))

    def forward(self, x):
        thin = torch.einsum("...i,ri->...r", x, self.a) * self.factor
        return torch.einsum("...r,or->...o", thin, self.b) + self.base(x)
