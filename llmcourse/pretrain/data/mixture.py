"""Batches from several sources at once: which row comes from where is a function of the seed and the step (chapter 7).

Think of one endless row of rows. Step k of a run takes the places from k * B on, so any number of ranks can share it,
and a run that was stopped goes on at any place of it. The endless row is cut into cycles of 1,000 rows. Each cycle
holds the same number of rows of each source, as the weights want it, in an order of its own.

Shape suffixes: B rows of a batch, R rows of a rank, T tokens of a row.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from numbers import Real

import numpy as np
import torch

from llmcourse.data.batches import Batches, epoch_order
from llmcourse.data.shards import ShardedTokens
from llmcourse.model.losses import Batch
from llmcourse.values import whole

CYCLE = 1000


def mixture_counts(weights: Mapping[str, float], cycle: int = CYCLE) -> dict[str, int]:
    """Share a cycle's rows among sources by their weights, with the method of the largest remainder.

    A source's quota is `cycle` * its weight / the sum of the weights. Each source first gets its quota rounded down.
    The rows that are then left go, one each, to the sources whose quotas lost most by the rounding; of equal losses the
    source that comes first in `weights` is served first. The counts are those of exact arithmetic on the weights as the
    floats that they are (`fractions.Fraction(float(weight))` holds one), so that no rounding decides who is served.

    Args:
        weights: The weight of each source, at least one of them. They need not add up to 1.
        cycle: The rows to share.

    Returns:
        The number of rows of each source, Python integers of at least 1, in the order of `weights`. Their sum is
        `cycle`.

    Raises:
        ValueError: There is no source; `cycle` is no whole number of at least 1; a weight is no number (True and False
            are none), not finite, or not above 0; or a source would get no row, for its weight is too small. But for
            the first, the message names the value; where it is about a weight, also the source.

    Example:
        >>> mixture_counts({"code": 3, "prose": 1})
        {'code': 750, 'prose': 250}
        >>> mixture_counts({"a": 1, "b": 1, "c": 1}, cycle=10)
        {'a': 4, 'b': 3, 'c': 3}

    Source: the method of the largest remainder is Hamilton's (1792), for seats in a parliament.
    """
    cycle = whole("cycle", cycle)
    if cycle < 1:
        raise ValueError(f"cycle is {cycle!r}; it must be at least 1")
    if not weights:
        raise ValueError("weights is empty; it must have at least one source")
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 < weight < math.inf:
            raise ValueError(f"the weight of {name!r} is {weight!r}; it must be a number above 0, and finite")
    exact = {name: Fraction(float(weight)) for name, weight in weights.items()}
    quotas = {name: cycle * weight / sum(exact.values()) for name, weight in exact.items()}
    counts = {name: math.floor(quota) for name, quota in quotas.items()}
    by_loss = sorted(quotas, key=lambda name: counts[name] - quotas[name])
    for name in by_loss[: cycle - sum(counts.values())]:
        counts[name] += 1
    for name, count in counts.items():
        if count == 0:
            raise ValueError(
                f"the weight of {name!r} is {weights[name]!r}, which is no row of a cycle of {cycle}; it must be at "
                f"least about {float(sum(exact.values())) / cycle:.3g}, or the source must be left out"
            )
    return counts


def rank_rows(
    step: int, batch_size: int, n_ranks: int = 1, rank: int = 0, n_micro_batches: int = 1
) -> list[tuple[int, int]]:
    """Find the rows that one rank reads in one step, one micro-batch after the other.

    The rows of a run are numbered from 0. Step k takes `batch_size` of them, from k * `batch_size` on. They are cut, in
    order, into `n_ranks` equal parts, the first for rank 0; a rank's part is cut, in order, into `n_micro_batches`
    equal parts. All parts of a step, rank by rank and micro-batch by micro-batch, are therefore the same rows in the
    same order however it is cut: a run may go on with another number of ranks or micro-batches.

    Whole numbers may also be NumPy's; the result has Python's.

    Args:
        step: Number of the step, from 0.
        batch_size: Rows of a step, over all ranks and micro-batches together.
        n_ranks: How many ranks share them.
        rank: Which one asks, from 0.
        n_micro_batches: Into how many micro-batches a rank cuts its rows.

    Returns:
        One pair (first, end) of Python integers a micro-batch: it reads the rows `range(first, end)`.

    Raises:
        ValueError: One of them is no whole number; `step` is negative; `batch_size`, `n_ranks` or `n_micro_batches` is
            below 1; `rank` is not from 0 to `n_ranks` - 1; or `batch_size` is no multiple of `n_ranks` *
            `n_micro_batches`. The message names the argument and its value, in the last case those of all three.

    Example:
        >>> rank_rows(step=2, batch_size=8, n_ranks=2, rank=1, n_micro_batches=2)
        [(20, 22), (22, 24)]
        >>> rank_rows(step=2, batch_size=8)
        [(16, 24)]
    """
    step, batch_size, n_ranks = whole("step", step), whole("batch_size", batch_size), whole("n_ranks", n_ranks)
    rank, n_micro_batches = whole("rank", rank), whole("n_micro_batches", n_micro_batches)
    if step < 0:
        raise ValueError(f"step is {step!r}; it must be at least 0")
    for name, value in (("batch_size", batch_size), ("n_ranks", n_ranks), ("n_micro_batches", n_micro_batches)):
        if value < 1:
            raise ValueError(f"{name} is {value!r}; it must be at least 1")
    if not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank!r}; it must be from 0 to {n_ranks - 1}, as n_ranks is {n_ranks}")
    if batch_size % (n_ranks * n_micro_batches):
        raise ValueError(
            f"batch_size is {batch_size}; it must be a multiple of {n_ranks * n_micro_batches}, as n_ranks is "
            f"{n_ranks} and n_micro_batches is {n_micro_batches}"
        )
    size = batch_size // (n_ranks * n_micro_batches)
    first = step * batch_size + rank * n_micro_batches * size
    return [(first + i * size, first + (i + 1) * size) for i in range(n_micro_batches)]


class MixtureBatches:
    """Batches of several sources, mixed by weight: batch k is the same whoever asks for it, and whenever.

    The k-th row that a run reads of a source is the k-th of the source's own endless row of windows, as
    `batch_windows` has it: each window once an epoch. A small source with a large weight is therefore read many times
    over while a large one is not yet at its end; `epochs` tells. With one source the batches are those of `Batches`.

    Attributes:
        counts: The rows of each source in a cycle.
        n_windows: The windows of each source, one epoch of it.

    Example:
        >>> sources = {"code": np.arange(9), "prose": np.arange(100, 121)}
        >>> mixed = MixtureBatches(sources, {"code": 3, "prose": 1}, seq_len=2, batch_size=4, seed=1)
        >>> mixed.batch(0).inputs.tolist()
        [[0, 1], [116, 117], [108, 109], [2, 3]]
        >>> mixed.batch(0, rank=1, world_size=2).inputs.tolist()
        [[108, 109], [2, 3]]
        >>> mixed.counts, mixed.epochs(250)
        ({'code': 750, 'prose': 250}, {'code': 187.5, 'prose': 25.0})
    """

    def __init__(
        self,
        sources: Mapping[str, np.ndarray | torch.Tensor | ShardedTokens],
        weights: Mapping[str, float],
        seq_len: int,
        batch_size: int,
        seed: int = 0,
        device: str | torch.device = "cpu",
        end_of_text: int | None = None,
    ):
        """Mix sources; nothing is read or copied.

        Args:
            sources: The token ids of each source, as `Batches` takes them: arrays or shards, (N,) each.
            weights: The weight of each source. They need not add up to 1. Shares are kept to one row in 1,000.
            seq_len: T, tokens of a row.
            batch_size: B, rows of a batch, over all ranks and sources together.
            seed: Decides the order, from 0.
            device: Where the batches go.
            end_of_text: The id of the mark between documents, as `Batches` takes it.

        Raises:
            ValueError: Sources and weights have not the same names, a weight cannot be kept (see `mixture_counts`), a
                size is below 1, the seed is negative, or a source has not the tokens of one row, or was written with
                another tokenizer than the first; the message names the source or the value.
        """
        if missing := sorted(weights.keys() ^ sources.keys()):
            raise ValueError(
                f"sources has the names {sorted(sources)} and weights {sorted(weights)}; they must be the same, "
                f"{missing[0]!r} is in one alone"
            )
        self.seq_len, self.batch_size, self.seed = whole("seq_len", seq_len), whole("batch_size", batch_size), seed
        rank_rows(0, self.batch_size)
        if whole("seed", seed) < 0:
            raise ValueError(f"seed is {seed!r}; it must be at least 0")
        # A source's place in the weights decides ties, wherever it stands among the sources.
        self.counts = mixture_counts(weights)
        _refuse_two_tokenizers(sources)
        self._sources = {
            name: _Source(name, sources[name], self.seq_len, seed, device, end_of_text) for name in self.counts
        }
        self.n_windows = {name: source.n_windows for name, source in self._sources.items()}

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Batch:
        """Read the batch of a step, or one rank's rows of it, as `Batches.batch` does: no other row is touched.

        Raises:
            ValueError: As `rank_rows`.
        """
        [(first, end)] = rank_rows(step, self.batch_size, world_size, rank)
        return self.rows(first, end)

    def rows(self, first: int, end: int) -> Batch:
        """Read the rows `range(first, end)` of the run, such as `rank_rows` gives for a micro-batch.

        Raises:
            ValueError: `first` is negative, or there is no row between the two.
        """
        if not 0 <= first < end:
            raise ValueError(f"first is {first!r} and end is {end!r}; they must be at least 0 and above first")
        source_R, turn_R = self._places(np.arange(first, end))
        parts, places = [], []
        for number, source in enumerate(self._sources.values()):
            here = np.flatnonzero(source_R == number)
            if here.size:
                parts.append(source.read(turn_R[here]))
                places.append(here)
        back_R = torch.from_numpy(np.argsort(np.concatenate(places))).to(parts[0].inputs.device)
        joined = [None if some[0] is None else torch.cat(some)[back_R] for some in zip(*parts)]
        return Batch(*joined)

    def epochs(self, step: int) -> dict[str, float]:
        """How often each source has been read after so many steps: 1.5 is once, and half of it again."""
        cycles, rest = divmod(whole("step", step) * self.batch_size, CYCLE)
        some = np.bincount(self._order(cycles)[:rest], minlength=len(self.counts)).tolist()
        rows = {name: cycles * count + more for (name, count), more in zip(self.counts.items(), some)}
        return {name: n / self.n_windows[name] for name, n in rows.items()}

    def source_names(self, step: int) -> list[str]:
        """The name of the source of each row of a step's batch, (B,)."""
        [(first, end)] = rank_rows(step, self.batch_size)
        names = list(self.counts)
        return [names[number] for number in self._places(np.arange(first, end))[0]]

    def _order(self, cycle: int) -> np.ndarray:
        """The number of the source of each row of a cycle, (1000,)."""
        sorted_rows = np.repeat(np.arange(len(self.counts)), list(self.counts.values()))
        # The third number keeps this order apart from those of the epochs, which are drawn from the first two.
        return np.random.default_rng([self.seed, cycle, 1]).permutation(sorted_rows)

    def _places(self, rows_R: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each row of the run the number of its source, and how many rows of that source come before it."""
        cycles_R, places_R = np.divmod(rows_R, CYCLE)
        source_R, turn_R = np.empty_like(rows_R), np.empty_like(rows_R)
        for cycle in np.unique(cycles_R):
            order, here = self._order(int(cycle)), cycles_R == cycle
            turns = np.empty_like(order)
            for number, count in enumerate(self.counts.values()):
                turns[order == number] = cycle * count + np.arange(count)
            source_R[here], turn_R[here] = order[places_R[here]], turns[places_R[here]]
        return source_R, turn_R


class _Source:
    """One source of a mixture: its windows, and the orders of the epochs that it is in."""

    def __init__(self, name, tokens, seq_len, seed, device, end_of_text):
        try:
            self._batches = Batches(tokens, seq_len, 1, seed, device, end_of_text)
        except ValueError as error:
            raise ValueError(f"the source {name!r}: {error}") from None
        self.n_windows, self._seed, self._orders = self._batches.n_windows, seed, {}

    def read(self, turns_R: np.ndarray) -> Batch:
        """The rows at these places of the source's own endless row."""
        epochs_R, places_R = np.divmod(turns_R, self.n_windows)
        windows_R = np.empty_like(turns_R)
        epochs = np.unique(epochs_R).tolist()
        for epoch in epochs:
            here = epochs_R == epoch
            windows_R[here] = self._order_of(epoch)[places_R[here]]
        # `epoch_order` keeps a few orders for all; a mixture of many sources would have it shuffle at each step.
        self._orders = {epoch: self._orders[epoch] for epoch in epochs[-1:]}
        return self._batches.read(windows_R)

    def _order_of(self, epoch: int) -> np.ndarray:
        if epoch not in self._orders:
            self._orders[epoch] = epoch_order(self.n_windows, epoch, self._seed)
        return self._orders[epoch]


def _refuse_two_tokenizers(sources: Mapping[str, object]) -> None:
    """Shards tell which tokenizer wrote them; two of a kind would give one number two meanings."""
    shards = [(tokens.manifest["tokenizer"], name) for name, tokens in sources.items() if hasattr(tokens, "manifest")]
    for tokenizer, name in shards:
        if tokenizer != shards[0][0]:
            raise ValueError(
                f"the source {name!r} has shards of the tokenizer {tokenizer[:12]!r}; it must be that of "
                f"{shards[0][1]!r}, {shards[0][0][:12]!r}, or one number would mean two words"
            )
