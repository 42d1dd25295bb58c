"""Proofs about a model, to be had before its training is paid for (chapter 3).

A training run with a mistake in it does not stop: it gives a model that is a little worse. Each check here knows what a
right model must do, and says what it found. A model is any module that gives logits_BTV for ids_BT.

Shape suffixes: B batch, T time, D width, V vocabulary, N rows of whatever is looked at (positions or examples).

Source: Karpathy, "A Recipe for Training Neural Networks" (2019).
"""

import copy
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from llmcourse.model.losses import IGNORED, Batch, BatchSource, batch_loss, evaluation_mode, next_token_loss, predict


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        passed: Whether the model did what a right one must do.
        message: What was measured, what was expected, and the likely mistake.
        values: The numbers.
    """

    passed: bool
    message: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{'✓' if self.passed else '✗'} {self.message}"


def initial_loss(model: nn.Module, batch: Batch, tolerance: float = 0.25) -> Finding:
    """Before training the loss must be ln V: a model that knows nothing gives each of V tokens the probability 1 / V.

    Logits of standard deviation s add about s² / 2 to it; the default tolerance allows for the usual initialisation.

    Args:
        model: Not trained yet; not changed.
        batch: Any batch.
        tolerance: How far the loss may be from ln V, in nats.

    Example:
        >>> ids = torch.arange(8)[None]
        >>> model = nn.Embedding(8, 8)
        >>> _ = nn.init.zeros_(model.weight)
        >>> print(initial_loss(model, Batch(ids, ids)))
        ✓ the initial loss is 2.079, ln 8 = 2.079
    """
    with torch.no_grad(), evaluation_mode(model):
        logits_BTV = predict(model, batch)
        loss = next_token_loss(logits_BTV, batch.targets).item()
    vocab_size = logits_BTV.shape[-1]
    expected = math.log(vocab_size)
    passed = abs(loss - expected) <= tolerance
    message = f"the initial loss is {loss:.3f}, ln {vocab_size} = {expected:.3f}"
    if not passed:
        spread = logits_BTV.float().std(-1).mean().item()
        reason = f"the logits have a standard deviation of {spread:.2g}: is the last layer's initialisation too large?"
        message += f"; {reason if loss > expected else 'does it see its targets, or count ignored ones?'}"
    return Finding(passed, message, {"loss": loss, "expected": expected})


def lowest_loss(inputs_BT: Tensor, targets_BT: Tensor) -> float:
    """The smallest mean loss that any model can reach on a batch, if each target is predicted from its past alone.

    Position t of a row is predicted from the row's inputs 0 to t. Where several rows begin with the same t + 1 inputs,
    one prediction has to serve all of them, and the best one gives each next token the share of those rows that it
    follows in. So a position costs -ln(share of its own target), which is 0 where the rows with that beginning agree.

    Args:
        inputs_BT: Token ids, int64.
        targets_BT: The next tokens, int64. Positions with -100 count for nothing, neither in shares nor in the mean.

    Returns:
        The mean over all positions that count, in nats. 0 if there is none.

    Example:
        >>> inputs = torch.tensor([[1, 2], [1, 3]])
        >>> round(lowest_loss(inputs, torch.tensor([[2, 9], [3, 9]])), 4)  # ln 2 twice, and 0 twice
        0.3466
    """
    followers: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != IGNORED:
                followers[tuple(inputs[: t + 1])][target] += 1
    nats = 0.0
    for counts in followers.values():
        nats -= sum(n * math.log(n / counts.total()) for n in counts.values())
    n_targets = sum(counts.total() for counts in followers.values())
    return nats / n_targets if n_targets else 0.0


def overfit_one_batch(
    model: nn.Module, batch: Batch, steps: int = 200, lr: float = 3e-3, tolerance: float = 0.1
) -> Finding:
    """A few rows must be learned by heart: the loss reaches the lowest that is possible, and never falls below it.

    A loss that stays high means that gradients do not arrive, or that the targets are not what the model could know. A
    loss below the floor means that it sees more than its past. A copy is trained, without dropout.

    Args:
        model: Not changed.
        batch: A few rows.
        steps: Steps of Adam.
        lr: Learning rate.
        tolerance: How far above the floor the loss may end, in nats; half of it may be missing below.
    """
    losses = _fit(copy.deepcopy(model).eval(), lambda step: batch, steps, lr)
    loss, floor = min(losses), lowest_loss(*_rows_of_documents(batch))
    message = f"one batch: the loss goes from {losses[0]:.3f} to {loss:.3f} in {steps} steps; {floor:.3f} is possible"
    if not loss <= floor + tolerance:
        message += ": does every layer get a gradient, and are the targets the inputs' next tokens?"
    elif loss < floor - tolerance / 2:
        message += ": it is below what the past allows, so the model sees the future"
    passed = floor - tolerance / 2 <= loss <= floor + tolerance
    return Finding(passed, message, {"loss": loss, "floor": floor, "losses": losses})


def input_independent_baseline(
    model: nn.Module, batches: BatchSource, steps: int = 100, lr: float = 3e-3, margin: float = 0.1, n_batches: int = 4
) -> Finding:
    """A model must do better with its inputs than without them.

    Two copies are trained, one on the data and one whose inputs are all token 0, which can learn how frequent tokens
    are and no more. Both are measured on the batches that follow those of training.

    Args:
        model: Not changed.
        batches: `batches.batch(step)` gives a batch.
        steps: Steps of Adam.
        lr: Learning rate.
        margin: By how much the copy that sees must be better, in nats.
        n_batches: Batches to measure on.
    """

    def blind(step: int) -> Batch:
        batch = batches.batch(step)
        return batch._replace(inputs=torch.zeros_like(batch.inputs))

    losses = {}
    for name, read in (("seeing", batches.batch), ("blind", blind)):
        trained = copy.deepcopy(model).eval()
        _fit(trained, read, steps, lr)
        with torch.no_grad():
            held_out = [read(steps + k) for k in range(n_batches)]
            losses[name] = sum(batch_loss(trained, b).item() for b in held_out) / n_batches
    gain = losses["blind"] - losses["seeing"]
    message = f"after {steps} steps the loss is {losses['seeing']:.3f} with inputs, {losses['blind']:.3f} without"
    if not gain >= margin:
        message += ": the inputs hardly reach the output"
    return Finding(gain >= margin, message, losses)


def trace_dependencies(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Find which rows of the output depend on which rows of the input, by gradients.

    Output row i depends on input row j if the gradient of row i's values with respect to input row j is not zero
    everywhere. It takes one backward pass a row: that of the row's values multiplied by fixed random weights and
    summed. A plain sum would not do: the values of a softmax always sum to 1, and what a LayerNorm gives sums to a
    constant, so the sum has no gradient although each value has one.

    Args:
        function: From a tensor of N_in rows to one of N_out rows, for example a model from embeddings to logits. The
            rows may be the positions of a sequence, or the examples of a batch. It may ignore its input altogether.
        x: Where to look, floating point, of shape (N_in, ...). It is not changed, and no `.grad` is, neither its own
            nor that of a parameter; PyTorch's global random numbers are left alone too.

    Returns:
        A bool tensor of shape (N_out, N_in): whether output row i depends on input row j.

    Example:
        >>> trace_dependencies(lambda x: x.cumsum(0).softmax(-1), torch.randn(3, 4)).int()
        tensor([[1, 0, 0],
                [1, 1, 0],
                [1, 1, 1]], dtype=torch.int32)

    Source: Karpathy (2019), "use backprop to chart dependencies".
    """
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        y = function(x)
    depends = torch.zeros(len(y), len(x), dtype=torch.bool)
    if not y.requires_grad:
        return depends
    weights = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(y)
    for i, row in enumerate(y):
        (gradient,) = torch.autograd.grad((row * weights).sum(), x, retain_graph=True, allow_unused=True)
        if gradient is not None:
            depends[i] = (gradient != 0).reshape(len(x), -1).any(1).cpu()
    return depends


