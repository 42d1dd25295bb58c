"""Build the instructor's and the students' notebooks from the chapters, and prove that the graded path stands alone.

`build` writes `solutions/` with this package's authoring and `notebooks/` with nbgrader's own release converter. Both
are functions of the sources alone, down to the byte, so `build(check=True)` can hold the committed files against them.
"""

from __future__ import annotations

import difflib
import hashlib
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell
from traitlets.config import Config

from llmcourse._sections import WORKSPACE_VARIABLE
from llmcourse.course.author.authoring import instructor_notebook
from llmcourse.course.author.bibliography import citation_link, load_bibliography
from llmcourse.course.author.chapters import AuthoringError, Source, chapter_sources
from llmcourse.course.environment import ONE_THREAD, SMALL_VARIABLE, cores
from llmcourse.course.kernels import graded_path, notebook_client
from llmcourse.course.notebooks import facts_of
from llmcourse.files import write_atomically

GRADED_PATH_LIMIT_S = 20.0
"""How long the graded path of one notebook may take on two cores."""
SECONDS_USED = """import resource
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(sum(one.ru_utime + one.ru_stime for one in used))"""
"""Run after a notebook's last cell: seconds on a processor, of its process and of all that it has waited for."""


class StaleError(RuntimeError):
    """A committed notebook is not what the sources say; the message is the diff."""


@dataclass(frozen=True)
class Built:
    """What a build did: the files it wrote, those that were right already, and the seconds of each proof it ran."""

    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    proved: dict[str, float]


def notebook_text(notebook: NotebookNode) -> str:
    """The one way a notebook is written to disk: sorted keys, one space of indentation, a last newline."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def solution_notebooks(root: Path, cite: Callable[[str, str], str] | None = None) -> dict[Source, NotebookNode]:
    """The instructor's notebook of every chapter.

    Raises:
        AuthoringError: With the faults of all chapters.
    """
    notebooks: dict[Source, NotebookNode] = {}
    faults, n_exercises = [], Counter[str]()
    for source in chapter_sources(root):
        try:
            notebooks[source] = instructor_notebook(source, root, cite, n_exercises[source.assignment])
        except AuthoringError as error:
            faults.append(str(error))
        else:
            n_exercises[source.assignment] += _count_boxes(notebooks[source])
    faults += _names_given_twice(notebooks)
    if faults:
        raise AuthoringError("\n".join(faults))
    return notebooks


def _names_given_twice(notebooks: dict[Source, NotebookNode]) -> list[str]:
    """Figures that bear another's name: the book is one document, and a name leads to one place."""
    places: dict[str, list[str]] = {}
    for source, notebook in notebooks.items():
        for cell in notebook.cells:
            if name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
                places.setdefault(name, []).append(source.path.name)
    return [
        f"the name {name} is given to figures in {' and '.join(where)}" for name, where in places.items() if where[1:]
    ]


def _count_boxes(notebook: NotebookNode) -> int:
    return sum(facts_of(cell).get("kind") == "box" for cell in notebook.cells)


def release_texts(solutions: dict[Path, str]) -> dict[Path, str]:
    """The student's notebooks, made by nbgrader's release converter in a course of its own.

    Args:
        solutions: `assignment/notebook.ipynb` -> text of the instructor's notebook.

    Returns:
        The same relative paths -> text of the release notebook.
    """
    from nbgrader.apps import NbGraderAPI
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import SaveCells

    with tempfile.TemporaryDirectory(prefix="llmcourse-release-") as folder:
        course = Path(folder)
        for relative, text in solutions.items():
            write_atomically(course / "source" / relative, text)
        config = Config()
        config.CourseDirectory.root = str(course)
        config.GenerateAssignment.no_database = True
        steps = GenerateAssignment.preprocessors.default()
        config.GenerateAssignment.preprocessors = [step for step in steps if step is not SaveCells]
        api = NbGraderAPI(config=config)
        for assignment in sorted({relative.parent.name for relative in solutions}):
            with _quiet_nbgrader():
                result = api.generate_assignment(assignment)
            if not result["success"]:
                raise AuthoringError(
                    f"nbgrader could not release {assignment}:\n{result.get('error') or result['log']}"
                )
        texts = {}
        for relative in solutions:
            text = (course / "release" / relative).read_text(encoding="utf-8")
            texts[relative] = notebook_text(nbformat.reads(text, as_version=4))
        return texts


