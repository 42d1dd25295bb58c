"""Unigram's and WordPiece's segmentation against brute force and the `tokenizers` package."""

import math
from itertools import combinations

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import models

from llmcourse.tokenization import viterbi_segment, wordpiece_segment

log_probs_over_abc = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(-20, -0.01), max_size=12)


def segmentations(text: str):
    for n_cuts in range(len(text)):
        for cuts in combinations(range(1, len(text)), n_cuts):
            yield [text[start:end] for start, end in zip((0, *cuts), (*cuts, len(text)))]


@given(text=st.text("abc", min_size=1, max_size=9), log_probs=log_probs_over_abc)
def test_viterbi_is_as_probable_as_the_best_of_all_segmentations(text, log_probs):
    scores = [sum(log_probs.get(token, -math.inf) for token in tokens) for tokens in segmentations(text)]
    if max(scores) == -math.inf:
        with pytest.raises(ValueError, match="no sequence of tokens spells"):
            viterbi_segment(text, log_probs)
    else:
        tokens = viterbi_segment(text, log_probs)
        assert "".join(tokens) == text
        assert sum(log_probs[token] for token in tokens) == pytest.approx(max(scores), abs=1e-9)


@given(text=st.text("abc", min_size=1, max_size=30), log_probs=log_probs_over_abc)
def test_viterbi_is_as_probable_as_what_tokenizers_finds(text, log_probs):
    log_probs = {"a": -5.5, "b": -7.25, "c": -6.1} | log_probs
    oracle = tokenizers.Tokenizer(models.Unigram(vocab=[("<unk>", -100.0), *log_probs.items()], unk_id=0))
    theirs = oracle.encode(text).tokens
    ours = viterbi_segment(text, log_probs)
    assert "".join(ours) == "".join(theirs) == text
    total = sum(log_probs[token] for token in ours)
    assert total == pytest.approx(sum(log_probs[token] for token in theirs), abs=1e-9)


def test_viterbi_of_nothing_is_nothing():
    assert viterbi_segment("", {}) == []
    assert viterbi_segment("", {"a": -1.0}) == []


@given(
    word=st.text("abc", min_size=1, max_size=12),
    vocab=st.sets(st.from_regex("(##)?[abc]{1,4}", fullmatch=True)),
)
def test_wordpiece_equals_tokenizers(word, vocab):
    ids = {token: i for i, token in enumerate(sorted(vocab | {"[UNK]"}))}
    oracle = tokenizers.Tokenizer(models.WordPiece(vocab=ids, unk_token="[UNK]"))
    assert wordpiece_segment(word, vocab) == oracle.encode(word).tokens


def test_wordpiece_of_nothing_is_nothing():
    assert wordpiece_segment("", {"a"}) == []
