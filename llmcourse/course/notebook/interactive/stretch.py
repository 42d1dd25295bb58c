"""Which angles a longer context brings, pair by pair: the figure of chapter 2. N pairs of channels."""

import math
from typing import NamedTuple

from IPython.display import HTML
from torch import Tensor

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.positional import RopeScaling, rotary_frequencies
from llmcourse.positional.scaling import scaled_frequencies

MODELS = (
    ("this page's: base 10,000, 64 tokens", 16, 10_000.0, 64),
    ("larger: base 10,000, 4,096 tokens", 128, 10_000.0, 4_096),
    ("Llama 3: base 500,000, 8,192 tokens", 128, 500_000.0, 8_192),
)
WAYS = (
    ("none", "no scaling"), ("linear", "linear interpolation"), ("ntk", "NTK-aware"), ("yarn", "YaRN"),
    ("llama3", "Llama 3"), ("base", "a larger base"),
)  # fmt: skip
LENGTHS = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)
FACTORS = (*LENGTHS, 48, 64)
FASTS = (2, 4, 8, 16, 32, 64)
BASES = tuple(10 ** (step / 10) for step in range(31))
"""Multiples of the model's own."""
START = {"model": 0, "way": 2, "times": 4, "factor": 4, "fast": 4, "base": 17, "pair": 3}
BARELY = 1e-6


class PairAngles(NamedTuple):
    """What a pair of channels meets in a longer text.

    Attributes:
        before: Turns within the trained length.
        after: Turns within the longer text, with the new frequency.
        slower: How many times slower the pair turns.
        fresh: The part of the circle that it meets now and never met in training.
    """

    before: float
    after: float
    slower: float
    fresh: float


def pair_angles(plain_N: Tensor, scaled_N: Tensor, trained: int, times: float) -> list[PairAngles]:
    """How far each pair turns, before and after its frequency was changed.

    Args:
        plain_N: The frequencies of training, radians for each token.
        scaled_N: The frequencies now.
        trained: Tokens of the trained length.
        times: How many times as long the text is.

    Example:
        >>> plain_N = rotary_frequencies(16)
        >>> third = pair_angles(plain_N, plain_N, trained=64, times=4)[3]
        >>> round(third.before, 2), round(third.after, 2), round(third.fresh, 2)
        (0.32, 1.29, 0.68)
    """
    found = []
    for plain, scaled in zip(plain_N.tolist(), scaled_N.tolist()):
        before, after = trained * plain / math.tau, times * trained * scaled / math.tau
        found.append(PairAngles(before, after, plain / scaled, max(0.0, min(after, 1) - min(before, 1))))
    return found


def context_stretch() -> HTML:
    """A figure of rotated pairs in a context longer than the trained one.

    The reader chooses a model, a way to slow its pairs, the length to read, and a pair, and sees which pairs come to
    angles that training never showed, and which are slowed though they knew every angle. The frequencies are those of
    `scaled_frequencies`.

    Source: Peng et al., "YaRN: Efficient Context Window Extension of Large Language Models" (2023), section 3.
    """
    return embed(
        "context-stretch",
        scripts=("stretch_core.js", "context_stretch.js"),
        styles=("context_stretch.css",),
        config={
            "models": [dict(zip(("name", "dHead", "theta", "trained"), model)) for model in MODELS],
            "ways": WAYS,
            "lengths": LENGTHS,
            "factors": FACTORS,
            "fasts": FASTS,
            "bases": BASES,
            "start": START,
        },
        fallback=_table(),
        label="Which angles a longer context brings, pair by pair",
    )


def _scalings(trained: int) -> dict[str, RopeScaling | None]:
    return {
        "no scaling": None,
        "linear interpolation": RopeScaling("linear", 4.0),
        "NTK-aware": RopeScaling("ntk", 4.0),
        "YaRN": RopeScaling("yarn", 4.0, trained),
        "Llama 3": RopeScaling("llama3", 4.0, trained),
    }


def _table() -> str:
    rows = []
    for name, d_head, theta, trained in MODELS:
        plain_N = rotary_frequencies(d_head, theta)
        for way, scaling in _scalings(trained).items():
            found = pair_angles(plain_N, scaled_frequencies(d_head, theta, scaling)[0], trained, 4)
            whole = [pair for pair in found if pair.before >= 1]
            cells = [
                name, way, f"{sum(pair.fresh > BARELY for pair in found)} of {len(found)}",
                f"{max(pair.fresh for pair in found):.0%}",
                f"{sum(pair.slower > 1.1 for pair in whole)} of {len(whole)}", f"{found[0].slower:.2f}",
            ]  # fmt: skip
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = [
        "model", "way, by a factor of 4", "pairs that meet new angles", "the most new, of the circle",
        "slowed by more than a tenth, of those that knew every angle", "the fastest, times slower",
    ]  # fmt: skip
    return (
        "<p>Pairs of channels in four times the trained length. With JavaScript this is an interactive figure.</p>\n"
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
