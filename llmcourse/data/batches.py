"""Batches of a long row of tokens, each a pure function of the seed and the step (chapter 3).

Shape suffixes: B rows of a batch, T tokens of a row, N tokens of the corpus.
"""

import functools
from collections.abc import Iterable

import numpy as np
import torch

from llmcourse.distributed.group import Group
from llmcourse.model.losses import Batch, BatchSource
from llmcourse.tokenization import Tokenizer
from llmcourse.tokenization.inputs import as_list
from llmcourse.values import whole


def tokenize_corpus(texts: Iterable[str], tokenizer: Tokenizer, end_of_text: int | str | None = None) -> np.ndarray:
    """Encode texts into one row of tokens, with a mark after each text.

    Args:
        texts: The documents. What looks like a special token in them is encoded as text.
        tokenizer: Has `encode_many(texts)`, `special_tokens` and a length, as `BPETokenizer` has.
        end_of_text: The mark: the id of a token, or the spelling of a special token; None for no mark.

    Returns:
        Token ids (N,), uint16 if the vocabulary has at most 65,536 tokens, else uint32.

    Raises:
        TypeError: `texts` is one string, not several.
        ValueError: The tokenizer has no such token.

    Example:
        >>> from llmcourse.tokenization import BASE_VOCAB, BPETokenizer
        >>> tokenizer = BPETokenizer([*BASE_VOCAB, b"<|end|>"], special_tokens={"<|end|>": 256})
        >>> tokenize_corpus(["!", '"!'], tokenizer, "<|end|>")
        array([  0, 256,   1,   0, 256], dtype=uint16)
    """
    mark = [] if end_of_text is None else [token_id(tokenizer, end_of_text)]
    dtype = np.uint16 if len(tokenizer) <= 2**16 else np.uint32
    parts = [np.array([*ids, *mark], dtype=dtype) for ids in tokenizer.encode_many(as_list(texts, "texts"))]
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def token_id(tokenizer: Tokenizer, token: int | str) -> int:
    """The id of a mark after a text, given as one or by its spelling."""
    if isinstance(token, str):
        if token not in tokenizer.special_tokens:
            raise ValueError(f"end_of_text is {token!r}; it must be one of {sorted(tokenizer.special_tokens)}")
        return int(tokenizer.special_tokens[token])
    token = whole("end_of_text", token)
    if not 0 <= token < len(tokenizer):
        raise ValueError(f"end_of_text is {token!r}; it must be from 0 to {len(tokenizer) - 1}")
    return token


@functools.lru_cache(maxsize=8)
def epoch_order(n_windows: int, epoch: int, seed: int = 0) -> np.ndarray:
    """Shuffle the numbers 0 to `n_windows` - 1 for one epoch; the same arguments always give the same order.

    Args:
        n_windows: How many windows there are.
        epoch: Number of the epoch, from 0.
        seed: Of the whole run, from 0.

    Returns:
        A permutation, int64, (n_windows,); it cannot be written to, for it is kept for the next call.

    Example:
        >>> sorted(epoch_order(4, 0).tolist()), epoch_order(4, 0) is epoch_order(4, 0)
        ([0, 1, 2, 3], True)
    """
    order = np.random.default_rng([seed, epoch]).permutation(n_windows)
    order.flags.writeable = False
    return order


def batch_windows(step: int, batch_size: int, n_windows: int, seed: int = 0) -> np.ndarray:
    """Choose the windows of one batch, knowing nothing but the number of the step.

    Think of an endless row of windows: all of them in the order `epoch_order(n_windows, 0, seed)`, then all of them
    again in the order of epoch 1, and so on. Step k takes the places from k * `batch_size` on. A batch may therefore
    hold the end of one epoch and the beginning of the next, or several epochs if there are few windows; no window is
    left out, and none is taken twice in an epoch. The work does not grow with the step.

    Args:
        step: Number of the step, from 0.
        batch_size: Windows in a batch.
        n_windows: How many windows there are.
        seed: Of the whole run.

    Returns:
        The numbers of the windows, int64, (batch_size,): an array of its own, which the caller may change.

    Raises:
        ValueError: The step is negative, or a size is below 1; the message names the number.

    Example:
        >>> epoch_order(3, 0, seed=1).tolist(), epoch_order(3, 1, seed=1).tolist()
        ([0, 1, 2], [2, 0, 1])
        >>> batch_windows(0, 2, 3, seed=1).tolist(), batch_windows(1, 2, 3, seed=1).tolist()
        ([0, 1], [2, 2])
    """
    if step < 0 or batch_size < 1 or n_windows < 1:
        raise ValueError(
            f"step is {step!r}, batch_size is {batch_size!r} and n_windows is {n_windows!r}; "
            "they must be at least 0, 1 and 1"
        )
    epochs, places = np.divmod(np.arange(step * batch_size, (step + 1) * batch_size), n_windows)
    windows = np.empty(batch_size, dtype=np.int64)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        windows[here] = epoch_order(n_windows, int(epoch), seed)[places[here]]
    return windows


