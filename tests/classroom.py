"""Classes of made-up students: submissions written from the release notebooks and from given answers.

`python -m tests.classroom` writes the sample class in `tests/submissions/`, which ships with the course.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode

from llmcourse.course.author.build import notebook_text
from llmcourse.course.grading.nbgrader.stages import Course
from llmcourse.course.notebooks import kind_of
from llmcourse.course.pieces import BEGIN_SOLUTION, END_SOLUTION
from tests.mutants import wrong_solutions

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENTS = sorted({path.parent.name for path in (ROOT / "solutions").glob("*/*.ipynb")})
SAMPLE = ROOT / "tests" / "submissions"
SAMPLE_ASSIGNMENT = "01_tokenization"
GRADED = ("setup", "exercise", "check", "written")
"""The kinds of cells that grading is about."""


def notebooks(assignment: str, folder: Path = ROOT / "notebooks") -> dict[str, NotebookNode]:
    """An assignment's notebooks by name: the released ones, or another folder's."""
    paths = sorted((folder / assignment).glob("*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def cells(notebook: NotebookNode, kind: str) -> dict[str, NotebookNode]:
    """The cells of one kind: exercises and checks by the name of their piece, written questions by their id."""
    found = {}
    for cell in notebook.cells:
        course = cell.metadata.get("llmcourse", {})
        if course.get("kind") == kind:
            found[course["piece"].rpartition(":")[2] if "piece" in course else course["id"]] = cell
    return found


def pieces(assignment: str) -> list[str]:
    """The names of an assignment's graded pieces, in order."""
    return [piece for notebook in notebooks(assignment).values() for piece in cells(notebook, "check")]


def reference(assignment: str) -> dict[str, str]:
    """The library's own answer to every exercise of an assignment, as a student would have written it."""
    answers = {}
    for notebook in notebooks(assignment, ROOT / "solutions").values():
        for piece, cell in cells(notebook, "exercise").items():
            lines = [line for line in cell.source.splitlines() if line.strip() not in (BEGIN_SOLUTION, END_SOLUTION)]
            answers[piece] = "\n".join(lines[1:])
    return answers


def submission(assignment: str, answers: Mapping[str, str], written: str = "") -> dict[str, NotebookNode]:
    """A student's notebooks.

    Args:
        assignment: Whose released notebooks to fill in.
        answers: Piece -> what the student wrote below the `%%build` line; other exercises stay as released.
        written: The answer to every written question; as released when empty.

    Raises:
        KeyError: An answer is for a piece that is no exercise of the assignment.
    """
    filled = notebooks(assignment)
    left = dict(answers)
    for notebook in filled.values():
        for piece, cell in cells(notebook, "exercise").items():
            if piece in left:
                cell.source = cell.source.partition("\n")[0] + "\n" + left.pop(piece).rstrip()
        for cell in cells(notebook, "written").values():
            cell.source = written or cell.source
    if left:
        raise KeyError(f"{assignment} has no exercise {', '.join(left)}")
    return filled


def keep_graded(notebooks: Mapping[str, NotebookNode]) -> Mapping[str, NotebookNode]:
    """Take prose and experiments out of notebooks: grading reads on past them, and they are three quarters of the
    cells that its conversions go through."""
    for notebook in notebooks.values():
        notebook.cells = [cell for cell in notebook.cells if kind_of(cell) in GRADED]
    return notebooks


def write_source(assignment: str, folder: Path) -> Path:
    """Write an instructor's folder that holds an assignment's graded cells alone; returns the folder."""
    for name, notebook in keep_graded(notebooks(assignment, ROOT / "solutions")).items():
        path = folder / assignment / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook_text(notebook), encoding="utf-8")
    return folder


def judge_only(given: Collection[str], handed_in: Mapping[str, NotebookNode]) -> None:
    """Take the checks of all other pieces out of a student's notebooks: a check that was deleted is not run."""
    for notebook in handed_in.values():
        others = [id(cell) for piece, cell in cells(notebook, "check").items() if piece not in given]
        notebook.cells = [cell for cell in notebook.cells if id(cell) not in others]


