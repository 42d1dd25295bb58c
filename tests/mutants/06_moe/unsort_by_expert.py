"""Wrong solutions of unsort_by_expert."""


# %% same_way: sorted once more instead of back
def unsort_by_expert(y_RD, order_R, n_choices):
    out = y_RD.new_zeros(n_choices, *y_RD.shape[1:])
    out[: len(order_R)] = y_RD[order_R % len(y_RD)] if len(y_RD) else y_RD
    return out


# %% all_or_nothing: right only if nothing was dropped
def unsort_by_expert(y_RD, order_R, n_choices):
    return y_RD[order_R.argsort()]


# %% ranks: the rows that were sent stand in front
def unsort_by_expert(y_RD, order_R, n_choices):
    out = y_RD.new_zeros(n_choices, *y_RD.shape[1:])
    out[: len(order_R)] = y_RD[order_R.argsort()]
    return out


# %% unwritten: memory that was never filled
def unsort_by_expert(y_RD, order_R, n_choices):
    out = y_RD.new_empty(n_choices, *y_RD.shape[1:])
    out[order_R] = y_RD
    return out


# %% detached: no gradient comes back
def unsort_by_expert(y_RD, order_R, n_choices):
    out = torch.zeros(n_choices, *y_RD.shape[1:], dtype=y_RD.dtype)
    out[order_R] = y_RD.detach()
    return out


# %% float32: zeros of the default type
def unsort_by_expert(y_RD, order_R, n_choices):
    return torch.zeros(n_choices, *y_RD.shape[1:]).index_copy(0, order_R, y_RD.float())


# %% ones: ones for who was not sent
def unsort_by_expert(y_RD, order_R, n_choices):
    return y_RD.new_ones(n_choices, *y_RD.shape[1:]).index_copy(0, order_R, y_RD)


# %% as_they_are: nothing is done
def unsort_by_expert(y_RD, order_R, n_choices):
    return torch.cat([y_RD, y_RD.new_zeros(n_choices - len(y_RD), *y_RD.shape[1:])])


# %% turned: places from the end
def unsort_by_expert(y_RD, order_R, n_choices):
    return y_RD.new_zeros(n_choices, *y_RD.shape[1:]).index_copy(0, n_choices - 1 - order_R, y_RD)


# %% too_few: as many rows as the largest choice
def unsort_by_expert(y_RD, order_R, n_choices):
    n = int(order_R.max()) + 1 if len(order_R) else n_choices
    return y_RD.new_zeros(n, *y_RD.shape[1:]).index_copy(0, order_R, y_RD)


# %% repeated: who was not sent gets the last answer
def unsort_by_expert(y_RD, order_R, n_choices):
    out = y_RD.new_zeros(n_choices, *y_RD.shape[1:]).index_copy(0, order_R, y_RD)
    if len(y_RD) < n_choices and len(y_RD):
        missing = torch.ones(n_choices, dtype=torch.bool)
        missing[order_R] = False
        out = torch.where(missing[:, None], y_RD[-1], out)
    return out


# %% in_place: the rows that came in are overwritten
def unsort_by_expert(y_RD, order_R, n_choices):
    out = y_RD.new_zeros(n_choices, *y_RD.shape[1:]).index_copy(0, order_R, y_RD)
    with torch.no_grad():
        y_RD.zero_()
    return out


# %% unwritten_in_partial: zeros only when nothing at all was sent
def unsort_by_expert(y_RD, order_R, n_choices):
    if len(order_R) == 0:
        return y_RD.new_zeros(n_choices, y_RD.shape[1])
    return torch.empty(n_choices, y_RD.shape[1], dtype=y_RD.dtype).index_copy(0, order_R, y_RD)
