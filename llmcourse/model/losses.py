"""What a model is asked, what its answer costs, and how it is asked without being trained: one home for the loss
(chapter 3).

Everything that trains or measures a model calls it here, so that what a loss comes to mean (documents kept apart,
targets that count for nothing, more terms than the next token's) is said once.

Shape suffixes: B batch, T time, V vocabulary.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from llmcourse.model.weights import named_layers

IGNORED = -100
"""A target that counts for nothing: the value that `torch.nn.functional.cross_entropy` ignores."""
REDUCTIONS = ("mean", "sum", "none")


class Batch(NamedTuple):
    """What a model reads and what it should say, for one step.

    Attributes:
        inputs: Token ids, int64, (B, T).
        targets: The token after each input, int64, (B, T); -100 where there is nothing to predict.
        documents: The number of each token's document within its row, int64, (B, T); None if rows are not divided.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    documents: torch.Tensor | None = None


class BatchSource(Protocol):
    """Where a run's batches come from: `Batches`, or anything else that knows the batch of a step."""

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Batch:
        """The batch of a step, or one rank's equal part of it; the parts in order are the batch of one process."""


def predict(model: Callable[..., Tensor], batch: Batch) -> Tensor:
    """Ask a model for the logits (B, T, V) of a batch's next tokens; it hears of documents only if there are some.

    Example:
        >>> ids = torch.zeros(1, 2, dtype=torch.int64)
        >>> predict(lambda ids_BT: torch.zeros(*ids_BT.shape, 8), Batch(ids, ids)).shape
        torch.Size([1, 2, 8])
    """
    more = {} if batch.documents is None else {"documents_BT": batch.documents}
    return model(batch.inputs, **more)


def next_token_loss(logits_BTV: Tensor, targets_BT: Tensor, reduction: str = "mean") -> Tensor:
    """Cross-entropy of the next token in nats.

    Args:
        logits_BTV: One row of scores a position; bfloat16 and float16 are widened to float32.
        targets_BT: The id that follows each position, int64; positions with -100 are left out.
        reduction: "mean" over the positions that count, "sum", or "none" for the loss of each position.

    Returns:
        A scalar, or with "none" the shape (B, T), 0 where a position is left out. The mean over no position at all is
        NaN.

    Raises:
        ValueError: For another reduction.

    Example:
        >>> next_token_loss(torch.zeros(1, 2, 8), torch.tensor([[3, -100]]))  # ln 8
        tensor(2.0794)
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction is {reduction!r}; it must be one of {', '.join(map(repr, REDUCTIONS))}")
    if logits_BTV.dtype in (torch.bfloat16, torch.float16):
        logits_BTV = logits_BTV.float()
    # One long list of positions: cross_entropy wants the classes second, and a view is cheaper than a transposed copy.
    losses = F.cross_entropy(logits_BTV.flatten(0, -2), targets_BT.flatten(), ignore_index=IGNORED, reduction=reduction)
    return losses.view_as(targets_BT) if reduction == "none" else losses


def batch_loss(model: Callable[..., Tensor], batch: Batch, reduction: str = "mean") -> Tensor:
    """The loss of a model on a batch, as `next_token_loss` reduces it.

    Example:
        >>> ids = torch.zeros(1, 2, dtype=torch.int64)
        >>> batch_loss(lambda ids_BT: torch.zeros(*ids_BT.shape, 8), Batch(ids, ids), "sum")  # 2 ln 8
        tensor(4.1589)
    """
    return next_token_loss(predict(model, batch), batch.targets, reduction)


def count_targets(batch: Batch) -> int:
    """How many targets of a batch count.

    Example:
        >>> count_targets(Batch(torch.tensor([[1, 2]]), torch.tensor([[2, -100]])))
        1
    """
    return int((batch.targets != IGNORED).sum())


@contextmanager
def auxiliary_share(model: torch.nn.Module, share: float) -> Iterator[None]:
    """A context in which the auxiliary losses of a model's layers count for a part of themselves.

    A step adds up the gradients of several forward passes: those of its micro-batches, on each process. A loss that is
    a mean over the tokens of one forward pass is to count for one of so many parts. Each module that has such a loss
    has an attribute `share`; it is set, and put back in the end.

    Args:
        model: Any module; one without such layers is left alone.
        share: 1 over the number of forward passes whose gradients are added up.

    Example:
        >>> layer = torch.nn.Linear(1, 1)
        >>> layer.share = 1.0
        >>> with auxiliary_share(torch.nn.Sequential(layer), 0.25):
        ...     layer.share
        0.25
        >>> layer.share
        1.0
    """
    shares = {module: module.share for _, module in named_layers(model) if hasattr(module, "share")}
    for module in shares:
        module.share = share
    try:
        yield
    finally:
        for module, before in shares.items():
            module.share = before


@contextmanager
def evaluation_mode(model: Callable[..., object]) -> Iterator[None]:
    """A context in which a model neither drops anything nor trains; each of its modules is put back as it was.

    A plain function, which has no mode, is left alone.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Dropout().eval())
        >>> with evaluation_mode(model):
        ...     print([module.training for module in model.modules()])
        [False, False, False]
        >>> [module.training for module in model.modules()]
        [True, True, False]
    """
    modes = {module: module.training for module in model.modules()} if isinstance(model, torch.nn.Module) else {}
    if modes:
        model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
