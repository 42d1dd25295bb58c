"""Deduplication: signatures whose agreement is the Jaccard similarity, bands that find what they promise."""

import itertools
import random
import time

import numpy as np
import pytest

from llmcourse.data import (
    band_probability,
    duplicate_groups,
    estimated_jaccard,
    exact_duplicates,
    hash_functions,
    jaccard,
    jaccard_matrix,
    leaked_fractions,
    minhash_signature,
    minhash_signature_naive,
    near_duplicates,
    shingles,
    sign_texts,
)


def pair_of_sets(rng, n_shared, n_own):
    numbers = rng.choice(2**32, size=n_shared + 2 * n_own, replace=False).astype(np.uint32)
    return numbers[: n_shared + n_own], np.concatenate([numbers[:n_shared], numbers[n_shared + n_own :]])


def test_exact_duplicates_point_to_the_first_copy():
    texts = [random.Random(i).choice("abcdefgh") * 3 for i in range(50)]
    assert exact_duplicates(iter(texts)).tolist() == [texts.index(text) for text in texts]


def test_shingles_are_the_distinct_runs_of_words():
    rng = random.Random(0)
    words = rng.choices(["if", "x", "(", ")", "größe", "_y1", "+"], k=200)
    for width in (1, 2, 5):
        runs = {tuple(words[i : i + width]) for i in range(len(words) - width + 1)}
        found = shingles(" ".join(words), width)
        assert len(found) == len(runs) and (np.diff(found.astype(np.int64)) > 0).all() and found.dtype == np.uint32


def test_shingles_depend_on_the_order_of_words_and_not_on_white_space():
    assert jaccard(shingles("a b c d e f"), shingles("f e d c b a")) == 0
    assert np.array_equal(shingles("a = b(c)"), shingles("a=b ( c )\n\n"))
    assert len(shingles("a b")) == 1 and len(shingles(" \n")) == 0
    with pytest.raises(ValueError, match="0"):
        shingles("a", 0)


def test_jaccard_is_that_of_python_sets():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = (np.unique(rng.integers(0, 30, rng.integers(0, 20))) for _ in range(2))
        union = set(a.tolist()) | set(b.tolist())
        want = len(set(a.tolist()) & set(b.tolist())) / len(union) if union else 1.0
        assert jaccard(a, b) == want


def test_the_matrix_has_the_similarity_of_every_two():
    rng = np.random.default_rng(1)
    sets = [np.unique(rng.integers(0, 40, size).astype(np.uint32)) for size in (0, 5, 30, 0, 12, 1, 30)]
    want = [[jaccard(a, b) for b in sets] for a in sets]
    assert np.array_equal(jaccard_matrix(sets), want)
    assert jaccard_matrix([]).shape == (0, 0)


def test_fast_signatures_are_the_obvious_ones():
    rng = np.random.default_rng(1)
    a, b = hash_functions(20, seed=5)
    for size in (1, 2, 50):
        members = rng.choice(2**32, size, replace=False).astype(np.uint32)
        assert np.array_equal(minhash_signature(members, a, b), minhash_signature_naive(members, a, b))
    with pytest.raises(ValueError, match="0 members"):
        minhash_signature(members[:0], a, b)


@pytest.mark.parametrize("n_own", [5, 50, 400])
def test_signatures_agree_as_often_as_sets_are_similar(n_own):
    rng = np.random.default_rng(2)
    estimates, k = [], 64
    for trial in range(60):
        x, y = pair_of_sets(rng, 100, n_own)
        a, b = hash_functions(k, seed=trial)
        estimates.append(estimated_jaccard(minhash_signature(x, a, b), minhash_signature(y, a, b)))
    similarity = 100 / (100 + 2 * n_own)
    standard_error = (similarity * (1 - similarity) / k / 60) ** 0.5
    assert abs(np.mean(estimates) - similarity) < 4 * standard_error
    assert 0.6 < np.std(estimates) / (standard_error * 60**0.5) < 1.5


