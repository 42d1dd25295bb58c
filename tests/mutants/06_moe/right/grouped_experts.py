"""Right solutions of grouped_experts, written differently."""


# %% joined: gate and up in one product
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = torch.cumsum(counts_E, 0, dtype=torch.int32)
    both = F.grouped_mm(x_RD, torch.cat([gate_EFD, up_EFD], 1).mT, offs=ends)
    gate, up = both.chunk(2, -1)
    return F.grouped_mm(F.silu(gate) * up, down_EDF.mT, offs=ends)


# %% spelled_out: silu by hand
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends = counts_E.cumsum(dim=0).int()
    gate = torch.nn.functional.grouped_mm(x_RD, gate_EFD.transpose(1, 2), offs=ends)
    up = torch.nn.functional.grouped_mm(x_RD, up_EFD.transpose(1, 2), offs=ends)
    hidden = gate * torch.sigmoid(gate) * up
    return torch.nn.functional.grouped_mm(hidden, down_EDF.transpose(1, 2), offs=ends)


# %% idle_left_out: experts without a row are left out of ends and weights
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    busy = counts_E > 0
    ends = torch.cumsum(counts_E[busy], 0, dtype=torch.int32)
    up = F.grouped_mm(x_RD, up_EFD[busy].permute(0, 2, 1), offs=ends)
    gate = F.grouped_mm(x_RD, gate_EFD[busy].permute(0, 2, 1), offs=ends)
    return F.grouped_mm(gate * gate.sigmoid() * up, down_EDF[busy].permute(0, 2, 1), offs=ends)


# %% contiguous_weights: the weights are copied the other way round, and ends counted in Python
def grouped_experts(x_RD, counts_E, gate_EFD, up_EFD, down_EDF):
    ends, total = [], 0
    for count in counts_E.tolist():
        total += count
        ends.append(total)
    ends_E = torch.tensor(ends, dtype=torch.int32, device=x_RD.device)
    hidden = []
    for weight in (gate_EFD, up_EFD):
        hidden.append(torch.nn.functional.grouped_mm(x_RD, weight.transpose(-2, -1).contiguous(), offs=ends_E))
    return torch.nn.functional.grouped_mm(F.silu(hidden[0]) * hidden[1], down_EDF.transpose(-2, -1).contiguous(), offs=ends_E)
