"""Tokens sorted by expert and back, and those for whom there is no room (chapter 6).

A router says of each token which experts it meets. An expert wants its tokens beside one another, so that they are one
matrix. So all choices are sorted by expert; what comes back is sorted back, weighted and added up.

Shape suffixes: S tokens of a batch in one row, K experts that a token meets, D model width, E experts, R rows that are
sent to experts: all S K choices, less what is dropped. Choice number `s * K + k` is the k-th of token s.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sort_by_expert(experts_SK: Tensor, n_experts: int) -> tuple[Tensor, Tensor]:
    """All choices in the order of their experts, and how many fall on each.

    The choices of one expert stay in the order of their numbers: token s comes before token s + 1.

    Args:
        experts_SK: The experts of each token, int64, from 0 to `n_experts` - 1.
        n_experts: How many there are; some may be nobody's choice.

    Returns:
        The numbers of the choices, of shape (S K,), and the counts, of shape (E,); int64, on the device of the choices.

    Raises:
        ValueError: A number is no expert's; the message names it.

    Example:
        >>> order_R, counts_E = sort_by_expert(torch.tensor([[2, 0], [0, 3]]), n_experts=4)
        >>> order_R.tolist(), counts_E.tolist()  # expert 0 gets choices 1 and 2, expert 2 gets 0, expert 3 gets 3
        ([1, 2, 0, 3], [2, 0, 1, 1])
    """
    choices_R = experts_SK.flatten()
    if choices_R.numel() and choices_R.device.type == "cpu":  # to look at a number makes a GPU wait
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}; it must be at least 0 and at most {n_experts - 1}")
    return choices_R.argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)


def unsort_by_expert(y_RD: Tensor, order_R: Tensor, n_choices: int) -> Tensor:
    """What experts have answered, back in the order of the choices; zeros for a choice that was not sent.

    Gradients flow back to the answers.

    Args:
        y_RD: One row for each choice that was sent.
        order_R: The choice that each row answers, all different, as `sort_by_expert` gives them, or some of those.
        n_choices: How many choices there are, at least R.

    Returns:
        A tensor of shape (n_choices, D), of the dtype of the answers.

    Example:
        >>> y_RD = torch.tensor([[1.0], [2.0], [3.0]])
        >>> unsort_by_expert(y_RD, torch.tensor([1, 3, 0]), n_choices=4).flatten().tolist()
        [3.0, 1.0, 0.0, 2.0]
    """
    if len(order_R) == n_choices:  # a permutation: its inverse picks, and nothing has to be set to zero
        where_R = torch.empty_like(order_R).scatter_(0, order_R, torch.arange(n_choices, device=order_R.device))
        return y_RD[where_R]
    return y_RD.new_zeros(n_choices, *y_RD.shape[1:]).index_copy(0, order_R, y_RD)


def combine(y_RD: Tensor, order_R: Tensor, weights_SK: Tensor) -> Tensor:
    """The answers of each token's experts, weighted and added up.

    The products and their sum are computed in the wider dtype of answers and weights, and the result has it. A choice
    that was not sent adds nothing. Gradients flow to the answers and to the weights.

    Args:
        y_RD: One row for each choice that was sent.
        order_R: The choice that each row answers, all different: the k-th of token s is `s * K + k`.
        weights_SK: What each answer counts.

    Returns:
        A tensor of shape (S, D).

    Example:
        >>> y_RD = torch.tensor([[10.0], [20.0], [30.0]])
        >>> weights_SK = torch.tensor([[0.75, 0.25], [1.0, 0.5]])
        >>> combine(y_RD, torch.tensor([1, 2, 0]), weights_SK).tolist()  # .75 * 30 + .25 * 10, and 1 * 20
        [[25.0], [20.0]]
    """
    answers_SKD = unsort_by_expert(y_RD, order_R, weights_SK.numel()).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return torch.einsum("skd,sk->sd", answers_SKD.to(dtype), weights_SK.to(dtype))


def expert_capacity(n_tokens: int, n_experts: int, top_k: int, capacity_factor: float) -> int:
    """How many tokens an expert takes at most: `capacity_factor` times an even share of all choices, rounded up.

    There is always room for one.

    Args:
        n_tokens: Tokens of a batch, S.
        n_experts: How many experts share them.
        top_k: How many experts a token meets.
        capacity_factor: 1 for just the even share; above that there is room for an uneven one.

    Raises:
        ValueError: `capacity_factor` is not above 0, or not finite; the message names it.

    Example:
        >>> expert_capacity(n_tokens=10, n_experts=4, top_k=1, capacity_factor=1.0)  # 2.5, rounded up
        3

    Source: Fedus et al., "Switch Transformers" (2021), equation 3, for top_k = 1; Lepikhin et al., "GShard" (2020).
    """
    if not 0 < capacity_factor < math.inf:
        raise ValueError(f"capacity_factor is {capacity_factor!r}; it must be above 0 and finite")
    return max(1, math.ceil(capacity_factor * n_tokens * top_k / n_experts))


def within_capacity(experts_SK: Tensor, n_experts: int, capacity: int) -> Tensor:
    """Which choices find room, where each expert takes at most so many.

    First choices come first: those of all tokens, the earliest token before the others, then all second choices in the
    same order, and so on. Who finds an expert full is dropped; where else that token goes does not change.

    Args:
        experts_SK: The experts of each token, the best one first, int64.
        n_experts: How many experts there are.
        capacity: How many choices an expert takes at most, at least 1.

    Returns:
        True for each choice that is kept, of shape (S, K).

    Raises:
        ValueError: `capacity` is below 1; the message names it.

    Example:
        >>> experts_SK = torch.tensor([[0, 1], [1, 0], [0, 1]])
        >>> within_capacity(experts_SK, n_experts=2, capacity=2).tolist()  # expert 0 is full after two first choices
        [[True, True], [True, False], [True, False]]

    Source: Lepikhin et al., "GShard" (2020), algorithm 1; Fedus et al., "Switch Transformers" (2021), section 2.2.
    """
    if capacity < 1:
        raise ValueError(f"capacity is {capacity!r}; it must be at least 1, or nobody is served")
    n_tokens, top_k = experts_SK.shape
    choices_R = experts_SK.t().flatten()  # all first choices, then all second ones
    order_R, counts_E = sort_by_expert(choices_R, n_experts)
    starts_E = counts_E.cumsum(0) - counts_E
    places_R = torch.arange(len(order_R), device=order_R.device) - starts_E[choices_R[order_R]]
    keep_R = torch.empty_like(choices_R, dtype=torch.bool).scatter_(0, order_R, places_R < capacity)
    return keep_R.view(top_k, n_tokens).t()