@pytest.mark.parametrize("n_bands", [1, 4, 16])
def test_near_duplicates_are_the_pairs_that_comparing_all_would_find(n_bands):
    rng = np.random.default_rng(3)
    signatures = rng.integers(0, 3, size=(40, 16)).astype(np.uint32)
    signatures[20:25] = signatures[:5]
    n_rows = 16 // n_bands
    want = []
    for i, j in itertools.combinations(range(40), 2):
        same = signatures[i] == signatures[j]
        if same.reshape(n_bands, n_rows).all(1).any() and same.mean() >= 0.5:
            want.append((i, j))
    assert near_duplicates(signatures, n_bands, 0.5) == want and len(want) >= 5


def test_a_band_is_compared_with_the_same_band_only():
    assert near_duplicates(np.array([[1, 2, 3, 4], [3, 4, 1, 2]]), 2, 0.0) == []
    assert near_duplicates(np.zeros((0, 8)), 2, 0.5) == []
    for n_bands in (0, 3):
        with pytest.raises(ValueError, match=f"n_bands is {n_bands}"):
            near_duplicates(np.zeros((2, 8)), n_bands, 0.5)


def test_pairs_become_candidates_with_the_probability_of_the_formula():
    rng = np.random.default_rng(4)
    n_bands, n_rows, found = 8, 4, 0
    for trial in range(300):
        x, y = pair_of_sets(rng, 60, 20)
        a, b = hash_functions(32, seed=1000 + trial)
        rows = np.array([minhash_signature(x, a, b), minhash_signature(y, a, b)])
        found += len(near_duplicates(rows, n_bands, 0.0))
    p = band_probability(0.6, n_bands, n_rows)
    assert abs(found / 300 - p) < 4 * (p * (1 - p) / 300) ** 0.5


def test_groups_are_the_connected_components():
    rng = random.Random(5)
    pairs = [(rng.randrange(60), rng.randrange(60)) for _ in range(35)]
    label = list(range(60))
    for _ in range(60):
        for i, j in pairs:
            label[i] = label[j] = min(label[i], label[j])
    assert duplicate_groups(pairs, 60).tolist() == label
    with pytest.raises(ValueError, match="60"):
        duplicate_groups([(3, 60)], 60)


def test_texts_with_a_changed_word_are_found_and_others_are_not():
    rng = random.Random(6)
    words = [f"w{i}" for i in range(300)]
    texts = [" ".join(rng.choices(words, k=200)) for _ in range(30)]
    texts += [texts[3].replace(" ", "\n", 20), "changed " + texts[7], "", " "]
    assert near_duplicates(sign_texts(texts), 16, 0.7) == [(3, 30), (7, 31), (32, 33)]
    assert sign_texts([]).shape == (0, 128)


def test_leaks_are_counted_against_all_of_the_training_set():
    rng = random.Random(7)
    words = [f"w{i}" for i in range(50)]
    texts = [" ".join(rng.choices(words, k=60)) for _ in range(8)]
    halves = " ".join(texts[0].split()[:30]), " ".join(texts[1].split()[30:])
    known = [shingles(text, 3) for text in texts[:4]]
    shown = [shingles(text, 3) for text in (texts[2], " ".join(halves), texts[5], "")]
    whole, mixed, fresh, nothing = leaked_fractions(known, shown)
    assert (whole, fresh, nothing) == (1.0, 0.0, 0.0) and 0.9 < mixed < 1
    assert leaked_fractions([], shown).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("find", [exact_duplicates, sign_texts])
@pytest.mark.parametrize("text", ["one text", b"one text"])
def test_one_text_is_not_taken_for_many(find, text):
    with pytest.raises(TypeError, match="texts is b?'one text'; it must be a list"):
        find(text)
    assert len(find(iter(["one text", "another"]))) == 2


def test_a_thousand_copies_are_found_in_the_time_of_their_pairs():
    signatures = sign_texts(["a text that is there a thousand times", "and another text of some words"], width=3)
    many = signatures[[0] * 1000 + [1]]
    many[7, 0] += 1  # a copy that is only nearly one
    start = time.process_time()
    pairs = near_duplicates(many, 16, 0.7)
    assert time.process_time() - start < 8  # comparing each pair in each band takes some twenty
    assert pairs == list(itertools.combinations(range(1000), 2))
    assert near_duplicates(many, 16, 1.1) == []