class _quiet_nbgrader:
    """Keep nbgrader's progress lines off the terminal; its errors come back in its results."""

    def __enter__(self) -> None:
        self.before = logging.root.manager.disable
        logging.disable(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        logging.disable(self.before)


def build(
    root: Path,
    *,
    check: bool = False,
    prove: bool = True,
    on_step: Callable[[str], None] = lambda message: None,
) -> Built:
    """Write `solutions/` and `notebooks/`, or with `check` only compare them with what they should be.

    Args:
        root: The course's checkout.
        check: Write nothing; raise when a committed notebook is stale.
        prove: Run each changed notebook's graded path without its experiments.
        on_step: Called with a line about each step.

    Raises:
        AuthoringError: A chapter is wrong, or its graded path fails or takes too long.
        StaleError: With `check`, a committed notebook differs, is missing, or has no source.
    """
    on_step("reading the chapters")
    notebooks = solution_notebooks(root, _citations(root))
    solutions = {Path(s.assignment, f"{s.notebook}.ipynb"): notebook_text(nb) for s, nb in notebooks.items()}
    on_step("making the students' notebooks")
    wanted = {Path("solutions") / path: text for path, text in solutions.items()}
    wanted |= {Path("notebooks") / path: text for path, text in release_texts(solutions).items()}
    stale = [path for path, text in wanted.items() if _read(root / path) != text]
    orphans = [p for p in _generated(root) if p not in wanted]
    if check and (stale or orphans):
        raise StaleError(
            "\n".join([_diff(root, path, wanted[path]) for path in stale] + [f"no source: {p}" for p in orphans])
        )
    for path in stale:
        write_atomically(root / path, wanted[path])
    for path in orphans:
        (root / path).unlink()
    proved = _prove_all(notebooks, root, on_step) if prove else {}
    unchanged = tuple(path for path in wanted if path not in stale)
    return Built(tuple(stale), unchanged, proved)


def _citations(root: Path) -> Callable[[str, str], str] | None:
    """How a chapter's citations become links; None for a course without a bibliography."""
    path = root / "book" / "references.bib"
    if not path.exists():
        return None
    return partial(citation_link, bib=load_bibliography(path))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _generated(root: Path) -> list[Path]:
    folders = (root / "solutions", root / "notebooks")
    return [path.relative_to(root) for folder in folders for path in sorted(folder.glob("*/*.ipynb"))]


def _diff(root: Path, path: Path, wanted: str) -> str:
    have = _read(root / path)
    if have is None:
        return f"missing: {path}"
    lines = difflib.unified_diff(
        have.splitlines(), wanted.splitlines(), f"{path} (committed)", f"{path} (sources)", lineterm="", n=1
    )
    return "\n".join(list(lines)[:60])


def library_hash(root: Path) -> str:
    """A hash of the library's sources, the course's machinery left out."""
    digest = hashlib.sha256()
    for path in sorted((root / "llmcourse").rglob("*.py")):
        relative = path.relative_to(root / "llmcourse").as_posix()
        if not relative.startswith("course/"):
            digest.update(relative.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def run_notebook(notebook: NotebookNode, root: Path) -> float:
    """Run a notebook in a kernel of this interpreter with one thread and an empty workspace.

    Returns:
        The seconds that its process was on a processor, which whatever else the machine does makes no longer.

    Raises:
        CellExecutionError: A cell raised.
    """
    end = new_code_cell(SECONDS_USED)
    whole = nbformat.from_dict({**notebook, "cells": [*notebook.cells, end]})
    with (
        tempfile.TemporaryDirectory(prefix="llmcourse-") as workspace,
        notebook_client(whole, Path(workspace)) as client,
    ):
        env = {**os.environ, **ONE_THREAD, WORKSPACE_VARIABLE: workspace, SMALL_VARIABLE: "1", "PYTHONPATH": str(root)}
        client.execute(env=env)
    return float("".join(output.text for output in whole.cells[-1].outputs))  # a line may come in parts


def _prove_all(notebooks: dict[Source, NotebookNode], root: Path, on_step: Callable[[str], None]) -> dict[str, float]:
    """Prove the graded paths, as many at once as there are cores; notebook -> seconds of each that had to run.

    Each runs in a thread, and its kernel measures itself: what this process's children used would be that of all.
    """
    with ThreadPoolExecutor(cores()) as pool:
        runs = {s.notebook: pool.submit(_prove_once, s, notebook, root, on_step) for s, notebook in notebooks.items()}
        try:
            return {name: seconds for name, run in runs.items() if (seconds := run.result()) is not None}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after a fault, none is begun


def _prove_once(source: Source, notebook: NotebookNode, root: Path, on_step: Callable[[str], None]) -> float | None:
    """Run the graded path unless these very sources have passed before; returns the seconds, or None when skipped."""
    path = graded_path(notebook)
    key = hashlib.sha256((notebook_text(path) + library_hash(root)).encode()).hexdigest()
    stamp = root / "_build" / "proved" / f"{source.assignment}-{source.notebook}"
    if _read(stamp) == key:
        return None
    on_step(f"running the graded path of {source.notebook} alone")
    try:
        seconds = run_notebook(path, root)
        if seconds > GRADED_PATH_LIMIT_S:  # a neighbour's work slows a processor down too, so the quicker run counts
            on_step(f"it took {seconds:.1f} s of one processor: running it once more")
            seconds = min(seconds, run_notebook(path, root))
    except CellExecutionError as error:
        raise AuthoringError(f"{source.notebook}: the graded path fails without its experiments:\n{error}") from error
    if seconds > GRADED_PATH_LIMIT_S:
        raise AuthoringError(
            f"{source.notebook}: the graded path took {seconds:.1f} s of one processor; "
            f"the limit is {GRADED_PATH_LIMIT_S:g} s"
        )
    write_atomically(stamp, key)
    return seconds
