from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmcourse.course.author.edition import WALLED, edition_files, pieces_of, write_edition
from llmcourse.course.pieces import Piece, removed_pieces

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(path.name for path in (ROOT / "notebooks").iterdir())
DOUBLE, QUADRUPLE, COUNTER = (Piece("llmcourse.toy", name) for name in ("double", "quadruple", "Counter"))

TRICKY = '''"""Every place in which a trace could stay."""

import re

# how words are cut
_WORD = re.compile("[a-z]+")
"""Only the piece needs it."""

_SHARED = 3


def _only_for_the_piece(x):
    return _deeper(x)


def _deeper(x):
    return _deeper(x - 1) if x else _SHARED


def _in_a_doctest(x):
    return x


def _imported_elsewhere(x):
    return x


class Piece:
    """A class.

    >>> _in_a_doctest(1)
    1
    """

    def bare(self, x: int, y: int = len("no body"),
             ) -> int:
        # a comment above the first statement
        return _WORD.findall(str(_imported_elsewhere(x)))  # beside

        # a comment below the last one

    def told(self, x):
        """What it does."""

        # the trick
        z = """
# text, no comment
"""
        return _only_for_the_piece(x), z, _in_a_doctest(x)
        # and why

    # a comment of the class
    size = _SHARED


def after():
    return _SHARED
'''


def without(root: Path, *pieces: Piece) -> str:
    return edition_files(root, pieces)[Path("llmcourse/toy.py")].decode()


def test_a_body_goes_and_signature_and_docstring_stay(small_course):
    text = without(small_course, DOUBLE)
    assert "the obvious way" not in text and "2 * x" not in text
    assert 'def double(x: int) -> int:\n    """Twice a number.' in text and ">>> double(2)" in text
    assert '    raise NotImplementedError("double is not written yet")\n\n\ndef quadruple' in text
    assert "return double(double(x))" in text, "other pieces keep their bodies"


def test_every_method_of_a_class_loses_its_body(small_course):
    text = without(small_course, COUNTER)
    assert "self.count" not in text and "start = 0" in text and '"""Add to the count."""' in text
    assert text.count("raise NotImplementedError") == 2


def test_no_comment_and_no_helper_of_a_body_stays(small_course):
    (small_course / "llmcourse/toy.py").write_text(TRICKY)
    (small_course / "llmcourse/user.py").write_text("from llmcourse.toy import _imported_elsewhere\n")
    text = without(small_course, Piece("llmcourse.toy", "Piece"))
    for trace in ("a comment above", "a comment below", "beside", "the trick", "no comment", "and why", "findall"):
        assert trace not in text
    for helper in ("_WORD", "how words are cut", "Only the piece", "_only_for_the_piece", "_deeper"):
        assert helper not in text
    for needed in ("_SHARED = 3", "def _in_a_doctest", "def _imported_elsewhere", "a comment of the class", "no body"):
        assert needed in text
    exec(compile(text, "toy.py", "exec"), {"__name__": "toy"})


def test_a_helper_that_other_code_of_the_module_uses_stays(small_course):
    (small_course / "llmcourse/toy.py").write_text(TRICKY + "\n\ndef more():\n    return _only_for_the_piece(1)\n")
    text = without(small_course, Piece("llmcourse.toy", "Piece"))
    assert "def _only_for_the_piece" in text and "def _deeper" in text and "_WORD" not in text


def test_an_unknown_piece_is_named_and_nothing_is_written(small_course, tmp_path):
    with pytest.raises(ValueError, match="unknown piece 'llmcourse.toy:duoble': did you mean 'double'?"):
        write_edition(small_course, tmp_path / "out", [Piece("llmcourse.toy", "duoble")])
    assert not (tmp_path / "out").exists()


def test_a_failure_while_writing_leaves_nothing(small_course, tmp_path, monkeypatch):
    write = Path.write_bytes

    def fail_late(path, data):
        if path.name == "toy.py":
            raise OSError("disk full")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail_late)
    with pytest.raises(OSError, match="disk full"):
        write_edition(small_course, tmp_path / "out", [DOUBLE])
    assert not list((tmp_path / "out").iterdir())


def test_a_package_that_is_there_is_not_written_over(small_course):
    with pytest.raises(FileExistsError, match="llmcourse exists already"):
        write_edition(small_course, small_course, [])


def test_the_same_sources_give_the_same_bytes_in_whatever_order_pieces_are_named(small_course, tmp_path):
    (small_course / "llmcourse/__pycache__").mkdir()
    (small_course / "llmcourse/__pycache__/toy.cpython-311.pyc").write_bytes(b"compiled")
    (small_course / "llmcourse/__pycache__/odd.py").write_text("")
    written = []
    for name, pieces in (("a", [DOUBLE, QUADRUPLE]), ("b", [QUADRUPLE, DOUBLE, DOUBLE])):
        package = write_edition(small_course, tmp_path / name, pieces)
        written.append({p.relative_to(package): p.read_bytes() for p in package.rglob("*") if p.is_file()})
    assert written[0] == written[1]
    assert sorted(map(str, written[0])) == ["course/removed.json", "toy.py"]


def test_pieces_come_in_the_order_of_the_exercises():
    pieces = pieces_of(ROOT, "01_tokenization")
    assert [piece.name for piece in pieces[:3]] == ["huffman_code_lengths", "pretokenize", "count_pairs"]
    data = pieces_of(ROOT, "03_recipes", "3_data")
    assert Piece("llmcourse.data.packing", "pack_documents") in data and len(data) < len(pieces_of(ROOT, "03_recipes"))
    with pytest.raises(ValueError, match="unknown assignment '9_x'; there are: 01_tokenization, "):
        pieces_of(ROOT, "9_x")
    with pytest.raises(ValueError, match="has no notebook '5_x'; it has 1_architecture, "):
        pieces_of(ROOT, "03_recipes", "5_x")


def test_a_full_checkout_lacks_no_piece():
    assert removed_pieces() == {}


IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, {folder!r})
import llmcourse
names = [m.name for m in pkgutil.walk_packages(llmcourse.__path__, "llmcourse.")]
for name in names:
    module = importlib.import_module(name)
    assert module.__file__.startswith({folder!r}), module.__file__
print(*names)
from llmcourse.course.pieces import removed_pieces
for piece in removed_pieces():
    getattr(importlib.import_module(piece.module), piece.name)
from llmcourse.model.layers import make_norm
try:
    make_norm("rmsnorm", 8)
except NotImplementedError as error:
    print(error)
"""


@pytest.mark.parametrize("grading", [False, True])
def test_every_module_of_an_edition_without_any_piece_imports(tmp_path, grading):
    pieces = [piece for assignment in CHAPTERS for piece in pieces_of(ROOT, assignment)]
    write_edition(ROOT, tmp_path, pieces, grading=grading)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LLMCOURSE", "PYTHONPATH"))}
    command = [sys.executable, "-B", "-c", IMPORT_ALL.format(folder=str(tmp_path))]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names, message = done.stdout.splitlines()
    assert message == "RMSNorm is not written yet: exercise 3.2 in 03_recipes/1_architecture.ipynb asks for it"
    assert {"llmcourse.model", "llmcourse.course.workspace", "llmcourse.course.cli"} <= set(names.split())
    assert ("llmcourse.course.grading.run" in names.split()) == grading
    assert ("llmcourse.course.author.authoring" in names.split()) == grading


def test_the_rooms_behind_the_wall_are_there():
    there = {path.name for path in (ROOT / "llmcourse/course").iterdir()}
    assert set(WALLED) <= there
