"""Optimizers whose state is in shards: AdamW, which needs nothing but its own elements, and Muon, which needs the whole
matrix (chapter 4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from llmcourse.distributed.flat import part_of
from llmcourse.distributed.group import Group
from llmcourse.distributed.shards import Shards
from llmcourse.optim.groups import muon_parameter_groups, parameter_groups
from llmcourse.optim.muon import muon_scale, newton_schulz
from llmcourse.optim.optimizers import SGD, AdamW
from llmcourse.optim.rules import adamw_step

OPTIMIZERS = ("sgd", "adam", "adamw", "muon")
EXCHANGES = ("gather", "owners")


class Sharded(Protocol):
    """What has its parameters in shards: `Zero` and `FullySharded`."""

    shards: Shards


def sharded_adamw_step(
    params: Sequence[Tensor],
    grads: Sequence[Tensor],
    m: Tensor,
    v: Tensor,
    step: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    group: Group,
) -> None:
    """One step of AdamW on parameters that every rank has whole, each rank with a shard of the moments.

    1. The gradients are written one behind the other in one vector, with zeros at the end up to a multiple of the
       number of ranks, and summed over the ranks so that each keeps its part: one reduce-scatter.
    2. `adamw_step` changes this rank's part of the parameters, which are cut in the same way, and its moments.
    3. The parts are gathered, one all-gather, and the parameters are overwritten with them.

    Afterwards every rank has the same parameters, those of one process that had seen the sum of all gradients. The
    moments have only ever been there once.

    Args:
        params: The parameters, of any shapes and one dtype, the same on every rank; changed in the memory that they
            have. They may be `nn.Parameter`s; autograd does not watch the step.
        grads: This rank's own gradients, of the same shapes; not changed.
        m: This rank's part of the first moment, one axis of ceil(elements / ranks), zeros before the first step;
            changed.
        v: The same of the second moment; changed.
        step: The number of this step, 1 for the first.
        lr, betas, eps, weight_decay: As for `adamw_step`.
        group: Who takes part.

    Example:
        Two ranks, one parameter [1, 1, 1], moments of two zeros on each rank; lr 0.1, betas (0.9, 0.99), no
        decay, step 1. The gradients [1, 1, -1] and [1, -3, -1] have the sum [2, -2, -2]. Afterwards the parameter is
        [0.9, 1.1, 1.1] on both ranks, and `m` is [0.2, -0.2] on the first and [-0.2, 0] on the second.

    Source: Rajbhandari et al., "ZeRO" (2020), sections 5.1 and 5.2.
    """
    size, counts = len(m), [param.numel() for param in params]

    def padded(tensors: Sequence[Tensor]) -> Tensor:
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        return torch.cat([flat, flat.new_zeros(size * group.size - len(flat))])

    grad = group.reduce_scatter(padded(grads)).wait()
    part = padded(params)[group.rank * size : (group.rank + 1) * size].clone()
    adamw_step(part, grad, m, v, step, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    whole = group.all_gather(part).wait()
    with torch.no_grad():
        for param, piece in zip(params, whole[: sum(counts)].split(counts)):
            param.copy_(piece.view(param.shape))


class Matrix(NamedTuple):
    """A matrix that lies in shards.

    Attributes:
        shape: Of the whole matrix (or a stack of them).
        lengths: How many of its elements each rank has; they stand one behind the other.
    """

    shape: tuple[int, ...]
    lengths: tuple[int, ...]


Rule = Callable[[Tensor], Tensor]


def by_gathering(pieces: Sequence[Tensor], matrices: Sequence[Matrix], group: Group, rule: Rule) -> list[Tensor]:
    """Apply a rule to whole matrices that lie in shards: everybody gathers all of them, and keeps its part of the result.

    One message. Each rank receives all elements, and does the work of all.

    Args:
        pieces: What this rank has of each matrix, one axis each.
        matrices: How they are cut.
        group: Who has the rest.
        rule: From a whole matrix to one of the same shape.

    Returns:
        This rank's piece of each result.

    Example:
        >>> matrix = Matrix((2, 2), (4,))
        >>> by_gathering([torch.tensor([1.0, 2.0, 3.0, 4.0])], [matrix], Group(), lambda whole: whole.T)
        [tensor([1., 3., 2., 4.])]
    """  # noqa: E501
    totals = [sum(matrix.lengths[rank] for matrix in matrices) for rank in range(group.size)]
    mine = torch.cat(list(pieces))
    padded = torch.cat([mine, mine.new_zeros(max(totals) - len(mine))])
    rows = group.all_gather(padded).wait().view(group.size, -1)
    parts = [row[:total].split([m.lengths[r] for m in matrices]) for r, (row, total) in enumerate(zip(rows, totals))]
    results = []
    for number, matrix in enumerate(matrices):
        whole = rule(torch.cat([parts[rank][number] for rank in range(group.size)]).view(matrix.shape))
        results.append(whole.reshape(-1).split(list(matrix.lengths))[group.rank])
    return results


def by_owners(pieces: Sequence[Tensor], matrices: Sequence[Matrix], group: Group, rule: Rule) -> list[Tensor]:
    """Apply a rule to whole matrices that lie in shards: each is sent to one rank, which sends back everybody's part.

    Two messages, there and back. Each rank receives the rest of its own matrices alone, and does the work of these.

    Args:
        pieces, matrices, group, rule: As for `by_gathering`.

    Returns:
        This rank's piece of each result.

    Example:
        >>> matrix = Matrix((2, 2), (4,))
        >>> by_owners([torch.tensor([1.0, 2.0, 3.0, 4.0])], [matrix], Group(), lambda whole: whole.T)
        [tensor([1., 3., 2., 4.])]
    """
    owned = owners([math.prod(matrix.shape) for matrix in matrices], group.size)
    order = [number for mine in owned for number in mine]
    there = [sum(matrices[i].lengths[group.rank] for i in mine) for mine in owned]
    mine = owned[group.rank]
    back = [sum(matrices[i].lengths[rank] for i in mine) for rank in range(group.size)]
    came = group.all_to_all(torch.cat([pieces[i] for i in order]), there, back).wait()
    parts = [part.split([matrices[i].lengths[rank] for i in mine]) for rank, part in enumerate(came.split(back))]
    done: list[list[Tensor]] = [[] for _ in range(group.size)]
    for place, number in enumerate(mine):
        matrix = matrices[number]
        whole = rule(torch.cat([part[place] for part in parts]).view(matrix.shape))
        for rank, piece in enumerate(whole.reshape(-1).split(list(matrix.lengths))):
            done[rank].append(piece)
    flat = [piece for pieces_of_rank in done for piece in pieces_of_rank]
    result = group.all_to_all(torch.cat(flat) if flat else came, back, there).wait()
    found = dict(zip(order, result.split([matrices[i].lengths[group.rank] for i in order])))
    return [found[number] for number in range(len(matrices))]


def owners(sizes: Sequence[int], n_ranks: int) -> list[list[int]]:
    """Who works on which matrix: the largest first, each to the rank that has least so far.

    Example:
        >>> owners([4, 9, 5, 1], n_ranks=2)
        [[1, 3], [2, 0]]
    """
    given: list[list[int]] = [[] for _ in range(n_ranks)]
    load = [0] * n_ranks
    for number in sorted(range(len(sizes)), key=lambda i: (-sizes[i], i)):
        rank = load.index(min(load))
        given[rank].append(number)
        load[rank] += sizes[number]
    return given


class ShardedMuon(torch.optim.Optimizer):
    """Muon on matrices that lie in shards, and AdamW in the groups with `rule="adamw"`.

    Momentum is a sum of elements, so that each rank keeps it for its own. The orthogonalisation wants the whole matrix:
    "gather" brings all of them to every rank, "owners" each to one rank and its update back.

    Args:
        params: Groups of slices, as `shard_groups` makes them.
        strategy: Whose slices they are.
        exchange: "gather" or "owners".
        lr, momentum, weight_decay, ns_steps, scale, betas, eps: As for `optim.Muon`.

    Raises:
        ValueError: The exchange is unknown.
    """

    def __init__(
        self,
        params: Sequence[dict[str, Any]],
        strategy: Sharded,
        exchange: str = "owners",
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.1,
        ns_steps: int = 5,
        scale: str = "original",
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
    ) -> None:
        if exchange not in EXCHANGES:
            raise ValueError(f"exchange is {exchange!r}; it must be one of {', '.join(map(repr, EXCHANGES))}")
        self.group = strategy.shards.group
        self.exchange = by_owners if exchange == "owners" else by_gathering
        self.matrices = _matrices(strategy.shards)
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "ns_steps": ns_steps}
        super().__init__(params, settings | {"scale": scale, "betas": betas, "eps": eps, "rule": "muon"})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Update every slice that has a gradient; every rank calls this."""
        for group in self.param_groups:
            with_grad = [param for param in group["params"] if param.grad is not None]
            if group["rule"] == "adamw":
                for param in with_grad:
                    self._adamw(param, group)
            elif with_grad:
                self._muon(with_grad, group)

    def _muon(self, params: list[Tensor], group: dict[str, Any]) -> None:
        ahead = []
        for param in params:
            state = self.state[param]
            buffer = state.setdefault("momentum_buffer", torch.zeros_like(param))
            buffer.lerp_(param.grad, 1 - group["momentum"])
            ahead.append(param.grad.lerp(buffer, group["momentum"]))
        matrices = [self.matrices[id(param)] for param in params]
        steps = group["ns_steps"]
        updates = self.exchange(ahead, matrices, self.group, lambda whole: newton_schulz(whole, steps))
        for param, matrix, update in zip(params, matrices, updates):
            param.mul_(1 - group["lr"] * group["weight_decay"])
            param.add_(update, alpha=-group["lr"] * muon_scale(*matrix.shape[-2:], group["scale"]))

    def _adamw(self, param: Tensor, group: dict[str, Any]) -> None:
        state = self.state[param]
        m, v = (state.setdefault(name, torch.zeros_like(param)) for name in ("exp_avg", "exp_avg_sq"))
        state["step"] = state.get("step", 0) + 1
        settings = {name: group[name] for name in ("lr", "betas", "eps", "weight_decay")}
        adamw_step(param, param.grad, m, v, state["step"], **settings)


