"""Wrong solutions of newton_schulz."""

# %% not_divided: the singular values start wherever they are
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% one_norm_for_all: divides a stack by the norm of the whole stack
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / (matrix.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% not_back: a tall matrix comes back wide
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix.mT if matrix.shape[-2] > matrix.shape[-1] else matrix
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% no_guard: a matrix of zeros becomes NaN
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / torch.linalg.matrix_norm(matrix, keepdim=True)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% spectral: divides by the largest singular value
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / (torch.linalg.matrix_norm(matrix, 2, keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% starts_again: every iteration multiplies by the first product X X^T
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / (torch.linalg.matrix_norm(matrix, keepdim=True) + 1e-7)
    gram = x @ x.mT
    for _ in range(steps):
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% in_place: divides the caller's matrix
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix.div_(torch.linalg.matrix_norm(matrix, keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% in_bfloat16: computes in bfloat16 and returns that, as on a GPU
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix.bfloat16()
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% divides_large_ones_only: a matrix whose norm is below 1 stays as small as it is
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / torch.linalg.matrix_norm(matrix, keepdim=True).clamp(min=1.0)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% always_five: ignores the number of iterations
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / (torch.linalg.matrix_norm(matrix, keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% at_least_for_plus: the norm is raised to 1e-7 where it is below, instead of adding it
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / torch.linalg.matrix_norm(matrix, keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% one_buffer_a_shape: writes the result into a tensor that it keeps, and the last caller still holds it
def newton_schulz(matrix, steps=5, kept={}):
    a, b, c = QUINTIC
    x = matrix / (torch.linalg.matrix_norm(matrix, keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    buffer = kept.setdefault((tuple(matrix.shape), matrix.dtype), torch.empty_like(x))
    return buffer.copy_(x)


# %% zero_is_the_default: no iteration at all is taken for no number given
def newton_schulz(matrix, steps=None):
    a, b, c = QUINTIC
    x = matrix / (torch.linalg.matrix_norm(matrix, keepdim=True) + 1e-7)
    for _ in range(steps or 5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# %% in_float32: widens what is narrow, and narrows what is wide
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix.float()
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.to(matrix.dtype)


# %% flattens_the_stack: view fails on a stack that is not contiguous
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix.view(-1, *matrix.shape[-2:])
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = torch.bmm(x, x.mT)
        x = a * x + torch.bmm(b * gram + c * torch.bmm(gram, gram), x)
    return x.view(matrix.shape)


# %% squares_the_numbers: (X X^T)^2 with `*`, which squares each number
def newton_schulz(matrix, steps=5):
    a, b, c = QUINTIC
    x = matrix / (matrix.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + b * gram @ x + c * gram * gram @ x
    return x.mT if tall else x
