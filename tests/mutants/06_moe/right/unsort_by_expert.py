"""Right solutions of unsort_by_expert, written differently."""


# %% scatter: a scatter along the rows
def unsort_by_expert(y_RD, order_R, n_choices):
    index = order_R[:, None].expand_as(y_RD)
    return torch.zeros(n_choices, y_RD.shape[1], dtype=y_RD.dtype).scatter(0, index, y_RD)


# %% picked: the inverse picks, from rows with a zero behind them
def unsort_by_expert(y_RD, order_R, n_choices):
    where = torch.full((n_choices,), len(y_RD))
    where[order_R] = torch.arange(len(y_RD))
    return torch.cat([y_RD, y_RD.new_zeros(1, *y_RD.shape[1:])])[where]


# %% assigned: assignment to rows
def unsort_by_expert(y_RD, order_R, n_choices):
    out = y_RD.new_zeros((n_choices,) + tuple(y_RD.shape[1:]))
    out[order_R] = y_RD
    return out
