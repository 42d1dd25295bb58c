"""Which experts a token meets, and what their answers count (chapter 6).

A *router* gives each token one number for each expert, its logits. A gate makes a choice of them. Here are the choice
of the tokens, which nearly all published mixtures use, its gradient, and the choice of the experts.

Shape suffixes: S tokens of a batch in one row, E experts, K experts that a token meets, C tokens that an expert takes.
"""

from typing import NamedTuple

import torch
from torch import Tensor

SCORES = ("softmax", "sigmoid")


class Routing(NamedTuple):
    """Where tokens go.

    Attributes:
        experts_SK: The experts of each token, int64, the best one first.
        weights_SK: What each of their answers is multiplied by, float32 or float64.
    """

    experts_SK: Tensor
    weights_SK: Tensor


def top_k_gate(
    logits_SE: Tensor,
    top_k: int,
    *,
    scores: str = "softmax",
    normalise: bool = True,
    bias_E: Tensor | None = None,
    scale: float = 1.0,
) -> Routing:
    """Choose the best experts of each token, and what their answers count.

    1. The scores are the softmax of a token's logits over *all* experts, or the sigmoid of each logit.
    2. Those `top_k` experts are chosen whose score plus bias is largest, the largest first; of equal ones the expert of
       lower number comes first. A token's experts are all different.
    3. The weights are the scores of the chosen experts *without* the bias. With `normalise` they are divided by their
       sum, so that they sum to 1. At last they are multiplied by `scale`.

    Logits in bfloat16 or float16 are widened to float32 first, and the weights are float32; those of float64 logits are
    float64. Gradients flow from the weights to the logits, and none to the bias.

    Args:
        logits_SE: What the router says, one row a token.
        top_k: How many experts a token meets, from 1 to E.
        scores: "softmax" or "sigmoid".
        normalise: Whether a token's weights sum to 1 before they are scaled.
        bias_E: Added to the scores for the choice alone; None for none.
        scale: Factor of the weights.

    Returns:
        The experts of each token, int64, and their weights, both of shape (S, K).

    Raises:
        ValueError: `top_k` is below 1 or above the number of experts, or there are no such scores; the message names
            the value.

    Example:
        >>> logits_SE = torch.tensor([[2.0, 1.0, 0.0, 1.0]])
        >>> experts_SK, weights_SK = top_k_gate(logits_SE, 2)
        >>> experts_SK.tolist(), [round(w, 4) for w in weights_SK[0].tolist()]  # 1 and 3 are equally good
        ([[0, 1]], [0.7311, 0.2689])
        >>> [round(w, 4) for w in top_k_gate(logits_SE, 2, normalise=False).weights_SK[0].tolist()]
        [0.5344, 0.1966]

    Source: Shazeer et al., "Outrageously Large Neural Networks" (2017), section 2.1; normalised: Jiang et al., "Mixtral
    of Experts" (2024), section 2.1; sigmoid and bias: DeepSeek-AI, "DeepSeek-V3" (2024), equations 13 to 16.
    """
    n_experts = logits_SE.shape[-1]
    if not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k is {top_k!r}; it must be at least 1 and at most {n_experts}, the number of experts")
    if scores not in SCORES:
        raise ValueError(f"scores is {scores!r}; it must be one of {', '.join(map(repr, SCORES))}")
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    scores_SE = wide_SE.softmax(dim=-1) if scores == "softmax" else wide_SE.sigmoid()
    ranked_SE = scores_SE.detach() if bias_E is None else scores_SE.detach() + bias_E.detach()
    # `torch.topk` promises nothing about equal values; a stable sort keeps them in order.
    experts_SK = ranked_SE.sort(dim=-1, descending=True, stable=True).indices[..., :top_k]
    weights_SK = scores_SE.gather(-1, experts_SK)
    if normalise:  # sigmoids may all be 0, and 0 / 0 is NaN
        weights_SK = weights_SK / weights_SK.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(wide_SE.dtype).tiny)
    return Routing(experts_SK, weights_SK * scale)


