"""What the pages around the chapters show, made at each build from the notebooks, the library and the build itself.

Directives: `course-map` and `exercise-index` (from the release notebooks), `shape-suffixes` (from the modules'
docstrings), `execution-times` and `execution-machine` (from the execution cache and this machine), `start-here`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from llmcourse.course.author.executed import executed_pages, machine, versions
from llmcourse.course.coursemap import Chapter, Notebook, Task, duration, read_map, worth

LEGEND = re.compile(r"^Shape suffixes: (.+?)(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


def setup_front(app: Sphinx) -> None:
    """Register the directives."""
    for directive in (CourseMap, ExerciseIndex, ShapeSuffixes, ExecutionTimes, ExecutionMachine, StartHere):
        app.add_directive(directive.name, directive)


class Front(SphinxDirective):
    """A directive whose page is read again when a release notebook has changed."""

    has_content = True
    name: ClassVar[str]

    def chapters(self) -> list[Chapter]:
        root = Path(self.env.srcdir)
        for path in root.glob("notebooks/*/*.ipynb"):
            self.env.note_dependency(str(path))
        return read_map(root)

    def lines(self) -> dict[str, str]:
        """The directive's content: lines `key: text`."""
        pairs = (line.partition(":") for line in self.content if line.strip())
        return {key.strip(): text.strip() for key, _, text in pairs}

    def inline(self, text: str) -> list[nodes.Node]:
        """Inline Markdown as nodes."""
        holder = nodes.Element()
        self.state.nested_parse(StringList([text], self.get_source_info()[0]), 0, holder)
        return holder.children[0].children if holder.children else []


class CourseMap(Front):
    """Pieces as boxes, by chapter and notebook, each a link. Its content says what each chapter builds: `number: text`.

    A chapter without such a line, or a line without its chapter, is an error.
    """

    name = "course-map"

    def run(self) -> list[nodes.Node]:
        chapters, builds = self.chapters(), self.lines()
        if builds and {str(chapter.number) for chapter in chapters} != set(builds):
            raise self.error(f"the map has lines for {sorted(builds)}; it must have one for each chapter")
        tasks = [task for chapter in chapters for task in chapter.tasks]
        pieces = sum(bool(task.piece) for task in tasks)
        total = (
            f"{len(chapters)} chapters, {pieces} pieces, {len(tasks) - pieces} written questions, "
            f"{worth(sum(task.points for task in tasks))}, about {sum(task.minutes for task in tasks) / 60:.0f} hours "
            "besides reading."
        )
        whole = nodes.container(classes=["course-map"])
        whole += nodes.paragraph("", total, classes=["map-total"])
        for chapter in chapters:
            whole += self.chapter(chapter, builds.get(str(chapter.number), ""))
        return [whole]

    def chapter(self, chapter: Chapter, builds: str) -> nodes.container:
        box = nodes.container(classes=["map-chapter"])
        head = nodes.paragraph("", "", classes=["map-head"])
        head += nodes.inline("", f"{chapter.number} ", classes=["map-number"])
        head += page_link(chapter.page, chapter.title)
        facts = f"{worth(chapter.points)}, about {duration(chapter.minutes)}"
        box += head
        box += nodes.paragraph("", facts, classes=["map-facts"])
        if builds:
            box += nodes.paragraph("", "", *self.inline(builds), classes=["map-builds"])
        for notebook in chapter.notebooks:
            box += self.notebook(notebook, named=len(chapter.notebooks) > 1)
        return box

    def notebook(self, notebook: Notebook, *, named: bool) -> nodes.container:
        box = nodes.container(classes=["map-notebook"])
        if named:
            head = nodes.paragraph("", "", page_link(notebook.page, notebook.title), classes=["map-notebook-head"])
            box += head
        pieces = nodes.bullet_list(classes=["map-pieces"])
        for task in notebook.tasks:
            link = task_link(task, f"{task.number} {task.name}".strip())
            pieces += nodes.list_item("", nodes.paragraph("", "", link), classes=[] if task.piece else ["map-written"])
        if notebook.tasks:
            box += pieces
        return box


