"""Cutting a text into words before byte-pair encoding sees it (chapter 1).

A merge never crosses the border of a word, so the pattern that finds the words decides which tokens can exist at all:
with GPT-2's pattern no token holds a letter and a digit, and a space belongs to the word that follows it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

import regex

from llmcourse.tokenization.inputs import check_text, several
from llmcourse.values import whole

GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""The pattern of GPT-2 (Radford et al., 2019): contractions, letters, digits, the rest, white space."""

GPT4_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""The pattern of GPT-4 (`cl100k_base`): numbers in groups of three digits, line ends kept with what precedes them."""

# Which characters are letters and digits depends on the version of Unicode. The `tokenizers` package goes by
# Unicode 16, `regex` by a later one. These are the letters and digits that came after 16; a test compares all code
# points.
_NEWER_LETTERS = (
    r"\u0558\u058B-\u058C\u088F\u0C5C\u0CDC\u208F\u209D-\u209F\uA7CE-\uA7CF\uA7D2\uA7D4\uA7DD\uA7E2\uA7F1\uAB6C-\uAB6D"
    r"\U000107BB-\U000107BF\U00010940-\U00010959\U00010EC5-\U00010EC7\U00010ED9-\U00010EEE\U00011B0A"
    r"\U00011DB0-\U00011DDB\U00011DF1\U00016EA0-\U00016EB8\U00016EBB-\U00016ED3\U00016FF2-\U00016FF3"
    r"\U000187F8-\U000187FF\U00018CD6-\U00018CDA\U00018D09-\U00018D20\U00018D80-\U00018DF2\U00018E00-\U00019191"
    r"\U000191A0-\U000191D2\U0001B123-\U0001B128\U0001B168\U0001D6A6\U0001DF1F-\U0001DF24\U0001DF2B-\U0001DF81"
    r"\U0001DF90-\U0001DF96\U0001DFCD-\U0001DFFF\U0001E6C0-\U0001E6DE\U0001E6E0-\U0001E6E2\U0001E6E4-\U0001E6E5"
    r"\U0001E6E7-\U0001E6ED\U0001E6F0-\U0001E6F4\U0001E6FE-\U0001E6FF\U0002B73A-\U0002B73F\U0002B81E"
    r"\U0002CEA2-\U0002CEAD\U000323B0-\U00033479\U0003D000-\U0003FC3F"
)
_NEWER_DIGITS = r"\U00011DE0-\U00011DE9\U0001246F\U00012475-\U0001247F\U00012550-\U00012686\U00016FF4-\U00016FF6"
_CLASSES = {r"\p{L}": rf"[a-zA-Z[\p{{L}}--[{_NEWER_LETTERS}]]]", r"\p{N}": rf"[0-9[\p{{N}}--[{_NEWER_DIGITS}]]]"}


@lru_cache
def compile_pattern(pattern: str) -> regex.Pattern:
    r"""Compile a pattern so that `\p{L}` and `\p{N}` mean what they mean in the `tokenizers` package: Unicode 16.

    Args:
        pattern: A regular expression as the `regex` package reads it.

    Returns:
        The compiled pattern; the same object for the same pattern.

    Raises:
        ValueError: The pattern is not a regular expression.

    Example:
        >>> compile_pattern(r"\p{L}+").findall("naïve 42")
        ['naïve']
    """
    try:
        regex.compile(pattern)
        for name, same_in_unicode_16 in _CLASSES.items():
            pattern = pattern.replace(name, same_in_unicode_16)
        return regex.compile(pattern, regex.VERSION1)
    except regex.error as error:
        raise ValueError(f"pattern is {pattern!r}; it must be a regular expression ({error})") from error


def pretokenize(text: str, pattern: str = GPT2_PATTERN) -> list[str]:
    """Cut a text into words: the successive matches of a pattern, from left to right.

    Nothing is lost: the words joined together give the text again. `compile_pattern(pattern)` gives a compiled
    pattern that is used like one of the standard library's `re`.

    Args:
        text: Any text; may be empty.
        pattern: A regular expression whose successive matches should cover the whole text, as those of `GPT2_PATTERN`
            do.

    Returns:
        The words, in order. No word is empty.

    Raises:
        ValueError: The pattern leaves part of the text unmatched.

    Example:
        >>> pretokenize("Hello world, it's  2024!")
        ['Hello', ' world', ',', ' it', "'s", ' ', ' 2024', '!']
        >>> pretokenize("Hello world, it's  2024!", GPT4_PATTERN)
        ['Hello', ' world', ',', ' it', "'s", ' ', ' ', '202', '4', '!']

    Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.2, and its code.
    """
    words = [match.group() for match in compile_pattern(pattern).finditer(text) if match.group()]
    if sum(map(len, words)) != len(text):
        raise ValueError(f"pattern is {pattern!r}; it must match every part of the text")
    return words


def split_special(text: str, special_tokens: Collection[str]) -> list[tuple[str, bool]]:
    """Cut a text at its special tokens.

    Special tokens are found from left to right; where several begin at one position, the longest wins.

    Args:
        text: Any text; may be empty.
        special_tokens: Non-empty strings such as `"<|endoftext|>"`; may be an empty collection.

    Returns:
        Pairs (part, whether this part is a special token) in order. The parts joined together give the text again, and
        no part is empty.

    Example:
        >>> split_special("one<|end|>two<|end|>", {"<|end|>"})
        [('one', False), ('<|end|>', True), ('two', False), ('<|end|>', True)]
        >>> split_special("<|end|><|end|>>", {"<|end|>", "<|end|>>"})
        [('<|end|>', True), ('<|end|>>', True)]
        >>> split_special("plain", set())
        [('plain', False)]
    """
    if not special_tokens:
        return [(text, False)] if text else []
    longest_first = sorted(special_tokens, key=len, reverse=True)
    either = "|".join(regex.escape(token) for token in longest_first)
    parts = regex.split(f"({either})", text)
    return [(part, i % 2 == 1) for i, part in enumerate(parts) if part]


def byte_alphabet() -> list[tuple[int, str]]:
    """GPT-2's alphabet: one printable character for each byte, in the order of the base token ids.

    A `tokenizer.json` holds tokens as strings, yet a token is a string of bytes, and half of all bytes are no character
    by themselves. So each byte gets a character to be written with: itself if it is printable in Latin-1, otherwise one
    of the 68 characters from U+0100 on. The space (byte 32) becomes `Ġ`, the line feed (byte 10) `Ċ`.

    Returns:
        256 pairs (byte value, character); the position of a pair is the token id of its byte.

    Example:
        >>> byte_alphabet()[:3], byte_alphabet()[220]
        ([(33, '!'), (34, '"'), (35, '#')], (32, 'Ġ'))

    Source: `bytes_to_unicode` in GPT-2's `encoder.py` (Radford et al., 2019).
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [(byte, chr(byte)) for byte in printable] + [(byte, chr(256 + i)) for i, byte in enumerate(others)]


