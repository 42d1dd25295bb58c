"""The optimum when the model will be used: training is paid once, and every token served after that (chapter 5).

A run of N parameters on D tokens costs about 6 N D operations, and each token that the trained model reads or writes
for somebody 2 N more. Of all the models that reach one loss, the cheapest to train is not the cheapest to own.

Source: Sardana et al., "Beyond Chinchilla-Optimal: Accounting for Inference in Language Model Scaling Laws" (2024).
"""

from __future__ import annotations

from llmcourse.scaling_laws.laws import Law
from llmcourse.scaling_laws.repetition import above_zero


def optimum_with_inference(
    law: Law, target_loss: float, tokens_served: float, train_flops: float = 6.0, serve_flops: float = 2.0
) -> tuple[float, float]:
    """The model and its training tokens that reach a loss and cost least, training and serving together.

    It minimizes

        train_flops * N * D + serve_flops * N * tokens_served    where    law.loss(N, D) = target_loss

    Write x = A / N^alpha and y = B / D^beta for the two parts of the loss above E. The constraint is x + y =
    target_loss - E, and where the cost is smallest

        alpha * x = beta * y * (1 + serve_flops * tokens_served / (train_flops * D))

    Without serving that has a closed form. With it there is one solution and no formula, so it is found numerically.

    Args:
        law: The law of the loss.
        target_loss: Nats per token that the model must reach, above `law.E`.
        tokens_served: Tokens that the trained model will read and write, at least 0.
        train_flops: Operations for each parameter and token in training, above 0.
        serve_flops: Operations for each parameter and token served, above 0. Other units of cost do as well, say of
            money, if `train_flops` has the same ones: only their ratio counts.

    Returns:
        N parameters and D training tokens, each with a relative error of at most 1e-3. They meet `target_loss` to
        within 1e-6 of what it lies above `law.E`.

    Raises:
        ValueError: `target_loss` is not above `law.E`, `tokens_served` is below 0, or one of the costs is not above 0,
            as NaN is not; the message names it.

    Example:
        >>> from llmcourse.scaling_laws.laws import Law
        >>> toy = Law(E=1.0, A=100.0, B=100.0, alpha=0.5, beta=0.5)
        >>> [round(value) for value in optimum_with_inference(toy, 1.2, 0)]  # each part of the loss is 0.1
        [1000000, 1000000]
        >>> [round(value, -3) for value in optimum_with_inference(toy, 1.2, 6e6)]  # x is 0.132, y is 0.068
        [576000.0, 2148000.0]

    Source: Sardana et al. (2024); they take Newton's steps.
    """
    excess = excess_loss(law, target_loss)
    if not tokens_served >= 0:
        raise ValueError(f"tokens_served is {tokens_served!r}; it must be at least 0")
    above_zero("train_flops", train_flops)
    above_zero("serve_flops", serve_flops)
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)  # y of the cheapest training is the largest
    for _ in range(200):  # halves until two neighbouring floats are left
        y = (low + high) / 2
        per_served = (y / law.B) ** (1 / law.beta)  # 1 / D
        if law.beta * y * (1 + served * per_served) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


def tokens_to_reach(law: Law, n_params: float, target_loss: float) -> float:
    """How many training tokens take a model of a given size to a loss.

    Raises:
        ValueError: No amount of text takes so small a model there; the message names the smallest that would do.

    Example:
        >>> from llmcourse.scaling_laws.laws import Law
        >>> round(tokens_to_reach(Law(E=1.0, A=100.0, B=100.0, alpha=0.5, beta=0.5), 1e6, 1.2))
        1000000
    """
    left = excess_loss(law, target_loss) - law.A / float(above_zero("n_params", n_params)) ** law.alpha
    if not left > 0:
        smallest = smallest_params(law, target_loss)
        raise ValueError(f"n_params is {n_params:.4g}; it must be above {smallest:.4g} for a loss of {target_loss:g}")
    return (law.B / left) ** (1 / law.beta)


def smallest_params(law: Law, target_loss: float) -> float:
    """The size above which a model can reach a loss at all: with endless text it comes to just that.

    Example:
        >>> from llmcourse.scaling_laws.laws import Law
        >>> round(smallest_params(Law(E=1.0, A=100.0, B=100.0, alpha=0.5, beta=0.5), 1.2))
        250000
    """
    return (law.A / excess_loss(law, target_loss)) ** (1 / law.alpha)


def total_flops(n_params: float, n_tokens: float, tokens_served: float) -> float:
    """Operations of training on `n_tokens` and serving `tokens_served` with a dense model.

    Example:
        >>> f"{total_flops(7e9, 2e12, 1e12):.2e}"
        '9.80e+22'
    """
    return 6.0 * n_params * n_tokens + 2.0 * n_params * tokens_served


def break_even(law: Law, target_loss: float, n_params: float, tokens_served: float = 0.0) -> float:
    """From how many served tokens on a given model is cheaper than the one that is best for `tokens_served`.

    Args:
        law: The law of the loss.
        target_loss: Nats per token that both reach.
        n_params: The given model, smaller than the other.
        tokens_served: What the other one was made for; 0 is the cheapest to train.

    Raises:
        ValueError: The given model is not the smaller one, or cannot reach the loss.

    Example:
        >>> from llmcourse.scaling_laws.laws import Law
        >>> f"{break_even(Law(E=1.0, A=100.0, B=100.0, alpha=0.5, beta=0.5), 1.2, 5e5):.2e}"
        '2.74e+06'
    """
    best, best_tokens = optimum_with_inference(law, target_loss, tokens_served)
    if not n_params < best:
        raise ValueError(f"n_params is {n_params:.4g}; it must be below {best:.4g}, the size of the other model")
    n_tokens = tokens_to_reach(law, n_params, target_loss)
    return 3.0 * (n_params * n_tokens - best * best_tokens) / (best - n_params)


def excess_loss(law: Law, target_loss: float) -> float:
    """What a loss has above the law's floor.

    Raises:
        ValueError: It has nothing above it.
    """
    if not target_loss > law.E:
        raise ValueError(f"target_loss is {target_loss!r}; it must be above the floor of the law, {law.E:g}")
    return float(target_loss) - law.E
