"""Muon: momentum, made nearly orthogonal by a Newton-Schulz iteration (chapter 3).

Shape suffixes: M rows and N columns of a matrix, ... any number of leading dimensions (a stack of matrices).

Source: Jordan et al., "Muon: An Optimizer for Hidden Layers in Neural Networks" (2024).
"""

import math

import torch
from torch import Tensor

QUINTIC = (3.4445, -4.7750, 2.0315)


def newton_schulz(matrix: Tensor, steps: int = 5) -> Tensor:
    """Make a matrix nearly orthogonal: keep its singular vectors and push its singular values towards 1.

    The matrix is divided by its Frobenius norm (plus 1e-7, for a matrix of zeros), so that no singular value exceeds 1.
    Then, `steps` times, X becomes `a X + b (X X^T) X + c (X X^T)^2 X` with (a, b, c) = `QUINTIC`. Each singular value s
    becomes `a s + b s**3 + c s**5`, and the singular vectors stay. With these coefficients small values grow fast, and
    the large ones end somewhere between 0.7 and 1.2 rather than exactly at 1.

    X X^T is M x M: a matrix with more rows than columns is transposed first and back at the end, which gives the same
    result for less work.

    Args:
        matrix: (..., M, N), a matrix or a stack of matrices, each treated by itself. Not changed.
        steps: Number of iterations, 0 for the division alone.

    Returns:
        (..., M, N), a new tensor of the same dtype and with its precision.

    Example:
        >>> newton_schulz(torch.diag(torch.tensor([3.0, 4.0])), steps=1)  # 3/5 and 4/5 before the step
        tensor([[1.1933, 0.0000],
                [0.0000, 0.9765]])

    Source: Jordan et al., "Muon: An Optimizer for Hidden Layers in Neural Networks" (2024).
    """
    a, b, c = QUINTIC
    # x xᵀ is as large as the number of rows: work on the side that has fewer.
    is_tall = matrix.shape[-2] > matrix.shape[-1]
    x = matrix.mT if is_tall else matrix
    # No singular value is above the Frobenius norm, so all start between 0 and 1, where the polynomial pulls them
    # towards 1.
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(steps):
        # With x = U S Vᵀ this is U (a S + b S³ + c S⁵) Vᵀ: the polynomial acts on each singular value alone.
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if is_tall else x


def muon_scale(n_rows: int, n_columns: int, scale: str) -> float:
    """How much larger Muon's step is than the learning rate, by the shape of the matrix.

    Args:
        n_rows: Rows, the outputs of a linear layer.
        n_columns: Columns, its inputs.
        scale: "original": the square root of rows over columns, at least 1. "match_adamw": 0.2 times the root of the
            longer side, which gives the update the root mean square that AdamW's usually has, so that both take the
            same learning rate.

    Raises:
        ValueError: For another scale.

    Example:
        >>> muon_scale(400, 100, "original"), muon_scale(400, 100, "match_adamw")
        (2.0, 4.0)

    Source: Jordan et al. (2024); Liu et al., "Muon is Scalable for LLM Training" (2025), section 2.2.
    """
    if scale == "original":
        return math.sqrt(max(1.0, n_rows / n_columns))
    if scale == "match_adamw":
        return 0.2 * math.sqrt(max(n_rows, n_columns))
    raise ValueError(f"scale is {scale!r}; it must be 'original' or 'match_adamw'")


def muon_step(
    param: Tensor,
    grad: Tensor,
    momentum_buffer: Tensor,
    *,
    lr: float,
    momentum: float,
    weight_decay: float,
    steps: int = 5,
    scale: str = "original",
    compute_dtype: torch.dtype | None = None,
) -> None:
    """One step of Muon, in place: Nesterov's momentum, made nearly orthogonal, and decoupled weight decay.

    Args:
        param: (..., M, N); changed.
        grad: (..., M, N); not changed.
        momentum_buffer: (..., M, N), the moving average of gradients, zeros before the first step; changed.
        lr: Learning rate.
        momentum: The share of the average that is kept.
        weight_decay: Strength of the decay; the parameter shrinks by `1 - lr * weight_decay`.
        steps: Iterations of `newton_schulz`.
        scale: How the step depends on the shape, as in `muon_scale`.
        compute_dtype: The dtype of the iteration, None for the gradient's own. torch.bfloat16 is enough and fast on a
            GPU.

    Example:
        >>> param, buffer = torch.zeros(2, 2), torch.zeros(2, 2)
        >>> grad = torch.diag(torch.tensor([3.0, 4.0]))
        >>> muon_step(param, grad, buffer, lr=1.0, momentum=0.9, weight_decay=0.0, steps=1)
        >>> param
        tensor([[-1.1933,  0.0000],
                [ 0.0000, -0.9765]])

    Source: Jordan et al. (2024), with the decay and the scale of Liu et al. (2025), section 2.2.
    """
    momentum_buffer.lerp_(grad, 1 - momentum)
    ahead = grad.lerp(momentum_buffer, momentum)
    update = newton_schulz(ahead if compute_dtype is None else ahead.to(compute_dtype), steps)
    param.mul_(1 - lr * weight_decay)
    param.add_(update.to(param.dtype), alpha=-lr * muon_scale(*param.shape[-2:], scale))
