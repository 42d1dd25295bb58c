"""Right solutions of gather_unit."""

# %% copies_when_it_is_there: gathers into a new tensor, and copies it into the storage when it has come
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    unit.whole.untyped_storage().resize_(unit.whole.numel() * unit.whole.element_size())
    came = group.all_gather(unit.part.detach().to(unit.whole.dtype))
    unit.pending = Pending(lambda: unit.whole.copy_(came.wait()))


# %% nested: one condition, the storage by its item size
def gather_unit(unit, group):
    if not unit.is_whole and unit.pending is None:
        n_bytes = unit.n_ranks * unit.part.numel() * torch.empty(0, dtype=unit.whole.dtype).element_size()
        unit.whole.untyped_storage().resize_(n_bytes)
        with torch.no_grad():
            mine = unit.part.type(unit.whole.dtype)
        unit.pending = group.all_gather(mine, unit.whole)
