"""What stands behind `llmcourse check`: a learner's notebooks, run as grading would run them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode

from llmcourse._sections import (
    WORKSPACE_VARIABLE,
    Section,
    belongs_to_library,
    overlay_file,
    overlay_files,
    read_sections,
)
from llmcourse.course.answers import Repaired, rebuild
from llmcourse.course.kernels import notebook_client
from llmcourse.course.notebooks import (
    Exercise,
    answer_digest,
    body_of,
    check_name,
    copies_beside,
    exercises,
    facts_of,
    kind_of,
    marks_of,
    piece_of,
)
from llmcourse.course.pieces import Piece, is_stub, removed_pieces
from llmcourse.course.progress import Progress, own_pieces
from llmcourse.course.refusal import closest
from llmcourse.course.source import as_python, names_defined, names_read
from llmcourse.course.workspace import save_section

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Outcome:
    """One exercise after a check: whether it passed and, if not, the hint."""

    exercise: Exercise
    passed: bool
    hint: str = ""


def check(
    root: Path,
    workspace: Path,
    assignment: str,
    only: Collection[str] = (),
    timeout_s: float = 60,
    *,
    hidden: bool = False,
    on_note: Callable[[str], None] = lambda note: None,
) -> Iterator[Outcome]:
    """Run the graded path of a learner's notebooks, experiments left out, and tell each exercise's outcome.

    A notebook is read as grading reads it (see `answers`), and as there nothing but the notebook counts: it runs in a
    workspace of its own, so that a helper which is no longer in it is missed here and not in the grade. What it builds
    is then saved in the learner's workspace, with the outcomes. A student edition has no reference for other pieces:
    the learner's own are there from the start, whichever notebook they stand in.

    Args:
        root: The course's folder.
        workspace: The learner's.
        assignment: The chapter's name.
        only: Exercises, by number or piece, whose outcomes alone are told; notebooks to which all is confined. What
            holds nothing of that is not run.
        timeout_s: Seconds that a cell may take.
        hidden: Run the checks in full, as the checkout's `solutions/` have them.
        on_note: Called with what is odd about a notebook.

    Raises:
        FileNotFoundError: The chapter has not been started, or this is no checkout and has no hidden tests.
        ValueError: Nothing is called as `only` says.
    """
    releases = {path: list(exercises(path)) for path in sorted((root / "notebooks" / assignment).glob("*.ipynb"))}
    wanted = _wanted(releases, only, assignment)
    for release in (path for path, found in wanted.items() if found):
        mine = workspace / assignment / release.name
        if not mine.exists():
            what = "copies the chapter there"
            if copies := copies_beside(mine):
                what = f"makes a new one, but {copies[0]} there is yours under another name: rename it to {mine.name}"
            raise FileNotFoundError(f"{mine} does not exist: `llmcourse start {assignment}` {what}")
        counted = rebuild(nbformat.read(release, as_version=4), mine.read_bytes())
        visible = {check_name(cell): body_of(cell) for cell in counted.notebook.cells if kind_of(cell) == "check"}
        if hidden:
            _put_hidden(counted.notebook, root / "solutions" / assignment / release.name)
        for copy in copies_beside(mine):
            on_note(f"{copy} is a copy of {mine.name}, and is not read: what counts must stand in {mine.name}")
        for problem in counted.problems:
            on_note(f"{mine.name}: {problem}")
        results = _outcomes(counted, workspace, mine.parent, timeout_s)
        answers = {piece_of(cell): body_of(cell) for cell in counted.notebook.cells if kind_of(cell) == "exercise"}
        for exercise in releases[release]:
            if not exercise.is_written:
                hint, judged = (
                    results[exercise.check],
                    answer_digest(answers[str(exercise.piece)], visible[exercise.check]),
                )
                if not counted.fault:  # a file that cannot be read says nothing of what has passed
                    Progress(workspace).record(exercise.check, passed=hint == "", judged=judged)
                if exercise in wanted[release]:
                    yield Outcome(exercise, hint == "", hint)


def written_beside(root: Path, checked: Collection[Exercise]) -> list[Exercise]:
    """The written questions of the notebooks of which all exercises were checked."""
    found: list[Exercise] = []
    for assignment, name in sorted({(each.assignment, each.notebook) for each in checked}):
        items = list(exercises(root / "notebooks" / assignment / f"{name}.ipynb"))
        if all(item in checked for item in items if not item.is_written):
            found += [item for item in items if item.is_written]
    return found


def _wanted(releases: dict[Path, list[Exercise]], only: Collection[str], assignment: str) -> dict[Path, list[Exercise]]:
    notebooks = {path.stem for path in releases} & {name.removesuffix(".ipynb") for name in only}
    names = [name for name in only if name.removesuffix(".ipynb") not in notebooks]
    within = {path: found for path, found in releases.items() if not notebooks or path.stem in notebooks}
    for name in names:
        if not any(_is_called(exercise, name) for found in within.values() for exercise in found):
            listed = ", ".join(path.stem for path in releases)
            near = closest(name, (e.piece.name for found in within.values() for e in found if e.piece))
            raise ValueError(
                f"{assignment} has no exercise {name!r}{f' (did you mean {near[0]}?)' if near else ''}: give its "
                f"number, as in {int(assignment[:2])}.1, its piece's name, or a notebook of {listed}"
            )
    return {
        path: [e for e in found if not names or any(_is_called(e, name) for name in names)]
        for path, found in within.items()
    }


def _is_called(exercise: Exercise, name: str) -> bool:
    if exercise.piece is None:
        return False
    return name in (exercise.title.split()[0], exercise.piece.name, str(exercise.piece))


def _put_hidden(notebook: NotebookNode, solution: Path) -> None:
    """Give a notebook's check cells their hidden tests."""
    if not solution.exists():
        raise FileNotFoundError("there are no hidden tests here: they are in the course's full checkout")
    full = {marks_of(cell).get("grade_id"): cell.source for cell in nbformat.read(solution, as_version=4).cells}
    for cell in notebook.cells:
        if kind_of(cell) == "check":
            cell.source = full[marks_of(cell)["grade_id"]]


