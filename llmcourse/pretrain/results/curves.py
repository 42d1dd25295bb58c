"""One page of plots of what runs have measured, which needs no network and no server (chapter 7).

The page is a single file: numbers, script and style are in it, and it asks no host for anything. Its script and style
lie in `static/`.
"""

from __future__ import annotations

import html
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmcourse.files import write_atomically
from llmcourse.pretrain.run.monitor import SPIKE_WINDOW, is_spike
from llmcourse.pretrain.settings.config import FILE
from llmcourse.training.history import FILE as HISTORY
from llmcourse.training.history import Row, read_history

STATIC = Path(__file__).parent / "static"
MAX_POINTS = 1200
"""Of a line: more than a screen has columns. Of a longer one the lowest and the highest of each part are kept."""
APART = 8
"""Rows without a spike between two of them."""
AXES = ("step", "tokens", "seconds")
KNOWN = {
    "loss": ("Training loss", "nats per token"),
    "val_loss": ("Validation loss", "nats per token"),
    "val_bits_per_byte": ("Validation bits per byte", "bits per byte"),
    "lr": ("Learning rate", ""),
    "grad_norm": ("Gradient norm, before clipping", ""),
    "tokens_per_second": ("Speed", "tokens per second, all ranks"),
    "mfu": ("Model FLOPs utilization", "share of the peak"),
    "memory_gb": ("Memory, the fullest rank", "GB"),
    "expert_load_max": ("Largest load of an expert", "multiples of an even load"),
    "dropped_share": ("Choices dropped", "share"),
    "dead_experts": ("Experts without a token", "experts, all layers"),
    "router_entropy": ("Router entropy", "nats"),
    "balance_loss": ("Balancing loss", ""),
    "z_loss": ("z-loss", ""),
    "python_share": ("Samples that parse as Python", "share"),
    "skipped": ("Steps left out", "since the row before"),
}
"""What fields of a row are called, in the order of the page; any other field with numbers comes after them."""
NOT_PLOTTED = {*AXES, "spikes", "restarted"}


def write_curves(runs: Sequence[str | Path], out: str | Path) -> Path:
    """Write one page that shows the histories of runs, and compares them.

    There is a plot for each field that has a number in some run, against steps, tokens or time. A table says how far
    the runs came, another one which settings differ between them. Spikes of the loss and restarts are marked.

    Args:
        runs: Folders of runs, of which each has a history; those that are still being written are read as far as they
            are.
        out: The file, which is replaced if it is there.

    Returns:
        The file.

    Raises:
        ValueError: There is no run, one is given twice, or one has no history; the message names it.
    """
    folders = [Path(run) for run in runs]
    if not folders:
        raise ValueError("runs is empty; it must have at least one folder of a run")
    if twice := [folder for i, folder in enumerate(folders) if folder.resolve() in {f.resolve() for f in folders[:i]}]:
        raise ValueError(f"{twice[0]} is given twice; each run must be another one")
    told = [read_curve(folder, name) for folder, name in zip(folders, _names(folders))]
    title = told[0]["name"] if len(told) == 1 else f"{len(told)} runs"
    fields = [name for name in _fields(told) if name not in NOT_PLOTTED]
    plots = [{"field": name, "title": title_of(name), "unit": KNOWN.get(name, ("", ""))[1]} for name in fields]
    data = {"runs": told, "plots": plots, "axes": [axis for axis in AXES if any(axis in run["axes"] for run in told)]}
    parts = {
        "title": html.escape(title), "css": _asset("curves.css"), "script": _asset("curves.js"),
        "summary": _summary(told), "settings": _settings_table(folders, told), "data": script_json(data),
    }  # fmt: skip
    # In one pass: what is put in may hold anything.
    write_atomically(out, re.sub(r"@(\w+)@", lambda found: parts[found[1]], _asset("curves.html")))
    return Path(out)


def title_of(field: str) -> str:
    """What a plot of a field is called.

    Example:
        >>> title_of("lr"), title_of("epochs_code"), title_of("my_number")
        ('Learning rate', 'Epochs of code', 'my number')
    """
    if field in KNOWN:
        return KNOWN[field][0]
    return f"Epochs of {field[7:]}" if field.startswith("epochs_") else field.replace("_", " ")


def read_curve(folder: str | Path, name: str) -> dict[str, Any]:
    """A run's history as lines: for each field its values, and for each value the step, the tokens and the time.

    Time goes on over restarts: a process that goes on with a run counts its seconds from 0.

    Args:
        folder: Of the run.
        name: What it is called on the page.

    Raises:
        ValueError: It has no history.
    """
    rows = read_history(folder)
    if not rows:
        raise ValueError(f"{folder} has no history; it must be the folder of a run, with rows in its {HISTORY}")
    numbers = _with_running_time([_numbers(row) for row in rows])
    lines = {field: _line(numbers, field) for field in _fields_of(numbers) if field not in NOT_PLOTTED}
    return {
        "name": name,
        "lines": {field: line for field, line in lines.items() if line["y"]},
        "axes": [axis for axis in AXES if any(axis in row for row in numbers)],
        "spikes": [_place(row) for row in _spikes(numbers)],
        "restarts": [_place(row) for row in numbers if row.get("restarted")],
        "last": numbers[-1],
        "best": min((row["val_loss"] for row in numbers if "val_loss" in row), default=None),
    }