def gate_gradient(logits_SE: Tensor, experts_SK: Tensor, d_weights_SK: Tensor, normalise: bool = True) -> Tensor:
    """The gradient of a loss by the logits, from its gradient by the weights of a softmax gate: by hand.

    The choice of the experts is a step, whose gradient is zero: they are taken as given. What is left is the way from
    the logits through the softmax, the pick of K scores and, with `normalise`, their division by the sum. By hand means
    that PyTorch's autograd is not asked. Logits may lie far apart: with `normalise` the result is right also where the
    softmax over all experts gives the chosen ones 0.

    Args:
        logits_SE: What the router has said, float32 or float64.
        experts_SK: The experts of each token in any order, all different within a token, int64.
        d_weights_SK: The gradient of the loss by each weight, of the dtype of the logits.
        normalise: Whether the weights were divided by their sum.

    Returns:
        The gradient by each logit, of the shape and dtype of the logits.

    Example:
        >>> logits_SE = torch.tensor([[2.0, 1.0, 0.0, 1.0]])
        >>> experts_SK, d_weights_SK = torch.tensor([[0, 1]]), torch.tensor([[1.0, 0.0]])
        >>> gate_gradient(logits_SE, experts_SK, d_weights_SK)  # 0.7311 * 0.2689, and only those that were chosen
        tensor([[ 0.1966, -0.1966,  0.0000,  0.0000]])
        >>> gate_gradient(logits_SE, experts_SK, d_weights_SK, normalise=False)
        tensor([[ 0.2488, -0.1051, -0.0387, -0.1051]])
    """
    if normalise:
        # The softmax of the chosen logits alone: the sum over all experts cancels.
        weights_SK = logits_SE.gather(-1, experts_SK).softmax(dim=-1)
        d_chosen_SK = weights_SK * (d_weights_SK - (d_weights_SK * weights_SK).sum(dim=-1, keepdim=True))
        return torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_chosen_SK)
    probs_SE = logits_SE.softmax(dim=-1)
    d_probs_SE = torch.zeros_like(logits_SE).scatter(-1, experts_SK, d_weights_SK)
    return probs_SE * (d_probs_SE - (d_probs_SE * probs_SE).sum(dim=-1, keepdim=True))


def add_noise(logits_SE: Tensor, std: float, generator: torch.Generator | None = None) -> Tensor:
    """Logits with normal noise on them, so that a choice that is nearly even falls this way and that.

    Shazeer et al. learn the deviation of each logit. Others multiply what the router reads by a uniform number near 1
    (Fedus et al., 2021, appendix C). Here it is one deviation for all.

    Args:
        logits_SE: What the router says.
        std: Standard deviation of the noise.
        generator: Where it comes from; PyTorch's global one when None, which activation checkpointing rewinds, so that
            a forward pass that runs twice chooses alike.

    Example:
        >>> add_noise(torch.zeros(1, 4), std=0.0)
        tensor([[0., 0., 0., 0.]])

    Source: Shazeer et al., "Outrageously Large Neural Networks" (2017), equation 4.
    """
    noise_SE = torch.empty_like(logits_SE, memory_format=torch.contiguous_format).normal_(generator=generator)
    return logits_SE + std * noise_SE


class ExpertChoice(NamedTuple):
    """Which tokens experts have chosen.

    Attributes:
        tokens_EC: The tokens of each expert, int64, the best one first.
        weights_EC: What its answers to them are multiplied by.
    """

    tokens_EC: Tensor
    weights_EC: Tensor


def expert_choice(logits_SE: Tensor, capacity: int) -> ExpertChoice:
    """The other way round: each expert chooses its tokens. All experts are equally busy; not all tokens are served.

    A token may be chosen by many experts or by none. The choice looks at the whole batch, so that whether an early
    token is served depends on later ones: a model that writes one token after another cannot do that.

    Args:
        logits_SE: What the router says, one row a token.
        capacity: How many tokens an expert takes, from 1 to S.

    Raises:
        ValueError: An expert cannot take so many tokens; the message names `capacity`.

    Example:
        >>> logits_SE = torch.tensor([[3.0, 0.0], [2.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
        >>> expert_choice(logits_SE, capacity=2).tokens_EC.tolist()  # token 3 is nobody's
        [[0, 1], [2, 3]]

    Source: Zhou et al., "Mixture-of-Experts with Expert Choice Routing" (2022), section 3.2.
    """
    if not 1 <= capacity <= len(logits_SE):
        raise ValueError(f"capacity is {capacity!r}; it must be at least 1 and at most {len(logits_SE)} tokens")
    scores_ES = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32)).softmax(dim=-1).t()
    tokens_EC = scores_ES.detach().sort(dim=-1, descending=True, stable=True).indices[:, :capacity]
    return ExpertChoice(tokens_EC, scores_ES.gather(-1, tokens_EC))
