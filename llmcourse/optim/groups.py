"""Which parameters decay, which go to Muon, and an optimizer by name (chapter 3)."""

from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.optim.optimizers import SGD, AdamW, Muon

OPTIMIZERS = ("sgd", "adam", "adamw", "muon")
NOT_HIDDEN = {"lm_head", "positions", "router"}
"""Names of modules and parameters whose matrices are not between the embeddings and the output."""


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups: matrices, which decay, and the rest, which does not.

    Norms' gains and biases have fewer than two dimensions. Pulling them to zero would shrink what a layer passes on:
    no norm behind them makes up for it, as one does for most matrices. That embeddings decay, too, is a choice. A
    frozen parameter is in no group, a shared one is in its group once.

    Args:
        model: Any module.
        weight_decay: For the matrices.

    Returns:
        Groups for an optimizer, each with `params` and `weight_decay`; an empty group is left out.

    Example:
        >>> groups = parameter_groups(nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3)), weight_decay=0.1)
        >>> [([tuple(p.shape) for p in group["params"]], group["weight_decay"]) for group in groups]
        [([(3, 2)], 0.1), ([(3,), (3,), (3,)], 0.0)]
    """
    trained = [param for param in model.parameters() if param.requires_grad]
    matrices = [param for param in trained if param.ndim >= 2]
    rest = [param for param in trained if param.ndim < 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def hidden_matrices(model: nn.Module) -> list[Tensor]:
    """The matrices between the embeddings and the output layer: trained, of two or more dimensions.

    Not among them are the weights of `nn.Embedding`, of a module or parameter called `lm_head` or `router` (its rows
    are classes to choose from, as those of an output layer are), and of positions.

    Example:
        >>> model = nn.ModuleDict({"embedding": nn.Embedding(9, 4), "up": nn.Linear(4, 8), "lm_head": nn.Linear(8, 9)})
        >>> [tuple(matrix.shape) for matrix in hidden_matrices(model)]
        [(8, 4)]
    """
    outside = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    outside |= {id(p) for name, p in model.named_parameters() if not NOT_HIDDEN.isdisjoint(name.split("."))}
    return [p for p in model.parameters() if p.requires_grad and p.ndim >= 2 and id(p) not in outside]


def muon_parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """As `parameter_groups`, with Muon's rule for the hidden matrices and AdamW's for all else.

    Embeddings and the output layer stay with AdamW: a row there belongs to a single token, and most rows of the
    embedding have no gradient in a given batch.

    Example:
        >>> model = nn.ModuleDict({"embedding": nn.Embedding(9, 4), "up": nn.Linear(4, 8), "lm_head": nn.Linear(8, 9)})
        >>> [(group["rule"], len(group["params"])) for group in muon_parameter_groups(model, weight_decay=0.1)]
        [('muon', 1), ('adamw', 2), ('adamw', 2)]
    """
    is_hidden = {id(matrix) for matrix in hidden_matrices(model)}
    groups = []
    for group in parameter_groups(model, weight_decay):
        hidden = [p for p in group["params"] if id(p) in is_hidden]
        rest = [p for p in group["params"] if id(p) not in is_hidden]
        groups += [group | {"params": hidden, "rule": "muon"}, group | {"params": rest, "rule": "adamw"}]
    return [group for group in groups if group["params"]]


def make_optimizer(
    model: nn.Module,
    name: str = "adamw",
    *,
    lr: float,
    weight_decay: float = 0.1,
    betas: tuple[float, float] = (0.9, 0.95),
    eps: float = 1e-8,
    momentum: float | None = None,
) -> torch.optim.Optimizer:
    """An optimizer over the model's parameter groups, in which norms and biases do not decay.

    Args:
        model: Any module.
        name: One of `OPTIMIZERS`. "muon" updates the hidden matrices by Muon, with AdamW's scale, and the rest by
            AdamW, so that one learning rate and one weight decay serve both.
        lr: Peak learning rate.
        weight_decay: For matrices.
        betas: For Adam and AdamW.
        eps: For Adam and AdamW.
        momentum: For SGD (0.9 if None) and for Muon (0.95 if None).

    Returns:
        The optimizer. Each group keeps its peak rate as `initial_lr`, which a schedule's factor multiplies.

    Raises:
        ValueError: The name is unknown, or a setting is out of range.

    Example:
        >>> optimizer = make_optimizer(nn.Linear(2, 2), "sgd", lr=0.1)
        >>> [group["weight_decay"] for group in optimizer.param_groups]
        [0.1, 0.0]
    """
    groups = parameter_groups(model, weight_decay)
    if name == "sgd":
        optimizer = SGD(groups, lr=lr, momentum=0.9 if momentum is None else momentum)
    elif name in ("adam", "adamw"):
        optimizer = AdamW(groups, lr=lr, betas=betas, eps=eps, decoupled=name == "adamw")
    elif name == "muon":
        groups = muon_parameter_groups(model, weight_decay)
        kept = 0.95 if momentum is None else momentum
        optimizer = Muon(groups, lr=lr, momentum=kept, scale="match_adamw", betas=betas, eps=eps)
    else:
        raise ValueError(f"the optimizer is {name!r}; it must be one of {', '.join(map(repr, OPTIMIZERS))}")
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer
