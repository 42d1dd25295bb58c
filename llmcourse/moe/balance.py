"""What keeps experts busy: losses that an even load makes small, and a bias that nothing learns (chapter 6).

Shape suffixes: B batch, T time, S tokens of a batch in one row, E experts, K experts that a token meets.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from llmcourse.moe.routing import top_k_gate

CONVENTIONS = ("switch", "huggingface")


def balancing_loss(probs_SE: Tensor, counts_E: Tensor, top_k: int, *, convention: str = "switch") -> Tensor:
    """How far a layer's load is from even, as a loss that the router can descend.

    With P_e the mean probability of expert e over the tokens, and f_e the part of all choices that fell on it (the f_e
    sum to 1), the loss is the number of experts times the sum of f_e P_e. That is the "switch" convention. In the
    "huggingface" convention f_e is the part of the *tokens* that chose e, so that the f_e sum to `top_k`: the loss is
    `top_k` times as large.

    If all P_e are equal, or all f_e are, it is 1 in the first convention and `top_k` in the second, *whatever the
    others are*. If all probability and all choices are on one expert, it is E in the first.

    Gradients flow through the probabilities. Counts are whole numbers and have none. They may be those of more tokens
    than these, such as of all processes.

    Args:
        probs_SE: For each token the probability of each expert, at least one row.
        counts_E: How many choices fell on each expert, of any dtype; at least one choice in all.
        top_k: How many experts a token meets.
        convention: "switch" or "huggingface".

    Returns:
        One number, of the dtype of the probabilities.

    Raises:
        ValueError: There is no such convention; the message names it.

    Example:
        >>> probs_SE = torch.tensor([[0.7, 0.3], [0.9, 0.1]])
        >>> balancing_loss(probs_SE, torch.tensor([2, 0]), top_k=1)  # 2 * (1 * 0.8 + 0 * 0.2)
        tensor(1.6000)
        >>> balancing_loss(probs_SE, torch.tensor([2, 2]), top_k=2, convention="huggingface")
        tensor(2.0000)

    Source: Fedus et al., "Switch Transformers" (2021), equations 4 to 6, for one expert a token.
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {', '.join(map(repr, CONVENTIONS))}")
    wide_E = counts_E.to(torch.promote_types(probs_SE.dtype, torch.float32))  # float16 ends at 65504
    shares_E = (wide_E / wide_E.sum()).to(probs_SE.dtype)
    loss = len(counts_E) * (shares_E * probs_SE.mean(dim=0)).sum()
    return loss * top_k if convention == "huggingface" else loss


def z_loss(logits_SE: Tensor) -> Tensor:
    """The mean over tokens of the squared logarithm of the sum of the exponentials of a router's logits.

    A softmax does not change when all logits of a token grow by the same amount, so nothing keeps them small; and large
    numbers are rounded coarsely, before an exponential of all things. This loss pulls them back. It is 0 at least, and
    0 for logits that are all -ln E.

    Logits in bfloat16 or float16 are widened to float32 first. Logits may be large, of either sign, and those of two
    tokens far apart: no exponential overflows, and no sum of exponentials becomes 0.

    Args:
        logits_SE: What the router says, one row a token, at least one row.

    Returns:
        One number, float32 or float64.

    Example:
        >>> z_loss(torch.zeros(3, 4))  # (ln 4)²
        tensor(1.9218)

    Source: Zoph et al., "ST-MoE" (2022), equation 5.
    """
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=-1).square().mean()