def _matrices(shards: Shards) -> dict[int, Matrix]:
    """How the parameter behind each slice is cut, by the slice's identity."""
    found = {}
    for unit in shards.units:
        for name, shape, offset in zip(unit.names, unit.shapes, unit.offsets):
            parts = (part_of(offset, math.prod(shape), len(unit.part), rank) for rank in range(unit.n_ranks))
            lengths = tuple(end - first for first, end in parts)
            found[id(unit.slices[name])] = Matrix(tuple(shape), lengths)
    return found


def shard_groups(strategy: Sharded, groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Groups for an optimizer, made from the model's parameters, with this rank's slices in their place.

    Whether a parameter decays, or is a matrix for Muon, follows from its shape: that of the parameter, not of the slice,
    which has one axis.

    Args:
        strategy: A `Zero` or `FullySharded`.
        groups: As `parameter_groups(strategy.model, ...)` gives them.

    Example:
        >>> from llmcourse.distributed.fsdp import FullySharded
        >>> sharded = FullySharded(torch.nn.Linear(2, 3))
        >>> [len(group["params"]) for group in shard_groups(sharded, parameter_groups(sharded.model, 0.1))]
        [1, 1]
    """  # noqa: E501
    slices = {}
    for unit in strategy.shards.units:
        slices |= {id(parameter): unit.slices[name] for parameter, name in zip(unit.parameters, unit.names)}
    return [group | {"params": [slices[id(parameter)] for parameter in group["params"]]} for group in groups]


def make_sharded_optimizer(
    strategy: Sharded,
    name: str = "adamw",
    *,
    lr: float,
    weight_decay: float = 0.1,
    betas: tuple[float, float] = (0.9, 0.95),
    eps: float = 1e-8,
    momentum: float | None = None,
    exchange: str = "owners",
) -> torch.optim.Optimizer:
    """`optim.make_optimizer` for a model in shards: the same groups, the same rules, the state of this rank's slices.

    Args:
        strategy: A `Zero` or `FullySharded`.
        name, lr, weight_decay, betas, eps, momentum: As for `make_optimizer`.
        exchange: How Muon gets whole matrices, "gather" or "owners".

    Raises:
        ValueError: The name is unknown, or a setting is out of range.

    Example:
        >>> from llmcourse.distributed.fsdp import FullySharded
        >>> optimizer = make_sharded_optimizer(FullySharded(torch.nn.Linear(2, 3)), "muon", lr=0.1)
        >>> [group["rule"] for group in optimizer.param_groups]
        ['muon', 'adamw']
    """
    model = strategy.shards.model
    if name not in OPTIMIZERS:
        raise ValueError(f"the optimizer is {name!r}; it must be one of {', '.join(map(repr, OPTIMIZERS))}")
    if name == "muon":
        groups = shard_groups(strategy, muon_parameter_groups(model, weight_decay))
        optimizer: torch.optim.Optimizer = ShardedMuon(
            groups, strategy, exchange, lr, 0.95 if momentum is None else momentum, weight_decay,
            scale="match_adamw", betas=betas, eps=eps,
        )  # fmt: skip
    else:
        groups = shard_groups(strategy, parameter_groups(model, weight_decay))
        if name == "sgd":
            optimizer = SGD(groups, lr=lr, momentum=0.9 if momentum is None else momentum)
        else:
            optimizer = AdamW(groups, lr=lr, betas=betas, eps=eps, decoupled=name == "adamw")
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer
