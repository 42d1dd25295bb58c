"""Build the static book from the release notebooks, strictly, and audit every page of it.

`read_page` is the reader that the book uses for a notebook (`nb_custom_formats` in `_config.yml`): it shows a release
notebook with its solutions folded in. `build_book` runs Jupyter Book with it and refuses a page that leaks a hidden
test, asks another host for anything, or shows a figure without alternative text and caption.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from llmcourse._sections import belongs_to_library
from llmcourse.course.author.bibliography import restore_citations
from llmcourse.course.author.references import restore_references
from llmcourse.course.author.shown_code import reflow
from llmcourse.course.coursemap import anchor_of
from llmcourse.course.environment import SMALL_VARIABLE, WORKSPACE_VARIABLE
from llmcourse.course.interrupts import Interrupts
from llmcourse.course.notebooks import facts_of, marks_of

ANSWER_PLACEHOLDER = "YOUR ANSWER HERE"
_MARKER = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION\s*$\n?", re.MULTILINE)
_FENCE = "`" * 8
JUPYTER_BOOK = "import gc; gc.disable(); from jupyter_book.cli.main import main; main()"
"""Pages are large trees that live to the end: to look for garbage among them took two fifths of a build's time."""
HEARS_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""What a shell starts in the background ignores Ctrl-C, and so does all that it starts."""
BUILD_OPTIONS = ("build", ".", "-n", "-W", "--keep-going")
"""Strict: a reference to nothing and every other warning fail the build, but only after all have been reported."""


class BookError(RuntimeError):
    """The book could not be built, or a built page broke one of the book's rules; the message has one line a fault."""


def read_page(text: str, solutions: str = "solutions", library: str = "llmcourse") -> NotebookNode:
    """Read a release notebook as a page: each exercise is followed by its solution, ready to be executed.

    The page holds the release notebook's cells alone, so a hidden test or a mark scheme cannot reach it; from the
    instructor's notebook come only the bodies of the exercise cells, found by `grade_id`.

    Args:
        text: The release notebook.
        solutions: Folder of the instructor's notebooks, relative to the current folder.
        library: Folder of the library whose sources key the execution cache, relative to the current folder.

    Raises:
        BookError: The notebook is not one of the course's, or has an exercise without a solution.
    """
    notebook = nbformat.reads(text, as_version=4)
    course = facts_of(notebook)
    if not course:
        return notebook
    bodies = solution_bodies(Path(solutions, course["assignment"], f"{course['notebook']}.ipynb"))
    cells = [_code(f"# executed with {page_state(Path(library))}", tags=["remove-cell"])]
    for cell in notebook.cells:
        cells.extend(_shown(cell, bodies, course["notebook"]))
    notebook.cells = cells
    kept = {key: value for key, value in notebook.metadata.items() if key in ("kernelspec", "language_info")}
    notebook.metadata = nbformat.from_dict(kept)
    return notebook


def _shown(cell: NotebookNode, bodies: dict[str, str], notebook: str) -> Iterator[NotebookNode]:
    """One cell of a release notebook as the cells that the page shows for it."""
    facts = facts_of(cell)
    if cell.cell_type == "markdown":
        cell.source = restore_references(restore_citations(cell.source))
    if facts.get("kind") == "box":
        yield _markdown(_exercise_box(cell.source, facts, notebook))
    elif facts.get("kind") == "written":
        yield _markdown(_written_question(cell.source, facts, notebook, marks_of(cell)["points"]))
    elif facts.get("kind") == "exercise":
        yield from _stub_and_solution(cell, bodies, notebook)
    elif facts.get("kind") == "check":
        yield _markdown(f'<p class="check-points">Check <span>{_points(marks_of(cell)["points"])}</span></p>')
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "check", "hide-input"]
        cell.metadata["mystnb"] = {"code_prompt_show": "Show the check", "code_prompt_hide": "Hide the check"}
        yield cell
    else:
        yield _folded(cell, facts.get("kind"))


