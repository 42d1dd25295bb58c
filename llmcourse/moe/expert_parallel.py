"""Experts that live on many processes, and tokens that travel to them and back (chapter 6).

Each of N ranks has E / N experts of a layer, in the order of the ranks, and tokens of its own. Rows that are sorted by
expert are sorted by rank, too: one all-to-all brings each to its expert. The receiver needs to know first how many come
from whom, so a smaller all-to-all goes ahead, with counts alone. What arrives is sorted by sender, and only then by
expert; it is put in order, computed, and goes back the way it came. Some ranks get nothing, and some send nothing.

Shape suffixes: E experts, N ranks, L = E / N experts that live here, R rows that are sent or received, D model width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from llmcourse.distributed.group import Group
from llmcourse.moe.dispatch import sort_by_expert, unsort_by_expert
from llmcourse.moe.layer import MoE


class Splits(NamedTuple):
    """How the rows of a step are shared out, as one rank sees it.

    Attributes:
        send: How many rows it sends to each rank.
        receive: How many rows it gets from each rank.
        counts_NL: How many rows each rank sends to each expert that lives here, int64.
    """

    send: list[int]
    receive: list[int]
    counts_NL: Tensor


def exchange_splits(counts_E: Tensor, group: Group) -> Splits:
    """What each rank sends to each other and gets from it.

    Rank 0 has the first E / N experts, rank 1 the next ones, and so on. Every rank knows for how many rows of its own
    it has chosen each expert, and nothing of the others. The ranks send one all-to-all of the E counts, int64
    as they are, and nothing else.

    Args:
        counts_E: How many rows of this rank go to each of all experts, int64.
        group: Who takes part, N ranks; all call this at the same time.

    Returns:
        `Splits`: two lists of N whole numbers, and a tensor of shape (N, E / N).

    Raises:
        ValueError: E is no multiple of the number of ranks, on every rank and before anything is sent; the message
            names both numbers.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> counts = torch.tensor([1, 2, 0, 4]), torch.tensor([0, 0, 5, 6])  # experts 0 and 1 live on rank 0
        >>> first, second = rehearse(exchange_splits, [(counts[0],), (counts[1],)]).results
        >>> first.send, first.receive, first.counts_NL.tolist()
        ([3, 4], [3, 0], [[1, 2], [0, 0]])
        >>> second.send, second.receive, second.counts_NL.tolist()
        ([0, 11], [4, 11], [[0, 4], [5, 6]])

    Source: Lepikhin et al., "GShard" (2020), section 3.2.
    """
    _require_even(len(counts_E), group)
    sent_NL = counts_E.view(group.size, -1)
    counts_NL = group.all_to_all(counts_E).wait().view_as(sent_NL)
    return Splits(sent_NL.sum(dim=1).tolist(), counts_NL.sum(dim=1).tolist(), counts_NL)


def exchange_rows(x_RD: Tensor, send: Sequence[int], receive: Sequence[int], group: Group) -> Tensor:
    """Send rows to each rank and get rows from each; gradients travel back the same way.

    Forward, the ranks send one all-to-all of rows, and backward one of the gradients of the rows that were received,
    which brings each to the rank that its row came from. `group.all_to_all` itself sends values: no gradient passes it.

    A rank may send nothing, or get nothing; it takes part all the same, forward and backward.

    Args:
        x_RD: First the rows for rank 0, then those for rank 1, and so on, of any floating dtype.
        send: How many rows go to each rank; they sum to the number of rows.
        receive: How many rows come from each.
        group: Who takes part; all call this at the same time.

    Returns:
        The rows that came, in the order of the ranks: a tensor of shape (sum of `receive`, D), of the dtype of x.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> rows = (torch.tensor([[1.0], [2.0]]), [1, 1], [1, 2]), (torch.tensor([[3.0], [4.0]]), [2, 0], [1, 0])
        >>> [y_RD.flatten().tolist() for y_RD in rehearse(exchange_rows, rows).results]
        [[1.0, 3.0, 4.0], [2.0]]
    """

    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, rows: Tensor) -> Tensor:
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx: Any, d_rows: Tensor) -> Tensor:
            return group.all_to_all(d_rows, receive, send).wait()

    return Exchange.apply(x_RD)


def order_by_expert(counts_NL: Tensor) -> Tensor:
    """The order in which rows that have arrived must be read so that they are sorted by expert.

    The rows have arrived by rank: all of rank 0, then all of rank 1; and those of a rank by expert. Read in the order
    that is asked for, the rows of the first expert come first, whoever sent them. Those of one expert stay in the order
    in which they arrived.

    Args:
        counts_NL: How many rows each of N ranks has sent to each of L experts, int64; some may be 0, or all.

    Returns:
        The places of the rows, int64, each once, as many as the counts sum to: `arrived_RD[order_R]` is sorted.

    Example:
        >>> order_by_expert(torch.tensor([[1, 2], [2, 1]]))  # of rank 0: a row for 0 and two for 1; of rank 1: 3 to 5
        tensor([0, 3, 4, 1, 2, 5])
    """
    n_ranks, n_local = counts_NL.shape
    experts_NL = torch.arange(n_local, device=counts_NL.device).expand(n_ranks, -1)
    return sort_by_expert(experts_NL.flatten().repeat_interleave(counts_NL.flatten()), n_local)[0]


class AllToAll:
    """The dispatcher of a layer whose experts live on the ranks of a group: rank r has the r-th part of them.

    Every rank calls `send` and `give_back` in turn, also one that has no row. No other part of a layer knows of ranks.

    Args:
        group: Who takes part.
        n_experts: E, how many experts the layer has.

    Raises:
        ValueError: The ranks do not divide the experts.

    Example:
        >>> from llmcourse.distributed.group import ALONE
        >>> dispatcher = AllToAll(ALONE, n_experts=2)
        >>> rows_RD, counts_L = dispatcher.send(torch.tensor([[1.0], [2.0]]), torch.tensor([0, 2]))
        >>> dispatcher.give_back(10 * rows_RD).flatten().tolist()
        [10.0, 20.0]
    """

    def __init__(self, group: Group, n_experts: int) -> None:
        _require_even(n_experts, group)
        self.group = group

    def send(self, x_RD: Tensor, counts_E: Tensor) -> tuple[Tensor, Tensor]:
        """As `Dispatcher.send`: two all-to-alls, one of counts and one of rows."""
        self.splits = Splits(*exchange_splits(counts_E, self.group))
        self.order_R = order_by_expert(self.splits.counts_NL)
        arrived_RD = exchange_rows(x_RD, self.splits.send, self.splits.receive, self.group)
        return arrived_RD[self.order_R], self.splits.counts_NL.sum(dim=0)

    def give_back(self, y_RD: Tensor) -> Tensor:
        """As `Dispatcher.give_back`: one all-to-all, in the other direction."""
        by_rank_RD = unsort_by_expert(y_RD, self.order_R, len(self.order_R))
        return exchange_rows(by_rank_RD, self.splits.receive, self.splits.send, self.group)


def shard_experts(model: nn.Module, group: Group) -> nn.Module:
    """Leave each rank its part of the experts of every layer, in place, and let tokens travel.

    All else stays whole on every rank. An expert's gradient is complete when the backward pass is over, for all rows
    that it has met were here; the gradients of all else are each rank's own part and have to be summed. A norm of all
    gradients counts the latter once and the former once a rank.

    Args:
        model: The same on every rank; its `MoE` layers are changed.
        group: Who takes part; the balancing losses then count the tokens of all of them.

    Returns:
        The model.

    Raises:
        ValueError: The ranks do not divide the experts of a layer; nothing has been changed.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> from llmcourse.moe.config import ExpertsConfig
        >>> layer = MoE(8, ExpertsConfig(16, n_experts=4, top_k=2))
        >>> parts = rehearse(shard_experts, [(layer,), (layer,)]).results
        >>> [part.experts.gate_EFD.shape for part in parts]
        [torch.Size([2, 16, 8]), torch.Size([2, 16, 8])]
    """
    dispatchers = [(layer, AllToAll(group, layer.config.n_experts)) for layer in mixtures(model)]
    for layer, dispatcher in dispatchers:
        for name, weight in list(layer.experts.named_parameters()):
            mine = weight.detach().chunk(group.size)[group.rank].clone()
            setattr(layer.experts, name, nn.Parameter(mine, requires_grad=weight.requires_grad))
        layer.dispatcher, layer.balance_group = dispatcher, group
    return model


def mixtures(model: nn.Module) -> Iterator[MoE]:
    """The mixtures of experts of a model, the first layer first."""
    return (module for module in model.modules() if isinstance(module, MoE))


def _require_even(n_experts: int, group: Group) -> None:
    if n_experts % group.size:
        raise ValueError(f"n_experts is {n_experts}; it must be a multiple of the number of ranks, {group.size}")