def _outcomes(counted: Repaired, workspace: Path, folder: Path, timeout_s: float) -> dict[str, str]:
    """The hint of every check of a notebook, empty where it passed; what it builds is saved in the workspace."""
    if counted.fault:
        checks = [check_name(cell) for cell in counted.notebook.cells if kind_of(cell) == "check"]
        return dict.fromkeys(checks, f"the notebook cannot be read: {counted.fault}")
    with tempfile.TemporaryDirectory(prefix="llmcourse-check-") as scratch:
        brought = _bring_pieces(counted.notebook, workspace, Path(scratch))
        results = _run(counted.notebook, Path(scratch), folder, timeout_s)
        _save_pieces(Path(scratch), workspace, brought)
    return results


def _bring_pieces(notebook: NotebookNode, workspace: Path, scratch: Path) -> set[tuple[str, str, str]]:
    """Give a workspace the pieces that the library comes without, before a notebook runs in it.

    A piece of this notebook comes from its cell, any other from the learner's workspace. Returns what came from there.
    """
    bare = set(removed_pieces())
    cells = _built_sections(notebook)
    here = {piece for piece in bare if str(piece) in {section.target for _, section in cells}}
    elsewhere = own_pieces(workspace) & bare - here if bare else set()
    brought = set()
    for module in sorted({piece.module for piece in here | elsewhere}):
        for section in _with_helpers(read_sections(overlay_file(workspace, module)), module, elsewhere):
            save_section(scratch, module, section)
            brought.add((module, section.target or module, section.source))
        for section in _with_helpers([section for name, section in cells if name == module], module, here):
            save_section(scratch, module, section)
    return brought


def _built_sections(notebook: NotebookNode) -> list[tuple[str, Section]]:
    """What a notebook's %%build cells would save: the module and the section of each, unwritten exercises left out."""
    found = []
    for cell in notebook.cells:
        magic, _, source = cell.source.partition("\n")
        if cell.cell_type == "code" and magic.startswith("%%build "):
            section = Section(magic.removeprefix("%%build ").strip(), as_python(TransformerManager(), source))
            module, names = section.target.partition(":")[0], _defined(section)
            written = section.piece in names and not is_stub(section.source, section.piece) if section.piece else names
            if written and belongs_to_library(module):
                found.append((module, section))
    return found


