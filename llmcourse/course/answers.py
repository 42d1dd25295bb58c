"""A learner's notebook as it counts: the one reader of `check`, `status`, `submit` and `grade`.

It is rebuilt on the released one, so that it is whole whatever was done to it. The released notebook is the skeleton:
its cells, each once, in order, with its metadata. Only sources are taken from the learner: of exercises, of written
answers, and of cells of their own, which stay near where they stood. What their notebook says about a cell (its kind,
points, locks, tags) is never read. A cell that must not run carries its reason as `metadata.llmcourse.fault`, and so
does a notebook that cannot be read.

Choices, where a notebook leaves one:
- an exercise or written cell that is there twice: the last copy that is not the blank stub counts; earlier ones that
  were worked on stay as cells of the learner's own (splitting a cell makes such copies); the others are dropped;
- a check cell that is not there costs its points; a changed one, or a copy, costs nothing: the original is run, once;
- an exercise counts whatever the type of its cell, and when it is retyped in a new cell that has its `%%build` line;
- a written answer without any name is the one text of the learner's that stands in its place;
- an exercise's first line is always the instructor's: other cell magics above it (`%%time`) go, blank lines too;
- a changed setup cell runs after the original, as a cell of the learner's own; a changed experiment is ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from llmcourse.course.notebooks import facts_of, kind_of, marks_of, piece_of

MAX_NOTEBOOK_BYTES = 20 * 2**20
MAX_SOURCE = 100_000
MAX_OWN_CELLS = 300
MAX_CELLS = 5000


class NotANotebook(ValueError):
    """The bytes are not a notebook; the message is the reason."""


@dataclass(frozen=True)
class Repaired:
    """A whole notebook, which can be run and which nbgrader can take in, and what was wrong with the learner's."""

    notebook: NotebookNode
    problems: tuple[str, ...]

    @property
    def fault(self) -> str:
        """Why nothing of it could be read; empty where it could."""
        return str(facts_of(self.notebook).get("fault", ""))


@dataclass(frozen=True)
class _StudentCell:
    position: int
    cell_type: str
    source: str
    grade_id: str
    course_id: str
    cell_id: str


def rebuild(skeleton: NotebookNode, data: bytes) -> Repaired:
    """A learner's notebook as it counts.

    Args:
        skeleton: The released notebook.
        data: The learner's file.

    Returns:
        The notebook to run. When nothing could be read, it carries the fault: no cell runs, every check fails.
    """
    try:
        cells = read_cells(data)
    except NotANotebook as error:
        return nothing(skeleton, str(error))
    rebuilt = _Rebuild(skeleton, cells)
    return Repaired(rebuilt.notebook(), tuple(rebuilt.problems))


def nothing(skeleton: NotebookNode, reason: str) -> Repaired:
    """What counts where there is no notebook: the released one, with the reason as its fault."""
    notebook = nbformat.from_dict(skeleton)
    notebook.metadata["llmcourse"] = {**facts_of(notebook), "fault": reason}
    return Repaired(notebook, (reason,))


def unanswered(skeleton: NotebookNode, notebook: NotebookNode) -> list[str]:
    """The exercises, by piece, and written questions, by id, that a rebuilt notebook has as they were released."""
    released = {marks_of(cell).get("grade_id"): cell.source for cell in skeleton.cells}
    asked = [cell for cell in notebook.cells if kind_of(cell) in ("exercise", "written")]
    same = [cell for cell in asked if _same_text(cell.source, released[marks_of(cell)["grade_id"]])]
    return [str(facts_of(cell).get("piece") or facts_of(cell).get("id")) for cell in same]


def read_cells(data: bytes) -> list[_StudentCell]:
    """The cells of a submitted notebook, read without trusting it to be one.

    Raises:
        NotANotebook: The bytes are too many, no JSON, or JSON of something else, or of a notebook format before 4.
    """
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise NotANotebook(f"larger than {MAX_NOTEBOOK_BYTES // 2**20} MB: clear its outputs and save it")
    if not data.strip():
        raise NotANotebook("the file is empty")
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotANotebook(f"not a notebook: the file is not JSON ({type(error).__name__})") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        old = isinstance(notebook, dict) and "worksheets" in notebook
        raise NotANotebook("an old notebook format: save it again in JupyterLab" if old else "JSON, but not a notebook")
    if len(notebook["cells"]) > MAX_CELLS:
        raise NotANotebook(f"a notebook of more than {MAX_CELLS} cells")
    return [_student_cell(i, cell) for i, cell in enumerate(notebook["cells"]) if isinstance(cell, dict)]


