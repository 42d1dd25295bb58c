"""Right solutions of free_unit."""

# %% nested: one condition behind the wait
def free_unit(unit):
    if unit.pending is not None:
        unit.use()
    if unit.is_whole:
        unit.is_whole = False
        unit.blank()
        unit.whole.untyped_storage().resize_(0)


# %% blank_by_hand: makes the NaN itself
def free_unit(unit):
    unit.use()
    for parameter in unit.parameters:
        parameter.data = torch.full((), math.nan, dtype=unit.whole.dtype).expand(parameter.shape)
    storage = unit.whole.untyped_storage()
    if storage.nbytes():
        storage.resize_(0)
    unit.is_whole = False
