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
