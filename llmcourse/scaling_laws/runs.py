"""A table of runs, parameters, tokens and loss: read from any CSV, or refused by row (chapter 5)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

N_NUMBERS = 5
"""The numbers of a law: E, A, B, alpha, beta."""

NAMES: dict[str, tuple[str, ...]] = {
    "params": (
        "nparams", "params", "parameters", "nparameters", "numparams", "numparameters", "modelsize", "n", "size",
        "activeparams", "activeparameters", "nactiveparams", "nonembeddingparams", "nonembeddingparameters",
    ),
    "tokens": (
        "ntokens", "tokens", "trainingtokens", "traintokens", "numtokens", "tokensseen", "datasetsize", "d",
    ),
    "loss": (
        "loss", "losses", "finalloss", "valloss", "validationloss", "testloss", "evalloss", "heldoutloss", "l",
        "trainloss", "trainingloss",
    ),
    "flops": ("flops", "flop", "trainingflops", "trainingflop", "trainflops", "compute", "c", "budget"),
}  # fmt: skip
"""The usual names of columns, without case, blanks and marks."""

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Runs:
    """Runs, one a position in each array.

    Attributes:
        n_params, n_tokens, losses: Parameters, training tokens, final losses in nats a token; float64.
        flops: Operations of each run: as given, or 6 for each parameter and token.
        rows: The line of the file that each run stands on, counted from 1; or its position, counted from 0.
        n_dropped: Runs that were left out.
        notes: Sentences about what is odd, which name the lines.
    """

    n_params: np.ndarray
    n_tokens: np.ndarray
    losses: np.ndarray
    flops: np.ndarray
    rows: tuple[int, ...]
    n_dropped: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.losses)

    def subset(self, keep: Any, note: str = "") -> Runs:
        """Some of the runs: a mask or positions; the others count as dropped."""
        kept = np.arange(len(self))[np.asarray(keep)]
        arrays = {name: getattr(self, name)[kept] for name in ("n_params", "n_tokens", "losses", "flops")}
        dropped = self.n_dropped + len(self) - len(kept)
        notes = (*self.notes, note) if note else self.notes
        return replace(self, **arrays, rows=tuple(self.rows[i] for i in kept), n_dropped=dropped, notes=notes)

    def without_largest_losses(self, n: int) -> Runs:
        """All but the `n` runs with the largest losses.

        Raises:
            ValueError: `n` is below 0, or there are not so many.
        """
        if not 0 <= n < len(self):
            raise ValueError(f"the number of runs to drop is {n}; it must be from 0 to {len(self) - 1}")
        last = np.sort(np.argsort(self.losses, kind="stable")[len(self) - n :])
        note = f"{_lines([self.rows[i] for i in last])}: left out, the largest losses" if n else ""
        return self.subset(np.setdiff1d(np.arange(len(self)), last), note)


def as_runs(n_params: Any, n_tokens: Any, losses: Any, flops: Any = None) -> Runs:
    """Arrays as runs.

    Example:
        >>> as_runs([1e6, 2e6], [1e8, 1e8], [3.0, 2.5]).flops
        array([6.0e+14, 1.2e+15])
    """
    n, d, loss = (np.asarray(values, np.float64) for values in (n_params, n_tokens, losses))
    given = 6 * n * d if flops is None else np.asarray(flops, np.float64)
    return Runs(n, d, loss, given, tuple(range(len(n))))


def read_runs(
    path: str | Path, *, columns: Mapping[str, str] | None = None, where: Mapping[str, str] | None = None
) -> Runs:
    """Read runs from a CSV file.

    The first line that is neither empty nor begins with "#" names the columns. Those of parameters, tokens and loss are
    found by their usual names; one of flops is used if there is one. Where there are flops and no tokens, the tokens
    are flops / (6 * parameters). Columns may be separated by commas, semicolons, tabs or bars.

    A run that stands there twice, with the same loss, counts once, and empty lines not at all; notes say which.

    Args:
        path: The file.
        columns: "params", "tokens", "loss" or "flops" -> the name of the column, where it is another.
        where: A column's name -> what a row must say there to be read.

    Raises:
        ValueError: The file cannot be read, lacks a column, or has a row with another number of cells or a value that
            is no finite number above 0; the message names the lines.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "runs.csv")
        ...     _ = file.write_text("Model size;Tokens;Loss\\n1e6;2e7;4.5\\n2e6;4e7;4.1\\n")
        ...     runs = read_runs(file)
        >>> runs.n_tokens, runs.rows
        (array([20000000., 40000000.]), (2, 3))
    """
    lines = _read_lines(Path(path))
    head, *body = [(i, line) for i, line in lines if line.strip()] or [(1, "")]
    if not head[1]:
        raise ValueError(f"{path} is empty; it must hold a header and a line for each run")
    delimiter = max(DELIMITERS, key=head[1].count)
    titles = [title.strip() for title in _cells(head[1], delimiter)]
    places = _find_columns(titles, dict(columns or {}), head[0])
    rows = [(i, [cell.strip() for cell in _cells(line, delimiter)]) for i, line in body]
    if odd := [i for i, cells in rows if len(cells) != len(titles)]:
        told = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}[delimiter]
        raise ValueError(f"{_lines(odd)}: not {len(titles)} cells separated by {told}, as in the header")
    rows = _chosen(rows, titles, dict(where or {}), head[0])
    if not rows:
        raise ValueError(f"{path} holds no run; it must hold a header and a line for each run")
    numbers, faults = {}, []
    for name, place in places.items():
        numbers[name], fault = _numbers(rows, place, titles[place])
        faults += [fault] if fault else []
    if faults:
        raise ValueError("; ".join(faults))
    runs = _made(numbers, tuple(i for i, _ in rows), _empty_lines(lines))
    return _without_copies(runs)


def refuse_unfit(
    n_params: np.ndarray, n_tokens: np.ndarray, losses: np.ndarray, rows: Sequence[int] | None = None
) -> None:
    """Refuse runs to which no law can be fitted.

    Args:
        n_params, n_tokens, losses: Of the runs, each of shape (n_points,).
        rows: Their lines in a file; without it they are counted from 0 and called runs.

    Raises:
        ValueError: Shapes differ, a value is not above 0, there are fewer than 5 different runs, or all have one
            budget, one size or one number of tokens.
    """
    word, rows = ("run", range(len(losses))) if rows is None else ("line", rows)
    for name, values in {"n_params": n_params, "n_tokens": n_tokens, "losses": losses}.items():
        if values.shape != losses.shape or values.ndim != 1:
            raise ValueError(f"{name} has the shape {values.shape}; it must have that of losses, ({losses.size},)")
        bad = [row for row, value in zip(rows, values) if not 0 < value < np.inf]
        if bad:
            raise ValueError(f"{_lines(bad, word)}: {name} is no finite number above 0; it must be one")
    pairs = np.unique(np.stack([n_params, n_tokens]).round(9), axis=1).shape[1]
    if pairs < N_NUMBERS:
        every = _lines(rows, word) if len(losses) else "no runs"
        raise ValueError(
            f"{every}: the number of different pairs of parameters and tokens is {pairs}; it must be at least "
            f"{N_NUMBERS}, one for each number of the law"
        )
    for what, values in {"budget": n_params * n_tokens, "size": n_params, "number of tokens": n_tokens}.items():
        if values.max() / values.min() < 1.01:
            raise ValueError(f"{_lines(rows, word)}: all have one {what}; there must be at least two")


def floor_note(runs: Runs, floor: float) -> str:
    """A sentence on runs whose loss is below a fitted floor, which no model can reach; empty where there is none."""
    below = [row for row, loss in zip(runs.rows, runs.losses) if loss < floor]
    if not below:
        return ""
    verb = "has a loss" if len(below) == 1 else "have losses"
    return f"{_lines(below)}: {verb} below the fitted floor E = {floor:.4g}, which the law says nobody reaches"


def _lines(rows: Sequence[int], word: str = "line") -> str:
    """Rows in words: 'line 3', 'lines 3, 4 and 9', or the first ones of many."""
    shown = [str(row) for row in list(rows)[:8]]
    if len(rows) == 1:
        return f"{word} {shown[0]}"
    if len(rows) > len(shown):
        return f"{word}s {', '.join(shown)} and {len(rows) - len(shown)} more"
    return f"{word}s {', '.join(shown[:-1])} and {shown[-1]}"


def _read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines that are no comments, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    return [(i, line) for i, line in enumerate(text.splitlines(), 1) if not line.startswith("#")]


def _empty_lines(lines: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """A note on empty lines, if there are any but at the end."""
    last = max((i for i, line in lines if line.strip()), default=0)
    empty = [i for i, line in lines if not line.strip() and i < last]
    return (f"{_lines(empty)}: empty, skipped",) if empty else ()


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.casefold())


def _find_columns(titles: Sequence[str], given: dict[str, str], line: int) -> dict[str, int]:
    """Where parameters, tokens, loss and flops stand."""
    if unknown := [name for name in given if name not in NAMES]:
        raise ValueError(f"the column {unknown[0]!r} is not known; it must be one of {', '.join(NAMES)}")
    places, plain = {}, [_plain(title) for title in titles]
    for name, usual in NAMES.items():
        if name in given:
            if given[name] not in titles:
                raise ValueError(f"line {line}: no column {given[name]!r}; there are {', '.join(map(repr, titles))}")
            places[name] = titles.index(given[name])
        elif found := [plain.index(title) for title in usual if title in plain]:
            places[name] = found[0]
    missing = [n for n in ("params", "tokens", "loss") if n not in places and not (n == "tokens" and "flops" in places)]
    if missing:
        raise ValueError(
            f"line {line}: no column of {' and '.join(missing)}; there are {', '.join(map(repr, titles))}. "
            "Name the column, or separate columns by commas, semicolons or tabs"
        )
    return places


def _chosen(
    rows: list[tuple[int, list[str]]], titles: Sequence[str], where: Mapping[str, str], line: int
) -> list[tuple[int, list[str]]]:
    """The rows that say what is wanted in some columns."""
    for title, value in where.items():
        if title not in titles:
            raise ValueError(f"line {line}: no column {title!r}; there are {', '.join(map(repr, titles))}")
        known = sorted({cells[titles.index(title)] for _, cells in rows})
        rows = [(i, cells) for i, cells in rows if cells[titles.index(title)] == value]
        if not rows:
            raise ValueError(f"{title} is {value!r}; it must be one of {', '.join(map(repr, known))}")
    return rows


def _numbers(rows: Sequence[tuple[int, list[str]]], place: int, title: str) -> tuple[np.ndarray, str]:
    """A column's numbers, and a sentence about those that are none."""
    values, bad = [], []
    for i, cells in rows:
        try:
            values.append(float(cells[place]))
        except ValueError:
            values.append(np.nan)
        if not 0 < values[-1] < np.inf:
            bad.append((i, cells[place]))
    fault = ""
    if bad:
        first = f"{bad[0][1]!r}" + (" and others" if len(bad) > 1 else "")
        fault = f"{_lines([i for i, _ in bad])}: {title} is {first}; it must be a finite number above 0"
    return np.array(values), fault


def _made(numbers: dict[str, np.ndarray], rows: tuple[int, ...], notes: tuple[str, ...]) -> Runs:
    n, flops = numbers["params"], numbers.get("flops")
    d = numbers["tokens"] if "tokens" in numbers else flops / (6 * n)
    return Runs(n, d, numbers["loss"], 6 * n * d if flops is None else flops, rows, notes=notes)


def _without_copies(runs: Runs) -> Runs:
    """Each run once: a run that stands there twice would count twice, and make every interval too narrow."""
    first: dict[tuple[float, ...], int] = {}
    copies = []
    for k, run in enumerate(zip(runs.n_params, runs.n_tokens, runs.losses)):
        if run in first:
            copies.append(k)
        else:
            first[run] = k
    if not copies:
        return runs
    note = f"{_lines([runs.rows[k] for k in copies])}: the same run as on a line above, left out"
    return runs.subset(np.setdiff1d(np.arange(len(runs)), copies), note)
