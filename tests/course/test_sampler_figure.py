"""The figure of sampling against the library's choice of a token."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import token_sampler
from llmcourse.course.notebook.interactive.sampling import KS, PS, TEMPERATURES, tokens_left
from llmcourse.model.generation import choose_next
from tests.course.figures import core

js = core("sampler")
some_logits = st.lists(st.integers(-9000, 9000).map(lambda n: n / 1000), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(some_logits, st.sampled_from(TEMPERATURES), st.sampled_from(KS), st.sampled_from(PS))
def test_what_is_left_is_the_library_s(js, logits, temperature, k, p):
    got = js("settle", logits, {"temperature": temperature, "k": k, "p": p})
    want_V = tokens_left(torch.tensor(logits, dtype=torch.float64), temperature, k, p)
    assert [want_V[i].item() for i in got["order"]] == pytest.approx(got["after"], abs=1e-9)
    assert got["count"] == (want_V > 0).sum()
    before_V = tokens_left(torch.tensor(logits, dtype=torch.float64), temperature)
    assert [before_V[i].item() for i in got["order"]] == pytest.approx(got["before"], abs=1e-9)
    assert got["kept"] == pytest.approx(before_V[want_V > 0].sum().item(), abs=1e-9)


@pytest.mark.parametrize("limits", [{}, {"top_k": 3}, {"top_p": 0.6}, {"top_k": 3, "top_p": 0.6}])
def test_the_library_draws_from_what_is_left(limits):
    logits_V = torch.tensor([2.0, 0.5, 1.5, -1.0, 0.0, 1.0])
    rows = logits_V.expand(20_000, -1)
    generator = torch.Generator().manual_seed(0)
    drawn = choose_next(rows, temperature=0.8, generator=generator, **limits).bincount(minlength=6) / len(rows)
    want_V = tokens_left(logits_V, 0.8, limits.get("top_k"), limits.get("top_p"))
    assert torch.allclose(drawn.double(), want_V, atol=0.015)
    assert not drawn[want_V == 0].any()


@settings(max_examples=100, deadline=None)
@given(some_logits, st.sampled_from(PS), st.floats(0, 1, exclude_max=True))
def test_a_draw_is_a_token_that_is_left(js, logits, p, number):
    after = js("settle", logits, {"temperature": 1.0, "k": None, "p": p})["after"]
    rank = js("drawn", after, number)
    assert after[rank] > 0
    assert sum(after[:rank]) <= number + 1e-9


def test_the_numbers_of_a_seed_are_even_and_its_own(js):
    numbers = js("numbers", 1, 2000)
    assert numbers == js("numbers", 1, 2000) != js("numbers", 2, 2000)
    assert min(numbers) >= 0 and max(numbers) < 1 and sum(numbers) / 2000 == pytest.approx(0.5, abs=0.03)


def test_a_fixed_k_fits_one_text_and_a_p_both(js):
    sure, unsure = [[first, *(-rank / 100 for rank in range(99))] for first in (9.0, 0.1)]
    count = lambda logits, k, p: js("settle", logits, {"temperature": 1.0, "k": k, "p": p})["count"]  # noqa: E731
    assert count(sure, 20, None) == count(unsure, 20, None) == 20
    assert count(sure, None, 0.9) == 1 and count(unsure, None, 0.9) > 80


@pytest.mark.parametrize(
    ("share", "told"), [(1, "100%"), (0, "0%"), (0.997, "99.70%"), (0.42, "42%"), (0.031, "3.1%"), (1e-6, "under 0.01%")]
)  # fmt: skip
def test_shares_are_short(js, share, told):
    assert js("percent", share) == told


def test_without_javascript_there_is_a_table():
    logits = {"<b>": torch.tensor([0.2, 0.5, 0.3]).log()}
    page = token_sampler(logits, ["x", "</script>", "z"]).data
    assert "<td>top-p of 0.9</td><td>3</td><td>0.0%</td>" in page
    assert "<code>&lt;b&gt;</code>" in page and "<b>" not in page.split("<script>")[0]


@pytest.mark.parametrize("logits_V", [torch.zeros(2), torch.tensor([0.0, float("inf"), 0.0])])
def test_logits_that_fit_no_vocabulary_are_named(logits_V):
    with pytest.raises(ValueError, match="must be 3 finite numbers"):
        token_sampler({"a": logits_V}, ["x", "y", "z"])
    with pytest.raises(ValueError, match="holds 0 texts"):
        token_sampler({}, ["x"])
