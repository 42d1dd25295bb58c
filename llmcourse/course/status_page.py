"""`llmcourse status --html`: the map of the course as one offline page, lit up by what a learner has earned."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from llmcourse._sections import switched_to_reference
from llmcourse.course import progress
from llmcourse.course.coursemap import Chapter, Notebook, Task, duration, read_map, worth
from llmcourse.course.standing import standing
from llmcourse.files import write_atomically

PAGE = "status.html"
STATES = {
    "passed": ("✓", "passed"),
    "failed": ("✗", "not passed yet"),
    "changed": ("~", "changed since its check"),
    "open": ("○", "open"),
    "written": ("✎", "marked by hand"),
}
"""State -> its mark, and its words. Of several checks of a piece the one that is furthest from passed counts."""
FURTHEST_FIRST = ("failed", "changed", "open", "passed")


@dataclass(frozen=True)
class Stand:
    """Where a task stands: its state, and whether the library runs on the learner's own code for it."""

    task: Task
    state: str
    runs: str

    @property
    def earned(self) -> float:
        return self.task.points if self.state == "passed" else 0.0


def write_status_page(root: Path, workspace: Path, chapters: Iterable[str] | None = None) -> Path:
    """Write `status.html` into the workspace.

    Args:
        root: The course's folder.
        workspace: The learner's folder; what was passed there is read from its notebooks and its ledger.
        chapters: The assignments to show; all when None.

    Returns:
        The page's path.
    """
    wanted = None if chapters is None else set(chapters)
    shown = [chapter for chapter in read_map(root) if wanted is None or chapter.assignment in wanted]
    stands = {chapter.assignment: _stands(root, workspace, chapter) for chapter in shown}
    book = root / "_build" / "html"
    pages = os.path.relpath(book, workspace) if book.is_dir() else ""
    path = workspace / PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, status_page(shown, stands, pages))
    return path


def _stands(root: Path, workspace: Path, chapter: Chapter) -> dict[str, Stand]:
    """Anchor -> where its task stands."""
    states = {each.exercise.check: each.state for each in standing(root, workspace, chapter.assignment)}
    own = {str(piece) for piece in progress.own_pieces(workspace)}
    own -= {str(piece) for piece in progress.unusable_pieces(workspace)} | switched_to_reference(workspace)
    found = {}
    for task in chapter.tasks:
        state = state_of([states.get(name, "open") for name in task.checks]) if task.piece else "written"
        runs = ("your code" if task.piece in own else "the library's own") if task.piece else ""
        found[task.anchor] = Stand(task, state, runs)
    return found


def state_of(states: list[str]) -> str:
    """The state of a piece from those of its checks.

    Example:
        >>> state_of(["passed", "open"]), state_of(["passed", "passed"])
        ('open', 'passed')
    """
    return next(state for state in FURTHEST_FIRST if state in states or state == "passed")


def status_page(chapters: list[Chapter], stands: dict[str, dict[str, Stand]], pages: str = "") -> str:
    """The page's text; the same progress gives the same bytes.

    Args:
        chapters: What to show.
        stands: Assignment -> anchor -> where that task stands.
        pages: The folder of the built book from the page, to which it then links; empty where there is none.
    """
    every = [stand for chapter in chapters for stand in stands[chapter.assignment].values()]
    checked = [stand for stand in every if stand.task.piece]
    earned, total = sum(stand.earned for stand in checked), sum(stand.task.points for stand in checked)
    by_hand = sum(stand.task.points for stand in every if not stand.task.piece)
    passed = sum(stand.state == "passed" for stand in checked)
    summary = f"{passed} of {len(checked)} pieces, {earned:g} of {worth(total)} by the visible checks"
    more = f"; {by_hand:g} more, for what is written, are given by hand" if by_hand else ""
    legend = "".join(f'<li class="{key}">{_mark(key)}{words}</li>' for key, (_, words) in STATES.items())
    cards = "\n".join(_chapter(chapter, stands[chapter.assignment]) for chapter in chapters)
    tables = "\n".join(_table(chapter, stands[chapter.assignment], pages) for chapter in chapters)
    bar = _bar(earned, total, "Points of all chapters")
    return _DOCUMENT.format(summary=summary + more, bar=bar, legend=legend, cards=cards, tables=tables, style=_STYLE)


def _mark(state: str) -> str:
    return f'<span class="mark" aria-hidden="true">{STATES[state][0]}</span>'


def _bar(earned: float, total: float, name: str) -> str:
    share = 100 * earned / total if total else 0
    return (
        f'<div class="bar" role="img" aria-label="{escape(name)}: {earned:g} of {total:g}">'
        f'<span style="width:{share:.1f}%"></span></div>'
    )


def _chapter(chapter: Chapter, stands: dict[str, Stand]) -> str:
    checked = [stand for stand in stands.values() if stand.task.piece]
    earned, total = sum(stand.earned for stand in checked), sum(stand.task.points for stand in checked)
    left = sum(stand.task.minutes for stand in checked if stand.state != "passed")
    todo = f"about {duration(left)} to go" if left else "all passed"
    notebooks = "".join(_notebook(notebook, stands, len(chapter.notebooks) > 1) for notebook in chapter.notebooks)
    return (
        f'<section class="chapter" aria-labelledby="chapter-{chapter.number}">'
        f'<h2 id="chapter-{chapter.number}">{chapter.number} {escape(chapter.title)}</h2>'
        f"<p>{earned:g} of {worth(total)}, {todo}</p>"
        f"{_bar(earned, total, chapter.title)}{notebooks}</section>"
    )


