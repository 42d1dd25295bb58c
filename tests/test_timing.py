"""What benchmarks and studies share."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import benchmarks.__main__
import benchmarks.timing
from benchmarks.timing import alternate, row
from studies import common


def test_the_examples_of_timing_are_what_it_does():
    assert doctest.testmod(benchmarks.timing).failed == 0


def test_calls_take_turns_and_rounds_to_warm_up_are_not_counted():
    order: list[str] = []
    times = alternate(lambda: order.append("a"), lambda: order.append("b"), repeats=2, warm_up=1)
    assert order == ["a", "b"] * 3 and [len(column) for column in times] == [2, 2]


@pytest.mark.parametrize(("met", "says"), [(True, "at most 3: met\n"), (False, "at most 3: MISSED\n"), (None, "3\n")])
def test_a_row_says_whether_its_target_was_met(capsys, met, says):
    assert row("name", ["1", "2"], "at most 3", met) is (met is not False)
    assert capsys.readouterr().out.endswith(says)


def test_what_is_no_benchmark_is_not_run_as_one(capsys):
    assert benchmarks.__main__.main(["timing"]) == 2
    told = capsys.readouterr().err
    assert "unknown benchmark 'timing': there are book," in told and "timing," not in told


def test_held_out_text_is_counted_in_the_tokens_of_the_training_text():
    tokens = common.as_tokens(["aaaa aaaa"], ["aaaa b"], vocab_size=258)
    assert (len(tokens.training), len(tokens.held_out)) == (3, 3) and tokens.per_byte == 3 / 6
    marked = common.as_tokens(["aaaa aaaa"], ["aaaa b"], 259, mark="<|end|>")
    assert marked.training[-1] == marked.held_out[-1] == 258 and isinstance(marked.training, np.ndarray)
