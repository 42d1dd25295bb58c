"""The n-gram model: probabilities that sum to 1, equal to a dictionary version written from the formula."""

from collections import Counter

import numpy as np
import pytest

from llmcourse.data.ngram import NGram, absolute_discounting


def kneser_ney(tokens, vocab_size, order, discounts, context, token):
    """Interpolated Kneser-Ney from its definition, with Python's dictionaries."""
    if order == 0:
        return 1 / vocab_size
    grams = [Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)) for n in range(len(discounts) + 2)]

    def count(gram, n):
        if n == len(discounts):
            return grams[n][gram]
        return sum(longer[1:] == gram for longer in grams[n + 1])

    gram_context = tuple(context[len(context) - order + 1 :]) if order > 1 else ()
    lower = kneser_ney(tokens, vocab_size, order - 1, discounts, context, token)
    if len(gram_context) < order - 1:
        return lower
    followers = {other: count((*gram_context, other), order) for other in range(vocab_size)}
    total = sum(followers.values())
    if total == 0:
        return lower
    discount = discounts[order - 1]
    kept = max(followers[token] - discount, 0)
    return (kept + discount * sum(n > 0 for n in followers.values()) * lower) / total


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_the_definition(order):
    tokens = np.random.default_rng(order).integers(0, 4, 60)
    model = NGram(tokens, 5, order)
    discounts = [level.discount for level in model.levels]
    text = np.random.default_rng(9).integers(0, 5, 12)
    want = [kneser_ney(tokens.tolist(), 5, order, discounts, text[:i].tolist(), int(text[i])) for i in range(len(text))]
    assert np.exp(model.log_probs(text)) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_every_context_has_a_distribution_and_the_fast_way_reads_the_same_one(seed):
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, 7, 500)
    model = NGram(tokens, 9)
    contexts = [[], [8], tokens[-4:], tokens[:4], *(rng.integers(0, 9, rng.integers(1, 7)) for _ in range(60))]
    for context in contexts:
        p = model.probabilities(context)
        assert p.sum() == pytest.approx(1, abs=1e-12) and p.min() > 0
        token = rng.integers(0, 9)
        assert model.log_probs([*context, token])[-1] == pytest.approx(np.log(p[token]), abs=1e-9)


def test_longer_contexts_help_where_the_text_has_them():
    rng = np.random.default_rng(0)
    rule = rng.integers(0, 8, (8, 8))
    tokens = [0, 1]
    for _ in range(20_000):
        tokens.append(rule[tokens[-2], tokens[-1]] if rng.random() < 0.9 else rng.integers(0, 8))
    train, held_out = np.array(tokens[:18_000]), np.array(tokens[18_000:])
    losses = [-NGram(train, 8, order).log_probs(held_out).mean() for order in (1, 2, 3)]
    truth = -(0.9 + 0.1 / 8) * np.log(0.9 + 0.1 / 8) - 7 * (0.1 / 8) * np.log(0.1 / 8)
    assert losses[0] > losses[1] > losses[2] > truth * 0.97 and losses[2] < truth * 1.1


@pytest.mark.parametrize("discount", [0.0, 0.3, 1.0])
def test_discounting_keeps_the_sum_at_one(discount):
    rng = np.random.default_rng(1)
    counts, lower = rng.integers(0, 4, 20), rng.dirichlet(np.ones(20))
    assert absolute_discounting(counts, lower, discount).sum() == pytest.approx(1)
    assert np.array_equal(absolute_discounting(counts * 0, lower, discount), lower)
    fractions = counts * 0.2
    assert absolute_discounting(fractions, lower, discount).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NGram(np.arange(3), 5, order=4), "order is 4; .* tokens, 3"),
        (lambda: NGram(np.arange(6), 5), "0 to 5; they must be 0 to 4"),
        (lambda: NGram(np.arange(5), 5, order=0), "order is 0"),
        (lambda: NGram(np.arange(5), 5, 2).log_probs([7]), "7 to 7; they must be 0 to 4"),
        (lambda: absolute_discounting(np.ones(2), np.ones(2) / 2, 1.5), "1.5"),
    ],
)
def test_what_cannot_be_counted_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_text_drawn_from_the_model_is_the_same_for_the_same_seed():
    model = NGram(np.random.default_rng(0).integers(0, 5, 200), 5)
    assert (
        model.generate([1, 2], 20, seed=1) == model.generate([1, 2], 20, seed=1) != model.generate([1, 2], 20, seed=2)
    )


@pytest.mark.parametrize("wrong", [-1, 4])
def test_a_context_outside_the_vocabulary_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{wrong}.*; they must be 0 to 3"):
        NGram(np.array([0, 1, 2, 3, 0]), vocab_size=4, order=2).probabilities([0, wrong, 0])
