"""An n-gram language model: what counting alone can do (chapter 3).

Source: Kneser and Ney, "Improved backing-off for m-gram language modeling" (1995); Chen and Goodman, "An Empirical
Study of Smoothing Techniques for Language Modeling" (1999).
"""

from dataclasses import dataclass

import numpy as np


def absolute_discounting(counts_V: np.ndarray, lower_V: np.ndarray, discount: float) -> np.ndarray:
    """Mix what was counted after a context with what a shorter context says.

    Each token that was seen gives up `discount` of its count (a whole count if that is less). What was given up, as a
    share of all counts, is the weight of the shorter context's distribution, seen tokens included. A context that was
    never seen knows nothing: the shorter one decides alone.

    Args:
        counts_V: How often each token of the vocabulary followed the context, not negative, whole numbers
            (of any dtype) or fractions, (V,).
        lower_V: The distribution after the shorter context; sums to 1, (V,).
        discount: Between 0 and 1.

    Returns:
        A distribution over the vocabulary, float64, (V,), a new array; it sums to 1.

    Raises:
        ValueError: `discount` is below 0 or above 1; the message names it.

    Example:
        >>> absolute_discounting(np.array([3, 1, 0, 0]), np.full(4, 0.25), discount=0.5)
        array([0.6875, 0.1875, 0.0625, 0.0625])

    Source: Ney, Essen and Kneser (1994); Chen and Goodman (1999).
    """
    if not 0 <= discount <= 1:
        raise ValueError(f"discount is {discount!r}; it must be from 0 to 1")
    total = counts_V.sum()
    if total == 0:
        return np.array(lower_V, dtype=np.float64)
    kept = np.maximum(counts_V - discount, 0)
    return kept / total + (1 - kept.sum() / total) * lower_V


@dataclass(frozen=True)
class _Level:
    """All n-grams of one length that training saw.

    A key is (number of the n-gram without its last token) * V + last token; the keys are sorted.

    Attributes:
        keys: int64, one a distinct n-gram; an n-gram's number is its place here.
        counts: How often each occurs, or for a shorter n-gram after how many distinct tokens.
        context_counts: For each shorter n-gram (as a context) the sum of the counts.
        context_types: For each shorter n-gram how many different tokens followed it.
        discount: What each count gives up.
    """

    keys: np.ndarray
    counts: np.ndarray
    context_counts: np.ndarray
    context_types: np.ndarray
    discount: float


class NGram:
    """A model that looks at the last `order` - 1 tokens, with interpolated Kneser-Ney smoothing.

    The longest n-grams are counted. A shorter one counts as often as there are different tokens before it: after an
    unknown word, "Francisco" is unlikely however frequent it is, for it only ever follows "San". Each level is mixed
    with the next shorter one by absolute discounting, down to the uniform distribution, so that every token has a
    probability above 0 and the probabilities of all tokens sum to 1.

    Example:
        >>> model = NGram(np.array([0, 1, 2, 0, 1, 2, 0, 1]), vocab_size=4, order=3)
        >>> int(model.probabilities([0, 1]).argmax()), round(float(model.probabilities([0, 1]).sum()), 9)
        (2, 1.0)
    """

    def __init__(self, tokens: np.ndarray, vocab_size: int, order: int = 5):
        """Count a training text.

        Args:
            tokens: Token ids, (N,).
            vocab_size: V.
            order: Length of the longest n-grams, the predicted token included.

        Raises:
            ValueError: There are fewer than `order` tokens, `order` is below 1, or an id is not below `vocab_size`.
        """
        tokens = np.asarray(tokens).astype(np.int64)
        if order < 1 or len(tokens) < order:
            raise ValueError(f"order is {order!r}; it must be from 1 to the number of tokens, {len(tokens)}")
        if tokens.min() < 0 or tokens.max() >= vocab_size:
            raise ValueError(f"token ids are {tokens.min()} to {tokens.max()}; they must be 0 to {vocab_size - 1}")
        self.vocab_size, self.order = vocab_size, order
        self.levels = _count_levels(tokens, vocab_size, order)

    def log_probs(self, tokens: np.ndarray) -> np.ndarray:
        """Compute ln p of each token after the up to `order` - 1 tokens before it, float64, (N,).

        Raises:
            ValueError: An id is not below `vocab_size`.
        """
        tokens = np.asarray(tokens).astype(np.int64)
        if len(tokens) and (tokens.min() < 0 or tokens.max() >= self.vocab_size):
            raise ValueError(f"token ids are {tokens.min()} to {tokens.max()}; they must be 0 to {self.vocab_size - 1}")
        probabilities = np.full(len(tokens), 1 / self.vocab_size)
        contexts = np.zeros(len(tokens), dtype=np.int64)  # the empty context, number 0, before each token
        for length, level in enumerate(self.levels):
            here = slice(length, None)  # earlier tokens have no context of this length
            grams = _find(level.keys, contexts, tokens[here], self.vocab_size)
            probabilities[here] = _mix(level, contexts, grams, probabilities[here])
            contexts = grams[:-1]  # the n-gram that ends at a token is the context of the next one
        return np.log(probabilities)

    def probabilities(self, context: list[int] | np.ndarray) -> np.ndarray:
        """Compute the distribution of the next token, (V,), by `absolute_discounting` level by level.

        Raises:
            ValueError: An id is not below `vocab_size`.
        """
        if len(context) and not 0 <= min(context) <= max(context) < self.vocab_size:
            raise ValueError(f"token ids are {min(context)} to {max(context)}; they must be 0 to {self.vocab_size - 1}")
        distribution = np.full(self.vocab_size, 1 / self.vocab_size)
        # From the uniform distribution upwards: each longer context corrects what the shorter one says.
        for length, level in enumerate(self.levels[: len(context) + 1]):
            # The context's number, token by token; from -1, an n-gram that was never seen, there is no way back.
            number = 0
            for depth, token in enumerate(context[len(context) - length :]):
                number = int(_find(self.levels[depth].keys, np.array([number]), np.array([token]), self.vocab_size)[0])
            if number < 0:
                break
            # Sorted keys: everything that follows this context stands in one run.
            start, end = np.searchsorted(level.keys, [number * self.vocab_size, (number + 1) * self.vocab_size])
            counts = np.zeros(self.vocab_size)
            counts[level.keys[start:end] % self.vocab_size] = level.counts[start:end]
            distribution = absolute_discounting(counts, distribution, level.discount)
        return distribution

    def generate(self, context: list[int], n_tokens: int, seed: int = 0) -> list[int]:
        """Draw `n_tokens` tokens after a context; the context is not part of the result."""
        rng, tokens = np.random.default_rng(seed), list(context)
        for _ in range(n_tokens):
            p = self.probabilities(tokens[max(0, len(tokens) - self.order + 1) :])
            tokens.append(int(rng.choice(self.vocab_size, p=p / p.sum())))
        return tokens[len(context) :]


