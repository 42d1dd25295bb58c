"""What stands behind `llmcourse start` and `llmcourse check`."""

from __future__ import annotations

import hashlib
import json
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

from llmcourse._overlay import (
    WORKSPACE_VARIABLE,
    Section,
    belongs_to_library,
    overlay_file,
    overlay_files,
    read_sections,
)
from llmcourse.course.answers import NotANotebook, Repaired, read_cells, rebuild
from llmcourse.course.kernels import notebook_client
from llmcourse.course.notebooks import (
    Exercise,
    answer_digest,
    check_name,
    exercises,
    facts_of,
    kind_of,
    marks_of,
    piece_of,
)
from llmcourse.course.paths import MARKER
from llmcourse.course.pieces import Piece, is_stub, removed_pieces
from llmcourse.course.progress import Progress, own_pieces
from llmcourse.course.source import names_defined, names_read
from llmcourse.course.workspace import save_section
from llmcourse.files import write_atomically

START_HERE = Path(__file__).parent / "notebook" / "static" / "start_here.md"
"""How the exercises work: what `start` puts beside the chapters."""
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


def find_exercise(root: Path, wanted: str) -> tuple[str, list[str]]:
    """The assignment that a word means, and the exercise in it where the word is an exercise's number (`3.9`).

    Raises:
        ValueError: No chapter, or more than one, answers to it.
    """
    number, dot, place = wanted.partition(".")
    if dot and number.isdigit() and place.isdigit():
        return find_chapter(root, number), [wanted]
    return find_chapter(root, wanted), []


def released_chapters(root: Path) -> list[Path]:
    """The folders of release notebooks, in order."""
    return sorted({path.parent for path in (root / "notebooks").glob("*/*.ipynb")})


@dataclass(frozen=True)
class Started:
    """One notebook after `start`: where it is, and whether it was copied, kept, updated, or given a newer release
    beside it, which `holds_answers` where the learner's could be carried over."""

    path: Path
    outcome: str
    beside: Path | None = None
    holds_answers: bool = False


def start(root: Path, workspace: Path, assignment: str) -> list[Started]:
    """Copy a chapter's release notebooks into a workspace; what a learner wrote there is never touched.

    When the course has a newer release than the one a learner's copy was made from, a copy in which nothing was written
    is brought up to date. Beside any other the new release is put as `NAME.new.ipynb`, with the learner's answers and
    own cells in it.
    """
    (workspace / MARKER).mkdir(parents=True, exist_ok=True)
    write_atomically(workspace / "START-HERE.md", START_HERE.read_bytes())
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
        elif _is_untouched(mine.read_bytes(), known.get(key, ""), known.get(f"{key} sources", "")):
            write_atomically(mine, text)
            outcomes.append(Started(mine, "updated"))
        else:
            carried = _carried_over(release, mine.read_bytes())
            beside = _free_name(mine, carried or text)
            write_atomically(beside, carried or text)
            outcomes.append(Started(mine, "newer release", beside, holds_answers=bool(carried)))
        if outcomes[-1].outcome in ("copied", "updated"):
            known[f"{key} sources"] = _sources_digest(text.encode())
        known[key] = digest
    write_atomically(record, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return outcomes


def _is_untouched(data: bytes, released: str, sources: str) -> bool:
    """Whether a learner's copy says what was released, be it run and saved since."""
    return hashlib.sha256(data).hexdigest() == released or bool(sources) and _sources_digest(data) == sources


def _sources_digest(data: bytes) -> str:
    """What a notebook says, whatever its outputs, and however it was saved; empty where it cannot be read."""
    try:
        return hashlib.sha256(json.dumps([cell.source for cell in read_cells(data)]).encode()).hexdigest()
    except NotANotebook:
        return ""


def _carried_over(release: Path, data: bytes) -> str:
    """A new release with a learner's answers and own cells in it; empty where theirs cannot be read."""
    counted = rebuild(nbformat.read(release, as_version=4), data)
    if counted.fault:
        return ""
    for cell in counted.notebook.cells:
        facts_of(cell).pop("fault", None)
    return nbformat.writes(counted.notebook, indent=1, ensure_ascii=False) + "\n"


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


@dataclass(frozen=True)
class Standing:
    """One exercise as the notebook stands, as last saved.

    Attributes:
        state: `passed` or `failed` in its last check; `changed` since, or as it was not checked; `open`, never checked.
    """

    exercise: Exercise
    state: str


def standing(root: Path, workspace: Path, assignment: str) -> list[Standing]:
    """What a chapter's exercises stand at: a pass counts as long as what passed is what grading would read now."""
    progress = Progress(workspace)
    passed, judged = progress.passed(), progress.judged()
    found = []
    for release in sorted((root / "notebooks" / assignment).glob("*.ipynb")):
        now = _digests(release, workspace / assignment / release.name)
        for exercise in exercises(release):
            name = exercise.check
            if name not in passed:
                state = "open"
            elif not passed[name]:
                state = "failed"
            else:
                was = judged.get(name) or now.get(name)  # an old record does not say what it was about
                state = "passed" if name in now and now[name] == was else "changed"
            found.append(Standing(exercise, state))
    return found


def next_notebook(root: Path, workspace: Path) -> Path | None:
    """The first notebook of the workspace in which something is still to be solved, or the first of all."""
    paths = [
        workspace / folder.name / path.name for folder in released_chapters(root) for path in folder.glob("*.ipynb")
    ]
    paths = sorted(path for path in paths if path.exists())
    passed = Progress(workspace).passed()
    unsolved = [
        path
        for path in paths
        for item in exercises(root / "notebooks" / path.parent.name / path.name)
        if not item.is_written and not passed.get(item.check)
    ]
    return next(iter([*unsolved, *paths]), None)


def _digests(release: Path, mine: Path) -> dict[str, str]:
    """Check -> the digest of what it would judge in a learner's notebook; checks that would not run are left out."""
    if not mine.exists():
        return {}
    counted = rebuild(nbformat.read(release, as_version=4), mine.read_bytes())
    answers: dict[str, str] = {}
    found = {}
    for cell in counted.notebook.cells if not counted.fault else ():
        if facts_of(cell).get("fault"):
            continue
        if kind_of(cell) == "exercise":
            answers[piece_of(cell)] = _body(cell)
        elif kind_of(cell) == "check" and piece_of(cell) in answers:
            found[check_name(cell)] = answer_digest(answers[piece_of(cell)], _body(cell))
    return found


def _body(cell: NotebookNode) -> str:
    return str(cell.source).partition("\n")[2]


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
            raise FileNotFoundError(f"{mine} does not exist: `llmcourse start {assignment}` copies the chapter there")
        counted = rebuild(nbformat.read(release, as_version=4), mine.read_bytes())
        visible = {check_name(cell): _body(cell) for cell in counted.notebook.cells if kind_of(cell) == "check"}
        if hidden:
            _put_hidden(counted.notebook, root / "solutions" / assignment / release.name)
        for problem in counted.problems:
            on_note(f"{mine.name}: {problem}")
        results = _outcomes(counted, workspace, mine.parent, timeout_s)
        answers = {piece_of(cell): _body(cell) for cell in counted.notebook.cells if kind_of(cell) == "exercise"}
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


def _wanted(releases: dict[Path, list[Exercise]], only: Collection[str], assignment: str) -> dict[Path, list[Exercise]]:
    notebooks = {path.stem for path in releases} & {name.removesuffix(".ipynb") for name in only}
    names = [name for name in only if name.removesuffix(".ipynb") not in notebooks]
    within = {path: found for path, found in releases.items() if not notebooks or path.stem in notebooks}
    for name in names:
        if not any(_is_called(exercise, name) for found in within.values() for exercise in found):
            listed = ", ".join(path.stem for path in releases)
            raise ValueError(
                f"{assignment} has no exercise {name!r}: give its number, as in {int(assignment[:2])}.1, "
                f"its piece's name, or a notebook of {listed}"
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
            section = Section(magic.removeprefix("%%build ").strip(), _as_python(source))
            module, names = section.target.partition(":")[0], _defined(section)
            written = section.piece in names and not is_stub(section.source, section.piece) if section.piece else names
            if written and belongs_to_library(module):
                found.append((module, section))
    return found


def _as_python(source: str) -> str:
    try:
        return str(TransformerManager().transform_cell(source))
    except SyntaxError:  # its own cell says so when it runs
        return source


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
        elif kind == "exercise" and (failed := _hint(cell, timeout_s, named=True)):
            broken[piece_of(cell)] = f"its %%build cell failed: {failed}"
        elif kind == "check":
            own = _hint(cell, timeout_s) if cell.id in finished else stopped
            hints[check_name(cell)] = fault or broken.get(piece_of(cell)) or own
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
