"""Right solutions of newton_schulz."""

# %% never_transposes: does the same products for a tall matrix, at more cost
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / (matrix.square().sum((-2, -1), keepdim=True).sqrt() + 1e-7)
    for _ in range(steps):
        cube = x @ (x.transpose(-2, -1) @ x)
        x = a * x + b * cube + c * cube @ (x.transpose(-2, -1) @ x)
    return x


# %% one_by_one: takes the matrices of a stack one after the other, and the polynomial in Horner's form
def newton_schulz(matrix, steps=5):
    if matrix.ndim > 2:
        return torch.stack([newton_schulz(one, steps) for one in matrix])
    if matrix.shape[0] > matrix.shape[1]:
        return newton_schulz(matrix.T, steps).T
    a, b, c = QUINTIC
    x = matrix / (matrix.norm() + 1e-7)
    identity = torch.eye(len(matrix), dtype=matrix.dtype)
    for _ in range(steps):
        gram = x @ x.T
        x = (a * identity + gram @ (b * identity + c * gram)) @ x
    return x


# %% einsum_in_float64: computes in float64, with other products, and rounds once at the end
@torch.no_grad()
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix.double()
    x = x / (torch.einsum("...mn,...mn->...", x, x)[..., None, None] ** 0.5 + 1e-7)
    for _ in range(steps):
        cube = torch.einsum("...mn,...kn,...kl->...ml", x, x, x)
        x = a * x + b * cube + c * torch.einsum("...mn,...kn,...kl->...ml", x, x, cube)
    return x.to(matrix.dtype)
