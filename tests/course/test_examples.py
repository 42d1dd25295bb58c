"""The example in a piece's docstring is a part of its check."""

from __future__ import annotations

import pytest
import torch

from llmcourse.course.examples import run_example
from llmcourse.course.pieces import Piece
from llmcourse.positional.alibi import alibi_bias
from llmcourse.tokenization.bpe import count_pairs
from tests import classroom

PIECES = [
    Piece.parse(cell.source.split()[1])
    for assignment in classroom.ASSIGNMENTS
    for notebook in classroom.notebooks(assignment, classroom.ROOT / "solutions").values()
    for cell in classroom.cells(notebook, "check").values()
]


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_the_reference_does_what_its_docstring_shows(piece):
    module = __import__(piece.module, fromlist=["_"])
    run_example(piece, getattr(module, piece.name))


def test_another_answer_is_told_with_the_line():
    with pytest.raises(
        AssertionError, match=r"its own example: count_pairs\(.*\) gives 3 where Counter\(.*\) is right"
    ):
        run_example(Piece.parse("llmcourse.tokenization.bpe:count_pairs"), lambda words: 3)


def test_the_order_of_keys_and_the_last_digits_do_not_matter():
    def reversed_keys(words):
        return dict(reversed(count_pairs(words).items()))

    run_example(Piece.parse("llmcourse.tokenization.bpe:count_pairs"), reversed_keys)
    alibi = Piece.parse("llmcourse.positional.alibi:alibi_bias")
    run_example(alibi, lambda *args: alibi_bias(*args) + 0.0)  # no minus before a zero
    run_example(alibi, lambda *args: alibi_bias(*args) * (1 + 1e-5))
    with pytest.raises(AssertionError, match="its own example"):
        run_example(alibi, lambda *args: alibi_bias(*args) * 1.1)


def test_a_history_of_gradients_does_not_matter():
    norm = Piece.parse("llmcourse.model.layers:RMSNorm")

    class Fixed(torch.nn.RMSNorm):
        def __init__(self, size, eps=1e-5):
            super().__init__(size, eps=eps)

    run_example(norm, Fixed)


def test_a_rehearsal_in_an_example_finds_a_piece_that_lives_in_another_process(monkeypatch):
    asked = []

    class Elsewhere:
        def rehearsed(self, rows, through):
            asked.append((rows, through))
            return [3.0, 3.0], [[], []]

    example = """
    >>> from llmcourse.distributed.rehearsal import rehearse
    >>> rehearse(alibi_bias, [(1.0,), (2.0,)]).results
    [3.0, 3.0]
    """
    monkeypatch.setattr("llmcourse.course.examples.docstring", lambda piece, root: example)
    run_example(Piece.parse("llmcourse.positional.alibi:alibi_bias"), Elsewhere())
    assert asked == [([(1.0,), (2.0,)], "")]