class Batches:
    """Batches of a long row of tokens: batch k is the same whoever asks for it, and whenever.

    The row is cut into windows of `seq_len` tokens. Each window's targets are its tokens moved by one, so the last one
    is the first token of the next window. One epoch visits each window once (what is left at the end of the row, less
    than a window, is never read), in an order that the seed decides.

    Attributes:
        n_windows: Windows in an epoch.
        batches_per_epoch: Full batches in an epoch.

    Example:
        >>> batches = Batches(np.arange(9, dtype=np.uint16), seq_len=2, batch_size=2, seed=1)
        >>> batches.n_windows, batches.batch(0).inputs.tolist(), batches.batch(0).targets.tolist()
        (4, [[0, 1], [2, 3]], [[1, 2], [3, 4]])
        >>> batches.batch(0, rank=1, world_size=2).inputs.tolist()
        [[2, 3]]
    """

    def __init__(
        self,
        tokens: np.ndarray | torch.Tensor,
        seq_len: int,
        batch_size: int,
        seed: int = 0,
        device: str | torch.device = "cpu",
        end_of_text: int | None = None,
    ):
        """Cut tokens into windows; nothing is copied, so that they may lie in a memory-mapped file.

        Args:
            tokens: Token ids, an array, a memory map or a tensor of integers, (N,).
            seq_len: T, tokens of a row.
            batch_size: B, rows of a batch, over all ranks together.
            seed: Decides the order.
            device: Where the batches go.
            end_of_text: The id of the mark between documents. With it, a batch tells of which document each token is.
                A mark counts as the first token of the document behind it: it sees nothing before itself, so a model
                learns from it how documents begin. That a document ends, it learns from the document's last token.

        Raises:
            ValueError: The tokens are not a row, a size is below 1, or there are fewer tokens than one batch needs.
        """
        # In NumPy's narrow types the products below would run over.
        seq_len, batch_size = whole("seq_len", seq_len), whole("batch_size", batch_size)
        if len(tokens.shape) != 1:
            raise ValueError(f"tokens has shape {tuple(tokens.shape)}; it must have one dimension")
        if seq_len < 1 or batch_size < 1:
            raise ValueError(f"seq_len is {seq_len!r} and batch_size is {batch_size!r}; they must be at least 1")
        needed = batch_size * seq_len + 1
        if len(tokens) < needed:
            raise ValueError(
                f"tokens has {len(tokens)} elements; it must have at least {needed}, one batch of {batch_size} rows of "
                f"{seq_len} and one for the last target, or batch_size or seq_len must be smaller"
            )
        self.tokens, self.seq_len, self.batch_size = tokens, seq_len, batch_size
        self.seed, self.device, self.end_of_text = seed, device, end_of_text
        self.n_windows = (len(tokens) - 1) // seq_len
        self.batches_per_epoch = self.n_windows // batch_size

    def batch(self, step: int, rank: int = 0, world_size: int = 1) -> Batch:
        """Read the batch of a step, or one rank's rows of it.

        Args:
            step: Number of the step, from 0.
            rank: Which of `world_size` equal parts, from 0. The parts in order are the batch of one process.
            world_size: Into how many parts the batch is cut.

        Returns:
            The rows of the rank, B / `world_size` of them.

        Raises:
            ValueError: The batch cannot be cut so, or there is no such rank.
        """
        if world_size < 1 or self.batch_size % world_size:
            raise ValueError(f"world_size is {world_size!r}; it must divide batch_size, {self.batch_size}")
        if not 0 <= rank < world_size:
            raise ValueError(f"rank is {rank!r}; it must be at least 0 and below world_size, {world_size!r}")
        n_rows = self.batch_size // world_size
        windows = batch_windows(step, self.batch_size, self.n_windows, self.seed)
        return self.read(windows[rank * n_rows : (rank + 1) * n_rows])

    def read(self, windows: np.ndarray) -> Batch:
        """Read windows by their numbers, (B,).

        Raises:
            ValueError: A number is not among 0 to `n_windows` - 1.
        """
        windows = np.asarray(windows)
        if windows.size and not 0 <= windows.min() <= windows.max() < self.n_windows:
            raise ValueError(
                f"windows is {windows.min()} to {windows.max()}; it must be within 0 to {self.n_windows - 1}"
            )
        rows = [self.tokens[w * self.seq_len : (w + 1) * self.seq_len + 1] for w in windows.tolist()]
        if isinstance(self.tokens, torch.Tensor):
            tokens = torch.stack(rows).to(self.device, torch.int64)
        else:
            tokens = torch.from_numpy(np.stack(rows).astype(np.int64)).to(self.device)
        inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
        documents = None if self.end_of_text is None else (inputs == self.end_of_text).cumsum(1)
        return Batch(inputs, targets, documents)


def read_part(batches: BatchSource, step: int, group: Group) -> Batch:
    """The rows of a step's batch that are this process's to work on: all of them where there is one process."""
    return batches.batch(step) if group.size == 1 else batches.batch(step, group.rank, group.size)
