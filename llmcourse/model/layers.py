"""The layers of a Transformer block that work on each position alone: norms and feed-forward networks (chapter 3).

Shape suffixes: B batch, T time, D model width, F feed-forward width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NORMS = ("rmsnorm", "layernorm")
ACTIVATIONS = ("swiglu", "gelu", "gelu_tanh", "relu")


class RMSNorm(nn.Module):
    """Divide each vector by its root mean square, then multiply it by a learned weight.

    y = x / sqrt(mean(x²) + eps) * weight, where the mean runs over the last axis. The mean is not subtracted and there
    is no bias. An input of lower precision (bfloat16, float16) is normalised in float32, any other in its own dtype;
    the result has the input's dtype. The input is not changed.

    Args:
        size: Number of components of a vector.
        eps: Added to the mean square, inside the root, so that a vector of zeros stays zeros.

    Attributes:
        weight: Parameter of shape (size,), ones at the start.
        eps: As above.

    Example:
        >>> RMSNorm(2, eps=0.0)(torch.tensor([[3.0, -4.0]]))
        tensor([[ 0.8485, -1.1314]], grad_fn=<MulBackward0>)

    Source: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019), equation 4.
    """

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        """Make the weight."""
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x of shape (..., size); the result has its shape and dtype."""
        wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        inverse_root = torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + self.eps)
        return ((wide * inverse_root).to(x.dtype) * self.weight).to(x.dtype)


class LayerNorm(nn.Module):
    """Subtract each vector's mean, divide by its standard deviation, then multiply by a weight and add a bias.

    Args:
        size: Number of components of a vector.
        eps: Added to the variance.
        bias: Whether there is a bias; GPT-2 has one.

    Example:
        >>> LayerNorm(2, eps=0.0)(torch.tensor([[3.0, -4.0]])).tolist()
        [[1.0, -1.0]]

    Source: Ba, Kiros and Hinton, "Layer Normalization" (2016), section 3.
    """

    def __init__(self, size: int, eps: float = 1e-5, bias: bool = False) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x of shape (..., size); the result has its shape and dtype."""
        if x.dtype not in (torch.bfloat16, torch.float16):
            return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        # Its backward pass on a CPU adds up a weight's gradient over all tokens in the dtype of x: ones stop at 256.
        weight, bias = self.weight.float(), None if self.bias is None else self.bias.float()
        return F.layer_norm(x.float(), weight.shape, weight, bias, self.eps).to(x.dtype)


def make_norm(name: str, size: int, eps: float = 1e-5, bias: bool = False) -> nn.Module:
    """A norm by name.

    Args:
        name: "rmsnorm" or "layernorm".
        size: Number of components of a vector.
        eps: Added under the root.
        bias: A bias in a LayerNorm; an RMSNorm has none.

    Raises:
        ValueError: For another name.

    Example:
        >>> make_norm("rmsnorm", 8)
        RMSNorm()
    """
    if name not in NORMS:
        raise ValueError(f"norm is {name!r}; it must be one of {', '.join(map(repr, NORMS))}")
    return RMSNorm(size, eps) if name == "rmsnorm" else LayerNorm(size, eps, bias)


class SwiGLU(nn.Module):
    """The gated feed-forward network of Llama: one projection decides how much of another passes.

    y = down(silu(gate(x)) * up(x)), with silu(z) = z * sigmoid(z). The product is by component.

    Args:
        d_model: Width D of the input and the output.
        d_ff: Width F between.
        bias: Whether the three linear layers have biases.

    Attributes:
        gate, up: `nn.Linear` from d_model to d_ff.
        down: `nn.Linear` from d_ff to d_model.

    Example:
        >>> feed_forward = SwiGLU(8, 24)
        >>> feed_forward(torch.zeros(2, 3, 8)).shape, sum(p.numel() for p in feed_forward.parameters())
        (torch.Size([2, 3, 8]), 576)

    Source: Shazeer, "GLU Variants Improve Transformer" (2020), equation 6.
    """

    def __init__(self, d_model: int, d_ff: int, bias: bool = False) -> None:
        """Make the three linear layers."""
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=bias)
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.down = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Apply the network to each vector of x, of shape (..., d_model); the result has its shape."""
        return self.down(F.silu(self.gate(x_BTD)) * self.up(x_BTD))


class FeedForward(nn.Module):
    """The feed-forward network of the first Transformers: down(activation(up(x))).

    Args:
        d_model: Width D of the input and the output.
        d_ff: Width F between.
        activation: "relu", "gelu" (exact) or "gelu_tanh" (GPT-2's approximation).
        bias: Whether the two linear layers have biases.

    Example:
        >>> FeedForward(8, 32)(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 3, 8])

    Source: Vaswani et al., "Attention Is All You Need" (2017), equation 2; GELU: Hendrycks and Gimpel (2016).
    """

    def __init__(self, d_model: int, d_ff: int, activation: str = "gelu", bias: bool = False) -> None:
        super().__init__()
        self.activation = activation
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.down = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Apply the network to each vector of x, of shape (..., d_model); the result has its shape."""
        up = self.up(x_BTD)
        if self.activation == "relu":
            return self.down(F.relu(up))
        return self.down(F.gelu(up, approximate="tanh" if self.activation == "gelu_tanh" else "none"))


def make_feed_forward(activation: str, d_model: int, d_ff: int, bias: bool = False) -> nn.Module:
    """A feed-forward network by the name of its activation.

    Raises:
        ValueError: For another name than "swiglu", "gelu", "gelu_tanh" and "relu".

    Example:
        >>> type(make_feed_forward("swiglu", 8, 24)).__name__
        'SwiGLU'
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}; it must be one of {', '.join(map(repr, ACTIVATIONS))}")
    if activation == "swiglu":
        return SwiGLU(d_model, d_ff, bias)
    return FeedForward(d_model, d_ff, activation, bias)


def default_d_ff(d_model: int, activation: str) -> int:
    """The usual width between the layers of a feed-forward network: the same number of weights for each activation.

    A network with two matrices gets 4 * d_model. SwiGLU has three matrices, so it gets two thirds of that, rounded up
    to a multiple of 8.

    Example:
        >>> default_d_ff(768, "gelu"), default_d_ff(768, "swiglu"), default_d_ff(64, "swiglu")
        (3072, 2048, 176)
    """
    return -(-d_model // 3) * 8 if activation == "swiglu" else 4 * d_model
