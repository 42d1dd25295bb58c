"""What temperature, top-k and top-p leave of a distribution: the figure of chapter 3. Dimension: V vocabulary."""

import html
from collections.abc import Mapping, Sequence

import torch
from IPython.display import HTML
from torch import Tensor

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.model.generation import top_k_filter, top_p_filter

TEMPERATURES = tuple(step / 10 for step in range(1, 21))
KS = (1, 2, 3, 5, 10, 20, 40, 80, 160, 320, None)
PS = (*(step / 20 for step in range(1, 20)), 0.98, 0.99, None)
NO_K, NO_P = len(KS) - 1, len(PS) - 1
PRESETS = (
    ("the model's own", {"temperature": 9, "k": NO_K, "p": NO_P}),
    ("top-k of 20", {"temperature": 9, "k": KS.index(20), "p": NO_P}),
    ("top-p of 0.9", {"temperature": 9, "k": NO_K, "p": PS.index(0.9)}),
    ("this page's samples", {"temperature": 7, "k": NO_K, "p": PS.index(0.9)}),
)
DECIMALS = 3


def tokens_left(logits_V: Tensor, temperature: float = 1.0, k: int | None = None, p: float | None = None) -> Tensor:
    """The probabilities that `choose_next` draws from.

    Args:
        logits_V: One row of logits.
        temperature: Above 0.
        k, p: Of top-k and top-p; None for no limit.

    Returns:
        (V,), float64.

    Example:
        >>> tokens_left(torch.tensor([0.2, 0.5, 0.3]).log(), p=0.6)
        tensor([0.0000, 0.6250, 0.3750], dtype=torch.float64)
    """
    logits_V = logits_V.double() / temperature
    if k is not None:
        logits_V = top_k_filter(logits_V, k)
    if p is not None:
        logits_V = top_p_filter(logits_V, p)
    return logits_V.softmax(-1)


def token_sampler(contexts: Mapping[str, Tensor], tokens: Sequence[str]) -> HTML:
    """A figure of what a temperature, a top-k and a top-p leave of the next token, for several texts at once.

    The reader moves the three settings and sees how many tokens they keep after each text, how much of the model's
    probability they leave out, and what is drawn. The same random numbers are used at every setting, so that a draw
    changes only where the settings change it. The model runs in Python, before; the figure has its logits.

    Args:
        contexts: For each text the logits of the token that follows it, (V,).
        tokens: The text of each of the V tokens.

    Raises:
        ValueError: There is no text, or its logits are not one finite number for each token.

    Example:
        >>> "after <code>a</code>" in token_sampler({"a": torch.tensor([1.0, 2.0])}, ["b", "c"]).data
        True
    """
    if not contexts:
        raise ValueError("contexts holds 0 texts; it must hold at least 1")
    for text, logits_V in contexts.items():
        if logits_V.shape != (len(tokens),) or not logits_V.isfinite().all():
            raise ValueError(
                f"the logits after {text!r} have the shape {tuple(logits_V.shape)}; they must be {len(tokens)} finite "
                "numbers, one for each token"
            )
    rounded = {text: torch.round(logits_V.double().cpu(), decimals=DECIMALS) for text, logits_V in contexts.items()}
    return embed(
        "token-sampler",
        scripts=("sampler_core.js", "token_sampler.js"),
        styles=("token_sampler.css",),
        config={
            "contexts": [(text, logits_V.tolist()) for text, logits_V in rounded.items()],
            "tokens": list(tokens),
            "temperatures": TEMPERATURES,
            "ks": KS,
            "ps": PS,
            "presets": PRESETS,
            "start": PRESETS[1][1],
        },
        fallback=_table(rounded, tokens),
        label="What temperature, top-k and top-p leave of the next token",
    )


def _table(contexts: Mapping[str, Tensor], tokens: Sequence[str]) -> str:
    rows = []
    for text, logits_V in contexts.items():
        probabilities_V = logits_V.softmax(-1)
        best = [
            f"{html.escape(repr(tokens[i]))} {probabilities_V[i]:.0%}" for i in logits_V.argsort(descending=True)[:3]
        ]
        for told, limits in (("top-k of 20", {"k": 20}), ("top-p of 0.9", {"p": 0.9})):
            is_kept_V = tokens_left(logits_V, **limits) > 0
            cells = [
                f"after <code>{html.escape(text)}</code>", ", ".join(best), told, f"{is_kept_V.sum():,}",
                f"{1 - probabilities_V[is_kept_V].sum().item():.1%}",
            ]  # fmt: skip
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["text", "most probable tokens", "setting", "tokens kept", "probability left out"]
    return (
        f"<p>What two settings keep of {len(tokens):,} tokens. With JavaScript this is an interactive figure.</p>\n"
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
