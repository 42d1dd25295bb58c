"""Wrong solutions of grouped_experts."""


# %% no_silu: a product of two linear layers
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(product(x_RD, gate_EFD) * product(x_RD, up_EFD), down_EDF)


# %% gelu: another activation
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.gelu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% sigmoid: a GLU, not a SwiGLU
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(torch.sigmoid(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% exchanged: silu of up
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, up_EFD)) * product(x_RD, gate_EFD), down_EDF)


# %% silu_of_all: silu of the product
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD) * product(x_RD, up_EFD)), down_EDF)


# %% no_up: no second factor
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)), down_EDF)


# %% int64: the ends in int64
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% counts: counts for ends
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% starts: where each expert begins
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = (counts_E.cumsum(0) - counts_E).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% not_transposed: weights as they are
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.contiguous().view(weight.shape[0], weight.shape[2], weight.shape[1]), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% loop: a loop over experts
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    parts = zip(x_RD.split(counts_E.tolist()), gate_EFD, up_EFD, down_EDF)
    return torch.cat([(F.silu(x @ g.T) * (x @ u.T)) @ d.T for x, g, u, d in parts])


# %% detached: no gradient by the weights
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD.detach())) * product(x_RD, up_EFD.detach()), down_EDF.detach())


# %% float32: answers in float32
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF).float()


# %% even: the rows in equal parts
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = torch.arange(1, len(counts_E) + 1, dtype=torch.int32) * (len(x_RD) // len(counts_E))

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% one_network: all rows through the first expert
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = torch.full_like(counts_E, len(x_RD)).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% residual: the rows are added
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)

    def product(rows, weight):
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends)

    return x_RD + product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


# %% loop_behind_a_name: the loop computes, and grouped_mm is only named
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    _ = F.grouped_mm
    return loop_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF)


# %% one_product_of_three: the first product is grouped, the others are loops
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).to(torch.int32)
    gate = F.silu(F.grouped_mm(x_RD, gate_EFD.transpose(1, 2), offs=ends))
    parts = []
    sizes = counts_E.tolist()
    for g, x, up, down in zip(gate.split(sizes), x_RD.split(sizes), up_EFD, down_EDF):
        parts.append((g * (x @ up.T)) @ down.T)
    return torch.cat(parts)


# %% first_layer_without_history: the rows are detached, so no gradient reaches the layers below
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(0).int()
    mm = lambda x, w: F.grouped_mm(x, w.mT, offs=ends)
    x_RD = x_RD.detach()
    return mm(F.silu(mm(x_RD, gate_EFD)) * mm(x_RD, up_EFD), down_EDF)


# %% ends_without_the_idle: experts without a row are left out of the ends, and not of the weights
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E[counts_E > 0].cumsum(0).int()
    n = len(ends)
    mm = lambda x, w: F.grouped_mm(x, w[:n].mT, offs=ends)
    return mm(F.silu(mm(x_RD, gate_EFD)) * mm(x_RD, up_EFD), down_EDF)