def hand_in(folder: Path, student: str, handed_in: Mapping[str, NotebookNode]) -> None:
    """Put a student's notebooks where grading looks for them."""
    for name, notebook in handed_in.items():
        path = folder / student / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook_text(notebook), encoding="utf-8")


def grade_without_feedback() -> None:
    """From now on, grading in this process writes no feedback pages: they are not what tests of scores look at."""
    Course.feedback = lambda self, assignment, student: None


THAI = """\
(a) Byte-level encoding can write Thai, but it spells it: about one token per byte, so about three per character, where
an English token holds several characters. The same answer costs several times as much and fills the context sooner.
And the model has to learn spelling first: a single token is a third of a letter.

(b) A larger vocabulary is filled with what is frequent in the tokenizer's training text. If that is English, the new
tokens are rarer English words. Thai has to be in that text: in the chapter's last table one Thai sentence was enough
to shorten another.

(c) I would take a few hundred real conversations, translate them, and compare tokens per answer in both languages, with
GPT-2's tokenizer and with one trained on a mixture with Thai.
"""


def sample_class() -> dict[str, dict[str, NotebookNode]]:
    """The sample class: student -> notebooks. Each name says what to expect."""
    right = reference(SAMPLE_ASSIGNMENT)
    return {
        "perfect": submission(SAMPLE_ASSIGNMENT, right, THAI),
        "half_done": submission(SAMPLE_ASSIGNMENT, _half(right)),
        "blank": submission(SAMPLE_ASSIGNMENT, {}),
        "crashes": submission(SAMPLE_ASSIGNMENT, _crashing(right), "I ran out of time, sorry."),
    }


def deserved(student: str) -> dict[str, float]:
    """What one of the sample class deserves for each piece: full marks for the library's own answer, else nothing."""
    right, points = reference(SAMPLE_ASSIGNMENT), {}
    for notebook in sample_class()[student].values():
        exercises = cells(notebook, "exercise")
        for piece, check in cells(notebook, "check").items():
            is_right = exercises[piece].source.partition("\n")[2] == right[piece].rstrip()
            points[piece] = float(check.metadata.nbgrader.points) * is_right
    return points


def _half(right: Mapping[str, str]) -> dict[str, str]:
    """More than half of the pieces right, four with a typical mistake, the last two not tried."""
    mistakes = {
        "merge_pair": "misses_the_end",
        "train_bpe": "stale_entry_taken_for_true",
        "decode": "token_by_token",
        "split_special": "order_as_given",
    }
    answers = {piece: right[piece] for piece in list(right)[:9]}
    bank = wrong_solutions(SAMPLE_ASSIGNMENT)
    for piece, mistake in mistakes.items():
        answers[piece] = next(wrong.source for wrong in bank[piece] if wrong.name == mistake)
    return answers


def _crashing(right: Mapping[str, str]) -> dict[str, str]:
    """One exercise ends the kernel, one never ends, one is no Python; the rest is right."""
    return {
        **right,
        "count_pairs": "def count_pairs(words):\n    import os\n    os._exit(1)",
        "merge_pair": "def merge_pair(ids, pair, new_id):\n    while True:\n        ids = tuple(ids)",
        "decode": "def decode(ids, vocab:\n    return b''.join(vocab[i] for i in ids).decode()",
    }


def sample_files() -> dict[Path, bytes]:
    """The files of `tests/submissions/`: a folder a student, and one student's archive. The same bytes every time."""
    files = {}
    for student, handed_in in sample_class().items():
        for name, notebook in handed_in.items():
            files[Path(student, f"{name}.ipynb")] = notebook_text(notebook).encode()
    inside = {path.name: files.pop(path) for path in list(files) if path.parts[0] == "half_done"}
    files[Path("half_done.zip")] = zipped(inside)
    return files


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """An archive whose bytes depend on its contents alone: no times, no system's own flags, no compression library."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()


def write_sample_class(folder: Path = SAMPLE, tell: Callable[[str], None] = print) -> None:
    """Write the sample class, and remove what does not belong to it."""
    files = sample_files()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.relative_to(folder) not in files:
            path.unlink()
            tell(f"removed {path}")
    for relative, data in files.items():
        path = folder / relative
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            tell(f"wrote {path}")


if __name__ == "__main__":
    write_sample_class()