def as_function_of_embeddings(
    model: nn.Module, ids_BT: Tensor, embedding: nn.Module | None = None
) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """A model as a function of what its embedding gives: ids have no gradient, their embeddings have.

    Args:
        model: Any module that calls an `nn.Embedding` for its tokens.
        ids_BT: Token ids.
        embedding: The module that embeds tokens; the model's first `nn.Embedding` if None.

    Returns:
        The function from x_BTD to logits_BTV, and the x_BTD of these ids.
    """
    embedding = embedding or next(module for module in model.modules() if isinstance(module, nn.Embedding))

    def function(x_BTD: Tensor) -> Tensor:
        handle = embedding.register_forward_hook(lambda *_: x_BTD)
        try:
            return model(ids_BT)
        finally:
            handle.remove()

    with torch.no_grad():
        return function, embedding(ids_BT)


def causality(model: nn.Module, ids_T: Tensor) -> Finding:
    """The output at position t must depend on all inputs up to t and on none after it.

    Args:
        model: Not changed.
        ids_T: A row of token ids.
    """
    with evaluation_mode(model):
        function, x_BTD = as_function_of_embeddings(model, ids_T[None])
        depends_TT = trace_dependencies(lambda x_TD: function(x_TD[None])[0], x_BTD[0])
    allowed_TT = torch.ones_like(depends_TT).tril()
    seen, missing = (depends_TT & ~allowed_TT).nonzero().tolist(), (allowed_TT & ~depends_TT).nonzero().tolist()
    message = f"{len(ids_T)} positions: each depends on its past and on nothing else"
    if seen:
        message = f"the output at position {seen[0][0]} depends on the input at {seen[0][1]}: it sees the future"
    elif missing:
        message = f"the output at position {missing[0][0]} does not depend on the input at {missing[0][1]}"
    return Finding(not seen and not missing, message, {"depends": depends_TT})


