"""Right solutions of shift_matrix that are not written as the library's is."""

# %% by_index: two entries of each row, set one by one
def shift_matrix(k, d_model, base=10000.0):
    import math

    if d_model < 1 or d_model % 2 != 0:
        raise ValueError(f"{d_model} is not an even dimension")
    matrix = torch.zeros(d_model, d_model, dtype=torch.float64)
    for i in range(0, d_model, 2):
        angle = k * base ** (-i / d_model)
        matrix[i, i] = matrix[i + 1, i + 1] = math.cos(angle)
        matrix[i, i + 1] = math.sin(angle)
        matrix[i + 1, i] = -math.sin(angle)
    return matrix


# %% matrix_exponential: the exponential of the matrix that turns at each pair's speed
def shift_matrix(k, d_model, base=10000.0):
    speeds = rotary_frequencies(d_model, base).tolist()
    generator = torch.zeros(d_model, d_model, dtype=torch.float64)
    for i, w in enumerate(speeds):
        generator[2 * i, 2 * i + 1], generator[2 * i + 1, 2 * i] = w, -w
    return torch.linalg.matrix_exp(k * generator)


# %% strided: four diagonals of a matrix of zeros; the error is left to the frequencies
def shift_matrix(k, d_model, base=10000.0):
    turn = torch.exp(1j * k * rotary_frequencies(d_model, base))
    matrix = torch.zeros(d_model, d_model, dtype=torch.float64)
    matrix.diagonal()[0::2] = matrix.diagonal()[1::2] = turn.real
    matrix.diagonal(1)[0::2] = turn.imag
    matrix.diagonal(-1)[0::2] = -turn.imag
    return matrix
