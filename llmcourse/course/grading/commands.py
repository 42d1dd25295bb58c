"""The commands of whoever grades: `grade`, `report`, `export`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from llmcourse.course.spared import uncollected
from llmcourse.course.terminal import app, chapters_named, console, fail, root_folder


@app.command()
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder with one folder or one .zip a student, or what Moodle or Canvas made.")
    ],
    assignment: Annotated[
        str | None, typer.Option(help="A chapter's number or name; all that were handed in without it.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where scores, feedback and the gradebook go.")] = Path("grades"),
    timeout: Annotated[float, typer.Option(help="Seconds that one cell may take.")] = 60.0,
    workers: Annotated[
        int | None, typer.Option(help="Submissions run side by side; as many as there are cores without it.")
    ] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Go on where nothing can be shut in: submissions can change their scores.")
    ] = False,
    trusted: Annotated[
        bool, typer.Option("--trusted", help="Do as --unsafe where nothing can be shut in, and only there.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Grade unchanged submissions again.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Grade this student alone, again if need be; can be given several times.")
    ] = None,
    due: Annotated[
        str | None, typer.Option(help="When the assignment is due, in UTC: '2026-10-01 18:00'. Kept in the gradebook.")
    ] = None,
    late: Annotated[
        str | None,
        typer.Option(help="What late submissions cost: none, zero, or an nbgrader plugin as module:Class. Kept, too."),
    ] = None,
) -> None:
    """Grade a class: scores.csv, feedback pages, a summary.

    A run that was stopped or killed goes on where it was when the same command is given again. timestamps.csv beside
    the submissions (student,timestamp) says when they were handed in. The gradebook of before the run is in backups/.
    """
    with uncollected():
        from llmcourse.course.grading.errors import GradingError
        from llmcourse.course.grading.options import GradeOptions
        from llmcourse.course.grading.results.report import print_summary
        from llmcourse.course.grading.run import grade_class
        from llmcourse.course.grading.trial.rooms import why_not

    root = root_folder()
    name = chapters_named(root, assignment)[0] if assignment else None
    why_unsafe = why_not() if trusted and not unsafe else ""
    try:
        asked = GradeOptions(
            name,
            root / "solutions",
            timeout,
            workers=workers,
            unsafe=unsafe or bool(why_unsafe),
            force=force,
            only=only or (),
            due=due,
            late=late,
            progress=True,
        )
        report = grade_class(submissions, output, asked)
    except GradingError as error:
        fail(error)
    except KeyboardInterrupt:
        console.print(f"Stopped. What is graded is kept in {output}; the same command goes on from there.")
        raise typer.Exit(130) from None
    print_summary(report, console, why_unsafe)


@app.command()
def report(
    output: Annotated[Path, typer.Argument(help="The folder that `llmcourse grade` wrote.")] = Path("grades"),
    bank: Annotated[
        bool, typer.Option(help="Grade the course's wrong solutions, once: mistakes are then known by how they fail.")
    ] = True,
) -> None:
    """Say how a class did: totals, the hardest exercises, frequent mistakes, near-identical submissions."""
    from llmcourse.course.grading.errors import GradingError
    from llmcourse.course.grading.insight.analysis import analyse
    from llmcourse.course.grading.insight.bank import bank_of
    from llmcourse.course.grading.insight.report_page import print_analysis, report_page
    from llmcourse.files import write_atomically

    try:
        with console.status("reading the class") as shown:
            analysis = analyse(output, bank_of(root_folder()), grade_bank=bank, on_step=shown.update)
    except GradingError as error:
        fail(error)
    print_analysis(analysis, console)
    path = output / "report.html"
    write_atomically(path, report_page(analysis))
    console.print(f"\nThe whole report is at {os.path.relpath(path)}", soft_wrap=True)


@app.command()
def export(
    output: Annotated[Path, typer.Argument(help="The folder that `llmcourse grade` wrote.")] = Path("grades"),
    kind: Annotated[str, typer.Option("--format", help="csv, canvas or moodle.")] = "csv",
    to: Annotated[Path | None, typer.Option(help="The file; in the output folder without it.")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="A CSV file that says what other systems call the students.")
    ] = None,
    assignment: Annotated[list[str] | None, typer.Option(help="An assignment; again for more, all without it.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A student who is left out; again for more.")] = None,
    title: Annotated[
        list[str] | None, typer.Option(help="What the other system calls one: 01_tokenization='Tokenization (4711)'.")
    ] = None,
    partial: Annotated[bool, typer.Option(help="Also when answers are not marked yet; they count 0.")] = False,
) -> None:
    """Take the marks to a spreadsheet, to Canvas or to Moodle."""
    from llmcourse.course.grading.errors import GradingError
    from llmcourse.course.grading.results.exports import export as write

    if wrong := [one for one in title or [] if "=" not in one]:
        fail(f"--title {wrong[0]}: write ASSIGNMENT=TITLE")
    titles = dict(one.split("=", 1) for one in title or [])
    try:
        told = {"roster": roster, "assignments": assignment or [], "without": without or [], "titles": titles}
        path = write(output, kind, to, partial=partial, **told)
    except GradingError as error:
        fail(error)
    console.print(f"written   {os.path.relpath(path)}", soft_wrap=True)
