"""A walk down a quadratic valley by three rules: the figure of chapter 3's notebook on optimization."""

import torch
from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed

RULES = ("gradient descent", "momentum", "Adam")
KAPPAS = (1, 10, 100)
TURNS = (0, 20, 45)
STEPS = 100
START = (-2.4, 0.9)
"""Where a walk begins, along the flat and along the steep direction of the valley."""
BETAS, EPS = (0.9, 0.95), 1e-8
SHOWN = (
    ("gradient descent", 0.019, 0), ("gradient descent", 0.021, 0), ("momentum", 0.019, 0), ("Adam", 0.1, 0),
    ("Adam", 0.1, 45),
)  # fmt: skip


def valley_walk() -> HTML:
    """A figure of a walk in a quadratic valley, in which the reader chooses rule, rate, momentum and the valley.

    It shows the walk from above and the loss at each step, and says what a step leaves of the distance along the two
    directions of the valley, and from which rate on the steep one grows.
    """
    return embed(
        "valley-walk",
        scripts=("valley_core.js", "valley_walk.js"),
        styles=("valley_walk.css",),
        config={
            "rules": RULES,
            "kappas": KAPPAS,
            "turns": TURNS,
            "start": {
                "rule": "gradient descent", "rate": 0.019, "beta": BETAS[0], "kappa": 100, "turn": 0, "fades": False,
                "steps": STEPS, "start": START,
            },
        },
        fallback=_table(),
        label="A walk in a valley",
    )  # fmt: skip


def walk_losses(rule: str, rate: float, kappa: float, turn: float) -> list[float]:
    """The loss before each of `STEPS` steps at a constant rate, and after the last, by PyTorch's optimizers."""
    angle = torch.deg2rad(torch.tensor(float(turn), dtype=torch.float64))
    axes = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    curvature = axes @ torch.diag(torch.tensor([1.0, kappa]).double()) @ axes.T
    place = torch.nn.Parameter(axes @ torch.tensor(START).double())
    if rule == "Adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam([place], lr=rate, betas=BETAS, eps=EPS)
    else:
        optimizer = torch.optim.SGD([place], lr=rate, momentum=BETAS[0] if rule == "momentum" else 0.0)
    losses = []
    for _ in range(STEPS + 1):
        losses.append(float(place.detach() @ curvature @ place.detach() / 2))
        place.grad = curvature @ place.detach()
        optimizer.step()
    return losses


def _table() -> str:
    rows = []
    for rule, rate, turn in SHOWN:
        losses = walk_losses(rule, rate, 100.0, turn)
        where = f"turned by {turn}°" if turn else "along the axes"
        cells = (rule, rate, where, f"{losses[20] / losses[0]:.1e}", f"{losses[-1] / losses[0]:.1e}")
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        "<p>A walk in a valley that is 100 times as steep in one direction as in the other: the loss, as a share of "
        "what it was. With JavaScript this is an interactive figure.</p>\n<table><thead><tr><th>rule</th><th>rate</th>"
        f"<th>valley</th><th>after 20 steps</th><th>after {STEPS}</th></tr></thead><tbody>{''.join(rows)}</tbody>"
        "</table>"
    )
