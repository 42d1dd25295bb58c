"""The command line.

`llmcourse start`, `check`, `status`, `submit`, `lab`, `doctor` for learners; those of authors and graders besides, in a
full checkout.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from llmcourse._overlay import WORKSPACE_VARIABLE, switched_to_reference
from llmcourse.course.paths import course_root, find_workspace
from llmcourse.course.pieces import Piece, removed_pieces
from llmcourse.course.terminal import app, chapters_named, console, fail, root_folder


def _workspace(root: Path) -> Path:
    return find_workspace() or root / "work"


@app.command()
def start(
    chapter: Annotated[str | None, typer.Argument(help="A chapter's number or name; all without it.")] = None,
) -> None:
    """Copy a chapter's notebooks into your workspace. Your own work is never overwritten."""
    from llmcourse.course import learner

    root = root_folder()
    workspace = _workspace(root)
    for assignment in chapters_named(root, chapter):
        for started in learner.start(root, workspace, assignment):
            console.print(f"{started.outcome:14} {os.path.relpath(started.path)}")
            if started.beside:
                console.print(f"               the new release is beside it: {os.path.relpath(started.beside)}")
    console.print("Open it with [bold]llmcourse lab[/] and check your answers with [bold]llmcourse check CHAPTER[/].")


@app.command()
def check(
    chapter: Annotated[str, typer.Argument(help="A chapter's number or name.")],
    exercise: Annotated[
        str | None, typer.Argument(help="One exercise's number or piece, or one notebook; all without it.")
    ] = None,
) -> None:
    """Run your notebook's graded cells and tell each exercise's points, or the hint."""
    from llmcourse.course import learner

    root = root_folder()
    earned = total = 0.0
    assignment = chapters_named(root, chapter)[0]
    try:
        with console.status(f"running {assignment}"):
            outcomes = list(learner.check(root, _workspace(root), assignment, exercise))
    except (FileNotFoundError, ValueError) as error:
        fail(error)
    if learner.is_outdated(root, _workspace(root), assignment):
        console.print(f"Your copy is of an older release: `llmcourse start {assignment}` puts the new one beside it.")
    for outcome in outcomes:
        points = outcome.exercise.points
        earned, total = earned + points * outcome.passed, total + points
        mark = "[green]✓[/]" if outcome.passed else "[red]✗[/]"
        console.print(f"{mark} {points * outcome.passed:g}/{points:g}  {outcome.exercise.title}")
        if outcome.hint:
            console.print("      " + escape(outcome.hint).replace("\n", "\n      "), style="dim", soft_wrap=True)
    console.print(f"[bold]{earned:g} of {total:g} points[/] by the visible checks; grading adds hidden ones.")
    raise typer.Exit(0 if earned == total else 1)


@app.command()
def status(
    pieces: Annotated[
        list[str] | None, typer.Argument(help="With --use: the pieces to switch; all without it.")
    ] = None,
    use: Annotated[str | None, typer.Option(help="Run the library on `mine` or on the `reference`.")] = None,
) -> None:
    """Show your progress over the whole course, and whose code the library runs."""
    from llmcourse.course import progress
    from llmcourse.course.learner import released_chapters
    from llmcourse.course.notebooks import exercises

    root = root_folder()
    workspace = _workspace(root)
    own = progress.own_pieces(workspace)
    if use:
        try:
            chosen = _select(own, pieces)
            if use == "reference":
                _need_references(chosen)
            progress.use(workspace, chosen, use)
            console.print("Kernels that are running keep what they have: restart them.")
        except ValueError as error:
            fail(error)
    elif pieces:
        fail("say --use mine or --use reference with the pieces to switch")
    passed = progress.Progress(workspace).passed()
    off = switched_to_reference(workspace)
    table = Table("chapter", "exercise", "points", "the library runs", title=f"workspace {os.path.relpath(workspace)}")
    earned = total = 0.0
    for folder in released_chapters(root):
        for notebook in sorted(folder.glob("*.ipynb")):
            for item in exercises(notebook):
                got = item.points if passed.get(item.check) else 0.0
                earned, total = earned + got, total + item.points
                table.add_row(item.notebook, item.title, _points(item, got, passed), _whose(item.piece, own, off))
    console.print(table)
    console.print(f"[bold]{earned:g} of {total:g} points[/]")


