"""What a gate makes of a token's logits, and what its router hears of it: a figure of chapter 6."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from IPython.display import HTML
from torch import Tensor

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.moe.routing import top_k_gate

ANGLES = (250, 310, 0, 40, 280, 150)
"""The answers of six experts: unit vectors in a plane, by their angles in degrees."""
GATES = {
    "Mixtral, Qwen3": {"topK": 2, "scores": "softmax", "normalise": True},
    "OLMoE": {"topK": 2, "scores": "softmax", "normalise": False},
    "Switch": {"topK": 1, "scores": "softmax", "normalise": False},
    "one, normalised": {"topK": 1, "scores": "softmax", "normalise": True},
    "DeepSeek-V3": {"topK": 2, "scores": "sigmoid", "normalise": True},
}
"""How published gates choose and weigh; how many experts they choose is theirs for Switch and Mixtral only."""
RATE, MOST = 2.0, 4.0
"""Of a step of descent, and the largest logit that a handle can be dragged to."""
START: dict[str, Any] = {
    "logits": [0.3, 1.4, 1.0, -0.4, 0.1, -0.8],
    "bias": [0.0] * 6,
    "wanted": 150,
    "gate": "Mixtral, Qwen3",
}


def gate_explorer() -> HTML:
    """A figure of the gate of one token, whose logits and biases the reader drags.

    Six experts answer with unit vectors in a plane, and one answer is wanted. The figure shows which experts are
    chosen, what their answers count, the sum, and by how much a step of gradient descent on the squared error moves
    each logit. The reader takes such steps, for each kind of gate, and sees whether the right expert is found.
    """
    return embed(
        "gate-explorer",
        scripts=("gate_core.js", "gate_explorer.js"),
        styles=("gate_explorer.css",),
        config={"angles": ANGLES, "gates": GATES, "start": START, "rate": RATE, "most": MOST},
        fallback=_table(),
        label="A gate, and what its router learns",
    )


def learn(
    gate: Mapping[str, Any], logits: Sequence[float], bias: Sequence[float], wanted: float
) -> tuple[list[int], list[float], float, list[float]]:
    """A gate's experts and weights for one token, half the squared error of the answer, and its gradient by the logits.

    Args:
        gate: One of `GATES`.
        logits, bias: Of each expert.
        wanted: The angle of the unit vector that is wanted, in degrees.
    """
    z_E = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    experts_SK, weights_SK = top_k_gate(
        z_E[None], gate["topK"], scores=gate["scores"], normalise=gate["normalise"], bias_E=z_E.new_tensor(bias)
    )
    y_2 = weights_SK[0] @ _vectors(ANGLES)[experts_SK[0]]
    loss = 0.5 * (y_2 - _vectors([wanted])[0]).square().sum()
    (slope_E,) = torch.autograd.grad(loss, z_E)
    return experts_SK[0].tolist(), weights_SK[0].tolist(), loss.item(), slope_E.tolist()


def _vectors(angles: Sequence[float]) -> Tensor:
    radians = torch.tensor(angles, dtype=torch.float64).deg2rad()
    return torch.stack([radians.cos(), radians.sin()], dim=1)


def _table() -> str:
    """The start of the figure under every gate, and what fifty steps of descent come to."""
    rows = []
    for name, gate in GATES.items():
        logits = list(START["logits"])
        experts, weights, _, slopes = learn(gate, logits, START["bias"], START["wanted"])
        for _step in range(50):
            moves = learn(gate, logits, START["bias"], START["wanted"])[3]
            logits = [max(-MOST, min(MOST, z - RATE * slope)) for z, slope in zip(logits, moves)]
        best = learn(gate, logits, START["bias"], START["wanted"])[0][0]
        cells = [
            name, ", ".join(str(e + 1) for e in experts), ", ".join(f"{w:.2f}" for w in weights),
            ", ".join(f"{-RATE * slope:+.2f}" for slope in slopes), str(best + 1),
        ]  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["gate", "experts chosen", "weights", "a step moves the logits by", "first expert after 50 steps"]
    right = ANGLES.index(START["wanted"]) + 1
    return (
        f"<p>One token, six experts with the logits {', '.join(map(str, START['logits']))}. Expert {right} has the "
        "right answer. With JavaScript this is an interactive figure.</p>\n<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