def row_independence(model: nn.Module, ids_BT: Tensor) -> Finding:
    """The rows of a batch must not see each other.

    Args:
        model: Not changed.
        ids_BT: At least two rows of token ids.
    """
    with evaluation_mode(model):
        depends_BB = trace_dependencies(*as_function_of_embeddings(model, ids_BT))
    mixed = (depends_BB & ~torch.eye(len(ids_BT), dtype=torch.bool)).nonzero().tolist()
    message = f"{len(ids_BT)} rows of a batch: none sees another"
    if mixed:
        message = f"row {mixed[0][0]} of a batch depends on row {mixed[0][1]}: is a `view` where a `transpose` belongs?"
    return Finding(not mixed, message, {"depends": depends_BB})


def _rows_of_documents(batch: Batch) -> tuple[Tensor, Tensor]:
    """Inputs and targets with a row for each document: attention sees no further back, so neither may the floor."""
    if batch.documents is None:
        return batch.inputs, batch.targets
    parts: list[tuple[Tensor, Tensor]] = []
    for inputs_T, targets_T, documents_T in zip(batch.inputs, batch.targets, batch.documents):
        lengths = documents_T.unique_consecutive(return_counts=True)[1].tolist()
        parts += zip(inputs_T.split(lengths), targets_T.split(lengths))
    inputs, targets = zip(*parts)
    pad = nn.utils.rnn.pad_sequence
    return pad(inputs, batch_first=True), pad(targets, batch_first=True, padding_value=IGNORED)


def _fit(model: nn.Module, read: Callable[[int], Batch], steps: int, lr: float) -> list[float]:
    """Train in place as plainly as possible, without anything of the loop that is to be trusted later."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=0.0)
    losses = []
    for step in range(steps):
        batch = read(step)
        loss = batch_loss(model, batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses
