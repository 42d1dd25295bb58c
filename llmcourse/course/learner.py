"""What stands behind `llmcourse start` and `llmcourse check`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode

from llmcourse._overlay import WORKSPACE_VARIABLE, Section, overlay_file, read_sections
from llmcourse.course.kernels import graded_path, notebook_client
from llmcourse.course.notebooks import Exercise, check_name, exercises, facts_of, piece_of
from llmcourse.course.paths import MARKER
from llmcourse.course.pieces import Piece, is_stub, removed_pieces
from llmcourse.course.progress import Progress, own_pieces
from llmcourse.course.source import names_defined, names_read
from llmcourse.course.workspace import save_section
from llmcourse.files import write_atomically

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def find_chapter(root: Path, wanted: str) -> str:
    """The assignment that a number, a name or a part of either means.

    Raises:
        ValueError: No chapter, or more than one, answers to it.
    """
    chapters = [path.name for path in released_chapters(root)]
    number = wanted.zfill(2) if wanted.isdigit() else wanted
    found = [name for name in chapters if name == wanted] or [name for name in chapters if number in name]
    if len(found) != 1:
        raise ValueError(f"{wanted!r} means {' and '.join(found) or 'no chapter'}; there are: {', '.join(chapters)}")
    return found[0]


def released_chapters(root: Path) -> list[Path]:
    """The folders of release notebooks, in order."""
    return sorted({path.parent for path in (root / "notebooks").glob("*/*.ipynb")})


@dataclass(frozen=True)
class Started:
    """One notebook after `start`: where it is, and whether it was copied, kept, or given a newer release beside it."""

    path: Path
    outcome: str
    beside: Path | None = None


def start(root: Path, workspace: Path, assignment: str) -> list[Started]:
    """Copy a chapter's release notebooks into a workspace; what is there already is never touched.

    When the course has a newer release than the one a learner's copy was made from, it is put beside the copy as
    `NAME.new.ipynb`.
    """
    (workspace / MARKER).mkdir(parents=True, exist_ok=True)
    record = workspace / MARKER / "released.json"
    known: dict[str, str] = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    outcomes = []
    for release in sorted((root / "notebooks" / assignment).glob("*.ipynb")):
        key, text = f"{assignment}/{release.name}", release.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        mine = workspace / assignment / release.name
        if not mine.exists():
            write_atomically(mine, text)
            outcomes.append(Started(mine, "copied"))
        elif known.get(key) == digest or mine.read_text(encoding="utf-8", errors="replace") == text:
            outcomes.append(Started(mine, "kept"))
            continue
        else:
            beside = _free_name(mine, text)
            write_atomically(beside, text)
            outcomes.append(Started(mine, "newer release", beside))
        known[key] = digest
    write_atomically(record, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return outcomes


def _free_name(path: Path, text: str) -> Path:
    names = (path.with_name(f"{path.stem}.new{number or ''}.ipynb") for number in range(1000))
    return next(p for p in names if not p.exists() or p.read_text(encoding="utf-8", errors="replace") == text)


@dataclass(frozen=True)
class Outcome:
    """One exercise after a check: whether it passed and, if not, the hint."""

    exercise: Exercise
    passed: bool
    hint: str = ""


def is_outdated(root: Path, workspace: Path, assignment: str) -> bool:
    """Whether the course has a newer release of a chapter than the one a workspace was given."""
    record = workspace / MARKER / "released.json"
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    releases = (root / "notebooks" / assignment).glob("*.ipynb")
    digests = {f"{assignment}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in releases}
    return any(known.get(key, digest) != digest for key, digest in digests.items())


def check(
    root: Path, workspace: Path, assignment: str, only: str | None = None, timeout_s: float = 120
) -> Iterator[Outcome]:
    """Run the graded path of a learner's notebooks, experiments left out, and tell each exercise's outcome.

    With `only`, the name of a notebook, an exercise's number or its piece's name, the notebooks that do not hold it are
    not run, and of the others the outcomes asked for are told.

    As in grading, nothing but the notebook counts: it runs in a workspace of its own, so that a helper which is no
    longer in it is missed here and not in the grade. What it builds is then saved in the learner's workspace, with the
    outcomes. A student edition has no reference for other pieces: the learner's own are there from the start, whichever
    notebook they stand in.

    Raises:
        FileNotFoundError: The chapter has not been started.
        ValueError: A notebook cannot be read, or nothing is called `only`.
    """
    releases = {path: list(exercises(path)) for path in sorted((root / "notebooks" / assignment).glob("*.ipynb"))}
    wanted = {path: [e for e in found if _is_called(e, only)] for path, found in releases.items()}
    if not any(wanted.values()):
        names = ", ".join(path.stem for path in releases)
        raise ValueError(
            f"{assignment} has no exercise {only!r}: give its number, as in {int(assignment[:2])}.1, "
            f"its piece's name, or a notebook of {names}"
        )
    for release in (path for path, found in wanted.items() if found):
        mine = workspace / assignment / release.name
        if not mine.exists():
            raise FileNotFoundError(f"{mine} does not exist: `llmcourse start {assignment}` copies the chapter there")
        try:
            notebook = nbformat.read(mine, as_version=4)
        except Exception as error:
            raise ValueError(f"{mine} cannot be read as a notebook: {error}") from error
        with tempfile.TemporaryDirectory(prefix="llmcourse-check-") as scratch:
            brought = _bring_pieces(notebook, workspace, Path(scratch))
            results = _run(notebook, Path(scratch), mine.parent, timeout_s)
            _save_pieces(Path(scratch), workspace, brought)
        for name, hint in results.items():
            Progress(workspace).record(name, passed=hint == "")
        for exercise in wanted[release]:
            if not exercise.is_written:
                hint = results.get(exercise.check, "its check cell is gone: copy it from a fresh release")
                yield Outcome(exercise, hint == "", hint)


def _is_called(exercise: Exercise, name: str | None) -> bool:
    if name is None or exercise.notebook == name:
        return True
    return not exercise.is_written and name in (exercise.title.split()[0], exercise.piece.name)


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
            brought.add((module, section.target, section.source))
        for section in _with_helpers([section for name, section in cells if name == module], module, here):
            save_section(scratch, module, section)
    return brought


def _built_sections(notebook: NotebookNode) -> list[tuple[str, Section]]:
    """What a notebook's %%build cells would save: the module and the section of each, unwritten exercises left out."""
    found = []
    for cell in notebook.cells:
        magic, _, source = cell.source.partition("\n")
        if cell.cell_type == "code" and magic.startswith("%%build "):
            section = Section(magic.removeprefix("%%build ").strip(), TransformerManager().transform_cell(source))
            module = section.target.partition(":")[0]
            if not section.piece or section.piece in _defined(section) and not is_stub(section.source, section.piece):
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
    for path in sorted((scratch / "llmcourse").rglob("*.py")):
        module = ".".join(path.relative_to(scratch).with_suffix("").parts)
        for section in read_sections(path):
            if (module, section.target, section.source) not in brought:
                save_section(workspace, module, section)


def _run(notebook: NotebookNode, workspace: Path, folder: Path, timeout_s: float) -> dict[str, str]:
    """Run a notebook's own cells; returns the hint of every check cell, empty where it passed."""
    extra = [c for c in notebook.cells if c.cell_type == "code" and not facts_of(c)]
    path = graded_path(notebook)
    path.cells = [c for c in notebook.cells if c in path.cells or c in extra]
    finished: set[int] = set()
    stopped = "it was not run"
    broken: dict[str, str] = {}
    options = {"timeout": timeout_s, "allow_errors": True, "interrupt_on_timeout": True}
    try:
        with notebook_client(path, folder, **options) as client:
            client.on_cell_executed = lambda cell, cell_index, execute_reply: finished.add(cell_index)
            client.execute(env={**os.environ, WORKSPACE_VARIABLE: str(workspace)})
    except CellTimeoutError:
        stopped = _endless(timeout_s)
    except DeadKernelError:
        stopped = "the kernel died before or in this check: does a cell exit, or use too much memory?"
    hints = {}
    for number, cell in enumerate(path.cells):
        if facts_of(cell).get("kind") == "exercise" and not cell.source.startswith("%%build"):
            broken[piece_of(cell)] = f"the first line of its cell must be `%%build {piece_of(cell)}`"
        elif facts_of(cell).get("kind") == "exercise" and (failed := _hint(cell, timeout_s, named=True)):
            broken[piece_of(cell)] = f"its %%build cell failed: {failed}"
        elif facts_of(cell).get("kind") == "check":
            own = _hint(cell, timeout_s) if number in finished else stopped
            hints[check_name(cell)] = broken.get(piece_of(cell), own)
    return hints


def _endless(timeout_s: float) -> str:
    return f"no answer within {timeout_s:g} s: is there an endless loop?"


def _hint(cell: NotebookNode, timeout_s: float, *, named: bool = False) -> str:
    """The message of the error that a cell ended with, led by the error's name if wanted; empty when there was none."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "KeyboardInterrupt":
                return _endless(timeout_s)
            message = ANSI.sub("", output.evalue or output.ename)
            return f"{output.ename}: {message}" if named and output.ename != "BuildError" else message
    return ""