def _folded(cell: NotebookNode, kind: str | None) -> NotebookNode:
    """A cell that only draws or sets up shows its result, and its source when asked; what teaches stays open."""
    if cell.cell_type != "code":
        return cell
    prompt = None
    if cell.metadata.get("mystnb", {}).get("figure"):
        prompt = "the code of this figure"
    elif (kind == "setup" and cell.source.startswith("%load_ext ")) or "hide-input" in cell.metadata.get("tags", []):
        prompt = "the set-up"
    if prompt:
        cell.metadata["tags"] = [*dict.fromkeys([*cell.metadata.get("tags", []), "hide-input"])]
        shown = {"code_prompt_show": f"Show {prompt}", "code_prompt_hide": f"Hide {prompt}"}
        cell.metadata["mystnb"] = {**cell.metadata.get("mystnb", {}), **shown}
    return cell


def _stub_and_solution(cell: NotebookNode, bodies: dict[str, str], notebook: str) -> Iterator[NotebookNode]:
    grade_id = marks_of(cell)["grade_id"]
    if grade_id not in bodies:
        raise BookError(f"{notebook}: the exercise {grade_id!r} has no solution: run `llmcourse build`")
    prompt = {"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"}
    tags = ["hide-cell", "remove-output", "solution"]
    yield _markdown(f"{_FENCE}{{code-block}} ipython3\n:class: stub\n\n{reflow(cell.source)}\n{_FENCE}")
    yield _code(bodies[grade_id], tags=tags, mystnb=prompt, llmcourse=facts_of(cell))


def _exercise_box(source: str, facts: NotebookNode, notebook: str) -> str:
    """The box as a numbered directive; its heading and its line of facts give way to the directive's own."""
    lines = [line for line in source.splitlines() if not re.match(r"#{1,6} Exercise\b|\*\*[\d.]+ points?\*\* ·", line)]
    level = int(facts["difficulty"])
    dots = f'<span class="dots" aria-hidden="true">{"●" * level}{"○" * (5 - level)}</span>'
    shown = (
        f'<p class="exercise-facts"><span class="points">{_points(facts["points"])}</span>'
        f"<span>difficulty {dots} {level} of 5</span><span>about {facts['minutes']} minutes</span></p>"
    )
    label = anchor_of(notebook, facts["piece"])
    target = facts["piece"].replace(":", ".")
    reference = f"In the library: {{py:obj}}`{target}`" if belongs_to_library(target) else ""
    body = "\n".join(lines).strip()
    return f"{_FENCE}{{exercise}} {facts['title']}\n:label: {label}\n\n{shown}\n\n{body}\n\n{reference}\n{_FENCE}"


def _written_question(source: str, facts: NotebookNode, notebook: str, points: float) -> str:
    # The notebook's own line of title and points gives way to the box's title.
    body = re.sub(r"\A\*\*.+\*\* · [\d.]+ points?, graded by hand.*\n+", "", source)
    body = re.sub(r"^#{1,6}\s+(.+)$", r"**\1**", body, flags=re.MULTILINE)
    body = body.replace(ANSWER_PLACEHOLDER, "*Write your answer in the notebook.*")
    title = f"{facts.get('title', 'Written question')} · {_points(points)}"
    name = anchor_of(notebook, facts["id"])
    return f"{_FENCE}{{admonition}} {title}\n:class: written\n:name: {name}\n\n{body}\n{_FENCE}"


