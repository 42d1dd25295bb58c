"""Right solutions of newton_schulz."""

# %% never_transposes: does the same products for a tall matrix, at more cost
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / (matrix.square().sum((-2, -1), keepdim=True).sqrt() + 1e-7)
    for _ in range(steps):
        cube = x @ (x.transpose(-2, -1) @ x)
        x = a * x + b * cube + c * cube @ (x.transpose(-2, -1) @ x)
    return x