BASE_VOCAB: tuple[bytes, ...] = tuple(bytes([byte]) for byte, _ in byte_alphabet())
"""The bytes of the tokens 0 to 255."""

BYTE_IDS: tuple[int, ...] = tuple(BASE_VOCAB.index(bytes([byte])) for byte in range(256))
"""The token id of each byte value: `BYTE_IDS[ord("!")]` is 0."""

_BYTE_TO_CHAR = dict(byte_alphabet())
_CHAR_TO_BYTE = {char: byte for byte, char in byte_alphabet()}


def to_printable(token: bytes) -> str:
    """Write a token's bytes with the 256 printable characters of `byte_alphabet`.

    Example:
        >>> to_printable(b" caf\\xc3\\xa9")
        'ĠcafÃ©'
    """
    return "".join(_BYTE_TO_CHAR[byte] for byte in token)


def from_printable(string: str) -> bytes:
    """Read the bytes of a token written by `to_printable`.

    Raises:
        ValueError: A character is not in `byte_alphabet`.

    Example:
        >>> from_printable("ĠcafÃ©")
        b' caf\\xc3\\xa9'
    """
    for char in string:
        if char not in _CHAR_TO_BYTE:
            raise ValueError(f"the token is {string!r}; it must be byte-level, and {char!r} stands for no byte")
    return bytes(_CHAR_TO_BYTE[char] for char in string)


def count_words(
    texts: Iterable[str], pattern: str = GPT2_PATTERN, special_tokens: Collection[str] = ()
) -> Counter[bytes]:
    """Count the words of many texts: all that training byte-pair encoding needs to know of a corpus.

    Special tokens are taken out first: they separate what stands to their left from what stands to their right, and
    are not counted themselves.

    Args:
        texts: The documents, read once.
        pattern: As for `pretokenize`.
        special_tokens: As for `split_special`.

    Returns:
        How often each word occurs; a word is given by its UTF-8 bytes.

    Raises:
        TypeError: `texts` is one string, not several.
        ValueError: A text holds a lone surrogate; the pattern leaves part of a text unmatched.

    Example:
        >>> count_words(["to be or", " not to be<|end|>"], special_tokens=["<|end|>"])
        Counter({b' be': 2, b'to': 1, b' or': 1, b' not': 1, b' to': 1})
    """
    counts: Counter[str] = Counter()
    for text in several(texts, "texts"):
        check_text(text)
        for part, is_special in split_special(text, special_tokens):
            if not is_special:
                counts.update(pretokenize(part, pattern))
    return Counter({word.encode("utf-8"): count for word, count in counts.items()})


def split_bytes(word_counts: Mapping[bytes, int], vocab_size: int) -> dict[tuple[int, ...], int]:
    """Check the input of a training run and write its words as base token ids.

    Args:
        word_counts: How often each word occurs; a word is a string of bytes.
        vocab_size: The number of tokens wanted, bytes included.

    Returns:
        The same counts, each word a tuple of ids below 256.

    Raises:
        TypeError: `word_counts` is no mapping, or a word is no string of bytes.
        ValueError: There is no word, a count is no whole number or below 1, or `vocab_size` is none or below 256.

    Example:
        >>> split_bytes({b"!!": 3}, vocab_size=256)
        {(0, 0): 3}
        >>> split_bytes({"low": 5}, vocab_size=300)
        Traceback (most recent call last):
        TypeError: a word is 'low'; it must be bytes, such as b'low'
    """
    if whole("vocab_size", vocab_size) < 256:
        raise ValueError(f"vocab_size is {vocab_size!r}; it must be at least 256, as each byte is a token")
    if not isinstance(word_counts, Mapping):
        shown = repr(word_counts)[:40]
        raise TypeError(f"word_counts is {shown}; it must be a mapping of words to counts, such as {{b'low': 5}}")
    if not word_counts:
        raise ValueError("the corpus has 0 words; it must have at least 1")
    for word, count in word_counts.items():
        if not isinstance(word, bytes):
            raise TypeError(f"a word is {word!r}; it must be bytes, such as b'low'")
        if type(count) is not int:  # a corpus has many words, and asking costs more than this does
            whole(f"the count of {word!r}", count)
        if count < 1:
            raise ValueError(f"the count of {word!r} is {count!r}; it must be at least 1")
    return {tuple(BYTE_IDS[byte] for byte in word): count for word, count in word_counts.items()}
