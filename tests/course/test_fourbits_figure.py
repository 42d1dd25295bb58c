"""The figure of four bits: JavaScript against the library's quantization, and what the page says of it."""

import pytest
import torch

from llmcourse.course.notebook.interactive import four_bits
from llmcourse.course.notebook.interactive.fourbits import (
    BLOCKS,
    LARGE,
    LARGEST,
    N_WEIGHTS,
    WAYS,
    errors,
    weights,
    written,
)
from llmcourse.finetuning.nf4 import bits_per_weight
from tests.course.figures import core

js = core("fourbits")


def shown(numbers: torch.Tensor) -> list[float]:
    return [round(number, 3) for number in numbers.tolist()]


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("block_size", BLOCKS)
@pytest.mark.parametrize("way", WAYS)
def test_javascript_writes_what_the_library_writes(js, way, block_size, double):
    for large in (0.0, 1.0, 3.0, 7.7, 30.0, 300.0, LARGEST):
        numbers = weights(large)
        got = js("write", shown(numbers), WAYS[way].tolist(), block_size, double)["written"]
        want = written(numbers, way, block_size, double)
        torch.testing.assert_close(
            torch.tensor(got, dtype=torch.float32), want, rtol=1e-4, atol=1e-4 * large / 127 + 1e-5
        )


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("block_size", BLOCKS)
def test_the_errors_told_are_those_of_python(js, block_size, double):
    numbers = weights(30.0)
    kept = js("write", shown(numbers), WAYS["NF4"].tolist(), block_size, double)["written"]
    groups = js("neighbours", N_WEIGHTS, block_size, LARGE)
    got = [js("error", shown(numbers), kept, groups[name]) for name in ("beside", "elsewhere")]
    beside, elsewhere = errors(30.0, "NF4", block_size, double)
    assert got[0] == pytest.approx(beside, rel=1e-3)
    assert got[1] is None is elsewhere or got[1] == pytest.approx(elsewhere, rel=1e-3)
    assert js("bits", block_size, double) == pytest.approx(bits_per_weight(block_size, 256 if double else None))


def test_without_javascript_there_are_a_picture_and_a_table():
    page = four_bits().data
    assert page.count("<tr>") == 1 + 18 and "<svg" in page


def test_the_page_tells_of_the_figure_what_it_shows():
    beside = [errors(large, "NF4", 64, False)[0] for large in (3.0, 30.0, 100.0)]
    assert [round(100 * error) for error in beside] == [11, 69, 100]
    assert (
        not written(weights(100.0), "NF4", 64, False)[torch.arange(N_WEIGHTS) // 64 == LARGE // 64].count_nonzero() > 1
    )
    assert all(errors(30.0, way, 64, False)[0] > 0.68 for way in WAYS), "other levels do not change that"
    ordinary = [100 * errors(3.0, "NF4", *kept)[1] for kept in ((64, False), (16, True))]
    assert [f"{error:.1f}" for error in ordinary] == ["9.4", "8.0"]
    assert [f"{bits_per_weight(16, 256):.2f}", f"{bits_per_weight(64, None):.2f}"] == ["4.51", "4.50"]
    assert round(100 * errors(LARGEST, "NF4", 64, True)[1]) == 40
