"""Wrong solutions of sinusoidal_table."""

# %% blocks: all sines first, then all cosines
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = positions_N.double()[..., None] * w
    return torch.cat((angles.sin(), angles.cos()), dim=-1)


# %% half_the_exponent: -i / d instead of -2i / d
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = base ** (-torch.arange(d_model // 2, dtype=torch.float64) / d_model)
    angles = positions_N.double()[..., None] * w
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% in_float32: angles are rounded before the sine
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = base ** (-torch.arange(0, d_model, 2) / d_model)
    angles = positions_N.float()[..., None] * w
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2).double()


# %% ignores_the_base: 10000 is written into the formula
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = 10000 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = positions_N.double()[..., None] * w
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% rounds_odd_down: an odd dimension loses its last entry without a word
def sinusoidal_table(positions_N, d_model, base=10000.0):
    w = base ** (-torch.arange(0, d_model - 1, 2, dtype=torch.float64) / d_model)
    angles = positions_N.double()[..., None] * w
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% swapped: the cosine comes first in each pair
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = positions_N.double()[..., None] * w
    return torch.stack((angles.cos(), angles.sin()), dim=-1).flatten(-2)


# %% slowest_reaches_the_base: spaces the exponents so that the last is exactly -1, as another library does
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = base ** -torch.linspace(0, 1, d_model // 2, dtype=torch.float64)
    angles = positions_N.double()[..., None] * w
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% counts_rows: row p of the table is position p, whatever the positions are
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    table = torch.zeros(len(positions_N), d_model, dtype=torch.float64)
    for p in range(len(positions_N)):
        for i in range(0, d_model, 2):
            angle = torch.tensor(p / base ** (i / d_model), dtype=torch.float64)
            table[p, i], table[p, i + 1] = angle.sin(), angle.cos()
    return table


# %% one_dimension_only: positions have to be a row
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    table = torch.zeros(positions_N.shape[0], d_model, dtype=torch.float64)
    w = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = torch.outer(positions_N.double(), w)
    table[:, 0::2], table[:, 1::2] = angles.sin(), angles.cos()
    return table


# %% whole_positions: fractions of a position are cut off
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = positions_N.long()[..., None] * w
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% remembers_the_first_base: frequencies are kept from call to call by d_model alone
kept = {}


def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    if d_model not in kept:
        kept[d_model] = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = positions_N.double()[..., None] * kept[d_model]
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% table_of_a_fixed_length: looks rows up in a table of 4096, where -3 means the third from the end
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = torch.arange(4096, dtype=torch.float64)[:, None] * w
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)[positions_N.long()]


# %% negative_dimension: only odd dimensions and 0 are refused, and -2 gives an empty table
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model % 2 or not d_model:
        raise ValueError(f"d_model is {d_model}")
    index = torch.tensor(range(0, d_model, 2), dtype=torch.float64)
    angles = positions_N.double()[..., None] * base ** (-index / d_model)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% reshapes_the_positions: unsqueeze_ changes the positions that were given when they are float64 already
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = positions_N.to(torch.float64).unsqueeze_(-1) * rotary_frequencies(d_model, base)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% wants_memory_in_order: view fails on positions that were transposed
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = positions_N.view(-1, 1).to(torch.float64) * rotary_frequencies(d_model, base)
    table = torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)
    return table.view(*positions_N.shape, d_model)


# %% whole_exponents: the exponent is divided with //
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}; it must be even and at least 2")
    i = torch.arange(d_model // 2, dtype=torch.float64)
    angles = positions_N.double().unsqueeze(-1) * base ** (-2 * i // d_model)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


# %% degrees: the angles are turned into degrees
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}; it must be even and at least 2")
    i = torch.arange(0, d_model, 2, dtype=torch.float64)
    angles = torch.deg2rad(positions_N.double().unsqueeze(-1) * base ** (-i / d_model))
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)
