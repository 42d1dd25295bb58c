"""Byte-pair encoding: learning merges from word counts, and applying them (chapter 1).

A token id below 256 is a byte, in the order of `byte_alphabet()`: id 0 is `!`, id 220 the space. Merge number k, from 0
on, joins two tokens into token 256 + k. Training and encoding are each written twice, once as plainly as possible and
once fast; the two have the same signature and give the same answer.

Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016), algorithm 1;
on bytes: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.2.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmcourse.tokenization.words import BASE_VOCAB, BYTE_IDS, split_bytes

Pair = tuple[int, int]


def count_pairs(words: Mapping[tuple[int, ...], int]) -> Counter[Pair]:
    """Count how often each pair of neighbouring tokens occurs.

    Args:
        words: How often each word occurs; a word is a tuple of token ids.

    Returns:
        The number of occurrences of each pair that occurs. Occurrences may overlap: (7, 7, 7) holds (7, 7) twice.

    Example:
        >>> count_pairs({(1, 2, 3): 10, (1, 2): 5, (4,): 99})
        Counter({(1, 2): 15, (2, 3): 10})
        >>> count_pairs({(7, 7, 7): 2})
        Counter({(7, 7): 4})
    """
    counts: Counter[Pair] = Counter()
    for ids, count in words.items():
        for pair in zip(ids, ids[1:]):
            counts[pair] += count
    return counts


def merge_pair(ids: Sequence[int], pair: Pair, new_id: int) -> tuple[int, ...]:
    """Replace each occurrence of a pair by one new token, from left to right.

    Occurrences do not overlap: in (7, 7, 7) the first two are merged and the third stays.

    Args:
        ids: Token ids, a list or a tuple; not changed.
        pair: The two neighbouring ids to merge.
        new_id: The id that stands for both.

    Returns:
        The ids after the merge.

    Example:
        >>> merge_pair((5, 6, 6, 7, 9, 1), (6, 7), 99)
        (5, 6, 99, 9, 1)
        >>> merge_pair([7, 7, 7], (7, 7), 99)
        (99, 7)
    """
    merged = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


def train_bpe_naive(word_counts: Mapping[bytes, int], vocab_size: int) -> list[Pair]:
    """Learn merges the obvious way: count all pairs, merge the most frequent one everywhere, and again.

    Among pairs that are equally frequent, the smallest pair of ids is merged. Merge number k makes token 256 + k.
    Training stops when there are `vocab_size` tokens, or earlier when no pair is left: every word is one token.
    `split_bytes(word_counts, vocab_size)` checks the input and gives the words as base token ids.

    Args:
        word_counts: How often each word occurs; a word is a string of bytes. Not changed.
        vocab_size: The number of tokens wanted, the 256 bytes included.

    Returns:
        The merges in the order in which they were learned, at most `vocab_size - 256`.

    Raises:
        ValueError: No word, a count below 1, or `vocab_size` below 256; the message names the number.

    Example:
        >>> merges = train_bpe_naive({b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}, vocab_size=260)
        >>> build_vocab(merges)[256:]
        [b'es', b'est', b'lo', b'low']

    Cost: each merge looks at every word, so the time is the number of merges times the number of distinct words.
    Source: Sennrich, Haddow and Birch (2016), algorithm 1.
    """
    words = split_bytes(word_counts, vocab_size)
    merges: list[Pair] = []
    while 256 + len(merges) < vocab_size:
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        new_id = 256 + len(merges)
        merges.append(best)
        words = {merge_pair(ids, best, new_id): count for ids, count in words.items()}
    return merges


@dataclass
class PairIndex:
    """What fast training knows of its words, kept up to date merge by merge.

    Attributes:
        words: Each word a tuple of token ids.
        weights: How often each word occurs; the order is that of `words`.
        counts: How often each pair occurs, as `count_pairs` counts. A pair that is gone has the count 0.
        words_with: For each pair the positions in `words` of the words that hold it. A position may be listed although
            its word has lost the pair since; none is missing.
    """

    words: list[tuple[int, ...]]
    weights: list[int]
    counts: Counter[Pair]
    words_with: defaultdict[Pair, set[int]]


def index_pairs(words: Mapping[tuple[int, ...], int]) -> PairIndex:
    """Build the index of the fast trainer: each word, each pair's count, and the words that hold it.

    Args:
        words: How often each word occurs; a word is a tuple of token ids.

    Returns:
        The index.

    Example:
        >>> index = index_pairs({(1, 2, 3): 10, (2, 3): 5})
        >>> index.counts[2, 3], sorted(index.words_with[2, 3]), sorted(index.words_with[1, 2])
        (15, [0, 1], [0])
    """
    words_with: defaultdict[Pair, set[int]] = defaultdict(set)
    for position, ids in enumerate(words):
        for pair in zip(ids, ids[1:]):
            words_with[pair].add(position)
    return PairIndex(list(words), list(words.values()), count_pairs(words), words_with)


def apply_merge(index: PairIndex, pair: Pair, new_id: int) -> set[Pair]:
    """Merge a pair in the words that hold it, and bring the index up to date: no other word is looked at.

    For each of these words, the counts of its old pairs are taken away and those of its new pairs added. A pair's count
    can rise only if the pair holds the new token. A pair that no word holds changes nothing.

    Args:
        index: The words and their pairs; changed in place.
        pair: The pair to merge.
        new_id: The id that stands for both; no word holds it yet.

    Returns:
        The pairs that hold the new token.

    Example:
        >>> index = index_pairs({(1, 2, 3): 10, (2, 3): 5})
        >>> apply_merge(index, (1, 2), 99)
        {(99, 3)}
        >>> index.words, index.counts[1, 2], index.counts[2, 3], index.counts[99, 3]
        ([(99, 3), (2, 3)], 0, 5, 10)
    """
    new_pairs = set()
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = index.words[position] = merge_pair(old, pair, new_id)
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


def pop_most_frequent(heap: list[tuple[int, Pair]], counts: Mapping[Pair, int]) -> Pair | None:
    """Take the most frequent pair from a heap whose entries may be out of date.

    An entry is (-count, pair), so that the smallest entry is the most frequent pair, ties broken by the smallest ids.
    A pair's count may have fallen since its entry was pushed: such an entry goes back with today's count, or is dropped
    if the pair is gone. Entries that do not come up stay as they are, and are not looked at. The caller guarantees that
    every pair that occurs has an entry whose count is not too low.

    Args:
        heap: The entries, a heap in the sense of `heapq`; changed in place.
        counts: How often each pair occurs today; 0 for a pair that is gone.

    Returns:
        The pair, or None if none is left.

    Example:
        >>> pop_most_frequent([(-9, (1, 2)), (-5, (3, 4)), (-5, (2, 3))], {(1, 2): 4, (2, 3): 5, (3, 4): 5})
        (2, 3)
    """
    while heap:
        negative_count, pair = heapq.heappop(heap)
        if -negative_count == counts[pair]:
            return pair
        if counts[pair] > 0:
            heapq.heappush(heap, (-counts[pair], pair))
    return None


def train_bpe(word_counts: Mapping[bytes, int], vocab_size: int) -> list[Pair]:
    """Learn the same merges as `train_bpe_naive`, in the same order, without counting everything again.

    Three ideas make it fast:

    1. A merge changes only the words that hold the pair, and an inverted index finds them (`index_pairs`).
    2. Only the counts of these words' pairs change, so they are corrected, not counted again (`apply_merge`).
    3. A heap of (-count, pair) finds the best pair without a look at every pair (`pop_most_frequent`). After each
       merge, the pairs whose counts may have risen are pushed.

    Args:
        word_counts: How often each word occurs; a word is a string of bytes. Not changed.
        vocab_size: The number of tokens wanted, the 256 bytes included.

    Returns:
        The merges in the order in which they were learned, at most `vocab_size - 256`; fewer if no pair is left.

    Raises:
        ValueError: No word, a count below 1, or `vocab_size` below 256; the message names the number.

    Example:
        >>> merges = train_bpe({b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}, vocab_size=260)
        >>> build_vocab(merges)[256:]
        [b'es', b'est', b'lo', b'low']

    Source: the incremental counts are those of the code of Sennrich, Haddow and Birch (2016).
    """
    index = index_pairs(split_bytes(word_counts, vocab_size))
    heap = [(-count, pair) for pair, count in index.counts.items()]
    heapq.heapify(heap)
    merges: list[Pair] = []
    while 256 + len(merges) < vocab_size:
        best = pop_most_frequent(heap, index.counts)
        if best is None:
            break
        new_id = 256 + len(merges)
        merges.append(best)
        for pair in apply_merge(index, best, new_id):
            heapq.heappush(heap, (-index.counts[pair], pair))
    return merges


def build_vocab(merges: Iterable[Pair]) -> list[bytes]:
    """List the bytes of each token.

    Args:
        merges: Pairs of ids; merge number k makes token 256 + k.

    Returns:
        The bytes of token i at position i: 256 single bytes, then one token for each merge.

    Raises:
        ValueError: A merge uses a token that does not exist yet.

    Example:
        >>> build_vocab([(0, 0), (256, 0)])[255:]
        [b'\\xad', b'!!', b'!!!']
    """
    vocab = list(BASE_VOCAB)
    for left, right in merges:
        if not (0 <= left < len(vocab) and 0 <= right < len(vocab)):
            raise ValueError(
                f"merge {len(vocab) - 256} is ({left}, {right}); it must be of ids from 0 to {len(vocab) - 1}"
            )
        vocab.append(vocab[left] + vocab[right])
    return vocab


def rank_merges(merges: Sequence[Pair], new_ids: Sequence[int] | None = None) -> dict[Pair, tuple[int, int]]:
    """Turn a list of merges into the table that encoding looks pairs up in.

    Args:
        merges: Pairs of ids, the merge learned first at position 0.
        new_ids: The id of the token that each merge makes; 256, 257, ... unless given.

    Returns:
        For each pair (its rank, the id of the merged token). The rank is the position in `merges`.

    Example:
        >>> rank_merges([(72, 68), (256, 75)])
        {(72, 68): (0, 256), (256, 75): (1, 257)}
    """
    if new_ids is None:
        new_ids = range(256, 256 + len(merges))
    return {pair: (rank, new_id) for rank, (pair, new_id) in enumerate(zip(merges, new_ids, strict=True))}


def encode_word_naive(
    word: bytes, ranks: Mapping[Pair, tuple[int, int]], byte_ids: Sequence[int] = BYTE_IDS
) -> list[int]:
    """Encode one word the obvious way: find the best merge, make it, and look again.

    The merge that was learned first comes first; where it applies at several places, the leftmost is next. One
    occurrence is merged at a time, until no pair of neighbours can be merged.

    Args:
        word: The bytes of one word; may be empty.
        ranks: For each pair (its rank, the id of the merged token), as `rank_merges` gives it.
        byte_ids: The token id of each of the 256 byte values.

    Returns:
        The token ids of the word.

    Example:
        >>> encode_word_naive(b"aaab", rank_merges([(64, 64), (64, 65)]))
        [256, 257]

    Cost: a word of n bytes takes time n * n. Source: Sennrich, Haddow and Birch (2016), section 3.2.
    """
    ids = [byte_ids[byte] for byte in word]
    while True:
        candidates = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
        if not candidates:
            return ids
        _, i = min(candidates)
        ids[i : i + 2] = [ranks[ids[i], ids[i + 1]][1]]


def encode_word(word: bytes, ranks: Mapping[Pair, tuple[int, int]], byte_ids: Sequence[int] = BYTE_IDS) -> list[int]:
    """Encode one word by rank: the same ids as `encode_word_naive`, in time n log n for n bytes.

    The merge that was learned first comes first; where it applies at several places, the leftmost is next. One
    occurrence is merged at a time, until no pair of neighbours can be merged.

    Two ideas make it fast: a heap of (rank, position) gives the next merge, and a linked list (the positions of each
    token's left and right neighbour) makes one merge in constant time. An entry whose pair has changed in the meantime
    is recognised when it comes up, and skipped.

    Args:
        word: The bytes of one word; may be empty.
        ranks: For each pair (its rank, the id of the merged token), as `rank_merges` gives it.
        byte_ids: The token id of each of the 256 byte values.

    Returns:
        The token ids of the word.

    Example:
        >>> encode_word(b"aaab", rank_merges([(64, 64), (64, 65)]))
        [256, 257]
        >>> len(encode_word(b"a" * 10_000, rank_merges([(64, 64)])))
        5000
    """
    n = len(word)
    # A None behind the last token closes the list to a ring: every token has neighbours, and no merge takes the None.
    ids: list[int | None] = [*(byte_ids[byte] for byte in word), None]
    # Neighbours by number instead of a list that shrinks: a merge then costs no shifting.
    left, right = [n, *range(n)], [*range(1, n + 1), 0]
    heap = [(ranks[pair][0], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
    heapq.heapify(heap)
    while heap:
        rank, i = heapq.heappop(heap)
        j = right[i]
        pair = (ids[i], ids[j])
        # The entry is from before a merge that took one of the two away; a newer one stands for what is there now.
        if pair not in ranks or ranks[pair][0] != rank:
            continue
        ids[i], ids[j] = ranks[pair][1], None
        right[i] = right[j]
        left[right[i]] = i
        # Only the two pairs that the new token is part of have changed.
        for k in (left[i], i):
            pair = (ids[k], ids[right[k]])
            if pair in ranks:
                heapq.heappush(heap, (ranks[pair][0], k))
    return [token for token in ids if token is not None]


def decode(ids: Iterable[int], vocab: Sequence[bytes]) -> str:
    r"""Turn token ids back into text.

    A token may hold part of a character, so all bytes are joined before UTF-8 is decoded. Bytes that are not UTF-8
    (a model may well produce such ids) become the replacement character U+FFFD.

    Args:
        ids: Token ids.
        vocab: The bytes of each token, as `build_vocab` gives them.

    Returns:
        The text.

    Raises:
        ValueError: An id is negative or not below `len(vocab)`; the message names the id.

    Example:
        >>> decode([39, 68, 75, 75, 78], build_vocab([]))
        'Hello'
        >>> decode([BYTE_IDS[0xE2], BYTE_IDS[0x82]], build_vocab([]))  # two of the three bytes of a euro sign
        '\ufffd'
    """
    parts = []
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"a token id is {token}; it must be from 0 to {len(vocab) - 1}")
        parts.append(vocab[token])
    return b"".join(parts).decode("utf-8", errors="replace")
