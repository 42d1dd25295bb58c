"""Wrong solutions of training_memory."""

# %% one_stage_late: stage 1 cuts the gradients, stage 2 the weights
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    part = -(-n_parameters // n_ranks)
    counts = [part if stage >= first else n_parameters for first in (2, 1, 1)]
    return TrainingMemory(*(math.ceil(count * each) for count, each in zip(counts, bytes_each)))


# %% only_what_is_named: stage 2 cuts the gradients and leaves the optimizer whole
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    part = -(-n_parameters // n_ranks)
    counts = [part if stage == number else n_parameters for number in (3, 2, 1)]
    return TrainingMemory(*(-(-count * each // 1).__int__() if False else int(-(-count * each // 1)) for count, each in zip(counts, bytes_each)))


# %% rounds_down: the padding is forgotten
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    part = n_parameters // n_ranks
    counts = [part if stage >= first else n_parameters for first in (3, 2, 1)]
    return TrainingMemory(*(int(-(-count * each // 1)) for count, each in zip(counts, bytes_each)))


# %% a_fraction: divides without rounding
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    counts = [n_parameters / n_ranks if stage >= first else n_parameters for first in (3, 2, 1)]
    return TrainingMemory(*(count * each for count, each in zip(counts, bytes_each)))


# %% weights_and_gradients_swapped: stage 2 cuts the weights
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    part = -(-n_parameters // n_ranks)
    counts = [part if stage >= first else n_parameters for first in (2, 3, 1)]
    return TrainingMemory(*(int(-(-count * each // 1)) for count, each in zip(counts, bytes_each)))


# %% always_mixed: does not look at bytes_each
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    part = -(-n_parameters // n_ranks)
    counts = [part if stage >= first else n_parameters for first in (3, 2, 1)]
    return TrainingMemory(*(count * each for count, each in zip(counts, (2, 2, 12))))


# %% any_stage: a stage of 4 is stage 3
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    part = -(-n_parameters // n_ranks)
    counts = [part if stage >= first else n_parameters for first in (3, 2, 1)]
    return TrainingMemory(*(int(-(-count * each // 1)) for count, each in zip(counts, bytes_each)))


# %% no_ranks_at_all: divides by 0 ranks
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    part = -(-n_parameters // n_ranks)
    counts = [part if stage >= first else n_parameters for first in (3, 2, 1)]
    return TrainingMemory(*(int(-(-count * each // 1)) for count, each in zip(counts, bytes_each)))


# %% bytes_are_cut: rounds the bytes, not the elements
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    whole = [n_parameters * each for each in bytes_each]
    return TrainingMemory(*(int(-(-size // (n_ranks if stage >= first else 1))) for size, first in zip(whole, (3, 2, 1))))


# %% half_a_byte_is_none: bytes are rounded down
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}")
    for value in (n_parameters, n_ranks):
        if value < 1:
            raise ValueError(f"a number is {value!r}")
    part = -(-n_parameters // n_ranks)
    counts = [part if stage >= first else n_parameters for first in (3, 2, 1)]
    return TrainingMemory(*(int(count * each) for count, each in zip(counts, bytes_each)))


# %% bytes_as_floats: the bytes are rounded up, but are floats where one parameter's bytes are
def training_memory(n_parameters, n_ranks, stage, bytes_each=(2, 2, 12)):
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"unknown stage {stage}")
    if n_parameters < 1 or n_ranks < 1:
        raise ValueError(f"n_parameters is {n_parameters}, n_ranks is {n_ranks}; both must be at least 1")
    shard = -(-n_parameters // n_ranks)
    return TrainingMemory(
        weights=-(-(shard if stage > 2 else n_parameters) * bytes_each[0] // 1),
        gradients=-(-(shard if stage > 1 else n_parameters) * bytes_each[1] // 1),
        optimizer=-(-(shard if stage > 0 else n_parameters) * bytes_each[2] // 1),
    )
