"""Wrong solutions of shift_matrix."""

# %% moves_back: the transposed blocks
def shift_matrix(k, d_model, base=10000.0):
    angles = k * rotary_frequencies(d_model, base)
    if d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    c, s = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((c, -s, s, c), dim=-1).unflatten(-1, (2, 2)))


# %% both_signs: both sines are positive
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = k * rotary_frequencies(d_model, base)
    c, s = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((c, s, s, c), dim=-1).unflatten(-1, (2, 2)))


# %% half_layout: the blocks of a table that has all sines first
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = k * rotary_frequencies(d_model, base)
    c, s = torch.diag(angles.cos()), torch.diag(angles.sin())
    return torch.cat((torch.cat((c, s), 1), torch.cat((-s, c), 1)), 0)


# %% forgets_the_base: takes the default frequencies
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = k * rotary_frequencies(d_model)
    c, s = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((c, s, -s, c), dim=-1).unflatten(-1, (2, 2)))


# %% whole_steps: rounds k to an integer
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = int(k) * rotary_frequencies(d_model, base)
    c, s = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((c, s, -s, c), dim=-1).unflatten(-1, (2, 2)))


# %% one_angle: every pair turns by k, as if all clocks had the speed of the first
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angle = torch.tensor(float(k), dtype=torch.float64)
    c, s = angle.cos(), angle.sin()
    return torch.block_diag(*[torch.stack((c, s, -s, c)).view(2, 2)] * (d_model // 2))


# %% fitted: least squares on some rows of the table; more than one matrix moves those rows
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    starts = torch.arange(4 * d_model)
    rows, moved = sinusoidal_table(starts, d_model, base), sinusoidal_table(starts + k, d_model, base)
    return torch.linalg.lstsq(rows, moved).solution.T


# %% step_by_step: multiplies k single steps; there are no negative ones and no fractions
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    w = rotary_frequencies(d_model, base)
    c, s = w.cos(), w.sin()
    step = torch.block_diag(*torch.stack((c, s, -s, c), dim=-1).unflatten(-1, (2, 2)))
    matrix = torch.eye(d_model, dtype=torch.float64)
    for _ in range(int(k)):
        matrix = step @ matrix
    return matrix


# %% in_float32: the matrix is not float64
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = k * rotary_frequencies(d_model, base).float()
    c, s = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((c, s, -s, c), dim=-1).unflatten(-1, (2, 2)))


# %% half_the_exponent: its own frequencies, with -i / d instead of -2i / d
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}")
    angles = k * base ** (-torch.arange(d_model // 2, dtype=torch.float64) / d_model)
    c, s = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((c, s, -s, c), dim=-1).unflatten(-1, (2, 2)))


# %% odd_by_example: refuses the odd dimension of the example, and no other
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model == 7:
        raise ValueError(f"d_model is {d_model}")
    angles = k * base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    c, s = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((c, s, -s, c), dim=-1).unflatten(-1, (2, 2)))


# %% squeezed: with one pair alone the stack of blocks loses its first dimension
def shift_matrix(k, d_model, base=10000.0):
    angles = k * rotary_frequencies(d_model, base)
    cos, sin = angles.cos(), angles.sin()
    blocks = torch.stack((cos, sin, -sin, cos), dim=-1).unflatten(-1, (2, 2)).squeeze()
    return torch.block_diag(*blocks)


# %% k_as_a_tensor: a fraction becomes a float32 number on the way
def shift_matrix(k, d_model, base=10000.0):
    angles = torch.tensor(k) * rotary_frequencies(d_model, base)
    cos, sin = angles.cos(), angles.sin()
    return torch.block_diag(*torch.stack((cos, sin, -sin, cos), dim=-1).unflatten(-1, (2, 2)))


# %% keeps_the_matrix: the matrix of the first call for a d_model is handed out again
_matrices = {}


def shift_matrix(k, d_model, base=10000.0):
    if d_model not in _matrices or k == 0:
        angles = k * rotary_frequencies(d_model, base)
        cos, sin = angles.cos(), angles.sin()
        _matrices[d_model] = torch.block_diag(*torch.stack((cos, sin, -sin, cos), dim=-1).unflatten(-1, (2, 2)))
    return _matrices[d_model]


# %% divides_by_the_frequency: the angle is k / w
def shift_matrix(k, d_model, base=10000.0):
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model is {d_model}; it must be even and at least 2")
    angles = k / rotary_frequencies(d_model, base)
    blocks = [torch.tensor([[a.cos(), a.sin()], [-a.sin(), a.cos()]], dtype=torch.float64) for a in angles]
    return torch.block_diag(*blocks)
