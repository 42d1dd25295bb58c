"""An all-reduce step by step, around a ring, along a tree, or plainly: a figure of chapter 4."""

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.distributed.costs import collective_seconds

RANKS = (2, 3, 4, 5, 6, 8)
ALPHA_S, BETA_S = 10e-6, 1 / 50e9
BYTES = (("4 KB", 4e3), ("1 MB", 1e6), ("25 MB", 25e6), ("1 GB", 1e9))
START = {"way": "ring", "ranks": 4, "step": 0, "bytes": 25e6}
WAYS = {"ring": "ring_all_reduce", "tree": "tree_all_reduce", "plain": "plain_all_reduce"}
WIRE = "Time by the alpha-beta model, at 10 µs a message and 50 GB/s."


def allreduce_stepper() -> HTML:
    """A figure of an all-reduce that the reader steps through: what each rank holds, sends and has sent.

    The messages are those of `llmcourse.distributed.collectives`, the times those of `collective_seconds`.
    """
    return embed(
        "allreduce-stepper",
        scripts=("allreduce_core.js", "allreduce_stepper.js"),
        styles=("allreduce_stepper.css",),
        config={"ranks": RANKS, "alpha": ALPHA_S, "beta": BETA_S, "bytes": BYTES, "start": START, "wire": WIRE},
        fallback=_table(),
        label="An all-reduce, step by step",
    )


def _table() -> str:
    rows = []
    for n in (2, 4, 8):
        rounds = (n - 1).bit_length()
        for way, name in WAYS.items():
            steps = {"ring": 2 * (n - 1), "tree": 2 * rounds, "plain": n - 1}[way]
            sends = {"ring": 2 * (n - 1) / n, "tree": rounds, "plain": n - 1}[way]
            seconds = [collective_seconds(name, size, n, ALPHA_S, BETA_S) for _, size in BYTES]
            cells = [str(n), way, str(steps), f"{sends:g}", *(f"{1e3 * s:.3g}" for s in seconds)]
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["ranks", "way", "steps", "busiest rank sends (tensors)", *(f"ms for {name}" for name, _ in BYTES)]
    return (
        f"<p>An all-reduce in three ways. {WIRE} With JavaScript this is an interactive figure.</p>\n<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
