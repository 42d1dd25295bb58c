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

from llmcourse._sections import OVERLAY_FOLDER, move_old_overlay, switched_to_reference
from llmcourse.course import progress
from llmcourse.course.notebooks import Score
from llmcourse.course.paths import course_root, find_workspace
from llmcourse.course.pieces import Piece, removed_pieces
from llmcourse.course.spared import spare_imports
from llmcourse.course.terminal import app, chapters_named, command, console, fail, root_folder


def _workspace(root: Path) -> Path:
    workspace = find_workspace() or root / "work"
    if move_old_overlay(workspace):
        console.print(f"Your pieces are in {os.path.relpath(workspace / OVERLAY_FOLDER)} now.")
    return workspace


@app.command()
def start(
    chapter: Annotated[str | None, typer.Argument(help="A chapter's number or name; all without it.")] = None,
) -> None:
    """Copy a chapter's notebooks into your workspace. Your own work is never overwritten."""
    from llmcourse.course import starting

    root = root_folder()
    workspace = _workspace(root)
    started = [done for name in chapters_named(root, chapter) for done in starting.start(root, workspace, name)]
    for one in started:
        console.print(f"{one.outcome:14} {os.path.relpath(one.path)}", soft_wrap=True)
        if one.beside:
            what = "with your answers in it, is" if one.holds_answers else "is"
            console.print(
                f"               the new release, {what} beside it: {os.path.relpath(one.beside)}", soft_wrap=True
            )
    if any(one.holds_answers for one in started):
        console.print("Look the new file over, then rename it to the old one's name: that name is what counts.")
    first = str(int(started[0].path.parent.name[:2])) if started else "1"
    console.print(f"Next: [bold]{command('lab')}[/] opens your notebooks; read them from the top.", soft_wrap=True)
    console.print(f"Then: [bold]{command(f'check {first}')}[/] checks your answers.", soft_wrap=True)


@app.command()
def check(
    chapter: Annotated[str, typer.Argument(help="A chapter's number or name, or an exercise's number or piece.")],
    exercises: Annotated[
        list[str] | None, typer.Argument(help="Exercises by number or piece, or notebooks; all without them.")
    ] = None,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Run the hidden tests too, as grading does. They are in a full checkout.")
    ] = False,
) -> None:
    """Run your notebook's graded cells, as last saved, and tell each exercise's points, or the hint."""
    from llmcourse.course import checking, starting

    root = root_folder()
    notes: list[str] = []
    try:
        assignment, only = starting.find_exercise(root, chapter)
        only += exercises or []
        with console.status(f"running {assignment}"):
            done = checking.check(root, _workspace(root), assignment, only, hidden=hidden, on_note=notes.append)
            outcomes = list(done)
    except (FileNotFoundError, ValueError) as error:
        fail(error)
    if starting.is_outdated(root, _workspace(root), assignment):
        again = f"`{command(f'start {assignment}')}` puts the new one, with your answers, beside it."
        console.print(f"Your copy is of an older release: {again}", soft_wrap=True)
    for note in notes:
        console.print(f"[yellow]note[/]  {escape(note)}", soft_wrap=True)
    told = ""
    for outcome in outcomes:
        points = outcome.exercise.points
        mark = "[green]✓[/]" if outcome.passed else "[red]✗[/]"
        console.print(f"{mark} {points * outcome.passed:g}/{points:g}  {outcome.exercise.title}")
        if outcome.hint and outcome.hint != told:  # what is wrong with a whole notebook is told once
            console.print("      " + escape(outcome.hint).replace("\n", "\n      "), style="dim", soft_wrap=True)
        told = outcome.hint
    which = "all checks, hidden ones too" if hidden else f"the visible checks; {_about_hidden(root, assignment)}"
    score = Score.of((outcome.exercise, outcome.passed) for outcome in outcomes)
    by_hand = checking.written_beside(root, [outcome.exercise for outcome in outcomes])
    _say_points(score + Score.of((exercise, False) for exercise in by_hand), which)
    console.print("What was checked is your notebook as last saved.", style="dim")
    raise typer.Exit(0 if score.earned == score.total else 1)


def _about_hidden(root: Path, assignment: str) -> str:
    """What to say of the hidden tests to somebody who has passed what can be seen."""
    if not (root / "solutions" / assignment).is_dir():
        return "grading adds hidden ones"
    return f"grading adds hidden ones, and [bold]{command(f'check {int(assignment[:2])} --hidden')}[/] runs them too"


