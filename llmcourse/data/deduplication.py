"""Finding texts that are the same, and texts that are nearly the same (chapter 3).

Shape suffixes: N documents, S shingles of one document, K hash functions, R rows (hash values) of a band.
"""

import functools
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from llmcourse.tokenization.inputs import as_list, several

WORD = re.compile(r"\w+|[^\w\s]")


def exact_duplicates(texts: Iterable[str]) -> np.ndarray:
    """Find for each text the first one that is equal to it.

    Only digests are kept, 16 bytes a text, so that a corpus need not fit into memory.

    Args:
        texts: The documents.

    Returns:
        For each document the number of the first equal one (its own number if it is the first), int64, (N,).

    Raises:
        TypeError: `texts` is one string, not several.

    Example:
        >>> exact_duplicates(["a", "b", "a", "a"]).tolist()
        [0, 1, 0, 0]
    """
    first: dict[bytes, int] = {}
    digests = (hashlib.blake2b(text.encode(), digest_size=16).digest() for text in several(texts, "texts"))
    return np.array([first.setdefault(digest, number) for number, digest in enumerate(digests)], dtype=np.int64)


@functools.lru_cache(maxsize=1 << 18)
def _word_hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())


def shingles(text: str, width: int = 5) -> np.ndarray:
    r"""Turn a text into the set of its runs of `width` words, each as a number.

    A word is a run of letters, digits and underscores, or one other character that is not white space; so indentation
    and line ends make no difference. A text of fewer than `width` words has one shingle, all of it.

    Args:
        text: The document.
        width: Words of a shingle.

    Returns:
        The distinct shingles, uint32, sorted, (S,). Two different shingles share a number once in 4 billion.

    Raises:
        ValueError: `width` is below 1.

    Example:
        >>> len(shingles("a b c d", width=2)), len(shingles("a b a b", width=2))
        (3, 2)
        >>> shingles("f(x)").tolist() == shingles("f ( x )\n").tolist()
        True
    """
    if width < 1:
        raise ValueError(f"width is {width!r}; it must be at least 1, the words of a shingle")
    words = np.fromiter(map(_word_hash, WORD.findall(text)), dtype=np.uint64)
    if len(words) == 0:
        return np.empty(0, dtype=np.uint32)
    width = min(width, len(words))
    # A polynomial in an odd number, modulo 2**64, so that the order of the words matters.
    hashes = np.zeros(len(words) - width + 1, dtype=np.uint64)
    for place in range(width):
        hashes += np.uint64(pow(0x9E3779B97F4A7C15, place, 1 << 64)) * words[place : place + len(hashes)]
    return np.unique((hashes >> np.uint64(32)).astype(np.uint32))


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Compute the Jaccard similarity of two sets: what they share, over what either has.

    Args:
        a: Distinct numbers, (S,).
        b: Distinct numbers, (any other number of them,).

    Returns:
        Between 0 and 1; two empty sets are equal: 1.

    Example:
        >>> jaccard(np.array([1, 2, 3]), np.array([2, 3, 4]))
        0.5
    """
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / (len(a) + len(b) - shared) if len(a) or len(b) else 1.0


def jaccard_matrix(sets: Sequence[np.ndarray]) -> np.ndarray:
    """Compute the Jaccard similarity of every two of some sets: what MinHash and bands avoid.

    The work grows with the number of sets times the members of all of them.

    Args:
        sets: Distinct numbers each.

    Returns:
        Symmetric, 1 on the diagonal, float64, (N, N).

    Example:
        >>> jaccard_matrix([np.array([1, 2, 3]), np.array([2, 3, 4]), np.array([9])]).tolist()
        [[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    sizes_N = np.array([len(some) for some in sets], dtype=np.int64)
    numbers = np.concatenate([*sets, np.empty(0, dtype=np.uint32)])
    members, ids, n_owners = np.unique(numbers, return_inverse=True, return_counts=True)
    owners = np.repeat(np.arange(len(sets)), sizes_N)
    is_shared = n_owners[ids] > 1  # what one set alone has makes no two alike, and that is most of it
    ids, owners = ids[is_shared], owners[is_shared]
    similar_NN = np.eye(len(sets))
    for number in range(len(sets)):
        is_own = np.zeros(len(members), dtype=bool)
        is_own[ids[owners == number]] = True
        shared_N = np.bincount(owners[is_own[ids]], minlength=len(sets))
        others = np.arange(len(sets)) != number
        union_N = sizes_N + sizes_N[number] - shared_N
        similar_NN[number, others] = (shared_N / np.maximum(union_N, 1))[others]
    empty = sizes_N == 0
    similar_NN[np.ix_(empty, empty)] = 1.0  # two empty sets are equal
    return similar_NN


def hash_functions(n_hashes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw the numbers that make K hash functions of 32-bit numbers: h(x) = ((a x + b) mod 2**64) >> 32.

    Args:
        n_hashes: K.
        seed: Another seed draws other functions.

    Returns:
        A and b, uint64, (K,) each.

    Source: Dietzfelbinger (1996); Thorup, "High Speed Hashing for Integers and Strings" (2015).
    """
    numbers = np.random.default_rng(seed).integers(0, 1 << 64, size=(2, n_hashes), dtype=np.uint64)
    return numbers[0], numbers[1]


def minhash_signature_naive(shingles_S: Iterable[int], a_K: Iterable[int], b_K: Iterable[int]) -> np.ndarray:
    """Compute what `minhash_signature` does, number by number.

    Example:
        >>> minhash_signature_naive([1, 2], [2**63], [2**32])
        array([1], dtype=uint32)
    """
    numbers = [int(x) for x in shingles_S]
    pairs = zip(map(int, a_K), map(int, b_K), strict=True)
    return np.array([min(((a * x + b) % (1 << 64)) >> 32 for x in numbers) for a, b in pairs], dtype=np.uint32)


def minhash_signature(shingles_S: np.ndarray, a_K: np.ndarray, b_K: np.ndarray) -> np.ndarray:
    """Summarize a set in K numbers, such that similar sets agree in many of them.

    Each of K hash functions, h(x) = ((a x + b) mod 2**64) >> 32, puts the set's members in another random order; the
    signature keeps the smallest hash value under each. Two sets agree in one place with the probability of their
    Jaccard similarity. (NumPy's arithmetic on uint64 is modulo 2**64.)

    Args:
        shingles_S: The members of the set, uint32, (S,).
        a_K: The hash functions' factors, uint64, (K,).
        b_K: Their summands, uint64, (K,).

    Returns:
        The signature, uint32, (K,).

    Raises:
        ValueError: The set is empty: nothing is the smallest.

    Example:
        >>> a, b = np.array([2**63, 1], dtype=np.uint64), np.array([2**32, 2**33], dtype=np.uint64)
        >>> minhash_signature(np.array([1, 2], dtype=np.uint32), a, b)
        array([1, 2], dtype=uint32)

    Source: Broder, "On the resemblance and containment of documents" (1997).
    """
    if len(shingles_S) == 0:
        raise ValueError("the set has 0 members; it must have at least 1, as an empty document has no signature")
    members = shingles_S.astype(np.uint64)
    signature = [(a * members + b).min() >> np.uint64(32) for a, b in zip(a_K, b_K)]
    return np.array(signature, dtype=np.uint32)


def estimated_jaccard(signature_K: np.ndarray, other_K: np.ndarray) -> float:
    """Estimate a Jaccard similarity: the share of places in which two signatures agree.

    Example:
        >>> estimated_jaccard(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5]))
        0.75
    """
    return float(np.mean(signature_K == other_K))


def band_probability(similarity: float | np.ndarray, n_bands: int, n_rows: int) -> float | np.ndarray:
    """Compute how likely two documents become candidates: that they agree in all rows of at least one band.

    Example:
        >>> round(band_probability(0.8, n_bands=16, n_rows=8), 3)
        0.947

    Source: Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4.2.
    """
    return 1 - (1 - similarity**n_rows) ** n_bands


def near_duplicates(signatures_NK: np.ndarray, n_bands: int, threshold: float) -> list[tuple[int, int]]:
    """Find the pairs of documents with similar signatures, without comparing all pairs.

    The K numbers of a signature are cut into `n_bands` bands of R = K / `n_bands` numbers that stand side by side. Two
    documents that agree in a whole band (the same band in both) are candidates. Of the candidates, those are returned
    whose signatures agree in at least the share `threshold` of all K places. A pair that shares no band is not found,
    however similar it is.

    The work grows with the number of documents and of candidates, not with the number of all pairs.

    Args:
        signatures_NK: One signature a row, (N, K).
        n_bands: The number of bands; it divides K.
        threshold: The least estimated similarity.

    Returns:
        Pairs (i, j) with i < j, each once, sorted.

    Raises:
        ValueError: `n_bands` is below 1 or does not divide K; the message names it.

    Example:
        >>> signatures = np.array([[1, 2, 3, 4], [1, 2, 3, 5], [9, 2, 3, 9], [7, 7, 3, 5]])
        >>> near_duplicates(signatures, n_bands=2, threshold=0.5)
        [(0, 1), (1, 3)]

    Source: Broder (1997) for the signatures; Indyk and Motwani (1998) for the bands.
    """
    n_hashes = signatures_NK.shape[1]
    if n_bands < 1 or n_hashes % n_bands:
        raise ValueError(f"n_bands is {n_bands!r}; it must divide the {n_hashes} numbers of a signature")
    # One signature stands for all equal ones, or a thousand copies would be half a million candidates in each band.
    distinct_UK, which_N = np.unique(signatures_NK, axis=0, return_inverse=True)
    copies: list[list[int]] = [[] for _ in distinct_UK]
    for number, which in enumerate(which_N.ravel()):
        copies[which].append(number)
    # Two texts become candidates if any band agrees in full: nobody compares all pairs.
    candidates = {(which, which) for which in range(len(copies))}
    for band_UR in np.split(distinct_UK, n_bands, axis=1):
        buckets: defaultdict[bytes, list[int]] = defaultdict(list)
        for number, row in enumerate(np.ascontiguousarray(band_UR)):
            # The bytes of a band are its name; a hash of them could only add candidates.
            buckets[row.tobytes()].append(number)
        for members in buckets.values():
            candidates.update((i, j) for place, j in enumerate(members) for i in members[:place])
    # Bands let some unlike pairs through: the share of equal numbers in the whole signature decides.
    similar = [(i, j) for i, j in candidates if (distinct_UK[i] == distinct_UK[j]).mean() >= threshold]
    return sorted({(min(a, b), max(a, b)) for i, j in similar for a in copies[i] for b in copies[j] if a != b})


def duplicate_groups(pairs: Iterable[tuple[int, int]], n_documents: int) -> np.ndarray:
    """Join pairs into groups: whoever is a duplicate of a duplicate belongs to the same group.

    Args:
        pairs: Duplicates (i, j), in any order, perhaps of a document with itself; read once, so an iterator will do. A
            chain of them may be as long as the corpus.
        n_documents: N.

    Returns:
        For each document the smallest number in its group (its own if it is alone), int64, (N,). A corpus without
        duplicates keeps the documents whose group has their own number.

    Raises:
        ValueError: A number is negative or not below `n_documents`.

    Example:
        >>> duplicate_groups([(1, 3), (4, 3)], 6).tolist()
        [0, 1, 2, 1, 1, 5]
    """
    parent = list(range(n_documents))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]  # halve the way for whoever comes next
            i = parent[i]
        return i

    for pair in pairs:
        if not 0 <= min(pair) <= max(pair) < n_documents:
            raise ValueError(f"a pair is {pair}; it must be of documents from 0 to {n_documents - 1}")
        low, high = sorted(map(root, pair))
        parent[high] = low
    return np.array([root(i) for i in range(n_documents)], dtype=np.int64)


def sign_texts(texts: Sequence[str], n_hashes: int = 128, width: int = 5, seed: int = 0) -> np.ndarray:
    """Compute the signatures of many texts, uint32, (N, K).

    A text without any word has no shingle; its signature is of the number 0 alone, so such texts are all alike.

    Raises:
        TypeError: `texts` is one string, not several.
    """
    texts = as_list(texts, "texts")
    a_K, b_K = hash_functions(n_hashes, seed)
    nothing = np.zeros(1, dtype=np.uint32)
    rows = [minhash_signature(found if len(found := shingles(text, width)) else nothing, a_K, b_K) for text in texts]
    return np.array(rows, dtype=np.uint32).reshape(len(texts), n_hashes)


def leaked_fractions(train_shingles: Sequence[np.ndarray], validation_shingles: Sequence[np.ndarray]) -> np.ndarray:
    """Measure for each validation document which share of its shingles occurs anywhere in the training set.

    Unlike Jaccard's similarity this does not ask whether two documents are alike: a page copied into a long book leaks
    in full, and so does a document whose two halves stand in two training documents.

    Args:
        train_shingles: Distinct shingles of each training document, uint32 or int64, in any order.
        validation_shingles: Distinct shingles of each validation document, the same.

    Returns:
        Between 0 and 1 for each validation document, float64, (N,); 0 for one without shingles, and for all
        where there is no training document.

    Example:
        >>> train = [np.array([1, 2]), np.array([2, 3])]
        >>> leaked_fractions(train, [np.array([1, 3]), np.array([3, 4]), np.array([], dtype=int)])
        array([1. , 0.5, 0. ])

    Source: overlap in n-grams of 13 words, Brown et al., "Language Models are Few-Shot Learners" (2020), appendix C.
    """
    known = np.unique(np.concatenate([*train_shingles, np.empty(0, dtype=np.uint32)]))
    fractions = np.zeros(len(validation_shingles))
    for number, own in enumerate(validation_shingles):
        if len(own) and len(known):
            # not np.isin, which would sort the training set's shingles again for each document
            places = np.minimum(np.searchsorted(known, own), len(known) - 1)
            fractions[number] = np.mean(known[places] == own)
    return fractions
