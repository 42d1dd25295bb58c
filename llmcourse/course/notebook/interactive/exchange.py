"""Tokens that travel to experts on other ranks and back, step by step: a figure of chapter 6."""

from collections import Counter

import torch
from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed

N_EXPERTS, TOP_K = 6, 2
TOKENS = (3, 4, 2)
"""Of each rank; ranks need not have equally many."""
FAVOURS = {"rather even": 0.0, "with a favourite": 2.0, "all alike": 9.0}
STEPS = (
    ("chosen", "each rank's router has chosen two experts for each of its tokens. A square is one choice."),
    ("sorted", "by expert, and so by rank, since ranks have their experts in order. What is for rank 0 lies first."),
    (
        "counted",
        "the first all-to-all brings counts alone. Now each rank knows how many rows will come, and from whom.",
    ),
    ("arrived", "the second all-to-all brings the rows. They lie by sender, and those of a sender by expert."),
    ("computed", "read in the order of experts, each expert's rows are one matrix."),
    ("returned", "the third all-to-all is the second with send and receive swapped."),
    ("added", "back in the order of the choices, each token's two answers are weighted and added up."),
)


def token_exchange() -> HTML:
    """A figure of the all-to-alls of a layer whose experts live on three ranks.

    The reader steps through: choices, sorted, counts exchanged, rows exchanged, in the order of experts, and back; for
    three kinds of routers, and may follow one token.
    """
    return embed(
        "token-exchange",
        scripts=("exchange_core.js", "token_exchange.js"),
        styles=("token_exchange.css",),
        config={"nExperts": N_EXPERTS, "topK": TOP_K, "scenarios": scenarios(), "steps": STEPS},
        fallback=_table(),
        label="Tokens that travel to experts on other ranks and back",
    )


def scenarios() -> dict[str, list[list[list[int]]]]:
    """The experts of each token of each rank, the best one first, by the kind of router."""
    found = {}
    for name, favour in FAVOURS.items():
        generator = torch.Generator().manual_seed(4)
        likes_E = favour * torch.tensor([0.0, 0.0, 1.0, 0.7, 0.0, 0.0])
        logits = [torch.randn(n, N_EXPERTS, generator=generator) + likes_E for n in TOKENS]
        found[name] = [logits_SE.topk(TOP_K).indices.tolist() for logits_SE in logits]
    return found


def rows_between(ranks: list[list[list[int]]]) -> list[list[int]]:
    """How many rows each rank (first index) sends to each rank.

    Counted one by one: the figure stands before the exercise that exchanges counts, and must not need it.

    Example:
        >>> rows_between([[[0, 1], [0, 5]], [[2, 3]], [[4, 0]]])
        [[3, 0, 1], [0, 2, 0], [1, 0, 1]]
    """
    local = N_EXPERTS // len(ranks)
    counted = [Counter(expert // local for chosen in experts for expert in chosen) for experts in ranks]
    return [[count[rank] for rank in range(len(ranks))] for count in counted]


def _table() -> str:
    rows = []
    for name, ranks in scenarios().items():
        sent = rows_between(ranks)
        for rank, received in enumerate(zip(*sent)):
            cells = [
                name, str(rank), str(len(ranks[rank])), ", ".join(map(str, sent[rank])),
                ", ".join(map(str, received)), str(sum(received)),
            ]  # fmt: skip
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["routers", "rank", "tokens", "sends to ranks 0, 1, 2", "receives from them", "rows to compute"]
    told = "".join(f"<li>{name}: {text}</li>" for name, text in STEPS)
    return (
        f"<p>Three ranks with two experts each; a token meets two experts. With JavaScript this is an interactive "
        f"figure of these steps.</p>\n<ol>{told}</ol>\n<table><thead>"
        f"<tr>{''.join(f'<th>{head}</th>' for head in heads)}"
        f"</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