def _student_cell(position: int, cell: dict[str, Any]) -> _StudentCell:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = _dict(cell.get("metadata"))
    return _StudentCell(
        position,
        _text(cell.get("cell_type")),
        _text(source).replace("\r\n", "\n").replace("\r", "\n"),
        _text(_dict(metadata.get("nbgrader")).get("grade_id")),
        _text(_dict(metadata.get("llmcourse")).get("id")),
        _text(cell.get("id")),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """A string that can be written as UTF-8 (a lone surrogate becomes a question mark), or nothing."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _above(source: str) -> list[str]:
    """The lines above a cell's code: cell magics, comments, blank ones."""
    return list(takewhile(lambda line: not line.strip() or line.lstrip().startswith(("%%", "#")), source.split("\n")))


def _magics(source: str) -> list[str]:
    """The cell magics above a cell's code."""
    return [line.strip() for line in _above(source) if line.lstrip().startswith("%%")]


def _magic(source: str) -> str:
    """The cell magic that a source starts with, its first line."""
    first = source.lstrip().split("\n", 1)[0].strip()
    return first if first.startswith("%%") else ""


def _defines(source: str, piece: str) -> bool:
    """Whether a cell says what a piece is, also one that Python cannot read as a whole."""
    name = re.escape(piece.partition(":")[2])
    return re.search(rf"(?m)^(?:(?:async\s+)?def|class)\s+{name}\b|^{name}\s*=", source) is not None


def _same_text(a: str, b: str) -> bool:
    return [line.rstrip() for line in a.strip().split("\n")] == [line.rstrip() for line in b.strip().split("\n")]


class _Rebuild:
    """One notebook's repair: which cell of the student's is which of the skeleton's, and what follows."""

    def __init__(self, skeleton: NotebookNode, cells: list[_StudentCell]):
        self.skeleton = skeleton
        self.cells = cells
        self.problems: list[str] = []
        self.match = self._matched()
        self.copies: dict[int, list[_StudentCell]] = {}
        for cell in cells:
            if cell.position in self.match:
                self.copies.setdefault(self.match[cell.position], []).append(cell)
        self.own: dict[int, list[_StudentCell]] = {}

    def _matched(self) -> dict[int, int]:
        """Position in the student's notebook -> index in the skeleton."""
        keys: dict[tuple[str, str], int] = {}
        for index, cell in enumerate(self.skeleton.cells):
            for key in (
                ("grade", marks_of(cell).get("grade_id")),
                ("course", facts_of(cell).get("id")),
                ("cell", cell.get("id")),
                ("text", cell.source.strip() if kind_of(cell) not in ("exercise", "written") else None),
            ):
                if key[1]:
                    keys.setdefault(key, index)
        match: dict[int, int] = {}
        for cell in self.cells:
            text = cell.source.strip()
            names = (("grade", cell.grade_id), ("course", cell.course_id), ("cell", cell.cell_id), ("text", text))
            found = [keys[name] for name in names if name in keys]
            if found:
                match[cell.position] = found[0]
        self._match_by_magic(match)
        self._match_by_place(match)
        return match

    def _match_by_magic(self, match: dict[int, int]) -> None:
        for index, cell in enumerate(self.skeleton.cells):
            magic = _magic(cell.source)
            if not magic or kind_of(cell) not in ("exercise", "check") or index in match.values():
                continue
            for retyped in self.cells:
                if retyped.position not in match and retyped.cell_type == "code" and magic in _magics(retyped.source):
                    match[retyped.position] = index

    def _match_by_place(self, match: dict[int, int]) -> None:
        """A written answer that has lost its names is the one unknown text between its neighbours."""
        places = {index: position for position, index in sorted(match.items(), reverse=True)}
        for index, cell in enumerate(self.skeleton.cells):
            if kind_of(cell) != "written" or index in places:
                continue
            after = max((position for other, position in places.items() if other < index), default=-1)
            before = min((position for other, position in places.items() if other > index), default=len(self.cells))
            between = [c for c in self.cells if after < c.position < before and c.cell_type == "markdown"]
            unknown = [c.position for c in between if c.position not in match]
            if len(unknown) == 1:
                match[unknown[0]] = index

    def notebook(self) -> NotebookNode:
        """The rebuilt notebook; fills `problems` on the way."""
        chosen = {index: self._choice(index, cell) for index, cell in enumerate(self.skeleton.cells)}
        self._place_own_cells({cell.position for cell in chosen.values() if cell})
        notebook = nbformat.from_dict(self.skeleton)
        notebook.cells = list(self._own_cells(-1))
        for index, original in enumerate(self.skeleton.cells):
            notebook.cells.append(self._cell(index, original, chosen[index]))
            notebook.cells.extend(self._own_cells(index))
        return notebook

    def _choice(self, index: int, original: NotebookNode) -> _StudentCell | None:
        """The student's cell that stands for a skeleton cell."""
        copies = self.copies.get(index, [])
        if kind_of(original) not in ("exercise", "written"):
            return copies[0] if copies else None
        worked_on = [cell for cell in copies if not _same_text(cell.source, original.source)]
        if kind_of(original) == "exercise":  # of a cell that was split, the part that says what the piece is
            worked_on = [cell for cell in worked_on if _defines(cell.source, piece_of(original))] or worked_on
        if len(copies) > 1:
            name = marks_of(original)["grade_id"]
            self.problems.append(f"the cell '{name}' is there {len(copies)} times: the last one worked on was graded")
        return (worked_on or copies or [None])[-1]

    def _place_own_cells(self, chosen: set[int]) -> None:
        """Put each cell of the student's own after the skeleton cell that it followed."""
        anchor, kept, dropped = -1, 0, 0
        for cell in self.cells:
            index = self.match.get(cell.position)
            if cell.position in chosen:
                anchor = index
            if not self._is_own(cell, index, chosen):
                continue
            if kept < MAX_OWN_CELLS and len(cell.source) <= MAX_SOURCE:
                self.own.setdefault(anchor, []).append(cell)
                kept += 1
            else:
                dropped += 1
        if dropped:
            limits = f"at most {MAX_OWN_CELLS}, of {MAX_SOURCE} characters each"
            self.problems.append(f"{dropped} cells of the student's own were left out ({limits})")

    def _is_own(self, cell: _StudentCell, index: int | None, chosen: set[int]) -> bool:
        if cell.cell_type not in ("code", "markdown") or not cell.source.strip():
            return False
        if index is None:
            return True
        original = self.skeleton.cells[index]
        if _same_text(cell.source, original.source):
            return False
        if kind_of(original) == "setup":
            return cell.cell_type == "code"
        return kind_of(original) in ("exercise", "written") and cell.position not in chosen

    def _own_cells(self, anchor: int) -> Iterator[NotebookNode]:
        for cell in self.own.get(anchor, []):
            make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
            yield make(cell.source, id=f"student-{cell.position}", metadata={"llmcourse": {"kind": "student"}})

    def _cell(self, index: int, original: NotebookNode, student: _StudentCell | None) -> NotebookNode:
        cell = nbformat.from_dict(original)
        kind = kind_of(original)
        if kind in ("exercise", "written"):
            self._take_answer(cell, student)
        elif kind == "check":
            self._judge_check(cell, student, len(self.copies.get(index, [])))
        return cell

    def _take_answer(self, cell: NotebookNode, student: _StudentCell | None) -> None:
        name = marks_of(cell)["grade_id"]
        what = "exercise" if cell.cell_type == "code" else "written"
        if student is None:
            self._fault(cell, f"the {what} cell '{name}' was deleted")
            return
        if student.cell_type != cell.cell_type and what == "exercise":
            self.problems.append(
                f"the exercise cell '{name}' is no code cell any more: what it holds was taken as code"
            )
        if len(student.source) > MAX_SOURCE:
            self._fault(cell, f"the {what} cell '{name}' has more than {MAX_SOURCE} characters")
        elif what == "written":
            cell.source = student.source
        else:
            cell.source, was_there = _with_magic(_magic(cell.source), student.source)
            if not was_there:
                first = _magic(cell.source)
                self.problems.append(
                    f"the exercise cell '{name}' does not begin with `{first}`: that line was put above it"
                )

    def _judge_check(self, cell: NotebookNode, student: _StudentCell | None, copies: int) -> None:
        name = marks_of(cell)["grade_id"]
        if student is None:
            self._fault(cell, f"the check cell '{name}' was deleted")
            return
        if copies > 1:
            self.problems.append(f"the check cell '{name}' is there {copies} times: the original was used, once")
        elif not _same_text(student.source, cell.source):
            self.problems.append(
                f"the check cell '{name}' differs from the release (an older copy?): the original was used"
            )

    def _fault(self, cell: NotebookNode, reason: str) -> None:
        self.problems.append(reason)
        cell.metadata["llmcourse"] = {**facts_of(cell), "fault": reason}


def _with_magic(magic: str, source: str) -> tuple[str, bool]:
    """A learner's source under the instructor's first line, and whether it had that line.

    Whatever else starts with `%%` above the code goes: `%%time` or `%%capture`, a copy of the line, another's.
    """
    if not magic:
        return source, True
    above, magics = _above(source), _magics(source)
    if magics == [magic] == [_magic(source)]:
        return source.lstrip(), True
    kept = [line for line in above if not line.lstrip().startswith("%%")]
    body = "\n".join([*kept, *source.split("\n")[len(above) :]])
    return f"{magic}\n{body.lstrip(chr(10))}", magic in magics
