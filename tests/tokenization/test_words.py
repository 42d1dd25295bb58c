"""Words, special tokens and the byte alphabet."""

import pytest
import regex
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from llmcourse.tokenization import (
    BASE_VOCAB,
    BYTE_IDS,
    GPT2_PATTERN,
    byte_alphabet,
    compile_pattern,
    count_words,
    from_printable,
    pretokenize,
    split_bytes,
    split_special,
    to_printable,
)

from .strategies import PATTERNS, TRICKY_TEXTS, oracle_pre_tokenizer, texts

both_patterns = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
ALL_CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


def oracle_words(text: str, pattern: str) -> list[str]:
    return [word for word, _ in oracle_pre_tokenizer(pattern).pre_tokenize_str(text)]


@both_patterns
@pytest.mark.parametrize("text", TRICKY_TEXTS, ids=lambda text: ascii(text[:12]))
def test_words_equal_those_of_tokenizers_on_tricky_texts(text, pattern):
    assert [to_printable(word.encode()) for word in pretokenize(text, pattern)] == oracle_words(text, pattern)


@both_patterns
@given(text=texts)
def test_words_equal_those_of_tokenizers_on_any_text(text, pattern):
    assert [to_printable(word.encode()) for word in pretokenize(text, pattern)] == oracle_words(text, pattern)


@pytest.mark.parametrize("char_class", [r"\p{L}", r"\p{N}", r"\s", r"[^\s\p{L}\p{N}]", r"[^\r\n\p{L}\p{N}]"])
def test_character_classes_agree_with_tokenizers_on_every_code_point(char_class):
    text = "".join(ALL_CHARACTERS)
    split = pre_tokenizers.Split(tokenizers.Regex(f"{char_class}+"), "removed")
    without = "".join(part for part, _ in split.pre_tokenize_str(text))
    assert compile_pattern(f"{char_class}+").sub("", text) == without


def test_contractions_agree_with_tokenizers_on_every_code_point():
    pattern = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    text = "".join(f"'{c}e'l{c}" for c in ALL_CHARACTERS)
    split = pre_tokenizers.Split(tokenizers.Regex(pattern), "removed")
    without = "".join(part for part, _ in split.pre_tokenize_str(text))
    assert compile_pattern(pattern).sub("", text) == without


def test_unicode_version_is_the_only_correction_made():
    corrected = compile_pattern(r"\p{L}+").findall("".join(ALL_CHARACTERS))
    plain = regex.findall(r"\p{L}+", "".join(ALL_CHARACTERS))
    newer = set("".join(plain)) - set("".join(corrected))
    assert set("".join(corrected)) < set("".join(plain))
    assert "\u088f" in newer and not newer & set("abcéдом中")


@both_patterns
@given(text=texts)
def test_words_joined_give_the_text_and_none_is_empty(text, pattern):
    words = pretokenize(text, pattern)
    assert "".join(words) == text
    assert all(words)


def test_pattern_that_skips_text_is_refused():
    with pytest.raises(ValueError, match="must match every part"):
        pretokenize("two words", r"\w+")


def test_pattern_that_is_no_regular_expression_is_refused():
    with pytest.raises(ValueError, match=r"pattern is '\('; it must be a regular expression"):
        pretokenize("text", "(")


@given(text=texts, special=st.sets(st.sampled_from(["<|end|>", "<|e", "the", "s", "."])))
def test_split_special_loses_nothing_and_finds_every_special_token(text, special):
    parts = split_special(text, special)
    assert "".join(part for part, _ in parts) == text
    assert all(part for part, _ in parts)
    for part, is_special in parts:
        assert part in special if is_special else not any(token in part for token in special)


def test_longest_special_token_wins_whatever_the_order():
    for special in (["ab", "abc"], ["abc", "ab"]):
        assert split_special("xabcab", special) == [("x", False), ("abc", True), ("ab", True)]


def test_special_tokens_are_not_read_as_patterns():
    assert split_special("a.b|c", ["."]) == [("a", False), (".", True), ("b|c", False)]


def test_byte_alphabet_is_that_of_tokenizers_in_code_point_order():
    characters = [char for _, char in byte_alphabet()]
    assert characters == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(byte for byte, _ in byte_alphabet()) == list(range(256))


def test_base_ids_and_bytes_are_inverse():
    assert [BASE_VOCAB[BYTE_IDS[byte]] for byte in range(256)] == [bytes([byte]) for byte in range(256)]


@given(st.binary())
def test_printable_form_reads_back(token):
    assert from_printable(to_printable(token)) == token


def test_string_with_a_character_for_no_byte_is_refused():
    with pytest.raises(ValueError, match="'▁' stands for no byte"):
        from_printable("▁the")


@both_patterns
def test_special_tokens_split_documents_and_are_not_counted(pattern):
    counts = count_words(["ab cd<|end|>ab", "<|end|>"], pattern, ["<|end|>"])
    assert counts == {b"ab": 2, b" cd": 1}


def test_one_string_instead_of_texts_is_refused():
    with pytest.raises(TypeError, match="texts is 'a text'"):
        count_words("a text")


def test_lone_surrogate_is_refused_with_its_position():
    with pytest.raises(ValueError, match=r"'\\ud83d' at position 4"):
        count_words(["fine", "bad \ud83d"])


@pytest.mark.parametrize(
    ("word_counts", "vocab_size", "message"),
    [
        ({b"a": 1}, 255, "vocab_size is 255"),
        ({}, 300, "the corpus has 0 words"),
        ({b"ab": 0}, 300, "the count of b'ab' is 0"),
    ],
)
def test_input_that_cannot_be_trained_on_is_refused(word_counts, vocab_size, message):
    with pytest.raises(ValueError, match=message):
        split_bytes(word_counts, vocab_size)


def test_default_pattern_is_that_of_gpt2():
    assert pretokenize(" x1") == pretokenize(" x1", GPT2_PATTERN) == [" x", "1"]
