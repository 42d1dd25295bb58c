"""Wrong solutions of free_unit."""

# %% another_tensor: a new empty tensor in the place of the whole
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    unit.blank()
    unit.whole = torch.empty(0, dtype=unit.whole.dtype)
    unit.is_whole = False


# %% does_not_wait: a message is still writing
def free_unit(unit):
    if not unit.is_whole:
        return
    unit.blank()
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% drops_the_message: forgets what is on its way
def free_unit(unit):
    unit.pending = None
    if not unit.is_whole:
        return
    unit.blank()
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% keeps_the_bytes: the parameters look elsewhere and the memory stays
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    unit.blank()
    unit.is_whole = False


# %% still_looking: the parameters keep their windows on memory that is gone
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% still_whole: does not say that it is freed
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    unit.blank()
    unit.whole.untyped_storage().resize_(0)


# %% empty_parameters: the parameters lose their shapes
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    for parameter in unit.parameters:
        parameter.data = torch.empty(0, dtype=unit.whole.dtype)
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% zeros: the parameters read zero
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    for parameter in unit.parameters:
        parameter.data = unit.whole.new_zeros(()).expand(parameter.shape)
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% frees_the_shard: the shard goes, too
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    unit.blank()
    unit.whole.untyped_storage().resize_(0)
    unit.part = unit.part.new_zeros(len(unit.part))
    unit.is_whole = False


# %% new_parameters: the model keeps the old ones
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    unit.blank()
    unit.parameters = [nn.Parameter(parameter.detach().clone()) for parameter in unit.parameters]
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% message_thrown_away: does not wait for a message that is still writing
def free_unit(unit):
    if not unit.is_whole and unit.pending is None:
        return
    unit.pending = None
    unit.blank()
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% message_not_taken: waits for the message, but leaves it where the next gather finds it
def free_unit(unit):
    if unit.pending is not None:
        unit.pending.wait()
    elif not unit.is_whole:
        return
    unit.blank()
    unit.whole.untyped_storage().resize_(0)
    unit.is_whole = False


# %% shortened_tensor: the vector has no elements then, and its storage all bytes
def free_unit(unit):
    unit.use()
    if not unit.is_whole:
        return
    unit.blank()
    unit.whole.resize_(0)
    unit.is_whole = False
