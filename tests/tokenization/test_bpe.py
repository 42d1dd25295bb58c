"""Merges learned and applied: the two versions against each other and against the `tokenizers` package."""

import random

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers

from llmcourse.course.checks import count_steps
from llmcourse.data import corpus
from llmcourse.tokenization import (
    BYTE_IDS,
    apply_merge,
    build_vocab,
    count_pairs,
    count_words,
    decode,
    encode_word,
    encode_word_naive,
    index_pairs,
    merge_pair,
    rank_merges,
    to_printable,
    train_bpe,
    train_bpe_naive,
)

from .strategies import PATTERNS, oracle_merges, oracle_trained, oracle_trained_on_words, random_word_counts

small_ids = st.lists(st.integers(0, 3), max_size=30)
seeds = st.integers(0, 2**32).map(random.Random)


@given(ids=small_ids, weight=st.integers(1, 5))
def test_count_pairs_counts_every_position(ids, weight):
    counts = count_pairs({tuple(ids): weight})
    for left in range(4):
        for right in range(4):
            at = sum(ids[i] == left and ids[i + 1] == right for i in range(len(ids) - 1))
            assert counts[left, right] == weight * at
    assert sum(counts.values()) == weight * max(0, len(ids) - 1)


@given(ids=small_ids, left=st.integers(0, 3), right=st.integers(0, 3))
def test_merge_pair_replaces_as_text_replacement_does(ids, left, right):
    as_text = "".join(map(str, ids)).replace(f"{left}{right}", "9")
    assert merge_pair(ids, (left, right), 9) == tuple(map(int, as_text))


@given(rng=seeds, more=st.integers(0, 80))
def test_fast_training_equals_obvious_training_and_tokenizers_merge_for_merge(rng, more):
    word_counts = random_word_counts(rng)
    merges = train_bpe(word_counts, 256 + more)
    assert merges == train_bpe_naive(word_counts, 256 + more)
    assert merges == oracle_merges(oracle_trained_on_words(word_counts, 256 + more))


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_training_on_real_text_equals_tokenizers_merge_for_merge(pattern):
    documents = corpus("python", limit_mb=1)
    merges = train_bpe(count_words(documents, pattern), 3000)
    assert len(merges) == 3000 - 256
    assert merges == oracle_merges(oracle_trained(documents, pattern, 3000))


def test_fast_training_equals_obvious_training_on_real_text():
    word_counts = count_words(corpus("python", "validation", limit_mb=0.1))
    assert train_bpe(word_counts, 350) == train_bpe_naive(word_counts, 350)


@pytest.mark.parametrize("train", [train_bpe, train_bpe_naive])
def test_ties_go_to_the_smallest_pair_of_ids(train):
    assert train({b"dc": 1, b"ba": 1, b"ab": 1}, 257) == [(BYTE_IDS[ord("a")], BYTE_IDS[ord("b")])]
    assert train({b"\x00": 1, b"\xff\xff": 2, b"zz": 2}, 257) == [(BYTE_IDS[ord("z")],) * 2]


@pytest.mark.parametrize("train", [train_bpe, train_bpe_naive])
def test_training_stops_when_every_word_is_one_token(train):
    word_counts = {b"abc": 2, b"d": 1}
    before = dict(word_counts)
    merges = train(word_counts, 1000)
    assert build_vocab(merges)[256:] == [b"ab", b"abc"]
    assert word_counts == before
    assert train({b"d": 5}, 300) == []


@pytest.mark.parametrize("train", [train_bpe, train_bpe_naive])
def test_training_refuses_bad_input(train):
    with pytest.raises(ValueError, match="the corpus has 0 words"):
        train({}, 300)
    with pytest.raises(ValueError, match="vocab_size is 100"):
        train({b"a": 1}, 100)


@given(rng=seeds)
def test_every_merge_makes_a_token_that_did_not_exist(rng):
    vocab = build_vocab(train_bpe(random_word_counts(rng, longest=60), 500))
    assert len(set(vocab)) == len(vocab)


