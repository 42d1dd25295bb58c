"""How good a model is, in units that can be compared (chapter 3).

Shapes: B rows, T tokens of a row, V vocabulary.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from llmcourse.data.batches import IGNORED, Batch, Batches


def bits_per_byte(total_nats: float, n_bytes: int) -> float:
    """Turn a summed loss into bits per byte of text, which do not depend on the tokenizer.

    The loss of a text is the sum over its tokens of -ln p(token), in nats: the length of the text, had the model to
    write it down. One bit is ln 2 nats. Divided by the bytes of the text (not by its tokens), it can be compared
    between models that cut the text differently.

    Args:
        total_nats: the loss summed over all tokens of the text, in nats; not the mean.
        n_bytes: the length of the text in UTF-8 bytes.

    Returns:
        Bits per byte.

    Raises:
        ValueError: there is no byte, or the loss is negative or not a number; the message names the number.

    >>> bits_per_byte(math.log(256) * 10, 10)
    8.0
    """
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}: a text has at least 1 byte")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}: a sum of -ln p is at least 0")
    return float(total_nats) / math.log(2) / n_bytes


def batch_nats(model: torch.nn.Module, batch: Batch) -> tuple[float, int]:
    """Sum a model's loss over one batch.

    Args:
        model: gives logits (B, T, V) for ids (B, T); if the batch has documents it takes them as `documents_BT`.
        batch: the batch, on the model's device.

    Returns:
        The loss in nats, summed over the targets that count, and their number.
    """
    more = {} if batch.documents is None else {"documents_BT": batch.documents}
    logits_BTV = model(batch.inputs, **more)
    nats = F.cross_entropy(
        logits_BTV.flatten(0, -2).float(), batch.targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return nats.item(), int((batch.targets != IGNORED).sum())


@torch.no_grad()
def evaluate(model: torch.nn.Module, batches: Batches | Sequence[Batch], n_batches: int | None = None) -> float:
    """Measure a model's mean loss on some batches, in evaluation mode; the model's mode is put back afterwards.

    Args:
        model: gives logits (B, T, V) for ids (B, T).
        batches: a `Batches`, of which the first batches of its first epoch are read, or a sequence of `Batch`.
        n_batches: how many; None, or more than there are, is all of them.

    Returns:
        The mean over all targets that count, in nats per token: a batch with fewer targets weighs less.

    Raises:
        ValueError: `n_batches` is below 1, or no target counts.
    """
    n_available = batches.batches_per_epoch if isinstance(batches, Batches) else len(batches)
    n_read = n_available if n_batches is None else min(n_batches, n_available)
    if n_read < 1:
        raise ValueError(f"n_batches is {n_batches} and there are {n_available} batches: at least 1 is needed")
    was_training = model.training
    model.eval()
    try:
        sums = [batch_nats(model, _nth(batches, k)) for k in range(n_read)]
    finally:
        model.train(was_training)
    n_targets = sum(n for _, n in sums)
    if n_targets == 0:
        raise ValueError(f"none of the {n_read} batches has a target that counts")
    return sum(nats for nats, _ in sums) / n_targets


def _nth(batches: Batches | Sequence[Batch], k: int) -> Any:
    return batches.batch(k) if isinstance(batches, Batches) else batches[k]
