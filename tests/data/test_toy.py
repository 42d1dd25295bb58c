"""The best predictor of the toy grammar: no better than the entropy rate, and no worse where it has seen enough."""

import math

import numpy as np
import pytest

from llmcourse.data import corpus, toy_entropy_rate
from llmcourse.data.toy import toy_log_probs, toy_machine


@pytest.fixture(scope="module")
def windows():
    text = "".join(corpus("toy", limit_mb=0.2))
    return [text[k : k + 200] for k in range(0, len(text) - 200, 200)]


def test_the_machine_is_a_chain_and_its_distribution_stays():
    machine = toy_machine()
    assert np.allclose(machine.next_QQ.sum(1), 1) and np.isclose(machine.stationary_Q.sum(), 1)
    assert np.allclose(machine.stationary_Q @ machine.next_QQ, machine.stationary_Q, atol=1e-10)


def test_behind_enough_text_the_loss_is_the_entropy_rate(windows):
    rate = toy_entropy_rate() * math.log(2)
    losses = -toy_log_probs(windows)
    late = losses[:, 100:].mean()
    assert late == pytest.approx(rate, rel=0.02)  # 1,000 windows: a standard error of about half a per cent
    assert losses[:, 1:11].mean() > 1.3 * rate, "at its beginning one does not know where in a sentence a window is"


def test_chances_of_all_next_characters_sum_to_one():
    before = "the cat s"
    machine = toy_machine()
    letters = {chr(code) for code in machine.characters_Q}
    chances = []
    for letter in letters:
        try:
            chances.append(math.exp(toy_log_probs([before + letter])[0, -1]))
        except ValueError:
            chances.append(0.0)
    assert sum(chances) == pytest.approx(1)


def test_frequencies_are_those_of_the_text(windows):
    machine, text = toy_machine(), "".join(windows)
    for letter in "e. z":
        chance = machine.stationary_Q[machine.characters_Q == ord(letter)].sum()
        assert text.count(letter) / len(text) == pytest.approx(chance, rel=0.05, abs=2e-4)


def test_a_window_that_the_grammar_cannot_write_is_named():
    with pytest.raises(ValueError, match="a window is 'qqq'; it must be a part of the toy corpus"):
        toy_log_probs(["the", "qqq"])
    with pytest.raises(ValueError, match=r"windows have the lengths \[3, 4\]; they must have one"):
        toy_log_probs(["the", "the "])
