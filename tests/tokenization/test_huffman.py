"""Huffman code lengths against what is known of optimal codes."""

import heapq
import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.tokenization import entropy, huffman_code_lengths, mean_code_length

alphabets = st.lists(st.integers(1, 50), min_size=2, max_size=40).map(lambda counts: dict(enumerate(counts)))
small_alphabets = st.lists(st.integers(1, 12), min_size=2, max_size=5).map(lambda counts: dict(enumerate(counts)))


def total_bits(counts, lengths) -> int:
    return sum(count * lengths[symbol] for symbol, count in counts.items())


@given(alphabets)
def test_lengths_fill_the_code_tree(counts):
    assert sum(Fraction(1, 2**length) for length in huffman_code_lengths(counts).values()) == 1


@given(small_alphabets)
def test_no_prefix_code_is_shorter_and_no_optimal_one_has_a_shorter_longest_word(counts):
    optimal = []
    for lengths in itertools.product(range(1, len(counts)), repeat=len(counts)):
        if sum(Fraction(1, 2**length) for length in lengths) <= 1:
            optimal.append((total_bits(counts, lengths), max(lengths)))
    lengths = huffman_code_lengths(counts)
    assert (total_bits(counts, lengths), max(lengths.values())) == min(optimal)


@given(alphabets)
def test_total_length_is_the_sum_of_all_joined_counts(counts):
    heap, joined = sorted(counts.values()), 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        joined += both
        heapq.heappush(heap, both)
    assert total_bits(counts, huffman_code_lengths(counts)) == joined


@given(alphabets)
def test_mean_length_is_less_than_one_bit_above_the_entropy(counts):
    mean = mean_code_length(counts, huffman_code_lengths(counts))
    assert entropy(counts) - 1e-9 <= mean < entropy(counts) + 1


@given(alphabets)
def test_rarer_symbols_have_no_shorter_codes(counts):
    lengths = huffman_code_lengths(counts)
    for a, b in itertools.combinations(counts, 2):
        if counts[a] > counts[b]:
            assert lengths[a] <= lengths[b]


def test_powers_of_two_reach_the_entropy_exactly():
    counts = {"a": 8, "b": 4, "c": 2, "d": 1, "e": 1}
    assert huffman_code_lengths(counts) == {"a": 1, "b": 2, "c": 3, "d": 4, "e": 4}
    assert mean_code_length(counts, huffman_code_lengths(counts)) == entropy(counts)


def test_ties_go_to_single_symbols_in_their_order():
    assert huffman_code_lengths({"a": 1, "b": 1, "c": 1}) == {"a": 2, "b": 2, "c": 1}
    assert huffman_code_lengths({"a": 2, "b": 1, "c": 1, "d": 2}) == {"a": 2, "b": 2, "c": 2, "d": 2}


def test_single_symbol_gets_one_bit():
    assert huffman_code_lengths({"only": 7}) == {"only": 1}


@pytest.mark.parametrize(("counts", "message"), [({}, "0 symbols"), ({"a": 0}, "'a' is 0"), ({"b": 1, "a": -1}, "-1")])
def test_counts_without_a_code_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        huffman_code_lengths(counts)


def test_symbols_of_mixed_types_are_never_compared():
    assert set(huffman_code_lengths({"a": 1, 2: 1, None: 1, (3,): 1}).values()) == {2}