def _numbers(row: Row) -> dict[str, float]:
    """What of a row can be drawn."""
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _with_running_time(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    before, last = 0.0, 0.0
    for row in rows:
        if "seconds" in row:
            if row["seconds"] < last:
                before += last
            last = row["seconds"]
            row["seconds"] = round(before + last, 1)
    return rows


def _fields_of(rows: Sequence[Mapping[str, float]]) -> list[str]:
    found = dict.fromkeys(name for row in rows for name in row)
    return [name for name in KNOWN if name in found] + sorted(name for name in found if name not in KNOWN)


def _fields(told: Sequence[Mapping[str, Any]]) -> list[str]:
    return _fields_of([run["lines"] for run in told])


def _line(rows: Sequence[Mapping[str, float]], field: str) -> dict[str, list[float | None]]:
    there = thinned([row for row in rows if field in row], field)
    line: dict[str, list[float | None]] = {axis: [row.get(axis) for row in there] for axis in AXES}
    # Six digits are more than can be seen, and a third of the bytes.
    return line | {"y": [float(f"{row[field]:.6g}") for row in there]}


def thinned(rows: Sequence[Mapping[str, float]], field: str, max_points: int = MAX_POINTS) -> list[Mapping[str, float]]:
    """At most `max_points` rows of a line, the first, the last, the lowest and the highest of each part among them.

    So no spike is lost, however many rows there are.

    Example:
        >>> rows = [{"step": i, "loss": 9.0 if i == 77 else 1.0} for i in range(100)]
        >>> [row["step"] for row in thinned(rows, "loss", max_points=8)]
        [0, 33, 67, 77, 99]
    """
    if len(rows) <= max_points:
        return list(rows)
    n_parts = max(1, (max_points - 2) // 2)
    bounds = [round(part * len(rows) / n_parts) for part in range(n_parts + 1)]
    kept = {0, len(rows) - 1}
    for first, end in zip(bounds, bounds[1:]):
        part = range(first, end)
        kept |= {min(part, key=lambda i: rows[i][field]), max(part, key=lambda i: rows[i][field])}
    return [rows[i] for i in sorted(kept)]


def _spikes(rows: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """Rows at which the loss jumps: what the run itself has seen, between rows too, and what the rows show.

    Until it has come down it is one spike.
    """
    found, before, last = [], list[float](), -APART
    for i, row in enumerate(rows):
        if row.get("spikes") or ("loss" in row and is_spike(before[-SPIKE_WINDOW:], row["loss"])):
            found += [row] if i - last >= APART else []
            last = i
        before += [row["loss"]] if "loss" in row else []
    return found


def _place(row: Mapping[str, float]) -> dict[str, float]:
    return {axis: row[axis] for axis in AXES if axis in row}


def _names(folders: Sequence[Path]) -> list[str]:
    """The names of the folders, with as much of their paths before them as tells them apart."""
    parts = [folder.resolve().parts for folder in folders]
    for n in range(1, max(map(len, parts)) + 1):
        names = ["/".join(path[-n:]) for path in parts]
        if len(set(names)) == len(names):
            break
    return names


# Tables, which are there without a script.


def _summary(told: Sequence[Mapping[str, Any]]) -> str:
    """How far each run came."""
    heads = ["run", "steps", "tokens", "time", "loss", "validation loss", "its lowest", "spikes", "restarts"]
    body = [
        [run["name"], f"{run['last']['step']:,}", _short(run["last"].get("tokens")), _time(run["last"].get("seconds")),
         _number(_last(run, "loss")), _number(_last(run, "val_loss")), _number(run["best"]), f"{len(run['spikes'])}",
         f"{len(run['restarts'])}"]
        for run in told
    ]  # fmt: skip
    return _table(heads, body)


def _last(run: Mapping[str, Any], field: str) -> float | None:
    return run["lines"][field]["y"][-1] if field in run["lines"] else None


def _settings_table(folders: Sequence[Path], told: Sequence[Mapping[str, Any]]) -> str:
    """The settings that differ between the runs, where there are several."""
    settings = [read_settings(folder) for folder in folders]
    names = [run["name"] for run in told]
    if missing := [name for name, found in zip(names, settings) if not found]:
        return f"<p>No {FILE} can be read in: {html.escape(', '.join(missing))}.</p>"
    differing = [name for name in dict.fromkeys(n for found in settings for n in found)
                 if len({found.get(name) for found in settings}) > 1]  # fmt: skip
    if len(told) == 1:
        return _table(["setting", names[0]], [[name, value] for name, value in settings[0].items()])
    if not differing:
        return "<p>All settings are the same.</p>"
    return _table(["setting", *names], [[name, *(found.get(name, "–") for found in settings)] for name in differing])


def read_settings(folder: str | Path) -> dict[str, str]:
    """The settings of a run as they stand in its file, one name for each; empty where there is no file to be read.

    The folder is left out: it differs always.
    """
    try:
        found = _flat(tomllib.loads((Path(folder) / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in found.items() if name != "run.folder"}


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = {str(i): inner for i, inner in enumerate(value)}
    if isinstance(value, dict):
        return {k: v for name, inner in value.items() for k, v in _flat(inner, f"{prefix}{name}.").items()}
    return {prefix[:-1]: value if isinstance(value, str) else json.dumps(value)}


def _table(heads: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in heads)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(first)}</th>{"".join(f"<td>{html.escape(c)}</td>" for c in rest)}</tr>'
        for first, *rest in body
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _short(value: float | None) -> str:
    """A large number as people say it.

    Example:
        >>> _short(1.5e9), _short(42), _short(None)
        ('1.5 B', '42', '–')
    """
    if value is None:
        return "–"
    for size, unit in ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:g}"


def _time(seconds: float | None) -> str:
    """Seconds as people say them.

    Example:
        >>> _time(42.4), _time(150), _time(7300)
        ('42 s', '2 min 30 s', '2 h 1 min')
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600):,} h {int(seconds % 3600 // 60)} min"


def script_json(value: object) -> str:
    r"""JSON that may stand in a `<script>` element.

    Example:
        >>> script_json("</script>")
        '"\\u003c/script>"'
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
