"""Which model is cheapest to own, by how much it will be used: the figure of chapter 5."""

from __future__ import annotations

from dataclasses import asdict

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN, Law
from llmcourse.scaling_laws.serving import optimum_with_inference, smallest_params, tokens_to_reach, total_flops

LAWS = {"Besiroglu et al.": BESIROGLU, "Hoffmann et al.": HOFFMANN}
SERVED = (1e10, 1e16)
WIDEST = 3.0
"""The chart ends at so many times the size that is cheapest to train."""
TABLE_SERVED = (0.0, 1e12, 1e13, 1e14, 1e15)


def optimal_loss(law: Law, n_params: float) -> float:
    """The loss of a model of this size for which its training tokens are the optimal number.

    Example:
        >>> n, _ = optimum_with_inference(HOFFMANN, optimal_loss(HOFFMANN, 13e9), 0.0)
        >>> f"{n:.3g}"
        '1.3e+10'
    """
    return law.E + law.A / n_params**law.alpha * (1 + law.alpha / law.beta)


def targets(law: Law) -> dict[str, float]:
    """The losses to choose from, by the model whose loss it is."""
    return {
        "Chinchilla, 70B": float(law.loss(70e9, 1.4e12)),
        "a 13B model at its optimum": optimal_loss(law, 13e9),
        "a 1B model at its optimum": optimal_loss(law, 1e9),
    }


def serving_cost(start: float = 1e13) -> HTML:
    """A figure of what models of one loss cost in all, training and serving, against their size.

    The reader chooses the loss, the constants, how many tokens are served, and a size of their own, and sees the lowest
    point move towards the smallest model that reaches the loss at all. The numbers are those of
    `optimum_with_inference` and `tokens_to_reach`.

    Args:
        start: Tokens served at first.

    Raises:
        ValueError: start is not on the slider.
    """
    if not SERVED[0] <= start <= SERVED[1]:
        raise ValueError(f"start is {start!r}; it must be from {SERVED[0]:g} to {SERVED[1]:g}")
    return embed(
        "serving-cost",
        scripts=("numbers_core.js", "serving_core.js", "serving_cost.js"),
        styles=("serving_cost.css",),
        config={
            "laws": [
                {"name": name, "law": asdict(law), "targets": list(targets(law).items())} for name, law in LAWS.items()
            ],
            "served": SERVED,
            "start": start,
            "widest": WIDEST,
        },
        fallback=_table(),
        label="Which model is cheapest to own",
    )


def _row(law: Law, loss: float, served: float) -> str:
    n_params, n_tokens = optimum_with_inference(law, loss, served)
    trained, _ = optimum_with_inference(law, loss, 0.0)
    saved = 1 - total_flops(n_params, n_tokens, served) / total_flops(
        trained, tokens_to_reach(law, trained, loss), served
    )
    cells = [f"{served / 1e12:g} T", f"{n_params / 1e9:.1f} B", f"{n_tokens / 1e12:.2f} T", f"{saved:.0%}"]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _table() -> str:
    law = BESIROGLU
    loss = targets(law)["Chinchilla, 70B"]
    rows = [_row(law, loss, served) for served in TABLE_SERVED]
    heads = ["tokens served", "best size", "training tokens", "cheaper than the model that is cheapest to train"]
    return (
        f"<p>The cheapest model to own with Chinchilla's loss, by the constants of Besiroglu et al.; none below "
        f"{smallest_params(law, loss) / 1e9:.1f} B reaches it. With JavaScript this is an interactive figure.</p>"
        f"\n<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
