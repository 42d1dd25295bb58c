"""A run that fails and goes on from its last checkpoint: a figure of chapter 4."""

import numpy as np
from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.distributed.failures import checkpoint_interval, lost_share, run_mtbf

GPU_MTBF_S = 54 * 86400 * 16384 / 419
"""Of one GPU with its share of everything around it: the interruptions that Grattafiori et al. (2024) counted."""
RESTART_S = 600.0
RUNS = (  # name, GPUs, parameters, bytes a second that are written
    ("8,192 GPUs, 405B, writing 100 GB/s", 8192, 405e9, 100e9),
    ("8,192 GPUs, 405B, writing 2 TB/s", 8192, 405e9, 2e12),
    ("65,536 GPUs, 405B, writing 100 GB/s", 65536, 405e9, 100e9),
    ("512 GPUs, 70B, writing 10 GB/s", 512, 70e9, 10e9),
)
MINUTES = (0.5, 6000.0)
DAYS = 5
N_GAPS, SEEDS = 400, (7, 1, 2, 3, 4)
START = {"run": 0, "minutes": 180.0, "luck": 0}


def checkpoint_figure() -> HTML:
    """A figure of some days of a run with failures, in which the reader chooses how often it saves.

    Below stands the share of the time that is lost on average, `lost_share`, with `checkpoint_interval` marked. The
    same failures come whatever the interval is, so that the days can be compared.
    """
    return embed(
        "checkpoint-interval",
        scripts=("failures_core.js", "checkpoint_interval.js"),
        styles=("checkpoint_interval.css",),
        config={
            "runs": [{"name": name, **times(*sizes)} for name, *sizes in RUNS],
            "gaps": [[round(gap, 4) for gap in gaps(seed)] for seed in SEEDS],
            "minutes": MINUTES,
            "days": DAYS,
            "start": START,
        },
        fallback=_table(),
        label="How often to save",
    )


def times(n_gpus: int, n_parameters: float, bytes_per_s: float) -> dict[str, float]:
    """The times of a run in seconds, under the figure's names; 12 bytes a parameter are saved."""
    return {"save": 12 * n_parameters / bytes_per_s, "mtbf": run_mtbf(GPU_MTBF_S, n_gpus), "restart": RESTART_S}


def gaps(seed: int) -> list[float]:
    """Times between failures that come at random, in units of their mean: those of `simulate_run` with this seed."""
    random = np.random.default_rng(seed)
    return [float(random.weibull(1.0)) for _ in range(N_GAPS)]


def _table() -> str:
    rows = []
    for name, *sizes in RUNS:
        run = times(*sizes)
        best = checkpoint_interval(run["save"], run["mtbf"])
        shares = [lost_share(best * by, run["save"], run["mtbf"], run["restart"]) for by in (0.1, 1, 10)]
        cells = [name, f"{run['mtbf'] / 3600:.1f}", f"{best / 60:.0f}", *(f"{share:.1%}" for share in shares)]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = [
        "run",
        "hours between failures",
        "best interval (min)",
        "lost at a tenth of it",
        "at it",
        "at ten times it",
    ]
    return (
        "<p>What is lost on average, by the work between two checkpoints. With JavaScript this is an interactive "
        f"figure.</p>\n<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
