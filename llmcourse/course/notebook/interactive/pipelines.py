"""The order of work in a pipeline, its bubble and what the stages keep: a figure of chapter 4."""

from collections.abc import Sequence

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.distributed.interleaved import (
    GroupTask,
    group_task_times,
    interleaved_one_forward_one_backward,
    kept_micro_batches,
)
from llmcourse.distributed.pipeline import bubble_fraction, gpipe, one_forward_one_backward

STAGES = (2, 4, 8)
MICRO_BATCHES = (1, 2, 4, 8, 16, 32)
SLOWER = (1, 1.5)
"""How many times as long as the others the last stage takes."""
START = {"schedule": "1F1B", "stages": 4, "microBatches": 8, "slower": 1, "moment": 0.45}
GROUPS = {"GPipe": 1, "1F1B": 1, "interleaved, 2 groups": 2, "interleaved, 4 groups": 4}
WIDTH, ROW = 560, 30


def pipeline_schedule() -> HTML:
    """A figure in which the reader chooses schedule, stages and micro-batches, and moves through the time of a step.

    It shows what each stage does, when it is idle, and how many micro-batches' activations it keeps at each moment. The
    schedules and times are those of `llmcourse.distributed.pipeline` and `.interleaved`.
    """
    return embed(
        "pipeline-schedule",
        scripts=("pipeline_core.js", "pipeline_schedule.js"),
        styles=("pipeline_schedule.css",),
        config={"stages": STAGES, "microBatches": MICRO_BATCHES, "slower": SLOWER, "start": START},
        fallback=_picture(4, 8) + _table(4, 8),
        label="A pipeline at work",
    )


def orders_of(schedule: str, n_stages: int, n_micro_batches: int) -> list[list[GroupTask]]:
    """A schedule by the name that the figure gives it, each task with its group of layers."""
    if GROUPS[schedule] > 1:
        return interleaved_one_forward_one_backward(n_stages, n_micro_batches, GROUPS[schedule])
    orders = {"GPipe": gpipe, "1F1B": one_forward_one_backward}[schedule](n_stages, n_micro_batches)
    return [[(*task, 0) for task in tasks] for tasks in orders]


def _times(orders: Sequence[Sequence[GroupTask]]) -> list[list[tuple[float, float]]]:
    return group_task_times(orders, [1] * len(orders), [2] * len(orders))


def _picture(n_stages: int, n_micro_batches: int) -> str:
    """1F1B as a still picture."""
    orders = orders_of("1F1B", n_stages, n_micro_batches)
    times = _times(orders)
    scale = WIDTH / max(ends for stage in times for _, ends in stage)
    parts = []
    for row, tasks in enumerate(orders):
        for (kind, k, _), (begins, ends) in zip(tasks, times[row]):
            x, width, y = begins * scale, (ends - begins) * scale, row * ROW
            shade = "#b88300" if kind == "F" else "#3e92db"
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width - 1:.1f}" height="{ROW - 3}" fill="{shade}"/>'
                f'<text x="{x + width / 2:.1f}" y="{y + 18}" font-size="11" text-anchor="middle">{k + 1}</text>'
            )
    return (
        f'<svg viewBox="0 0 {WIDTH} {n_stages * ROW}" width="100%" role="img" aria-label="1F1B on {n_stages} stages, a '
        f"row each: {n_micro_batches} forward and {n_micro_batches} backward passes, first some forward passes, then "
        f'both in turns">{"".join(parts)}</svg>\n'
    )


def _table(n_stages: int, n_micro_batches: int) -> str:
    rows = []
    for name, n_groups in GROUPS.items():
        orders = orders_of(name, n_stages, n_micro_batches)
        times = _times(orders)
        most = max(kept_micro_batches(tasks, n_groups) for tasks in orders)
        total = max(ends for stage in times for _, ends in stage)
        cells = [name, f"{total:g}", f"{bubble_fraction(times):.0%}", f"{most:g}", str(2 * (n_stages * n_groups - 1))]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["schedule", "time", "idle", "most kept", "messages"]
    return (
        f"<p>1F1B, and four schedules compared, for {n_stages} stages and {n_micro_batches} micro-batches. Time is in "
        "forward passes of one stage, a backward pass takes two; messages are for each micro-batch. With JavaScript "
        f"this is an interactive figure.</p>\n<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
        f"</thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
