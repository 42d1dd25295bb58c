"""What a budget is best spent on, by two sets of constants: the figure of chapter 5."""

from dataclasses import asdict

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN, Law, compute_optimal

LAWS = {"Hoffmann et al.": HOFFMANN, "Besiroglu et al.": BESIROGLU}
FLOPS = (1e18, 1e26)
PARAMS = (1e7, 1e13)
TOKENS = (1e8, 1e14)
PRESETS = (("8 H100, a day", 8 * 989e12 * 0.4 * 86400), ("Gopher, Chinchilla", 5.76e23))
TABLE_FLOPS = (1e18, 1e20, 1e22, 1e24, 1e26)


def scaling_optimum(start: float = 1e21) -> HTML:
    """A figure of parameters against tokens: the line of all runs that a budget of 6 N D operations pays for, and for
    the constants of Hoffmann et al. and of Besiroglu et al. the best run on it, with the lines of equal loss around it.

    The reader moves the budget. Each dot lies where a line of equal loss only touches the budget's; of the two dashed
    lines beside it, one has 5% more loss and one 5% less.

    Args:
        start: Operations at first.

    Raises:
        ValueError: `start` is not on the slider.
    """
    if not FLOPS[0] <= start <= FLOPS[1]:
        raise ValueError(f"start is {start!r}; it must be from {FLOPS[0]:g} to {FLOPS[1]:g}")
    return embed(
        "scaling-optimum",
        scripts=("numbers_core.js", "scaling_core.js", "scaling_optimum.js"),
        styles=("scaling_optimum.css",),
        config={
            "laws": [(name, asdict(law)) for name, law in LAWS.items()],
            "flops": FLOPS,
            "params": PARAMS,
            "tokens": TOKENS,
            "presets": PRESETS,
            "start": start,
        },
        fallback=_table(),
        label="What a budget is best spent on, by two sets of constants",
    )


def _row(flops: float, name: str, law: Law) -> str:
    n_params, n_tokens = compute_optimal(law, flops)
    loss = law.loss(n_params, n_tokens)
    numbers = [f"{n_params:.2e}", f"{n_tokens:.2e}", f"{n_tokens / n_params:.1f}", f"{loss:.3f}"]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in [f"{flops:.0e}", name, *numbers]) + "</tr>"


def _table() -> str:
    rows = [_row(flops, name, law) for flops in TABLE_FLOPS for name, law in LAWS.items()]
    heads = ["operations", "constants of", "parameters", "tokens", "tokens a parameter", "loss"]
    return (
        "<p>What a budget of 6 N D operations is best spent on, by two sets of constants. With JavaScript this is an "
        f"interactive figure.</p>\n<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
