"""How good a model is, in units that can be compared (chapter 3).

Shape suffixes: B rows, T tokens of a row, V vocabulary; N windows of S tokens, T = S - 1 predictions.
"""

import math
from collections.abc import Sequence

import torch

from llmcourse.data.batches import Batches, read_part
from llmcourse.data.packing import Packed
from llmcourse.distributed.group import ALONE, Group
from llmcourse.model.losses import Batch, batch_loss, count_targets, evaluation_mode, next_token_loss


def bits_per_byte(total_nats: float, n_bytes: int) -> float:
    """Turn a summed loss into bits per byte of text, which do not depend on the tokenizer.

    The loss of a text is the sum over its tokens of -ln p(token), in nats: the length of the text, had the model to
    write it down. One bit is ln 2 nats. Divided by the bytes of the text (not by its tokens), it can be compared
    between models that cut the text differently.

    Args:
        total_nats: The loss summed over all tokens of the text, in nats; not the mean.
        n_bytes: The length of the text in UTF-8 bytes.

    Returns:
        Bits per byte, a Python float.

    Raises:
        ValueError: There is no byte, or the loss is negative or not a number; the message names the number.

    Example:
        >>> bits_per_byte(math.log(256) * 10, 10)
        8.0
    """
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes!r}; it must be at least 1")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats!r}; it must be at least 0, as a sum of -ln p is")
    return float(total_nats) / math.log(2) / n_bytes


def batch_nats(model: torch.nn.Module, batch: Batch) -> tuple[float, int]:
    """Sum a model's loss over one batch.

    Args:
        model: Gives logits (B, T, V) for ids (B, T); if the batch has documents it takes them as `documents_BT`.
        batch: The batch, on the model's device.

    Returns:
        The loss in nats, summed over the targets that count, and their number.
    """
    return batch_loss(model, batch, "sum").item(), count_targets(batch)


@torch.no_grad()
def evaluate(
    model: torch.nn.Module,
    batches: Batches | Sequence[Batch],
    n_batches: int | None = None,
    group: Group = ALONE,
) -> float:
    """Measure a model's mean loss on some batches, in evaluation mode; the model's mode is put back afterwards.

    Args:
        model: Gives logits (B, T, V) for ids (B, T).
        batches: A `Batches`, of which the first batches of its first epoch are read, or a sequence of `Batch`.
        n_batches: How many; None, or more than there are, is all of them.
        group: Who takes part: each process measures its rows of every batch, and all get the mean over all rows.

    Returns:
        The mean over all targets that count, in nats per token: a batch with fewer targets weighs less.

    Raises:
        TypeError: `batches` is one batch.
        ValueError: `n_batches` is below 1, or no target counts.
    """
    n_read = count_batches(batches, n_batches)
    with evaluation_mode(model):
        sums = [batch_nats(model, _nth(batches, k, group)) for k in range(n_read)]
    # With a sequence, which nobody cuts, every process has measured the same: the factor of all cancels out.
    total_nats, n_targets = (group.sum(sum(column)) for column in zip(*sums))
    if n_targets == 0:
        raise ValueError(f"none of the {n_read} batches has a target that counts")
    return total_nats / n_targets


def count_batches(batches: Batches | Sequence[Batch], n_batches: int | None = None) -> int:
    """How many batches `evaluate` reads, with its arguments.

    Raises:
        TypeError: It is one batch, which would be taken apart into inputs and targets.
        ValueError: There is none to read.

    Example:
        >>> count_batches([Batch(torch.zeros(1, 2), torch.zeros(1, 2))], n_batches=8)
        1
    """
    if isinstance(batches, Batch | Packed):
        raise TypeError(f"batches is one {type(batches).__name__}; it must be a list, such as [batch]")
    n_available = batches.batches_per_epoch if isinstance(batches, Batches) else len(batches)
    n_read = n_available if n_batches is None else min(n_batches, n_available)
    if n_read < 1:
        raise ValueError(f"n_batches is {n_batches!r} and batches has {n_available} elements; both must be at least 1")
    return n_read


def _nth(batches: Batches | Sequence[Batch], k: int, group: Group) -> Batch:
    return read_part(batches, k, group) if isinstance(batches, Batches) else batches[k]


@torch.no_grad()
def loss_by_position(model: torch.nn.Module, windows_NS: torch.Tensor, batch_size: int = 32) -> torch.Tensor:
    """The mean loss of a model's next-token predictions at each position of a window.

    Args:
        model: Gives logits (B, T, V) for ids (B, T); in evaluation mode here, and put back afterwards.
        windows_NS: int64 token ids; the last column is predicted only.
        batch_size: Windows at a time.

    Returns:
        (T,), nats per token: entry t is the loss of predicting token t + 1 from the tokens 0 ... t.

    Example:
        >>> uniform = lambda ids: torch.zeros(*ids.shape, 8)  # ln 8 everywhere
        >>> loss_by_position(uniform, torch.zeros(2, 4, dtype=torch.int64))
        tensor([2.0794, 2.0794, 2.0794])
    """
    total_T = torch.zeros(windows_NS.shape[1] - 1, device=windows_NS.device)
    with evaluation_mode(model):
        for rows_BS in windows_NS.split(batch_size):
            losses_BT = next_token_loss(model(rows_BS[:, :-1]), rows_BS[:, 1:], reduction="none")
            total_T += losses_BT.sum(0)
    return total_T / len(windows_NS)
