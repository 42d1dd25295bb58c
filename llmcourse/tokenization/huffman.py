"""Huffman coding: the best code of whole bits for given symbols, held beside byte-pair encoding in chapter 1.

Both algorithms join two things again and again. Huffman joins the two *rarest*, and gets a code length for each symbol
of an alphabet that is given; byte-pair encoding joins the most *frequent* neighbours, and gets the alphabet itself.

Source: Huffman, "A Method for the Construction of Minimum-Redundancy Codes" (1952).
"""

import heapq
import math
from collections.abc import Hashable, Mapping


def huffman_code_lengths(counts: Mapping[Hashable, int]) -> dict[Hashable, int]:
    """Find the number of bits that a Huffman code gives each symbol.

    Join the two groups of symbols with the smallest counts into one, until one group is left; each join makes the codes
    of all symbols in it one bit longer. Among groups with equal counts, the one that was made first is taken first, and
    the single symbols, in the order of `counts`, were made before any joined group. This tie rule also makes the
    longest code as short as an optimal code allows.

    Args:
        counts: How often each symbol occurs, at least once.

    Returns:
        The length of each symbol's code in bits. A single symbol has a code of one bit.

    Raises:
        ValueError: There is no symbol, or a count is below 1; the message names the symbol.

    Example:
        >>> huffman_code_lengths({"a": 5, "b": 2, "c": 1, "d": 1})
        {'a': 1, 'b': 2, 'c': 3, 'd': 3}

    Source: Huffman (1952); the tie rule: Schwartz, "An Optimum Encoding with Minimum Longest Code and Total Number of
    Digits" (1964).
    """
    if not counts:
        raise ValueError("counts has 0 symbols; it must have at least 1")
    for symbol, count in counts.items():
        if count < 1:
            raise ValueError(f"the count of {symbol!r} is {count!r}; it must be at least 1")
    if len(counts) == 1:
        return dict.fromkeys(counts, 1)
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, made, [symbol]) for made, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    for made in range(len(counts), 2 * len(counts) - 1):
        count_1, _, symbols_1 = heapq.heappop(heap)
        count_2, _, symbols_2 = heapq.heappop(heap)
        for symbol in symbols_1 + symbols_2:
            lengths[symbol] += 1
        heapq.heappush(heap, (count_1 + count_2, made, symbols_1 + symbols_2))
    return lengths


def mean_code_length(counts: Mapping[Hashable, int], lengths: Mapping[Hashable, float]) -> float:
    """Average a code's length over all occurrences of its symbols.

    Args:
        counts: How often each symbol occurs.
        lengths: The length of each symbol's code in bits.

    Returns:
        Bits per symbol. With characters as symbols: bits per character.

    Example:
        >>> mean_code_length({"a": 5, "b": 2, "c": 1, "d": 1}, {"a": 1, "b": 2, "c": 3, "d": 3})
        1.6666666666666667
    """
    return sum(count * lengths[symbol] for symbol, count in counts.items()) / sum(counts.values())


def entropy(counts: Mapping[Hashable, int]) -> float:
    """Compute the entropy of the symbols' frequencies: no code with one codeword a symbol has a smaller mean length.

    Args:
        counts: How often each symbol occurs, at least once.

    Returns:
        Bits per symbol.

    Example:
        >>> entropy({"heads": 1, "tails": 1})
        1.0

    Source: Shannon, "A Mathematical Theory of Communication" (1948), section 6.
    """
    total = sum(counts.values())
    return sum(count / total * math.log2(total / count) for count in counts.values())
