"""Wrong solutions of gather_unit."""

# %% another_tensor: puts a new tensor in the place of the whole
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    unit.whole = torch.empty(group.size * len(unit.part), dtype=unit.whole.dtype)
    unit.pending = group.all_gather(unit.part.to(unit.whole.dtype), out=unit.whole)


# %% waits_itself: does not leave the wait to the caller
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    unit.pending = group.all_gather(unit.part.detach().to(whole.dtype), out=whole)
    unit.pending.wait()


# %% uses_at_once: waits, and says that it is whole
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    unit.pending = group.all_gather(unit.part.detach().to(whole.dtype), out=whole)
    unit.use()


# %% asks_again: starts another message while one is on its way
def gather_unit(unit, group):
    if unit.is_whole:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    unit.pending = group.all_gather(unit.part.detach().to(whole.dtype), out=whole)


# %% always_gathers: does not ask whether the unit is whole
def gather_unit(unit, group):
    if unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    unit.pending = group.all_gather(unit.part.detach().to(whole.dtype), out=whole)


# %% says_whole_too_early: the unit is called whole before the message is there
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    unit.pending = group.all_gather(unit.part.detach().to(whole.dtype), out=whole)
    unit.is_whole = True


# %% wide_messages: casts after the message
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    sent = group.all_gather(unit.part.detach())
    unit.pending = Pending(lambda: whole.copy_(sent.wait()))


# %% elements_for_bytes: gives the storage as many bytes as there are elements
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(4 * whole.numel())
    unit.pending = group.all_gather(unit.part.detach().to(whole.dtype), out=whole)


# %% narrows_the_shard: the shard itself becomes narrow
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    unit.part = unit.part.detach().to(whole.dtype)
    unit.pending = group.all_gather(unit.part, out=whole)


# %% forgets_the_pending: nobody can wait for it
def gather_unit(unit, group):
    if unit.is_whole or unit.pending is not None:
        return
    whole = unit.whole
    whole.untyped_storage().resize_(whole.numel() * whole.element_size())
    group.all_gather(unit.part.detach().to(whole.dtype), out=whole)