class ExerciseIndex(Front):
    """Every exercise and written question: a table a chapter."""

    name = "exercise-index"

    def run(self) -> list[nodes.Node]:
        return [self.section(chapter) for chapter in self.chapters()]

    def section(self, chapter: Chapter) -> nodes.section:
        title = f"Chapter {chapter.number}: {chapter.title}"
        section = nodes.section("", nodes.title("", title), ids=[f"exercises-{chapter.number}"], names=[])
        head = ("No.", "Exercise", "Piece", "Points", "Minutes", "Difficulty")
        section += table(head, (self.row(task) for task in chapter.tasks), "exercise-index")
        return section

    def row(self, task: Task) -> tuple[Any, ...]:
        module, _, name = task.piece.partition(":")
        piece = nodes.literal("", name, reftitle=module) if name else nodes.Text("by hand")
        level = f"{task.difficulty} of 5" if task.difficulty else "–"
        number = task.number or "–"
        return number, task_link(task, task.title), piece, f"{task.points:g}", f"{task.minutes:g}", level


class ShapeSuffixes(Front):
    """The legends of the library's modules, as they stand at the top of each."""

    name = "shape-suffixes"

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        rows: list[tuple[Any, ...]] = []
        for path in sorted((root / "llmcourse").rglob("*.py")):
            relative = path.relative_to(root)
            if relative.parts[1] != "course" and (legend := legend_of(path)):
                self.env.note_dependency(str(path))
                rows.append((nodes.literal("", ".".join(relative.with_suffix("").parts[1:])), legend))
        return [table(("Module", "What a letter counts"), rows, "shape-suffixes")]


def legend_of(path: Path) -> str:
    """What a module's docstring says of its shape suffixes; empty where it says nothing."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    found = LEGEND.search(docstring)
    return " ".join(found[1].split()) if found else ""


class ExecutionTimes(Front):
    """Seconds of each notebook's last execution, and when that was."""

    name = "execution-times"

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        pages = executed_pages(self.env)
        rows: list[tuple[Any, ...]] = []
        for chapter in self.chapters():
            for notebook in chapter.notebooks:
                seconds, day = pages.get(notebook.page, (None, ""))
                told = "not executed" if seconds is None else f"{seconds:.0f}"
                rows.append((page_link(notebook.page, f"{chapter.number} {notebook.title}"), told, day or "–"))
        whole = sum(seconds for seconds, _ in pages.values())
        found = [table(("Notebook", "Seconds", "Day (UTC)"), rows, "execution-times")]
        return [*found, nodes.paragraph("", f"{len(pages)} notebooks, {whole / 60:.0f} minutes in all.")]


class ExecutionMachine(Front):
    """Versions of what computes and what builds, and the kind of machine."""

    name = "execution-machine"

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        rows = [*machine().items(), *versions().items()]
        return [table(("What", "Which"), [(what, which) for what, which in rows], "execution-machine")]


class StartHere(Front):
    """The first page's large link to a chapter, and where the code is. Its content: `page: text of the link`."""

    name = "start-here"

    def run(self) -> list[nodes.Node]:
        repository = self.config.llmcourse_repository_url
        box = nodes.container(classes=["start-here"])
        actions = nodes.paragraph("", "", classes=["start-actions"])
        for page, text in self.lines().items():
            actions += page_link(page, text)
        if repository:
            actions += nodes.reference("", "The code", refuri=repository, internal=False, classes=["start-code"])
        box += actions
        if repository:
            clone = f"git clone {repository}"
            code = nodes.literal_block(clone, clone, language="bash")
            return [box, code]
        where = "The code is in the folder from which these pages were built: README.md there says how to begin."
        box += nodes.paragraph("", where, classes=["start-code"])
        return [box]


def page_link(page: str, text: str) -> addnodes.pending_xref:
    """A link to a page by its name from the book's folder; one that is not there is a warning, and so fails the build.

    Roles of Markdown would need a path relative to the page that asks.
    """
    return _reference("doc", f"/{page}", text)


def task_link(task: Task, text: str) -> addnodes.pending_xref:
    """A link to an exercise on its page."""
    return _reference("ref", task.anchor, text)


def _reference(kind: str, target: str, text: str) -> addnodes.pending_xref:
    options = {"refdomain": "std", "reftype": kind, "reftarget": target, "refexplicit": True, "refwarn": True}
    return addnodes.pending_xref("", nodes.inline("", text, classes=["std"]), **options)


def table(head: Iterable[str], rows: Iterable[tuple[Any, ...]], kind: str) -> nodes.table:
    """A table of strings and inline nodes; `kind` is its class."""
    names = list(head)
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in names), cols=len(names))
    group += nodes.thead("", _row(names))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["front-table", kind])


def _row(cells: Iterable[Any]) -> nodes.row:
    made = (nodes.Text(cell) if isinstance(cell, str) else cell for cell in cells)
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in made))
