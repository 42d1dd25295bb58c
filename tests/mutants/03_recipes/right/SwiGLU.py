"""Right solutions of SwiGLU."""

# %% by_sigmoid: silu spelled out
class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff, bias=False):
        super().__init__()
        self.gate, self.up = (nn.Linear(d_model, d_ff, bias) for _ in range(2))
        self.down = nn.Linear(d_ff, d_model, bias)

    def forward(self, x_BTD):
        gate = self.gate(x_BTD)
        return self.down(self.up(x_BTD) * gate / (1 + torch.exp(-gate)))


# %% one_product: both projections in one product with the joined weights
class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff, bias=False):
        super().__init__()
        self.down = nn.Linear(d_ff, d_model, bias=bias)
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.gate = nn.Linear(d_model, d_ff, bias=bias)

    def forward(self, x_BTD):
        weight = torch.cat([self.up.weight, self.gate.weight])
        bias = None if self.up.bias is None else torch.cat([self.up.bias, self.gate.bias])
        passed, gate = F.linear(x_BTD, weight, bias).chunk(2, dim=-1)
        return self.down(passed * gate * torch.sigmoid(gate))