@app.command()
def status(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Chapters to show; with --use, pieces to switch. All without them.", metavar="[WORDS]..."),
    ] = None,
    use: Annotated[str | None, typer.Option(help="Run the library on `mine` or on the `reference`.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Draw it as a map, a page in your workspace.")] = False,
) -> None:
    """Show your progress, and whose code the library runs."""
    from llmcourse.course.standing import standing

    root = root_folder()
    workspace = _workspace(root)
    if use:
        _switch(workspace, words, use)
        return
    shown = [chapters_named(root, word)[0] for word in words] if words else chapters_named(root, None)
    if html:
        from llmcourse.course.status_page import write_status_page

        page = write_status_page(root, workspace, shown)
        console.print(f"Your map of the course is {escape(os.path.relpath(page))}", soft_wrap=True)
        return
    table = Table("exercise", "points", "the library runs", title=f"workspace {os.path.relpath(workspace)}")
    whose = _Whose(workspace)
    score = Score()
    changed: list[str] = []
    for assignment in shown:
        standings = standing(root, workspace, assignment)
        own = Score.of((each.exercise, each.state == "passed") for each in standings)
        score += own
        table.add_section()
        table.add_row(f"[bold]{assignment}[/]", f"[bold]{own.earned:g} of {own.total:g}[/]", "")
        notebook = assignment
        for each in standings:
            if each.exercise.notebook != notebook:
                notebook = each.exercise.notebook
                table.add_row(f"[dim]{notebook}[/]", "", "")
            table.add_row(each.exercise.title, _points(each), whose.runs(each.exercise.piece))
        if any(each.state == "changed" for each in standings):
            changed.append(assignment)
    console.print(table)
    for piece, reason in whose.unusable.items():
        console.print(f"[red]not usable[/]  {piece.name}: {escape(reason)}. Run its cell again.", soft_wrap=True)
    for assignment in changed:
        again = command(f"check {int(assignment[:2])}")
        console.print(
            f"changed: not what was checked last, as saved. [bold]{again}[/] checks it again.", soft_wrap=True
        )
    _say_points(score, "the visible checks")


def _say_points(score: Score, which: str) -> None:
    """Tell what checks have given, and what is not theirs to give: `check` and `status` count alike."""
    console.print(f"[bold]{score.earned:g} of {score.total:g} points[/] by {which}.", soft_wrap=True)
    if score.by_hand:
        console.print(f"{score.by_hand:g} more points, for what is written, are given by hand.", soft_wrap=True)


def _switch(workspace: Path, pieces: list[str] | None, use: str) -> None:
    """Switch pieces, and say what each of them is now."""
    own = progress.own_pieces(workspace)
    try:
        chosen = _select(own, pieces)
        if use == "reference":
            _need_references(chosen)
        progress.use(workspace, chosen, use)
    except ValueError as error:
        fail(error)
    whose = _Whose(workspace)
    for piece in sorted(chosen):
        console.print(f"{piece.name:30} {whose.runs(piece)}")
    console.print("Kernels that are running keep what they have: restart them.")


class _Whose:
    """Whose code the library runs for a piece."""

    def __init__(self, workspace: Path):
        self.own = progress.own_pieces(workspace)
        self.unusable = progress.unusable_pieces(workspace)
        self.off = switched_to_reference(workspace)

    def runs(self, piece: Piece | None) -> str:
        """In a word, for the terminal."""
        if piece is None:
            return ""
        without = "not written" if piece in removed_pieces() else "[dim]reference[/]"
        if piece not in self.own:
            return without
        if piece in self.unusable:
            return f"{without} [red](yours is not usable)[/]"
        return "reference (yours is off)" if str(piece) in self.off else "[green]yours[/]"


