"""Recorded studies: experiments too long for a page, with the command that makes them again, their machine and date.

A study lies in `studies/NAME.py` and writes `book/data/NAME.csv`: comment lines with its origin, then one table.
"""

from __future__ import annotations

import csv
import datetime
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from IPython.display import Markdown, display

from llmcourse.files import write_atomically

DATA = Path(__file__).parents[3] / "book" / "data"
FACTS = ("command", "machine", "date")

Value = str | int | float


def record(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], folder: Path = DATA, study: str | None = None
) -> Path:
    """Write a study's results with what a reader needs to make them again.

    Args:
        name: The study's module in `studies/` and the file's name.
        columns: One name a column, units included where there are any.
        rows: Strings and numbers; a float keeps six significant digits.
        folder: Where recorded studies lie.
        study: The command behind `python -m studies.`, where it is not the name alone: a study may write several files.

    Raises:
        ValueError: There is no row, or a row has another number of values than there are columns.
    """
    rows = [list(row) for row in rows]
    if not rows or any(len(row) != len(columns) for row in rows):
        lengths = sorted({len(row) for row in rows})
        raise ValueError(f"{name}: {len(rows)} rows of {lengths} values for {len(columns)} columns {list(columns)}")
    facts = (f"python -m studies.{study or name}", _machine(), f"{datetime.date.today():%Y-%m-%d}")
    head = [f"# {fact}: {value}" for fact, value in zip(FACTS, facts)]
    lines = [",".join(map(_field, row)) for row in [columns, *rows]]
    path = folder / f"{name}.csv"
    write_atomically(path, "\n".join([*head, *lines]) + "\n")
    return path


def recorded(name: str, folder: Path = DATA) -> list[dict[str, Value]]:
    """Read a recorded study and say below the cell where it comes from.

    Args:
        name: The study's name.
        folder: Where recorded studies lie.

    Returns:
        A dictionary a row; numbers are numbers.

    Raises:
        ValueError: There is no such study, or its file does not say where it comes from.
    """
    facts, rows = read_recorded(name, folder)
    display(Markdown(f"*Recorded on {facts['date']} ({facts['machine']}) with* `{facts['command']}`."))
    return rows


def read_recorded(name: str, folder: Path = DATA) -> tuple[dict[str, str], list[dict[str, Value]]]:
    """A recorded study's origin ("command", "machine", "date") and its rows.

    Raises:
        ValueError: There is no such study, or its file does not say where it comes from.
    """
    path = folder / f"{name}.csv"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "none"
        raise ValueError(f"no recorded study {name!r}; there are: {known}")
    lines = path.read_text(encoding="utf-8").splitlines()
    facts = dict(line.removeprefix("# ").split(": ", 1) for line in lines if line.startswith("# "))
    if missing := [fact for fact in FACTS if not facts.get(fact)]:
        raise ValueError(f"{path.name} does not say its {', '.join(missing)}: make it again with record()")
    table = csv.DictReader(line for line in lines if not line.startswith("# "))
    return facts, [{column: _value(text) for column, text in row.items()} for row in table]


def _machine() -> str:
    import torch  # its import takes seconds, and a page that only reads a study has no use for it

    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores, PyTorch {torch.__version__}"


def _field(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(mark in text for mark in ',"\n#') else text


def _value(text: str) -> Value:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
