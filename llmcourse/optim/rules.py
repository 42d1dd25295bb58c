"""The update rules of SGD with momentum, Adam and AdamW: functions that change one tensor in place (chapter 3)."""

import math
from typing import Any

from torch import Tensor


def sgd_step(
    param: Tensor,
    grad: Tensor,
    velocity: Tensor,
    *,
    lr: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> None:
    """One step of gradient descent with momentum, in place.

    The weight decay is added to the gradient, the velocity is a decaying sum of gradients, and the parameter moves by
    the learning rate times the velocity. With Nesterov's momentum it moves as if the velocity had been updated once
    more.

    Args:
        param: The parameter; changed.
        grad: Its gradient, of the same shape; not changed.
        velocity: The decaying sum, zeros before the first step; changed.
        lr: Learning rate.
        momentum: The share of the velocity that is kept, 0 for plain gradient descent.
        nesterov: Whether to look one step ahead.
        weight_decay: Strength of the L2 penalty.

    Example:
        >>> import torch
        >>> param, velocity = torch.tensor([1.0]), torch.zeros(1)
        >>> for _ in range(2):
        ...     sgd_step(param, torch.tensor([1.0]), velocity, lr=0.1, momentum=0.5)
        >>> param  # 1 - 0.1 * 1 - 0.1 * 1.5
        tensor([0.7500])

    Source: Sutskever et al., "On the Importance of Initialization and Momentum in Deep Learning" (2013), section 2.
    """
    grad = grad + weight_decay * param
    velocity.mul_(momentum).add_(grad)
    param.sub_(lr * (grad + momentum * velocity if nesterov else velocity))


def adam_step(
    param: Tensor, grad: Tensor, m: Tensor, v: Tensor, step: int, *, weight_decay: float, **kwargs: Any
) -> None:
    """One step of Adam, in place: as `adamw_step`, but the weight decay is part of the gradient.

    It therefore passes through the moments and is divided by the root of the second one, like everything else in the
    gradient: a weight whose gradients are large is hardly decayed.

    Example:
        >>> import torch
        >>> param, m, v = torch.tensor([10.0]), torch.zeros(1), torch.zeros(1)
        >>> adam_step(param, torch.tensor([0.0]), m, v, 1, lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.5)
        >>> param  # the penalty's gradient is 5, and Adam moves by lr whatever the gradient's size
        tensor([9.9000])

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1.
    """
    adamw_step(param, grad + weight_decay * param, m, v, step, weight_decay=0.0, **kwargs)


def adamw_step(
    param: Tensor,
    grad: Tensor,
    m: Tensor,
    v: Tensor,
    step: int,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> None:
    """One step of AdamW, in place.

    1. Decoupled weight decay: the parameter shrinks by the factor `1 - lr * weight_decay`.
    2. The moments: m becomes `beta_1 * m + (1 - beta_1) * grad`, and v becomes `beta_2 * v + (1 - beta_2) * grad**2`.
    3. Both started at zero and are too small at first: m_hat is `m / (1 - beta_1**step)`, v_hat likewise with beta_2.
    4. The parameter moves by `-lr * m_hat / (sqrt(v_hat) + eps)`.

    The caller's tensors change, in whatever order they lie in memory, and nothing is returned. Every tensor decays
    alike, vectors as well as matrices: which ones should is for the caller to choose.

    Args:
        param: The parameter, any shape; changed.
        grad: Its gradient, of the same shape and dtype; not changed.
        m: First moment, zeros before the first step; changed. It holds m, not m_hat.
        v: Second moment, zeros before the first step; changed. It holds v, not v_hat.
        step: The number of this step, 1 for the first.
        lr: Learning rate.
        betas: The share of the first and of the second moment that is kept.
        eps: A small number that is added to the root, outside it.
        weight_decay: Strength of the decay.

    Example:
        >>> import torch
        >>> param, m, v = torch.tensor([1.0, 1.0]), torch.zeros(2), torch.zeros(2)
        >>> grad = torch.tensor([100.0, 0.01])
        >>> adamw_step(param, grad, m, v, 1, lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
        >>> param  # the first step has the size of the learning rate, whatever the gradient's size
        tensor([0.9000, 0.9000])

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2, with the decay
    multiplied by the learning rate, as in PyTorch.
    """
    beta_1, beta_2 = betas
    param.mul_(1 - lr * weight_decay)
    m.lerp_(grad, 1 - beta_1)
    v.mul_(beta_2).addcmul_(grad, grad, value=1 - beta_2)
    root = v.sqrt().div_(math.sqrt(1 - beta_2**step)).add_(eps)
    param.addcdiv_(m, root, value=-lr / (1 - beta_1**step))