def _points(standing: Any) -> str:
    item, state = standing.exercise, standing.state
    if item.is_written:
        return f"–/{item.points:g} by hand"
    shown = {"passed": f"[green]{item.points:g}/{item.points:g}[/]", "failed": f"[red]0/{item.points:g}[/]"}
    return shown.get(state, f"[dim]–/{item.points:g}[/]" + (" [yellow]changed[/]" if state == "changed" else ""))


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
    for fault in done.not_valid:
        console.print(f"[red]not valid[/]  {escape(fault)}", soft_wrap=True)
    for note in done.notes:
        console.print(f"[yellow]note[/]  {escape(note)}", soft_wrap=True)
    what = f"Hand in [bold]{escape(os.path.relpath(done.archive))}[/]"
    console.print(f"{what}: it holds {', '.join(done.notebooks)} as last saved.", soft_wrap=True)
    console.print(f"It lies in {escape(str(done.archive.resolve().parent))}", soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on your workspace; further options go to JupyterLab."""
    from llmcourse.course import starting
    from llmcourse.course.lab import is_root, lab_environment, lab_options

    root = root_folder()
    workspace = _workspace(root)
    if not workspace.exists():
        for assignment in chapters_named(root, None):
            starting.start(root, workspace, assignment)
    os.environ |= lab_environment(workspace)
    first = starting.first_file(root, workspace)
    options = lab_options(context.args, first.relative_to(workspace).as_posix() if first else "")
    if is_root():
        console.print("You are root here, so JupyterLab and your notebooks run as root (--allow-root).", soft_wrap=True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", str(workspace), *options])


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


@app.command()
def memory(
    parameters: Annotated[str | None, typer.Option(help="How many parameters are trained, such as 7.5e9.")] = None,
    model: Annotated[str | None, typer.Option(help="A model by name, or its configuration, a JSON file.")] = None,
    ranks: Annotated[int, typer.Option(help="How many ranks share the work.")] = 1,
    precision: Annotated[str, typer.Option(help="fp32, mixed (2-byte weights, fp32 copy) or bf16.")] = "mixed",
    batch_size: Annotated[int, typer.Option(help="Sequences of one rank's micro-batch; with --model.")] = 1,
    seq_len: Annotated[int | None, typer.Option(help="Their length; the model's longest without it.")] = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Blocks keep their inputs alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Bytes, as JSON.")] = False,
) -> None:
    """Tell what a rank needs to train with AdamW, for each stage of ZeRO: GB, and the cards that have as many."""
    import json

    from llmcourse.course.ledger import in_gb, ledger

    try:
        told = ledger(parameters, model, ranks, precision, batch_size, seq_len, recompute)
    except ValueError as error:
        fail(error)
    if as_json:
        print(json.dumps(told, indent=2))
        return
    parts = [name for name in told["stages"][0] if name not in ("stage", "total", "fits_on_gb")]
    table = Table("stage", *(name.replace("_", " ") for name in parts), "total (GB)", "fits on")
    for row in told["stages"]:
        fits = ", ".join(f"{card} GB" for card in row["fits_on_gb"]) or "none of them"
        table.add_row(str(row["stage"]), *(in_gb(row[name]) for name in parts), f"[bold]{in_gb(row['total'])}[/]", fits)
    console.print(table)


@app.command()
def plan(
    gpus: Annotated[int, typer.Option(help="How many devices.")],
    gpu: Annotated[str, typer.Option(help="Which: a100, h100, h200, b200, mi300x or rtx4090.")],
    hours: Annotated[float, typer.Option(help="For how long.")],
    moe: Annotated[bool, typer.Option("--moe", help="Feed-forward networks are mixtures of experts.")] = False,
    parameters: Annotated[str | None, typer.Option(help="About how many; the best number without it.")] = None,
    mfu: Annotated[float, typer.Option(help="The share of the peak to count on.")] = 0.4,
    vocab_size: Annotated[int, typer.Option(help="Of the tokenizer.")] = 32000,
    seq_len: Annotated[int, typer.Option(help="Of training.")] = 2048,
    runs: Annotated[Path | None, typer.Option(help="Your own runs, a table: the law is fitted to them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it, as JSON.")] = False,
    config_out: Annotated[Path | None, typer.Option(help="Write the run's configuration into this file.")] = None,
) -> None:
    """Plan a run: the best model for some devices and hours, how to train it, what to expect, and why."""
    import json

    from llmcourse.course.plans import planned, rows
    from llmcourse.scaling_laws.plan_file import write_config

    try:
        told = planned(gpus, gpu, hours, moe, parameters, mfu, vocab_size, seq_len, runs)
        if config_out is not None:
            write_config(told, config_out)
    except (OSError, ValueError) as error:
        fail(error)
    if as_json:
        print(json.dumps(told.as_dict(), indent=2))
        return
    table = Table(show_header=False, box=None)
    for about, what in rows(told):
        table.add_row(f"[bold]{about}[/]", escape(what))
    console.print(table)
    for warning in told.warnings:
        console.print(f"[yellow]note[/]  {escape(warning)}", soft_wrap=True)
    console.print("\nWhat it rests on:")
    for assumption in told.assumptions:
        why = f"{escape(assumption.assumed)} [dim]({escape(assumption.source)})[/]"
        console.print(f"  [bold]{assumption.about}[/]: {why}")
    if config_out is not None:
        console.print(f"\nThe run's configuration is in {escape(str(config_out))}", soft_wrap=True)


def main() -> None:
    """Entry point of the `llmcourse` command."""
    spare_imports()
    app()


import_module("llmcourse.course.scaling")
import_module("llmcourse.course.tokenizing")
import_module("llmcourse.course.pretraining")
import_module("llmcourse.course.training")
for room in ("author", "grading"):
    if find_spec(f"llmcourse.course.{room}"):  # a student edition comes without them
        import_module(f"llmcourse.course.{room}.commands")
