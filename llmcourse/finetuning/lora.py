"""LoRA: a frozen matrix, and a thin pair of matrices beside it that learn (chapter 4).

Shape suffixes: I input features, O output features, R rank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """A linear layer that stays as it is, plus a learned correction of low rank.

    y = base(x) + (alpha / rank) * (x Aᵀ) Bᵀ

    Only A and B learn; every parameter of `base` is frozen (`requires_grad` is False) when the layer is made. A starts
    with random numbers, uniform between -1/sqrt(in_features) and 1/sqrt(in_features), and B with zeros, so that at the
    start y is what `base` alone gives. A and B have the dtype and device of the base's first floating point parameter,
    in a `nn.Linear` its weight; beside a base without one, such as one in four bits, they are float32. The matrix B A,
    as large as the base's weight, is never formed in the forward pass.

    Args:
        base: The layer that is kept: a `nn.Linear`, or another module with `in_features` and `out_features`, also
            one that has no `weight`.
        rank: Rows of A and columns of B, at least 1.
        alpha: The correction is multiplied by alpha / rank, so that another rank needs no other learning rate.

    Attributes:
        base: As above.
        a: Parameter of shape (rank, in_features).
        b: Parameter of shape (out_features, rank), zeros at the start.

    Raises:
        ValueError: `rank` is below 1.

    Example:
        >>> layer = LoRALinear(nn.Linear(4, 3), rank=2, alpha=4.0)
        >>> x = torch.ones(1, 4)
        >>> torch.equal(layer(x), layer.base(x)), [p.requires_grad for p in layer.base.parameters()]
        (True, [False, False])
        >>> _ = nn.init.ones_(layer.a), nn.init.ones_(layer.b)
        >>> (layer(x) - layer.base(x)).round().tolist()  # 4 / 2 times (1+1+1+1) for each of two rows of A
        [[16.0, 16.0, 16.0]]

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021), section 4.1.
    """

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        """Freeze the base; make A and B."""
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank is {rank!r}; it must be at least 1")
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        like = next((p for p in base.parameters() if p.is_floating_point()), torch.empty(0))
        made = {"dtype": like.dtype, "device": like.device}
        self.a = nn.Parameter(torch.empty(rank, base.in_features, **made))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, **made))
        bound = 1 / math.sqrt(base.in_features)
        nn.init.uniform_(self.a, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Map x of shape (..., in_features) to (..., out_features)."""
        # Through the thin side first: two small products, where B A would be a matrix as large as the base's.
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)


def add_lora(model: nn.Module, names: Sequence[str], rank: int, alpha: float) -> list[str]:
    """Freeze a model and put LoRA beside its linear layers of some names.

    Args:
        model: Changed in place. Layers that have a LoRA already stay as they are.
        names: The last parts of the layers' names, such as "q_proj".
        rank: As for `LoRALinear`.
        alpha: As for `LoRALinear`.

    Returns:
        The full names of the layers that got one.

    Raises:
        ValueError: A name is none of the model's; nothing is changed then.

    Example:
        >>> model = nn.ModuleDict({"up": nn.Linear(4, 8), "down": nn.Linear(8, 4)})
        >>> add_lora(model, ["down"], rank=2, alpha=2.0)
        ['down']
        >>> [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        ['down.a', 'down.b']
    """
    adapted = {name for name, module in model.named_modules() if isinstance(module, LoRALinear)}
    plain = {
        name: module
        for name, module in model.named_modules()
        if hasattr(module, "in_features") and name.removesuffix(".base") not in adapted
    }
    known = {name.rpartition(".")[2] for name in [*plain, *adapted]}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"names has {unknown[0]!r}; a name must be one of the model's linear layers, {sorted(known)}")
    found = {name: module for name, module in plain.items() if name.rpartition(".")[2] in names}
    model.requires_grad_(False)
    for name, module in found.items():
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, LoRALinear(module, rank, alpha))
    for module in model.modules():
        if isinstance(module, LoRALinear):
            module.a.requires_grad_(True), module.b.requires_grad_(True)
    return list(found)


@torch.no_grad()
def merge_lora(model: nn.Module) -> nn.Module:
    """Add each correction into its base, and put the base back in the layer's place.

    The sum is formed in float32 and rounded to the base's dtype.

    Args:
        model: Changed in place; the bases of its LoRA layers are `nn.Linear`.

    Returns:
        The model.

    Raises:
        TypeError: A base is something else: nothing can be added to 4-bit weights. Nothing is changed then.

    Example:
        >>> model = nn.Sequential(LoRALinear(nn.Linear(4, 3), rank=2, alpha=2.0))
        >>> x = torch.ones(1, 4)
        >>> before = model(x)
        >>> torch.allclose(merge_lora(model)(x), before), type(model[0]).__name__
        (True, 'Linear')
    """
    layers = {name: module for name, module in model.named_modules() if isinstance(module, LoRALinear)}
    for name, layer in layers.items():
        if not isinstance(layer.base, nn.Linear):
            raise TypeError(f"the base of {name} is a {type(layer.base).__name__}; it must be a Linear to be merged")
    for name, layer in layers.items():
        correction = layer.scale * (layer.b.float() @ layer.a.float())
        layer.base.weight.copy_(layer.base.weight.float() + correction)
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, layer.base.requires_grad_(True))
    return model