def _points(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def _code(source: str, **metadata: object) -> NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def _markdown(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def solution_bodies(path: Path) -> dict[str, str]:
    """The exercise cells of an instructor's notebook by `grade_id`, without their solution markers.

    Raises:
        BookError: There is no such notebook.
    """
    if not path.is_file():
        raise BookError(f"{path}: no such instructor's notebook: run `llmcourse build`")
    return {
        marks_of(cell)["grade_id"]: _MARKER.sub("", cell.source)
        for cell in nbformat.read(path, as_version=4).cells
        if facts_of(cell).get("kind") == "exercise"
    }


def page_state(library: Path) -> str:
    """What a page's outputs depend on beside its own cells: the library's sources, what cells draw with, recorded data,
    and the setting.

    Of the course's machinery only `library/course/notebook` counts: editing the rest changes nothing that a page shows.
    """
    digest = hashlib.sha256()
    course = library / "course"
    sources = [path for path in sorted(library.rglob("*.py")) if course not in path.parents]
    drawn = (course / "notebook").rglob("*")
    sources += sorted(path for path in drawn if path.suffix in (".py", ".js", ".css"))
    for path in [*sources, *sorted(Path("book", "data").rglob("*.csv"))]:
        digest.update(path.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    setting = "small" if os.environ.get(SMALL_VARIABLE) == "1" else "full"
    return f"library {digest.hexdigest()[:16]}, {setting} setting"


def _say(line: str) -> None:
    print(line, flush=True)


def build_book(
    root: Path,
    *,
    small: bool = False,
    fresh: bool = False,
    into: Path | None = None,
    echo: Callable[[str], None] = _say,
) -> Path:
    """Build the book, executing what changed, and audit it.

    Args:
        root: The folder that holds `_config.yml` and `_toc.yml`.
        small: Run the experiments at their small setting (LLMCOURSE_SMALL=1).
        fresh: Forget the pages and executions of earlier builds.
        into: The folder that gets `_build`, instead of `root`: pages and executions of its own.
        echo: Gets a line when the execution of a page begins, and one with its seconds when it ends.

    Returns:
        The path of the book's first page.

    Raises:
        BookError: A page gave a warning, a cell failed, or the audit found a fault.
    """
    from llmcourse.course.author.book_audit import audit_book  # the audit's HTML parser is not needed to read a page

    root = root.resolve()
    build = (into.resolve() if into else root) / "_build"
    if fresh:
        shutil.rmtree(build, ignore_errors=True)
    _forget_removed_pages(root, build)
    code, log = _run_jupyter_book(root, small=small, echo=echo, build=build)
    if code != 0:
        shutil.rmtree(build / ".doctrees", ignore_errors=True)  # else the next build would not repeat the warnings
        raise BookError("\n".join([*_complaints(log), f"full log: {build / 'book.log'}"]))
    page = build / "html" / "index.html"
    faults = audit_book(root, build / "html")
    if faults:
        raise BookError("\n".join(faults))
    return page


def _forget_removed_pages(root: Path, build: Path) -> None:
    """Sphinx leaves the page of a source that is gone where it was; start anew, but keep what was executed."""
    sources = build / "html" / "_sources"
    if any(path.is_file() and not (root / path.relative_to(sources)).exists() for path in sources.rglob("*")):
        shutil.rmtree(build / "html")
        shutil.rmtree(build / ".doctrees", ignore_errors=True)


def _run_jupyter_book(
    root: Path, *, small: bool, echo: Callable[[str], None], build: Path | None = None
) -> tuple[int, list[str]]:
    """Run Jupyter Book in a process of its own; returns its exit code and what it printed, kept in `book.log` too.

    What ends this process before that, Ctrl-C or a request to end, ends that one.
    """
    build = build or root / "_build"
    options = BUILD_OPTIONS if build.parent == root else (*BUILD_OPTIONS, "--path-output", str(build.parent))
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="llmcourse-book-") as workspace, Interrupts():
        environment = _environment(root, workspace, small)
        process = subprocess.Popen(
            [sys.executable, "-c", HEARS_INTERRUPTS + JUPYTER_BOOK, *options], cwd=root,
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            log = _follow(process, echo)
        except BaseException:
            process.send_signal(signal.SIGINT)  # what ends this process may have been for it alone
            process.communicate()  # when it has ended, its kernels have
            raise
    (build / "book.log").write_text("\n".join(log) + "\n", encoding="utf-8")
    return process.returncode, log


def _environment(root: Path, workspace: str, small: bool) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key != SMALL_VARIABLE}
    environment |= {WORKSPACE_VARIABLE: workspace, "JUPYTER_PREFER_ENV_PATH": "1"}
    environment |= {SMALL_VARIABLE: "1"} if small else {}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return environment


def _follow(process: subprocess.Popen[str], echo: Callable[[str], None]) -> list[str]:
    """What a process prints until it ends; its lines about executions are passed on as they come."""
    assert process.stdout is not None
    log: list[str] = []
    for line in process.stdout:
        log.append(strip_colour(line.rstrip()))
        if re.search(r"^Execut(ed|ing) |: Execut(ed|ing) notebook", log[-1]):
            echo(log[-1])
    process.wait()
    return log


def _complaints(log: Iterable[str]) -> list[str]:
    lines = [line for line in log if re.search(r"\b(WARNING|ERROR|SEVERE|Error)\b", line) and "IPKernelApp" not in line]
    return lines or ["Jupyter Book failed without a warning"]


def strip_colour(text: str) -> str:
    """Text as it would be without a terminal's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
