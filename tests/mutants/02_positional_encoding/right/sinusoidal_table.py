"""Right solutions of sinusoidal_table that are not written as the library's is."""

# %% written_into: fills an empty table by slices
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model % 2 == 1 or d_model <= 0:
        raise ValueError(f"an odd or empty dimension: {d_model}")
    out = torch.empty(*positions_N.shape, d_model, dtype=torch.float64)
    for i in range(d_model // 2):
        angle = positions_N.to(torch.float64) / base ** (2 * i / d_model)
        out[..., 2 * i] = torch.sin(angle)
        out[..., 2 * i + 1] = torch.cos(angle)
    return out


# %% complex_numbers: the angles as points on the unit circle, read as imaginary and real part
def sinusoidal_table(positions_N, d_model, base=10000.0):
    if d_model not in range(2, d_model + 1, 2):
        raise ValueError(f"d_model has to be even and positive, not {d_model}")
    speeds = torch.tensor([base ** (-i / d_model) for i in range(0, d_model, 2)], dtype=torch.float64)
    angles = torch.einsum("...,w->...w", positions_N.to(torch.float64), speeds)
    circle = torch.view_as_real(torch.polar(torch.ones_like(angles), angles))
    return circle.flip(-1).reshape(*positions_N.shape, d_model)
