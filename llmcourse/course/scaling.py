"""`llmcourse scaling`: a table of runs, fitted in two ways, as values that JSON can hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from llmcourse.course.terminal import app, console, fail
from llmcourse.scaling_laws.fitting import fit_law, some_starts
from llmcourse.scaling_laws.intervals import law_intervals
from llmcourse.scaling_laws.isoflop import frontier, isoflop_optima
from llmcourse.scaling_laws.runs import Runs, floor_note, read_runs, refuse_unfit

scaling = typer.Typer(no_args_is_help=True, help="Fit scaling laws to a table of runs.")
app.add_typer(scaling, name="scaling")

NUMBERS = ("E", "A", "B", "alpha", "beta", "a", "b")


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """Words such as "loss=final" as a dictionary.

    Raises:
        ValueError: One has no "=".

    Example:
        >>> pairs(["loss=final", "params=size"], "--column")
        {'loss': 'final', 'params': 'size'}
    """
    if wrong := [word for word in words if "=" not in word]:
        raise ValueError(f"{option} is {wrong[0]!r}; it must be of the form name=value")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def read(path: Path, columns: Sequence[str], where: Sequence[str], drop_largest: int) -> Runs:
    """The runs of a file that are wanted."""
    runs = read_runs(path, columns=pairs(columns, "--column"), where=pairs(where, "--where"))
    return runs.without_largest_losses(drop_largest)


def fitted(runs: Runs, n_starts: int, n_bootstrap: int, level: float, seed: int = 0) -> dict[str, Any]:
    """A fit of a law to runs, and its intervals.

    Raises:
        ValueError: No law can be fitted to them; the message names the lines.
    """
    for name, value, least in (("starts", n_starts, 1), ("bootstrap", n_bootstrap, 0)):
        if value < least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1")
    refuse_unfit(runs.n_params, runs.n_tokens, runs.losses, runs.rows)
    fit = fit_law(runs.n_params, runs.n_tokens, runs.losses, starts=some_starts(n_starts, seed))
    told: dict[str, Any] = {name: getattr(fit.law, name) for name in ("A", "B", "E", "alpha", "beta")}
    told["a"], told["b"] = fit.law.exponents
    told |= {"objective": fit.objective, "n_points": fit.n_points, "n_dropped": runs.n_dropped}
    told |= {"n_starts": fit.n_starts, "n_agreeing": fit.n_agreeing}
    found = law_intervals(runs, fit, level, n_bootstrap, seed) if n_bootstrap else {}
    # A number that the runs do not bound at all is infinite, for which JSON has no word.
    finite = {name: [end if math.isfinite(end) else None for end in ends] for name, ends in found.items()}
    told |= {"intervals": finite, "level": level}
    return told | {"n_bootstrap": n_bootstrap, "notes": [*runs.notes, *filter(None, [floor_note(runs, fit.law.E)])]}


def parabolas(runs: Runs, tolerance: float) -> dict[str, Any]:
    """The best model of each budget, and how it grows.

    Raises:
        ValueError: Fewer than two budgets have one; the message names the lines.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}; it must be above 0")
    optima, notes = isoflop_optima(runs, tolerance)
    of_n, of_d = frontier(optima)
    outside = [o for o in optima if not o.is_inside]
    notes += [
        f"lines {', '.join(map(str, o.rows))}, budget {o.flops:.3g}: the lowest point lies outside of the sizes tried"
        for o in outside
    ]
    rows = [vars(o) | {"rows": list(o.rows)} for o in optima]
    told = {"a": of_n.exponent, "b": of_d.exponent, "n_factor": of_n.factor, "d_factor": of_d.factor}
    return told | {"n_points": len(runs), "n_dropped": runs.n_dropped, "optima": rows, "notes": [*runs.notes, *notes]}


File = Annotated[Path, typer.Argument(help="A CSV of runs: parameters, tokens, loss.")]
Columns = Annotated[list[str] | None, typer.Option("--column", help="Its name, where unusual: loss=final_ce.")]
Where = Annotated[list[str] | None, typer.Option("--where", help="Only rows that say so: corpus=toy.")]
Drop = Annotated[int, typer.Option(help="Leave out so many runs, those with the largest losses.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@scaling.command("fit")
def fit_command(
    runs: File,
    bootstrap: Annotated[int, typer.Option(help="Samples for the intervals; 0 for none.")] = 1000,
    starts: Annotated[int, typer.Option(help="Starts of the search, 4,500 at most.")] = 500,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    drop_largest: Drop = 0,
    column: Columns = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Fit L = E + A / N^alpha + B / D^beta to a table of runs, with an interval for each number."""
    try:
        told = fitted(read(runs, column or [], where or [], drop_largest), starts, bootstrap, level)
    except ValueError as error:
        fail(error)
    if as_json:
        print(json.dumps(told, indent=2))
        return
    table = Table("", "fit", f"{100 * level:g}% interval" if bootstrap else "")
    for name in NUMBERS:
        ends = ["no bound" if end is None else f"{end:.4g}" for end in told["intervals"].get(name, [])]
        shown = " to ".join(ends)
        table.add_row(name, f"{told[name]:.5g}", shown)
    console.print(table)
    console.print(
        "L = E + A / N^alpha + B / D^beta; the best model of a budget C has N ~ C^a, D ~ C^b.", soft_wrap=True
    )
    _say_runs(told)
    agree = f"{told['n_agreeing']} of the starts followed to their end agree"
    console.print(f"objective {told['objective']:.6g}, the best of {told['n_starts']} starts; {agree}", soft_wrap=True)


@scaling.command("isoflop")
def isoflop_command(
    runs: File,
    tolerance: Annotated[float, typer.Option(help="Budgets so close, relatively, are one.")] = 0.1,
    drop_largest: Drop = 0,
    column: Columns = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Find the best model of each budget with a parabola, and how it grows with the budget."""
    try:
        told = parabolas(read(runs, column or [], where or [], drop_largest), tolerance)
    except ValueError as error:
        fail(error)
    if as_json:
        print(json.dumps(told, indent=2))
        return
    table = Table("budget", "runs", "best N", "its D", "loss", "best run's N", "its loss")
    for o in told["optima"]:
        table.add_row(
            f"{o['flops']:.3g}", str(o["n_points"]), f"{o['n_params']:.4g}", f"{o['n_tokens']:.4g}",
            f"{o['loss']:.4f}", f"{o['argmin_params']:.4g}", f"{o['argmin_loss']:.4f}",
        )  # fmt: skip
    console.print(table)
    console.print(f"N ~ C^{told['a']:.4g}, D ~ C^{told['b']:.4g}")
    _say_runs(told)


def _say_runs(told: Mapping[str, Any]) -> None:
    """How many runs, and what is odd about them."""
    console.print(f"{told['n_points']} runs, {told['n_dropped']} left out")
    for note in told["notes"]:
        console.print(f"[yellow]note[/]  {escape(note)}", soft_wrap=True)