def _notebook(notebook: Notebook, stands: dict[str, Stand], named: bool) -> str:
    if not notebook.tasks:
        return ""
    boxes = "".join(_box(stands[task.anchor]) for task in notebook.tasks)
    head = f"<h3>{escape(notebook.title)}</h3>" if named else ""
    return f'{head}<ul class="pieces">{boxes}</ul>'


def _box(stand: Stand) -> str:
    task, words = stand.task, STATES[stand.state][1]
    name = f"{task.number} {task.name}".strip()
    return (
        f'<li><a class="{stand.state}" href="#{_row_id(task)}">{_mark(stand.state)}{escape(name)}'
        f'<span class="said">, {words}</span></a></li>'
    )


def _row_id(task: Task) -> str:
    return "row-" + quote(task.anchor)


def _table(chapter: Chapter, stands: dict[str, Stand], pages: str) -> str:
    rows = "".join(
        _row(stands[task.anchor], notebook, pages) for notebook in chapter.notebooks for task in notebook.tasks
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Exercise", "Points", "State", "The library runs"))
    caption = f"Chapter {chapter.number}: {escape(chapter.title)}"
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(stand: Stand, notebook: Notebook, pages: str) -> str:
    task = stand.task
    title = escape(f"{task.number} {task.title}".strip())
    if pages:
        address = f"{quote(pages)}/{quote(notebook.page)}.html#{quote(task.anchor)}"
        title = f'<a href="{address}">{title}</a>'
    piece = f" <code>{escape(task.name)}</code>" if task.piece else ""
    earned = "–" if not task.piece else f"{stand.earned:g}"
    return (
        f'<tr id="{_row_id(task)}"><th scope="row">{title}{piece}</th><td>{earned}/{task.points:g}</td>'
        f"<td>{_mark(stand.state)}{STATES[stand.state][1]}</td><td>{stand.runs}</td></tr>"
    )


_STYLE = """
:root { color-scheme: light dark; --ink: #1f2733; --soft: #535d6b; --paper: #fff; --line: #d0d6df; --tint: #f5f7fa;
  --passed: #0b7a5c; --passed-ink: #fff; --failed: #b3261e; --changed: #8a5200; --link: #1f5fae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a8b2c0; --paper: #12161c; --line: #39424e;
  --tint: #1b2027; --passed: #4fc7a2; --passed-ink: #0d1512; --failed: #ff9a91; --changed: #f0b35a; --link: #8fbff8; } }
* { box-sizing: border-box; }
body { font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink);
  background: var(--paper); max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 0; }
h3 { font-size: .92rem; margin: .7rem 0 .2rem; }
p { margin: .2rem 0; color: var(--soft); }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.bar { height: .55rem; border: 1px solid var(--soft); border-radius: 1rem; overflow: hidden; margin: .4rem 0 .2rem; }
.bar span { display: block; height: 100%; background: var(--passed); }
.legend, .pieces { list-style: none; margin: .5rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .35rem; }
.legend { gap: .3rem 1.1rem; font-size: .9rem; color: var(--soft); margin-bottom: 1.2rem; }
.chapter { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem 1rem; margin: 0 0 .8rem; }
.pieces li { max-width: 100%; }
.pieces a { display: inline-block; max-width: 100%; overflow-wrap: anywhere; padding: .15rem .55rem; min-height: 1.6rem;
  font: .8rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; text-decoration: none; color: var(--ink);
  background: var(--tint); border: 1px solid var(--soft); border-radius: .35rem; }
.pieces a:hover { text-decoration: underline; }
.pieces a.passed { background: var(--passed); border-color: var(--passed); color: var(--passed-ink); font-weight: 600; }
.pieces a.failed { border: 2px solid var(--failed); }
.pieces a.changed { border: 2px dashed var(--changed); }
.pieces a.written { border-style: dashed; background: none; font-family: inherit; }
.mark { display: inline-block; min-width: 1.1em; margin-right: .25em; }
.legend .passed .mark, td .mark { font-weight: 700; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.pieces a { position: relative; }
h2.list { margin: 2.2rem 0 .4rem; font-size: 1.3rem; }
table { width: 100%; border-collapse: collapse; margin: .8rem 0 1.6rem; font-size: .92rem; }
caption { text-align: left; font-weight: 650; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem .3rem 0; border-top: 1px solid var(--line); }
th[scope=row] { font-weight: 400; overflow-wrap: anywhere; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--soft); }
tr:target { background: var(--tint); outline: 2px solid var(--link); }
@media (max-width: 34rem) { th:nth-child(4), td:nth-child(4) { display: none; } }
@media print { .pieces a { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your map of the course</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Your map of the course</h1>
<p>{summary}.</p>
{bar}
<ul class="legend">{legend}</ul>
{cards}
<h2 class="list">The same as a list</h2>
<p>As your notebooks were last saved. <code>llmcourse check 1.3</code> checks one exercise, and
<code>llmcourse status --html</code> draws this page again.</p>
{tables}
</main>
</body>
</html>
"""