@given(rng=seeds)
def test_index_stays_exact_merge_after_merge(rng):
    words = {tuple(word): count for word, count in random_word_counts(rng).items()}
    index = index_pairs(words)
    for new_id in range(1000, 1006):
        if not +index.counts:
            break
        pair = rng.choice(sorted(+index.counts))
        new_pairs = apply_merge(index, pair, new_id)
        recounted = count_pairs(dict(zip(index.words, index.weights)))
        assert +index.counts == recounted
        assert new_pairs == {pair for pair in recounted if new_id in pair}
        for pair in recounted:
            holders = {i for i, ids in enumerate(index.words) if pair in zip(ids, ids[1:])}
            assert holders <= index.words_with[pair]


def test_build_vocab_refuses_a_merge_of_tokens_that_do_not_exist():
    for merge in [(0, 257), (-1, 0), (300, 1)]:
        with pytest.raises(ValueError, match="merge 1 is .* from 0 to 256"):
            build_vocab([(0, 1), merge])


def arbitrary_merges(rng: random.Random) -> list[tuple[bytes, bytes]]:
    """Merges that no training gives: several may make the same token, and in any order."""
    tokens = [b"a", b"b", b"c"]
    merges: list[tuple[bytes, bytes]] = []
    for _ in range(rng.randint(1, 25)):
        pair = (rng.choice(tokens), rng.choice(tokens))
        if pair not in merges and len(pair[0] + pair[1]) < 9:
            merges.append(pair)
            tokens.append(pair[0] + pair[1])
    rng.shuffle(merges)
    return merges


@given(rng=seeds, word=st.text("abc", max_size=40))
def test_encoding_equals_tokenizers_even_for_merges_that_no_training_gives(rng, word):
    merges = arbitrary_merges(rng)
    vocab = build_vocab([])
    for left, right in merges:
        for token in (left, right, left + right):
            if token not in vocab:
                vocab.append(token)
    ids = {token: i for i, token in enumerate(vocab)}
    pairs = [(ids[left], ids[right]) for left, right in merges]
    ranks = rank_merges(pairs, [ids[left + right] for left, right in merges])
    model = models.BPE(
        vocab={to_printable(token): i for token, i in ids.items()},
        merges=[(to_printable(left), to_printable(right)) for left, right in merges],
    )
    oracle = tokenizers.Tokenizer(model)
    oracle.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    assert encode_word(word.encode(), ranks) == encode_word_naive(word.encode(), ranks) == oracle.encode(word).ids


@given(rng=seeds, word=st.text("abcde \né", max_size=60))
def test_fast_encoding_equals_obvious_encoding_and_merging_in_order_of_learning(rng, word):
    merges = train_bpe(random_word_counts(rng), 340)
    ids = tuple(BYTE_IDS[byte] for byte in word.encode())
    for new_id, pair in enumerate(merges, start=256):
        ids = merge_pair(ids, pair, new_id)
    ranks = rank_merges(merges)
    assert encode_word(word.encode(), ranks) == encode_word_naive(word.encode(), ranks) == list(ids)


def test_encoding_uses_the_byte_ids_that_are_given():
    byte_ids = [1000 + byte for byte in range(256)]
    ranks = rank_merges([(1097, 1098)], [7])
    for encode in (encode_word, encode_word_naive):
        assert encode(b"cab", ranks, byte_ids) == [1099, 7]
        assert encode(b"", ranks, byte_ids) == []


def test_the_work_of_encoding_a_very_long_word_grows_about_as_fast_as_the_word():
    ranks = rank_merges(train_bpe({b"a" * 5000: 1}, 270))
    few, many = (count_steps(encode_word, b"a" * n, ranks) for n in (2_000, 20_000))
    assert many < 11 * few
    assert len(encode_word(b"a" * 100_000, ranks)) < 100


@given(st.binary(max_size=30))
def test_decoding_replaces_wrong_bytes_as_python_and_tokenizers_do(data):
    ids = [BYTE_IDS[byte] for byte in data]
    assert decode(ids, build_vocab([])) == data.decode("utf-8", errors="replace")
    oracle = tokenizers.decoders.ByteLevel()
    assert decode(ids, build_vocab([])) == oracle.decode([to_printable(bytes([byte])) for byte in data])


@pytest.mark.parametrize("token", [-1, 256, 10**9])
def test_decoding_refuses_an_unknown_id_and_names_the_valid_ones(token):
    with pytest.raises(ValueError, match=f"token id is {token}; .* 0 to 255"):
        decode([0, token], build_vocab([]))
