"""Two other ways to cut a word into subwords: Unigram's best path and WordPiece's longest match (chapter 1)."""

import math
from collections.abc import Collection, Mapping


def viterbi_segment(text: str, log_probs: Mapping[str, float]) -> list[str]:
    """Find the most probable segmentation of a text under a unigram model.

    The probability of a segmentation is the product of its tokens' probabilities. The best way to write the first
    `end` characters is the best way to write the first `start` characters followed by the one token between the two, so
    the best segmentation is found from left to right, each prefix once.

    Args:
        text: Any text; may be empty.
        log_probs: The natural logarithm of each token's probability.

    Returns:
        The tokens of the best segmentation, in order. Among equally probable ones, that with the longest last token.

    Raises:
        ValueError: No sequence of tokens spells the text.

    Example:
        >>> from math import log
        >>> viterbi_segment("unlikely", {"un": log(0.1), "like": log(0.1), "ly": log(0.1), "unlike": log(0.05)})
        ['unlike', 'ly']

    Source: Kudo, "Subword Regularization" (2018), section 3.2.
    """
    longest = max(map(len, log_probs), default=0)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        best.append((-math.inf, end))
        for start in range(max(0, end - longest), end):
            score = best[start][0] + log_probs.get(text[start:end], -math.inf)
            if score > best[end][0]:
                best[end] = (score, start)
    if best[-1][0] == -math.inf:
        raise ValueError(f"no sequence of tokens spells {text!r}")
    tokens: list[str] = []
    end = len(text)
    while end > 0:
        tokens.append(text[best[end][1] : end])
        end = best[end][1]
    return tokens[::-1]


def wordpiece_segment(word: str, vocab: Collection[str], prefix: str = "##", unknown: str = "[UNK]") -> list[str]:
    """Cut a word into WordPiece tokens: the longest token that matches, again and again.

    Args:
        word: One word.
        vocab: The tokens, ideally a set; those that continue a word begin with `prefix`.
        prefix: The mark of a token that continues a word.
        unknown: What stands for a word that cannot be written.

    Returns:
        The tokens in order; `[unknown]` if at some point no token matches; `[]` for an empty word.

    Example:
        >>> wordpiece_segment("unaffable", {"un", "##aff", "##able", "##a"})
        ['un', '##aff', '##able']
        >>> wordpiece_segment("unknowable", {"un", "##able"})
        ['[UNK]']

    Source: Devlin et al., "BERT" (2019), its `tokenization.py`.
    """
    tokens: list[str] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            token = word[start:end] if start == 0 else prefix + word[start:end]
            if token in vocab:
                break
        else:
            return [unknown]
        tokens.append(token)
        start = end
    return tokens
