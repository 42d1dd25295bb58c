"""The command line.

`llmcourse start`, `check`, `status`, `submit`, `lab`, `doctor` for learners; `release`, `grade`, `report`, `export`,
`build`, `book` for instructors and authors, in a full checkout.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from llmcourse._overlay import WORKSPACE_VARIABLE, switched_to_reference
from llmcourse.course.paths import course_root, find_workspace
from llmcourse.course.pieces import Piece, removed_pieces

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A course on pretraining language models.",
)
console = Console(highlight=False)


def authors_command(function: Callable[..., None]) -> Callable[..., None]:
    """Register a command where its machinery is: a student edition comes without it."""
    return app.command()(function) if find_spec("llmcourse.course.build") else function


def _fail(message: object) -> NoReturn:
    console.print(f"[red]✗[/] {escape(str(message))}", soft_wrap=True)
    raise typer.Exit(1)


def _root() -> Path:
    try:
        return course_root()
    except FileNotFoundError as error:
        _fail(error)


def _workspace(root: Path) -> Path:
    return find_workspace() or root / "work"


def _chapters(root: Path, chapter: str | None) -> list[str]:
    from llmcourse.course.learner import find_chapter, released_chapters

    try:
        return [find_chapter(root, chapter)] if chapter else [path.name for path in released_chapters(root)]
    except ValueError as error:
        _fail(error)


@app.command()
def start(
    chapter: Annotated[str | None, typer.Argument(help="A chapter's number or name; all without it.")] = None,
) -> None:
    """Copy a chapter's notebooks into your workspace. Your own work is never overwritten."""
    from llmcourse.course import learner

    root = _root()
    workspace = _workspace(root)
    for assignment in _chapters(root, chapter):
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

    root = _root()
    earned = total = 0.0
    assignment = _chapters(root, chapter)[0]
    try:
        with console.status(f"running {assignment}"):
            outcomes = list(learner.check(root, _workspace(root), assignment, exercise))
    except (FileNotFoundError, ValueError) as error:
        _fail(error)
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

    root = _root()
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
            _fail(error)
    elif pieces:
        _fail("say --use mine or --use reference with the pieces to switch")
    passed = progress.Progress(workspace).passed()
    off = switched_to_reference(workspace)
    table = Table("chapter", "exercise", "points", "the library runs", title=f"workspace {os.path.relpath(workspace)}")
    earned = total = 0.0
    for folder in released_chapters(root):
        for notebook in sorted(folder.glob("*.ipynb")):
            for item in progress.exercises(notebook):
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

    root = _root()
    assignment = _chapters(root, chapter)[0]
    try:
        done = submit(root, _workspace(root), assignment, name or login(), output)
    except (OSError, ValueError) as error:
        _fail(error)
    for title in done.unanswered:
        console.print(f"[yellow]not answered[/]  {escape(title)}")
    what = f"Hand in [bold]{escape(os.path.relpath(done.archive))}[/]"
    console.print(f"{what}: it holds {', '.join(done.notebooks)} as last saved.", soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on your workspace; further options go to JupyterLab."""
    from llmcourse.course import learner

    root = _root()
    workspace = _workspace(root)
    if not workspace.exists():
        for assignment in _chapters(root, None):
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


@authors_command
def build(
    check: Annotated[bool, typer.Option(help="Write nothing; fail with a diff when a notebook is stale.")] = False,
    prove: Annotated[bool, typer.Option(help="Run each changed notebook's graded path alone.")] = True,
) -> None:
    """Make solutions/ and notebooks/ from the chapters and the library."""
    from llmcourse.course.build import StaleError
    from llmcourse.course.build import build as run
    from llmcourse.course.chapters import AuthoringError

    root = _root()
    try:
        with console.status("building") as shown:
            built = run(root, check=check, prove=prove, on_step=shown.update)
    except (AuthoringError, StaleError) as error:
        _fail(error)
    for path in built.written:
        console.print(f"written   {path}")
    for notebook, seconds in built.proved.items():
        console.print(f"proved    {notebook}: the graded path runs alone, in {seconds:.1f} s")
    console.print(f"{len(built.unchanged)} notebooks up to date, {len(built.written)} written")


@authors_command
def book(small: Annotated[bool, typer.Option(help="Run the experiments at their small setting.")] = False) -> None:
    """Build the static book in _build/html."""
    from llmcourse.course.book import BookError, build_book

    try:
        page = build_book(_root(), small=small)
    except BookError as error:
        _fail(error)
    console.print(f"The book is at {os.path.relpath(page)}")


@authors_command
def release(
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    chapters: Annotated[str | None, typer.Option(help="Numbers or names, with commas: 1,2. All without it.")] = None,
    later: Annotated[str, typer.Option(help="`keep` or `remove` the solutions of other chapters' pieces.")] = "keep",
    force: Annotated[bool, typer.Option(help="Release again into an earlier release; work in it stays.")] = False,
) -> None:
    """Write what a class receives: notebooks, and the library without their solutions."""
    from llmcourse.course.build import StaleError
    from llmcourse.course.build import build as run
    from llmcourse.course.chapters import AuthoringError
    from llmcourse.course.release import ReleaseError
    from llmcourse.course.release import release as write

    root = _root()
    wanted = [_chapters(root, part.strip())[0] for part in chapters.split(",")] if chapters else None
    try:
        with console.status("checking that the notebooks are up to date"):
            run(root, check=True, prove=False)
        done = write(root, folder, wanted, later=later, force=force)
    except StaleError:
        _fail("the notebooks are not what the chapters say: run `llmcourse build` first")
    except (AuthoringError, ReleaseError) as error:
        _fail(error)
    console.print(f"{os.path.relpath(done.folder)}: {', '.join(done.chapters)}; {done.n_files} files")
    console.print(f"The library comes without {done.n_pieces} pieces. README.md there says how a student starts.")


@authors_command
def grade(
    submissions: Annotated[Path, typer.Argument(help="A folder with one folder or one .zip a student.")],
    assignment: Annotated[
        str | None, typer.Option(help="A chapter's number or name; all that were handed in without it.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where scores, feedback and the gradebook go.")] = Path("grades"),
    timeout: Annotated[float, typer.Option(help="Seconds that one cell may take.")] = 60.0,
    workers: Annotated[
        int | None, typer.Option(help="Submissions run side by side; as many as there are cores without it.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Run submissions on the workers of this dask scheduler: tcp://HOST:8786, or its file."),
    ] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Go on where nothing can be shut in: submissions can change their scores.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Grade unchanged submissions again.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Grade this student alone, again if need be; can be given several times.")
    ] = None,
    exercise: Annotated[
        str | None, typer.Option(help="Judge this exercise alone again, named as in scores.csv; other points stay.")
    ] = None,
    due: Annotated[
        str | None, typer.Option(help="When the assignment is due, in UTC: '2026-10-01 18:00'. Kept in the gradebook.")
    ] = None,
    late: Annotated[
        str, typer.Option(help="What late submissions cost: none, zero, or an nbgrader plugin as module:Class.")
    ] = "none",
) -> None:
    """Grade a class: scores.csv, feedback pages, a summary.

    A run that was stopped or killed goes on where it was when the same command is given again. timestamps.csv beside
    the submissions (student,timestamp) says when they were handed in. The gradebook of before the run is in backups/.

    On many machines: install llmcourse[cluster] and bubblewrap on each, run `dask scheduler` on one and
    `dask worker tcp://HOST:8786 --nthreads 1 --nworkers auto` on the others, and grade with --cluster tcp://HOST:8786.
    """
    from llmcourse.course.grading import GradingError
    from llmcourse.course.grading import grade as run
    from llmcourse.course.grading.report import print_summary

    root = _root()
    name = _chapters(root, assignment)[0] if assignment else None
    try:
        source = root / "solutions"
        report = run(
            submissions,
            output,
            name,
            source,
            timeout,
            workers=workers,
            cluster=cluster,
            unsafe=unsafe,
            force=force,
            only=only or (),
            exercise=exercise,
            due=due,
            late=late,
            progress=True,
        )
    except GradingError as error:
        _fail(error)
    except KeyboardInterrupt:
        console.print(f"Stopped. What is graded is kept in {output}; the same command goes on from there.")
        raise typer.Exit(130) from None
    print_summary(report, console)


@authors_command
def report(
    output: Annotated[Path, typer.Argument(help="The folder that `llmcourse grade` wrote.")] = Path("grades"),
    bank: Annotated[
        bool, typer.Option(help="Grade the course's wrong solutions, once: mistakes are then known by how they fail.")
    ] = True,
) -> None:
    """Say how a class did: totals, the hardest exercises, frequent mistakes, near-identical submissions."""
    from llmcourse.course.grading import GradingError
    from llmcourse.course.grading.analysis import analyse
    from llmcourse.course.grading.bank import bank_of
    from llmcourse.course.grading.report_page import print_analysis, report_page
    from llmcourse.course.paths import write_atomically

    try:
        with console.status("reading the class") as shown:
            analysis = analyse(output, bank_of(_root()), grade_bank=bank, on_step=shown.update)
    except GradingError as error:
        _fail(error)
    print_analysis(analysis, console)
    path = output / "report.html"
    write_atomically(path, report_page(analysis))
    console.print(f"\nThe whole report is at {os.path.relpath(path)}", soft_wrap=True)


@authors_command
def export(
    output: Annotated[Path, typer.Argument(help="The folder that `llmcourse grade` wrote.")] = Path("grades"),
    kind: Annotated[str, typer.Option("--format", help="csv, canvas or moodle.")] = "csv",
    to: Annotated[Path | None, typer.Option(help="The file; in the output folder without it.")] = None,
    roster: Annotated[Path | None, typer.Option(help="A CSV file that says what other systems call the students.")] = None,
    assignment: Annotated[list[str] | None, typer.Option(help="An assignment; again for more, all without it.")] = None,
    title: Annotated[
        list[str] | None, typer.Option(help="What the other system calls one: 01_tokenization='Tokenization (4711)'.")
    ] = None,
    partial: Annotated[bool, typer.Option(help="Also when answers are not marked yet; they count 0.")] = False,
) -> None:
    """Take the marks to a spreadsheet, to Canvas or to Moodle."""
    from llmcourse.course.grading import GradingError
    from llmcourse.course.grading.exports import export as write

    if wrong := [one for one in title or [] if "=" not in one]:
        _fail(f"--title {wrong[0]}: write ASSIGNMENT=TITLE")
    titles = dict(one.split("=", 1) for one in title or [])
    try:
        wanted = assignment or []
        path = write(output, kind, to, roster=roster, assignments=wanted, titles=titles, partial=partial)
    except GradingError as error:
        _fail(error)
    console.print(f"written   {os.path.relpath(path)}", soft_wrap=True)


def main() -> None:
    """Entry point of the `llmcourse` command."""
    app()
