"""A print of a global generator changes when the generator moves, and only then."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from llmcourse.course.generators import NAMES, prints

TORCH, NUMPY, PYTHON = NAMES


def moved(by: Callable[[], object]) -> list[str]:
    """The generators that something has moved."""
    before = prints()
    by()
    return [name for name, old, new in zip(NAMES, before, prints(), strict=True) if old != new]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (lambda: torch.rand(1), [TORCH]),
        (lambda: torch.manual_seed(torch.initial_seed() + 1), [TORCH]),
        (lambda: np.random.random(), [NUMPY]),
        (lambda: np.random.seed(np.random.randint(1 << 30)), [NUMPY]),
        (lambda: random.random(), [PYTHON]),
        (lambda: random.getrandbits(1), [PYTHON]),
        (lambda: random.seed(), [PYTHON]),
        (lambda: random.Random(3).random() + np.random.default_rng(3).random(), []),
        (lambda: torch.rand(1, generator=torch.Generator()), []),
        (lambda: (random.setstate(random.getstate()), np.random.set_state(np.random.get_state())), []),
    ],
)
def test_a_print_changes_when_its_generator_moves(by: Callable[[], object], names: list[str]) -> None:
    assert moved(by) == names


def test_half_a_pair_of_normal_numbers_counts_and_a_state_that_is_put_back_has_its_print() -> None:
    random.seed(5)
    before = prints(), random.getstate()
    random.gauss(0, 1)
    after = prints()
    random.gauss(0, 1)
    assert before[0] != after != prints(), "the second one was drawn with the first"
    random.setstate(before[1])
    assert prints() == before[0]