def _count_levels(tokens: np.ndarray, vocab_size: int, order: int) -> list[_Level]:
    """Number the n-grams of each length, the shortest first, and count them."""
    levels, numbers = [], [np.zeros(len(tokens) + 1, dtype=np.int64)]  # numbers[n][i]: the n-gram that starts at i
    for length in range(1, order + 1):
        # An n-gram is one integer: the number of its first n - 1 tokens, then its last token. So all of them are
        # counted by one sort of integers, whatever n is.
        keys = numbers[-1][: len(tokens) - length + 1] * vocab_size + tokens[length - 1 :]
        levels.append(_distinct(keys))
        numbers.append(levels[-1][2])
    # The longest n-grams keep their counts. A shorter one counts how many different tokens it follows, not how often it
    # stands there: Kneser and Ney's idea, without which a word of a single phrase looks frequent everywhere.
    counts = [level[3] for level in levels[-1:]]
    for length in range(order - 1, 0, -1):
        # each distinct longer n-gram is one token before its own end: one count for the shorter one
        endings = numbers[length][levels[length][1] + 1]
        counts.insert(0, np.bincount(endings, minlength=len(levels[length - 1][0])))
    sizes = [1, *(len(level[0]) for level in levels)]
    return [_level(level[0], count, size, vocab_size) for level, count, size in zip(levels, counts, sizes)]


def _distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """List the distinct keys in order, where each first stands, the number of each key among them, and their counts.

    That is `np.unique` with all that it can return, for keys that are not negative. NumPy sorts integers several times
    as fast as it finds the order that would sort them, so each key takes its place along in the bits below it.
    """
    n_bits = len(keys).bit_length()
    if len(keys) == 0 or int(keys.max()) >> (63 - n_bits):  # no room for both in 63 bits
        return np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    ordered = np.sort(keys << n_bits | np.arange(len(keys)))
    places, ordered = ordered & ((1 << n_bits) - 1), ordered >> n_bits
    is_new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[places] = np.cumsum(is_new) - 1
    starts = np.flatnonzero(is_new)
    return ordered[starts], places[starts], numbers, np.diff(starts, append=len(keys))


def _level(keys: np.ndarray, counts: np.ndarray, n_contexts: int, vocab_size: int) -> _Level:
    once, twice = np.sum(counts == 1), np.sum(counts == 2)
    discount = once / (once + 2 * twice) if once else 0.5
    contexts = keys // vocab_size
    totals = np.bincount(contexts, weights=counts, minlength=n_contexts)
    types = np.bincount(contexts[counts > 0], minlength=n_contexts)
    return _Level(keys, counts, totals, types, float(discount))


def _find(keys: np.ndarray, contexts: np.ndarray, tokens: np.ndarray, vocab_size: int) -> np.ndarray:
    """Find the numbers of n-grams given their contexts' numbers and last tokens; -1 for one that was never seen."""
    found = np.full(len(contexts), -1)
    known = np.flatnonzero(contexts >= 0)
    # In order, and each key once: a search beside the last one finds its part of `keys` still in the processor's cache.
    wanted, _, numbers, _ = _distinct(contexts[known] * vocab_size + tokens[known])
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found[known] = np.where(keys[places] == wanted, places, -1)[numbers]
    return found


def _mix(level: _Level, contexts: np.ndarray, grams: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Do for one token each what `absolute_discounting` does for all."""
    totals = np.where(contexts >= 0, level.context_counts[contexts], 0.0)
    counts = np.where(grams >= 0, level.counts[grams], 0)
    kept = np.maximum(counts - level.discount, 0)
    given_up = level.discount * level.context_types[contexts]
    return np.where(totals > 0, (kept + given_up * lower) / np.maximum(totals, 1), lower)
