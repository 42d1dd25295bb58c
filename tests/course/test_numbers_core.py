"""Numbers as the figures of scaling laws write them."""

import pytest

from tests.course.figures import core

js = core("numbers")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (123, "123"),
        (999.4, "999"),
        (999.6, "1.00K"),
        (1556, "1.56K"),
        (33440, "33.4K"),
        (5.6e7, "56.0M"),
        (999.9e6, "1.00B"),
        (1.234e9, "1.23B"),
        (9.996e9, "10.0B"),
        (1.4e12, "1.40T"),
        (3e15, "3000T"),
        (1.1224e15, "1120T"),
    ],
)
def test_three_digits_and_a_unit(js, value, told):
    assert js("short", value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.3142, "0.314"), (12.34, "12.3"), (5, "5"), (999.4, "999"), (999.6, "1.00K"), (8.03e9, "8.03B")],
)
def test_small_numbers_have_three_digits_too(js, value, told):
    assert js("fine", value) == told


@pytest.mark.parametrize(("value", "told"), [(1e21, "10²¹"), (2.7e20, "2.7 · 10²⁰"), (9.99e20, "10.0 · 10²⁰")])
def test_budgets_are_powers_of_ten(js, value, told):
    assert js("power", value) == told
