"""Metrics that jump where the loss does not (chapter 5).

A model that gets each token right a little more often gets *all* of twenty tokens right hardly ever, for a long time,
and then quickly nearly always. Whether an ability appears suddenly depends on what is counted.

Source: Schaeffer, Miranda and Koyejo, "Are Emergent Abilities of Large Language Models a Mirage?" (2023).

Shape suffixes: Q questions, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmcourse.scaling_laws.laws import Law


def exact_match(losses_QT: np.ndarray, is_answer_QT: np.ndarray) -> float:
    """The share of questions that a model is expected to answer right in every token.

    An answer is drawn token by token, each with the model's own probabilities. The loss of a token, given the right
    tokens before it, is -log of the probability that it is drawn. So an answer comes out as wanted with the product of
    these probabilities, however the tokens depend on each other. Each question has its own chance, and the share that
    is expected is the mean of these chances.

    Args:
        losses_QT: Loss in nats of each token of each question, at least 0; infinity is a token that is never drawn.
            Numbers outside of the answers mean nothing and may be anything, NaN too, (Q, T).
        is_answer_QT: Which tokens are the answer, bool. Answers may be of different lengths and lie anywhere, (Q, T).

    Returns:
        A number from 0 to 1.

    Raises:
        ValueError: There is no question, or a question whose answer has no token; the message names it.

    Example:
        >>> half = np.log(2)
        >>> float(round(exact_match(np.array([[half, half], [half, 9.0]]), np.array([[True, True], [True, False]])), 3))
        0.375

    Source: Schaeffer et al. (2023), without their assumption that tokens are independent.
    """
    losses_QT, is_answer_QT = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses_QT) == 0:
        raise ValueError("losses_QT has 0 questions; it must have at least 1")
    if not (has_answer := is_answer_QT.any(axis=1)).all():
        raise ValueError(f"question {int(np.argmin(has_answer))} has an answer of 0 tokens; it must have at least 1")
    # Not a product with the mask: 0 times NaN is NaN.
    log_chances = -np.where(is_answer_QT, losses_QT, 0.0).sum(axis=1)
    return float(np.exp(log_chances).mean())


def edit_distance(answer: Sequence[int], wanted: Sequence[int]) -> int:
    """The smallest number of tokens to insert, delete or replace to make one sequence of the other.

    This is the metric that gives credit for what is nearly right, and that shows how models come nearer. It takes as
    many steps as the product of the two lengths, so that answers of thousands of tokens are no trouble.

    Args:
        answer: Token ids, of any length.
        wanted: Token ids, of any length.

    Returns:
        From 0, where they are the same, to the longer one's length.

    Example:
        >>> edit_distance([1, 2, 3], [1, 3]), edit_distance([1, 2], [2, 1]), edit_distance([], [5, 5])
        (1, 2, 2)

    Source: Levenshtein (1966); as token edit distance, Schaeffer et al. (2023).
    """
    above = list(range(len(wanted) + 1))  # from nothing to the first j tokens
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (token != other)))
        above = row
    return above[-1]


def token_accuracy(law: Law, n_params, n_tokens, share: float = 1.0):
    """The chance to draw the right token of an answer that has no choice, for a model of the law.

    There is one right answer, so that its tokens have no entropy of their own: a perfect model has no loss on them.
    What is left is a share of what the model's loss has above the law's floor.

    Args:
        law: Of the loss in nats per token.
        n_params: Parameters, a number or an array.
        n_tokens: Training tokens, a number or an array.
        share: The tokens' loss, as a share of the loss of average text above its floor.

    Example:
        >>> float(round(token_accuracy(Law(E=0.5, A=1.0, B=1.0, alpha=0.5, beta=0.5), 1e4, 1e4), 3))
        0.98
    """
    return np.exp(-share * (law.loss(n_params, n_tokens) - law.E))


def counted(chance, n_questions: int, seed: int = 0) -> np.ndarray:
    """What a test of so many questions measures where each is answered right with a given chance.

    Args:
        chance: From 0 to 1, a number or an array, each a model of its own.
        n_questions: Of the test.
        seed: Of the draw.

    Example:
        >>> counted([0.001, 0.5, 1.0], 100).tolist()[::2]
        [0.0, 1.0]
    """
    return np.random.default_rng(seed).binomial(n_questions, np.asarray(chance, dtype=np.float64)) / n_questions


def all_right(is_right_T: np.ndarray, length: int) -> float:
    """The share of runs of `length` neighbouring tokens in which every token is right.

    Args:
        is_right_T: Whether each token of a text was predicted, bool, (T,).
        length: At least 1 and at most T.

    Example:
        >>> all_right(np.array([True, True, False, True]), 2)
        0.3333333333333333
    """
    is_right_T = np.asarray(is_right_T, dtype=bool)
    if not 1 <= length <= len(is_right_T):
        raise ValueError(f"length is {length}; it must be from 1 to {len(is_right_T)}, the number of tokens")
    windows = np.lib.stride_tricks.sliding_window_view(is_right_T, length)
    return float(windows.all(axis=1).mean())


def loss_to_loss(first: Law, second: Law) -> float:
    """The exponent kappa with which one law's reducible loss follows another's along their best runs of equal cost.

    At its optimum the loss of a law falls as C ** -(alpha * beta / (alpha + beta)) towards its floor. Two laws at the
    same C are then tied by L2 - E2 = K * (L1 - E1) ** kappa: a shifted power law without C.

    Example:
        >>> loss_to_loss(Law(1.0, 9.0, 9.0, 0.5, 0.5), Law(2.0, 9.0, 9.0, 0.25, 0.25))
        0.5

    Source: the form, found in measured losses, is that of Brandfonbrener et al., "Loss-to-Loss Prediction" (2024).
    """

    def slope(law: Law) -> float:
        return law.alpha * law.beta / (law.alpha + law.beta)

    return slope(second) / slope(first)
