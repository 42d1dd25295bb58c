"""Who finds room at experts of a fixed capacity: a figure of chapter 6."""

from typing import Any

import torch
from IPython.display import HTML
from torch import Tensor

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.moe.dispatch import expert_capacity, within_capacity
from llmcourse.moe.routing import top_k_gate

N_TOKENS, TOP_K = 24, 2
FAVOUR = (0.0, 0.6, -0.4, 1.0, -0.7, 0.2)
"""How much more than others a router likes each expert; times the unevenness that the reader chooses."""
START: dict[str, Any] = {"factor": 1.25, "uneven": 0.0}


def expert_queues() -> HTML:
    """A figure of the queues before six experts, of which each takes so many choices and no more.

    The reader chooses the capacity factor and how uneven the router is, and sees who is dropped, how many of the
    computed rows are zeros, and, with the first half of the text alone, that who is dropped depends on who comes later.
    """
    return embed(
        "expert-queues",
        scripts=("queues_core.js", "expert_queues.js"),
        styles=("expert_queues.css",),
        config={"noise": noise().tolist(), "favour": FAVOUR, "topK": TOP_K, "start": START},
        fallback=_table(),
        label="Who finds room at experts of a fixed capacity",
    )


def noise() -> Tensor:
    """The part of each token's logits that differs from token to token, in thousandths."""
    drawn_SE = torch.randn(N_TOKENS, len(FAVOUR), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return (1000 * drawn_SE).round() / 1000


def choices(uneven: float, n_tokens: int = N_TOKENS) -> Tensor:
    """The experts of each of the first tokens, by the library's gate."""
    logits_SE = noise()[:n_tokens] + uneven * torch.tensor(FAVOUR, dtype=torch.float64)
    return top_k_gate(logits_SE, TOP_K, scores="sigmoid").experts_SK


def _table() -> str:
    rows = []
    for uneven in (0.0, 1.0, 2.0):
        experts_SK = choices(uneven)
        for factor in (1.0, 1.25, 2.0):
            capacity = expert_capacity(N_TOKENS, len(FAVOUR), TOP_K, factor)
            served = int(within_capacity(experts_SK, len(FAVOUR), capacity).sum())
            all_, computed = experts_SK.numel(), capacity * len(FAVOUR)
            cells = [
                f"{uneven:g}",
                f"{factor:g}",
                capacity,
                f"{all_ - served} of {all_}",
                f"{computed - served} of {computed}",
            ]
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["unevenness", "capacity factor", "an expert takes", "choices dropped", "rows of zeros"]
    return (
        f"<p>{N_TOKENS} tokens, {len(FAVOUR)} experts, {TOP_K} for a token. With JavaScript this is an interactive "
        f"figure.</p>\n<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