def update_bias(bias_E: Tensor, counts_E: Tensor, rate: float) -> Tensor:
    """The next bias of each expert: a little more for those with too few tokens, a little less for those with too many.

    Expert e gets `rate * sign(mean - counts_e)`, where the mean is that of all counts: plus `rate`, minus `rate`, or
    nothing for one whose count is the mean. How far it is off does not matter. As in the source, the result is not
    centred: adding the same to all experts would change no choice.

    Args:
        bias_E: The bias of each expert, float32 or float64.
        counts_E: How many choices fell on each expert in the step that is over, of any dtype.
        rate: How much a bias changes, such as 0.001.

    Returns:
        The next biases, a new tensor of the dtype of the old ones.

    Example:
        >>> update_bias(torch.tensor([0.0, 0.5, 0.0]), torch.tensor([9, 2, 1]), rate=0.25)  # the mean is 4
        tensor([-0.2500,  0.7500,  0.2500])

    Source: Wang et al., "Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts" (2024), algorithm 1.
    """
    wide_E = counts_E.to(torch.float64 if counts_E.device.type != "mps" else torch.float32)
    return bias_E + rate * (wide_E.mean() - wide_E).sign().to(bias_E.dtype)


def sequence_balancing_loss(scores_BTE: Tensor, experts_BTK: Tensor) -> Tensor:
    """The mean over sequences of the "switch" loss of each sequence by itself: also a single text is to keep all busy.

    The probability of an expert is its score divided by the sum of all scores of the token, so that sigmoid scores are
    probabilities, too.

    Args:
        scores_BTE: The score of each expert for each token, above 0.
        experts_BTK: The experts that each token meets.

    Example:
        >>> scores_BTE = torch.tensor([[[0.8, 0.2], [0.2, 0.8]], [[0.8, 0.2], [0.8, 0.2]]])
        >>> sequence_balancing_loss(scores_BTE, scores_BTE.argmax(-1, keepdim=True))  # 1 and 1.6
        tensor(1.3000)

    Source: DeepSeek-AI, "DeepSeek-V3" (2024), equations 17 to 20.
    """
    n_experts = scores_BTE.shape[-1]
    probs_BTE = scores_BTE / scores_BTE.sum(dim=-1, keepdim=True)
    chosen_BE = torch.nn.functional.one_hot(experts_BTK.flatten(1), n_experts).to(probs_BTE.dtype).mean(dim=1)
    return n_experts * (chosen_BE * probs_BTE.mean(dim=1)).sum(dim=-1).mean()


def pooled_balancing_loss(layers: Sequence[Tensor], top_k: int, mask: Tensor | None = None) -> Tensor:
    """The loss of all layers at once, as `transformers` computes it: counts and probabilities are means over layers.

    It is `top_k` when the load is even. It is that, too, when each layer sends all of its tokens to one expert, and
    every layer to another one: the load that is even is that of expert number e *of all layers together*.

    Args:
        layers: Each layer's logits, of shape (S, E).
        top_k: How many experts a token meets.
        mask: Which of the S tokens count, any shape with S elements; None for all.

    Example:
        >>> first = torch.tensor([[9.0, 0.0], [9.0, 0.0]])
        >>> round(float(pooled_balancing_loss([first, first], top_k=1)), 3)
        2.0
        >>> round(float(pooled_balancing_loss([first, -first], top_k=1)), 3)  # each layer is as uneven as can be
        1.0

    Source: `load_balancing_loss_func` of `transformers` 5, in its Mixtral.
    """
    counted = [logits_SE if mask is None else logits_SE[mask.flatten().bool()] for logits_SE in layers]
    logits_SE = torch.cat(counted)
    experts_SK = top_k_gate(logits_SE, top_k).experts_SK
    counts_E = torch.bincount(experts_SK.flatten(), minlength=logits_SE.shape[-1])
    probs_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32)).softmax(dim=-1)
    return balancing_loss(probs_SE, counts_E, top_k, convention="huggingface")


def router_entropy(logits_SE: Tensor) -> Tensor:
    """The mean over tokens of the entropy of a router's softmax, in nats: ln E for a router that does not care.

    Example:
        >>> router_entropy(torch.zeros(3, 4))  # ln 4
        tensor(1.3863)
    """
    log_probs_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32)).log_softmax(dim=-1)
    return -(log_probs_SE.exp() * log_probs_SE).sum(dim=-1).mean()
