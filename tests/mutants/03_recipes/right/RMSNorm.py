"""Right solutions of RMSNorm."""

# %% by_vector_norm: the root mean square from the Euclidean norm
class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.size = size
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        wide = x if x.dtype in (torch.float32, torch.float64) else x.to(torch.float32)
        length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
        wide = wide / torch.sqrt(length * length / self.size + self.eps)
        return (self.weight * wide).to(x.dtype)


# %% by_torch: PyTorch's own, the weight multiplied before the result is narrowed
class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        dtype = torch.promote_types(x.dtype, torch.float32)
        return F.rms_norm(x.to(dtype), x.shape[-1:], self.weight.to(dtype), self.eps).to(x.dtype)


# %% by_einsum: the sum of squares as a product of the vector with itself, and one rounding at the end
class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        mean = torch.einsum("...d,...d->...", wide, wide).unsqueeze(-1) / x.shape[-1]
        return (wide / (mean + self.eps).sqrt() * self.weight).to(x.dtype)