def _points(item: Any, got: float, passed: dict[str, bool]) -> str:
    if item.is_written:
        return f"–/{item.points:g} by hand"
    if item.check not in passed:
        return f"[dim]–/{item.points:g}[/]"
    return f"[{'green' if got else 'red'}]{got:g}/{item.points:g}[/]"


def _whose(piece: Piece | None, own: set[Piece], off: set[str]) -> str:
    if piece is None:
        return ""
    if piece not in own:
        return "not written" if piece in removed_pieces() else "[dim]reference[/]"
    return "reference (yours is off)" if str(piece) in off else "[green]yours[/]"


def _select(own: set[Piece], wanted: list[str] | None) -> set[Piece]:
    if not wanted:
        return own
    chosen = {piece for piece in own if piece.name in wanted or str(piece) in wanted}
    unknown = set(wanted) - {piece.name for piece in chosen} - {str(piece) for piece in chosen}
    if unknown:
        names = ", ".join(sorted(piece.name for piece in own)) or "none yet"
        raise ValueError(f"{', '.join(sorted(unknown))}: not a piece you have built; yours: {names}")
    return chosen


def _need_references(chosen: set[Piece]) -> None:
    if bare := sorted(piece.name for piece in chosen & set(removed_pieces())):
        raise ValueError(f"{', '.join(bare)}: this course comes without a reference for that, so yours stays in use")


@app.command("submit")
def hand_in(
    chapter: Annotated[str, typer.Argument(help="A chapter's number or name.")],
    name: Annotated[str | None, typer.Option(help="Your name, for the file; without it, your login's.")] = None,
    output: Annotated[Path, typer.Option(help="The folder that gets the file.")] = Path("."),
) -> None:
    """Put a chapter's notebooks into one file to hand in."""
    from llmcourse.course.submission import login, submit

    root = root_folder()
    assignment = chapters_named(root, chapter)[0]
    try:
        done = submit(root, _workspace(root), assignment, name or login(), output)
    except (OSError, ValueError) as error:
        fail(error)
    for title in done.unanswered:
        console.print(f"[yellow]not answered[/]  {escape(title)}")
    what = f"Hand in [bold]{escape(os.path.relpath(done.archive))}[/]"
    console.print(f"{what}: it holds {', '.join(done.notebooks)} as last saved.", soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on your workspace; further options go to JupyterLab."""
    from llmcourse.course import learner

    root = root_folder()
    workspace = _workspace(root)
    if not workspace.exists():
        for assignment in chapters_named(root, None):
            learner.start(root, workspace, assignment)
    os.environ[WORKSPACE_VARIABLE] = str(workspace)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", str(workspace), *context.args])


@app.command()
def doctor() -> None:
    """Say what is missing on this machine, and how to mend it."""
    from llmcourse.course.doctor import examine

    try:
        root: Path | None = course_root()
    except FileNotFoundError:
        root = None
    workspace = _workspace(root) if root else find_workspace()
    findings = examine(root, workspace if workspace and workspace.exists() else None)
    colours = {"ok": "green", "optional": "yellow", "missing": "red"}
    table = Table("what", "found", "", "how to mend it")
    for finding in findings:
        mend = "" if finding.state == "ok" else finding.mend
        table.add_row(
            finding.what, escape(finding.found), f"[{colours[finding.state]}]{finding.state}[/]", escape(mend)
        )
    console.print(table)
    raise typer.Exit(1 if any(finding.state == "missing" for finding in findings) else 0)


def main() -> None:
    """Entry point of the `llmcourse` command."""
    app()


for room in ("author", "grading"):
    if find_spec(f"llmcourse.course.{room}"):  # a student edition comes without them
        import_module(f"llmcourse.course.{room}.commands")