def _with_helpers(sections: list[Section], module: str, wanted: set[Piece]) -> list[Section]:
    """The sections of wanted pieces and of the helpers that these use, in the order in which they were built."""
    chosen = [section.piece is not None and Piece(module, section.piece) in wanted for section in sections]
    used: set[str] = set()
    for _ in sections:
        used |= {name for section, is_in in zip(sections, chosen) if is_in for name in _used_names(section)}
        for position, section in enumerate(sections):
            chosen[position] |= section.piece is None and not used.isdisjoint(_defined(section))
    return [section for section, is_in in zip(sections, chosen) if is_in]


def _used_names(section: Section) -> set[str]:
    try:
        return names_read(section.source)
    except SyntaxError:
        return set()


def _defined(section: Section) -> set[str]:
    try:
        return set(names_defined(section.source))
    except SyntaxError:
        return set()


def _save_pieces(scratch: Path, workspace: Path, brought: set[tuple[str, str, str]]) -> None:
    """Keep what a run has built, and leave alone what it was given: the learner may have written on meanwhile."""
    for module, path in overlay_files(scratch).items():
        for section in read_sections(path):
            if (module, section.target, section.source) not in brought:
                save_section(workspace, module, section)


def _run(notebook: NotebookNode, workspace: Path, folder: Path, timeout_s: float) -> dict[str, str]:
    """Run what counts of a notebook; returns the hint of every check cell, empty where it passed."""
    path = nbformat.from_dict(notebook)
    counted = [cell for cell in notebook.cells if cell.cell_type == "code" and kind_of(cell) != "experiment"]
    path.cells = [cell for cell in counted if not facts_of(cell).get("fault")]
    finished: set[str] = set()
    stopped = "it was not run"
    broken: dict[str, str] = {}
    options = {"timeout": timeout_s, "allow_errors": True, "interrupt_on_timeout": True}
    try:
        with notebook_client(path, folder, **options) as client:
            client.on_cell_executed = lambda cell, cell_index, execute_reply: finished.add(cell.id)
            client.execute(env={**os.environ, WORKSPACE_VARIABLE: str(workspace)})
    except CellTimeoutError:
        stopped = _endless(timeout_s)
    except DeadKernelError:
        stopped = "the kernel died before or in this check: does a cell exit, or use too much memory?"
    hints = {}
    for cell in counted:
        fault, kind = facts_of(cell).get("fault", ""), kind_of(cell)
        if kind == "exercise" and fault:
            broken[piece_of(cell)] = fault
        elif kind == "exercise" and (failed := _hint(cell, timeout_s)):
            broken[piece_of(cell)] = f"its %%build cell failed: {failed.replace('this cell', 'its cell')}"
        elif kind == "check":
            own = _hint(cell, timeout_s) if cell.id in finished else ""
            told = _about(piece_of(cell), fault or broken.get(piece_of(cell), "") or own)
            hints[check_name(cell)] = told or ("" if cell.id in finished else stopped)
    return hints


def _about(piece: str, hint: str) -> str:
    """A hint that begins with what it is about."""
    name = piece.rpartition(":")[2]
    return hint if not hint or name in hint.partition("\n")[0] else f"{name}: {hint}"


def _endless(timeout_s: float) -> str:
    return f"no answer within {timeout_s:g} s: is there an endless loop?"


def _hint(cell: NotebookNode, timeout_s: float) -> str:
    """What the error says that a cell ended with; empty when there was none."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "KeyboardInterrupt":
                return _endless(timeout_s)
            message = ANSI.sub("", output.evalue)
            if output.ename in ("BuildError", "CheckFailed"):
                return message
            said = f"{output.ename}: {message}".removesuffix(": ")
            shown = ANSI.sub("", "\n".join(output.traceback))
            return shown if shown.startswith(said) else said  # the learner's own lines below it, or Python's traceback
    return ""
