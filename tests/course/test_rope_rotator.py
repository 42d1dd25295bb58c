"""The rotary figure against complex numbers: pair i of a vector is one complex number, a rotation is one product."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import rope_rotator
from tests.course.figures import core

LAST = 512
positions = st.integers(0, LAST)
heads = st.integers(1, 16).map(lambda pairs: 2 * pairs)
thetas = st.floats(1.5, 1e6)
seeds = st.integers(0, 2**32 - 1)
# Both sides work in float64 on angles of at most 512 radians: about 512 * 2^-53 a pair, on 16 pairs of size 1.
CLOSE = {"rtol": 0, "atol": 1e-10}


js = core("rope")


def vectors(seed: int, d_head: int) -> tuple[list[float], list[float]]:
    q, k = np.random.default_rng(seed).uniform(-1, 1, (2, d_head))
    return q.tolist(), k.tolist()


def as_complex(vector: list[float]) -> np.ndarray:
    return np.asarray(vector).view(np.complex128)


def rates(d_head: int, theta: float) -> np.ndarray:
    return np.exp(-np.log(theta) * np.arange(0, d_head, 2) / d_head)


def rows_of(page: str) -> list[list[str]]:
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return [re.findall("<td>(.*?)</td>", row) for row in body.split("</tr>") if row.startswith("<tr>")]


def config_of(page: str) -> dict:
    return json.loads(re.findall(r'^startFigure\(.*?(\{"dHead".*?\}), mount\);$', page, re.MULTILINE)[0])


@settings(max_examples=100, deadline=None)
@given(d_head=heads, theta=thetas, factor=st.sampled_from([1, 2, 4, 8]))
def test_frequencies_fall_from_one_by_equal_ratios(js, d_head, theta, factor):
    np.testing.assert_allclose(js("frequencies", d_head, theta, factor), rates(d_head, theta) / factor, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, d_head=heads, theta=thetas, m=positions)
def test_a_rotation_is_a_product_of_complex_numbers(js, seed, d_head, theta, m):
    q, _ = vectors(seed, d_head)
    rotated = as_complex(js("rotateAll", q, m, js("frequencies", d_head, theta)))
    np.testing.assert_allclose(rotated, as_complex(q) * np.exp(1j * m * rates(d_head, theta)), **CLOSE)
    np.testing.assert_allclose(abs(rotated), abs(as_complex(q)), **CLOSE)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, d_head=heads, theta=thetas, m=positions, n=positions)
def test_contributions_and_angles_are_those_of_complex_numbers(js, seed, d_head, theta, m, n):
    q, k = vectors(seed, d_head)
    freqs = js("frequencies", d_head, theta)
    product = as_complex(q) * as_complex(k).conj() * np.exp(1j * (m - n) * rates(d_head, theta))
    np.testing.assert_allclose(js("contributions", q, k, m, n, freqs), product.real, **CLOSE)
    np.testing.assert_allclose(js("score", q, k, m, n, freqs), product.real.sum(), **CLOSE)
    between = np.array([js("angleBetween", q, k, i, m, n, freqs) for i in range(d_head // 2)])
    # Angles on both sides of π are the same angle: compare them as points, weighted by the pairs' lengths.
    np.testing.assert_allclose(abs(product) * np.exp(1j * between), product, **CLOSE)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, d_head=heads, theta=thetas)
def test_reach_holds_every_sum_of_the_first_pairs_and_no_more(js, seed, d_head, theta):
    q, k = vectors(seed, d_head)
    distances = np.arange(-LAST, LAST + 1)[:, None]
    products = as_complex(q) * as_complex(k).conj() * np.exp(1j * distances * rates(d_head, theta))
    sums = products.real.cumsum(axis=1)
    reach = js("reach", q, k, js("frequencies", d_head, theta), LAST)
    np.testing.assert_allclose([reach["low"], reach["high"]], [min(sums.min(), 0), max(sums.max(), 0)], **CLOSE)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, m=positions, n=positions, lower=st.floats(-10, LAST + 10))
def test_moving_both_keeps_the_distance_and_every_contribution(js, seed, m, n, lower):
    q, k = vectors(seed, 8)
    freqs = js("frequencies", 8, 1e4)
    moved = js("moveBoth", {"m": m, "n": n}, lower, LAST)
    assert min(moved.values()) >= 0 and max(moved.values()) <= LAST
    assert moved["m"] - moved["n"] == pytest.approx(m - n)
    assert min(moved.values()) == min(max(lower, 0), LAST - abs(m - n))
    before, after = (js("contributions", q, k, *pair, freqs) for pair in ((m, n), (moved["m"], moved["n"])))
    np.testing.assert_allclose(after, before, **CLOSE)


@settings(max_examples=100, deadline=None)
@given(n=positions, distance=st.integers(-LAST, LAST))
def test_a_chosen_distance_is_reached_within_the_positions_and_the_key_stays_if_it_can(js, n, distance):
    moved = js("atDistance", {"m": 0, "n": n}, distance, LAST)
    assert moved["m"] - moved["n"] == distance
    assert min(moved.values()) >= 0 and max(moved.values()) <= LAST
    if 0 <= n + distance <= LAST:
        assert moved["n"] == n


@given(seed=seeds, m=positions, n=positions)
@settings(max_examples=50, deadline=None)
def test_without_rotation_the_score_is_the_plain_product_everywhere(js, seed, m, n):
    q, k = vectors(seed, 8)
    assert js("score", q, k, m, n, [0, 0, 0, 0]) == pytest.approx(np.dot(q, k))


@given(seed=seeds, distance=st.integers(-64, 64), factor=st.sampled_from([2, 4, 8]))
@settings(max_examples=50, deadline=None)
def test_dividing_the_frequencies_stretches_the_curve(js, seed, distance, factor):
    q, k = vectors(seed, 8)
    stretched = js("score", q, k, distance * factor, 0, js("frequencies", 8, 1e4, factor))
    assert stretched == pytest.approx(js("score", q, k, distance, 0, js("frequencies", 8, 1e4)), abs=1e-10)


@pytest.mark.parametrize(("d_head", "theta"), [(2, 1.5), (8, 10000.0), (8, 500000.0), (32, 10000.0)])
def test_without_javascript_a_table_holds_angles_and_scores(d_head, theta):
    page = rope_rotator(d_head, theta).data
    config = config_of(page)
    q, k, freqs = as_complex(config["q"]), as_complex(config["k"]), rates(d_head, theta)
    pairs = range(d_head // 2) if d_head <= 8 else [0, 1, d_head // 2 - 2, d_head // 2 - 1]
    by_distance = {}
    for cells in rows_of(page):
        m, n, distance, *angles, score = (float(cell.strip("°").replace("−", "-")) for cell in cells)
        assert distance == m - n
        # Angles are rounded to whole degrees, scores to two decimals; 360° and 0° are one angle.
        apart = [angle - math.degrees(m * freqs[i]) for angle, i in zip(angles, pairs, strict=True)]
        assert all(abs((difference + 180) % 360 - 180) <= 0.5 + 1e-6 for difference in apart)
        assert score == pytest.approx((q * k.conj() * np.exp(1j * distance * freqs)).real.sum(), abs=0.005 + 1e-9)
        by_distance.setdefault(distance, set()).add(score)
    assert all(len(scores) == 1 for scores in by_distance.values())
    assert len(by_distance) < len(rows_of(page))


def test_the_figure_begins_where_the_table_says_and_is_reproducible():
    page = rope_rotator().data
    config = config_of(page)
    assert page == rope_rotator(8, 10000.0).data == rope_rotator(np.int64(8), 10000).data
    assert len({rope_rotator(d_head, theta).data for d_head in (2, 8) for theta in (100.0, 10000.0)}) == 4
    assert all(0 <= position <= config["last"] for position in config["start"])
    lengths = np.concatenate([abs(as_complex(config["q"])), abs(as_complex(config["k"]))])
    assert lengths.min() > 0.58 and lengths.max() < 1.01


@pytest.mark.parametrize("d_head", [0, -2, 7, 34, 2.5, "8"])
def test_a_bad_head_size_is_named(d_head):
    with pytest.raises(ValueError, match=re.escape(f"d_head is {d_head!r}; it must be an even number from 2 to 32")):
        rope_rotator(d_head)


@pytest.mark.parametrize("theta", [1, 0.5, -3.0, math.inf, math.nan])
def test_a_bad_theta_is_named(theta):
    with pytest.raises(ValueError, match=f"theta is {theta!r}"):
        rope_rotator(theta=theta)
