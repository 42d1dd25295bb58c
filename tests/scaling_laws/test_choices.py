"""What a law does not decide: serving, repetition, rates and batches, metrics; by published numbers and searches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.scaling_laws.emergence import all_right, counted, edit_distance, exact_match, loss_to_loss
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN, Law, compute_optimal
from llmcourse.scaling_laws.repetition import (
    DATA_CONSTRAINED,
    effective_params,
    effective_tokens,
    needed_params,
    repeated_loss,
    repeated_optimum,
)
from llmcourse.scaling_laws.serving import (
    break_even,
    optimum_with_inference,
    smallest_params,
    tokens_to_reach,
    total_flops,
)
from llmcourse.scaling_laws.transfer import best_rate, deepseek_batch, deepseek_rate, fit_power_law

LAWS = st.builds(
    Law,
    E=st.floats(0.1, 3.0),
    A=st.floats(10.0, 3000.0),
    B=st.floats(10.0, 3000.0),
    alpha=st.floats(0.2, 0.8),
    beta=st.floats(0.2, 0.8),
)


def optimal_loss(law: Law, n_params: float) -> float:
    return law.E + law.A / n_params**law.alpha * (1 + law.alpha / law.beta)


@given(LAWS, st.floats(0.02, 1.0), st.floats(0.0, 15.0))
def test_no_other_model_of_the_same_loss_costs_less(law, excess, log_served):
    loss, served = law.E + excess, 10**log_served
    n_params, n_tokens = optimum_with_inference(law, loss, served)
    assert law.loss(n_params, n_tokens) == pytest.approx(loss, rel=1e-9)
    least = total_flops(n_params, n_tokens, served)
    for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0):
        if n_params * factor > smallest_params(law, loss) * (1 + 1e-9):
            tokens = tokens_to_reach(law, n_params * factor, loss)
            assert total_flops(n_params * factor, tokens, served) >= least * (1 - 1e-12)


@pytest.mark.parametrize("law", [HOFFMANN, BESIROGLU, DATA_CONSTRAINED])
def test_without_serving_it_is_the_compute_optimum(law):
    n_params, n_tokens = compute_optimal(law, 1e22)
    got = optimum_with_inference(law, float(law.loss(n_params, n_tokens)), 0.0)
    assert got == (pytest.approx(n_params, rel=1e-9), pytest.approx(n_tokens, rel=1e-9))


@pytest.mark.parametrize("law", [HOFFMANN, BESIROGLU])
def test_no_service_makes_the_model_smaller_than_a_fixed_share(law):
    loss = optimal_loss(law, 70e9)
    share = (law.beta / (law.alpha + law.beta)) ** (1 / law.alpha)
    sizes = [optimum_with_inference(law, loss, served)[0] for served in (0, 1e12, 1e15, 1e25, 1e40)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(70e9)
    assert sizes[-1] == pytest.approx(70e9 * share, rel=1e-3)
    assert smallest_params(law, loss) == pytest.approx(70e9 * share)


def test_the_papers_saving_lies_within_the_rounding_of_the_exponents():
    """Sardana et al. (2024), figure 1: 7B in the place of 13B saves 17 % of the operations if 2 T tokens are served."""

    def saved(law: Law) -> float:
        loss = optimal_loss(law, 13e9)
        big, small = (total_flops(n, tokens_to_reach(law, n, loss), 2e12) for n in (13e9, 7e9))
        return 1 - small / big

    alphas, betas = (0.335, 0.345), (0.275, 0.285)
    corners = [saved(Law(HOFFMANN.E, HOFFMANN.A, HOFFMANN.B, a, b)) for a in alphas for b in betas]
    assert min(corners) < 0.17 < max(corners)
    assert saved(HOFFMANN) == pytest.approx(0.091, abs=1e-3)


def test_a_smaller_model_pays_from_the_break_even_on():
    loss = optimal_loss(HOFFMANN, 13e9)
    at = break_even(HOFFMANN, loss, 7e9)
    big, small = (
        [total_flops(n, tokens_to_reach(HOFFMANN, n, loss), at * f) for f in (0.99, 1.01)] for n in (13e9, 7e9)
    )
    assert small[0] > big[0]
    assert small[1] < big[1]


def test_what_cannot_be_reached_is_refused_by_name():
    for call, told in (
        (lambda: optimum_with_inference(HOFFMANN, 1.69, 1e12), "target_loss is 1.69"),
        (lambda: optimum_with_inference(HOFFMANN, 2.0, -1.0), "tokens_served is -1.0"),
        (lambda: optimum_with_inference(HOFFMANN, 2.0, 1.0, train_flops=0), "train_flops is 0.0"),
        (lambda: tokens_to_reach(HOFFMANN, 1e6, 2.0), "n_params is 1e\\+06; it must be above"),
        (lambda: break_even(HOFFMANN, 2.0, 1e12), "it must be below"),
        (lambda: effective_tokens(0, 5), "unique is 0.0"),
        (lambda: effective_params(5, [1, -1]), "needed is -1.0"),
        (lambda: fit_power_law([1, 2], [1, 2, 3]), "y is of the shape"),
        (lambda: best_rate([1, 2, 4], [1, 2, 3]), "the best rate is the smallest of the grid, 1"),
        (lambda: best_rate([1, 2, 4], [3, 2, math.nan]), None),
        (lambda: all_right([True, True], 3), "length is 3"),
    ):
        if told is None:
            assert call() == pytest.approx(2.0)
            continue
        with pytest.raises(ValueError, match=told):
            call()


def test_the_data_constrained_law_gives_its_authors_own_numbers():
    """The two examples beside the code that Muennighoff et al. published, whose constants have more digits."""
    constants = {"r_star_data": 15.387756, "r_star_params": 5.309743}
    first = repeated_loss(DATA_CONSTRAINED, 6.34e9, 25e9, 242e9, **constants)
    second = repeated_loss(DATA_CONSTRAINED, 8.67e9, 25e9, 178e9, **constants)
    assert float(first) == pytest.approx(2.2256440889984477, abs=1e-12)
    assert float(second) == pytest.approx(2.2269634075087867, abs=1e-12)


@given(st.floats(1.0, 1e12), st.floats(0.01, 1e4), st.floats(0.1, 1e6))
def test_repeated_text_is_worth_more_the_more_it_is_read_and_never_more_than_new_text(unique, passes, r_star):
    worth, more = effective_tokens(unique, unique * np.array([passes, passes * 1.01]), r_star)
    assert worth <= more * (1 + 1e-12)
    assert worth <= unique * passes * (1 + 1e-12)
    assert worth <= unique * (1 + r_star) * (1 + 1e-12)


def test_with_enough_text_nothing_is_repeated_and_the_optimum_is_the_old_one():
    n_params, seen = repeated_optimum(DATA_CONSTRAINED, 1e21, 1e15)
    want = compute_optimal(DATA_CONSTRAINED, 1e21)
    # the bottom is flat: the loss decides
    assert float(DATA_CONSTRAINED.loss(n_params, seen)) == pytest.approx(float(DATA_CONSTRAINED.loss(*want)), abs=1e-12)
    assert n_params == pytest.approx(want[0], rel=1e-3)
    assert float(needed_params(DATA_CONSTRAINED, want[1])) == pytest.approx(want[0])


def test_little_text_is_read_often_by_a_small_model():
    n_params, seen = repeated_optimum(DATA_CONSTRAINED, 9.3e21, 25e9)
    plain, _ = compute_optimal(DATA_CONSTRAINED, 9.3e21)
    assert n_params < plain
    best = repeated_loss(DATA_CONSTRAINED, n_params, 25e9, seen)
    for factor in (0.8, 0.95, 1.05, 1.25):
        assert repeated_loss(DATA_CONSTRAINED, n_params * factor, 25e9, seen / factor) > best


def test_deepseeks_own_models_have_the_rate_and_batch_of_their_law():
    """DeepSeek LLM: 7B and 67B on 2 T tokens, sequences of 4,096. Their law counts no embeddings."""
    for n_params, rate, sequences in ((6.6e9, 4.2e-4, 2304), (66e9, 3.2e-4, 4608)):
        flops = 6 * n_params * 2e12
        assert float(deepseek_rate(flops)) == pytest.approx(rate, rel=0.05)
        assert float(deepseek_batch(flops)) == pytest.approx(sequences * 4096, rel=0.06)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=12, unique_by=lambda p: round(p[0], 2))
)
def test_a_power_law_is_numpys_line_through_the_logarithms(points):
    x, y = np.exp(np.array(points)).T
    coefficient, exponent = fit_power_law(x, y)
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    assert exponent == pytest.approx(slope, rel=1e-6, abs=1e-6)
    assert math.log(coefficient) == pytest.approx(intercept, rel=1e-6, abs=1e-6)


def test_the_best_rate_is_the_bottom_of_a_parabola_whatever_the_order():
    rates = np.array([0.5, 8.0, 1.0, 2.0, 4.0])
    losses = 3 + 0.1 * (np.log(rates) - math.log(1.7)) ** 2
    assert best_rate(rates, losses) == pytest.approx(1.7)


def test_the_expected_exact_match_is_what_drawing_gives():
    rng = np.random.default_rng(0)
    losses = rng.exponential(0.3, (40, 4))
    is_answer = np.ones((40, 4), dtype=bool)
    drawn = (rng.random((4000, 40, 4)) < np.exp(-losses)).all(axis=2).mean()
    # 160,000 answers of which about a quarter are right: a standard error of 0.001
    assert exact_match(losses, is_answer) == pytest.approx(drawn, abs=0.005)


def test_equal_tokens_give_the_accuracy_to_the_power_of_the_length():
    for length in (1, 5, 30):
        losses = np.full((3, length), -math.log(0.9))
        assert exact_match(losses, losses > 0) == pytest.approx(0.9**length)


TOKENS = st.lists(st.integers(0, 3), max_size=7)


@given(TOKENS, TOKENS, TOKENS)
def test_edit_distance_is_a_distance(a, b, c):
    assert edit_distance(a, a) == 0
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_a_small_test_counts_zero_where_the_chance_is_small():
    chance = np.full(1000, 0.001)
    assert (counted(chance, 10) == 0).mean() == pytest.approx(0.999**10, abs=0.02)
    assert counted(np.array([0.2]), 10**6)[0] == pytest.approx(0.2, abs=0.003)


def test_runs_of_right_tokens():
    right = np.array([1, 1, 1, 0, 1], dtype=bool)
    assert [all_right(right, n) for n in (1, 2, 3, 5)] == [0.8, 0.5, 1 / 3, 0.0]


def test_losses_of_two_laws_at_equal_compute_lie_on_a_shifted_power_law():
    budgets = np.geomspace(1e18, 1e25, 9)
    above = np.array([[law.loss(*compute_optimal(law, c)) - law.E for law in (HOFFMANN, BESIROGLU)] for c in budgets])
    factor, kappa = fit_power_law(above[:, 0], above[:, 1])
    assert kappa == pytest.approx(loss_to_loss(HOFFMANN, BESIROGLU))
    assert factor * above[:, 0] ** kappa == pytest.approx(above[:, 1])
