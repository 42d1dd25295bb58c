"""When would it have rung? The figure of the last notebook: signals of recorded runs, and an alarm on one of them."""

import html
import math
import statistics
from collections.abc import Mapping, Sequence

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed

WINDOW = 10  # looks over which a loss is averaged
SIGNALS = {
    "rise": ("training loss above its lowest (nats)", 0.1, 2),
    "norm": ("gradient norm, in multiples of its median so far", 8.0, 1),
    "validation": ("validation loss above its lowest (nats)", 0.1, 10),
    "balance": ("balancing loss", 1.3, 10),
    "load": ("busiest expert, in multiples of an even load", 2.6, 10),
    "idle": ("experts without a token", 2.0, 10),
    "epochs": ("epochs", 4.0, 1),
}
"""What an alarm may watch: its name on the page, and to begin with a threshold and looks in a row."""


def signals(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    """What a watcher sees at each look at a run, from nothing but what came before.

    Args:
        rows: The looks in order, each with "loss", "norm", "validation", "balance", "load", "idle" and "epochs".

    Returns:
        For each of `SIGNALS` a value a look, None as long as there is none.

    Example:
        >>> same = dict(loss=5.0, norm=1.0, balance=1.0, load=1.5, idle=0, epochs=0.1)
        >>> rows = [{**same, "validation": loss} for loss in (4, 3, 5)]
        >>> signals(rows)["validation"], signals(rows)["norm"], signals(rows)["rise"]
        ([0, 0, 2], [1.0, 1.0, 1.0], [None, None, None])
    """
    losses, norms = [row["loss"] for row in rows], [row["norm"] for row in rows]
    means = [
        statistics.fmean(losses[end - WINDOW : end]) if end >= WINDOW else None for end in range(1, len(losses) + 1)
    ]
    return {
        "rise": _above_lowest(means),
        "norm": [norm / statistics.median(norms[: i + 1]) for i, norm in enumerate(norms)],
        "validation": _above_lowest([row["validation"] for row in rows]),
        **{name: [row[name] for row in rows] for name in ("balance", "load", "idle", "epochs")},
    }


def _above_lowest(values: Sequence[float | None]) -> list[float | None]:
    lowest, found = math.inf, []
    for value in values:
        if value is not None:
            lowest = min(lowest, value)
        found.append(None if value is None else value - lowest)
    return found


def first_ring(values: Sequence[float | None], threshold: float, in_a_row: int) -> int | None:
    """The look at which a signal has been above a threshold so many times in a row, or None.

    Example:
        >>> first_ring([None, 3.0, 1.0, 3.0, 3.0], 2.0, 2), first_ring([1.0, 2.0], 2.0, 1)
        (4, None)
    """
    length = 0
    for look, value in enumerate(values):
        length = length + 1 if value is not None and value > threshold else 0
        if length == in_a_row:
            return look
    return None


def alarm_tuner(runs: Mapping[str, Sequence[Mapping[str, float]]], steps: Sequence[int], well: str) -> HTML:
    """A figure of signals of recorded runs: the reader sets an alarm on one, and sees when it would have rung in which.

    Args:
        runs: The looks at each run, by its name, as `signals` takes them.
        steps: The step of each look, rising.
        well: The run in which nothing is wrong, where an alarm is a false one.

    Raises:
        ValueError: `well` is none of the runs, or a run has another number of looks than `steps`.
    """
    if well not in runs:
        raise ValueError(f"well is {well!r}; it must be one of {', '.join(map(repr, runs))}")
    for name, rows in runs.items():
        if len(rows) != len(steps):
            raise ValueError(f"the number of looks at {name!r} is {len(rows)}; it must be {len(steps)}, one a step")
    seen = {name: signals(rows) for name, rows in runs.items()}
    rounded = {
        name: {key: [None if v is None else float(f"{v:.4g}") for v in values] for key, values in of.items()}
        for name, of in seen.items()
    }
    return embed(
        "alarm-tuner",
        scripts=("alarm_core.js", "alarm_tuner.js"),
        styles=("alarm_tuner.css",),
        config={
            "steps": [int(step) for step in steps],
            "signals": [(key, *begin) for key, begin in SIGNALS.items()],
            "runs": [(name, of) for name, of in rounded.items()],
            "well": well,
        },
        fallback=_table(seen, steps),
        label="An alarm on recorded runs",
    )


def _table(seen: Mapping[str, Mapping[str, Sequence[float | None]]], steps: Sequence[int]) -> str:
    rows = []
    for key, (told, threshold, in_a_row) in SIGNALS.items():
        rings = [first_ring(of[key], threshold, in_a_row) for of in seen.values()]
        cells = [
            told,
            f"{threshold:g}",
            str(in_a_row),
            *("never" if look is None else f"{steps[look]:,}" for look in rings),
        ]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["an alarm on", "above", "looks in a row", *map(html.escape, seen)]
    return (
        "<p>The step at which an alarm would have rung in each run. With "
        "JavaScript this is an interactive figure.</p>\n<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
