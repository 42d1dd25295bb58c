"""Which pairs meet in a band, and which do not: the figure of chapter 3. Dimension: S equal steps of similarity."""

from dataclasses import dataclass

import numpy as np
from IPython.display import HTML
from numpy.typing import ArrayLike, NDArray

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.data.deduplication import band_probability

N_STEPS = 100
BANDS = (1, 64)
ROWS = (1, 20)
THRESHOLDS = (0.5, 0.95)
START = (16, 8, 0.7)
PRESETS = (("16 bands of 8", 16, 8), ("FineWeb, 14 of 8", 14, 8), ("32 of 4", 32, 4), ("8 of 16", 8, 16))


@dataclass(frozen=True)
class Banding:
    """What bands make of a set of pairs; expected numbers, where `near` and `far` are exact.

    Attributes:
        near: Pairs at the threshold or above it.
        far: All others.
        found: Near pairs that become candidates.
        false: Far pairs that become candidates, too.
    """

    near: int
    far: int
    found: float
    false: float

    @property
    def missed(self) -> float:
        """Near pairs that share no band."""
        return self.near - self.found

    @property
    def false_share(self) -> float:
        """The part of all candidates that are no near pairs; 0 where there is no candidate."""
        candidates = self.found + self.false
        return self.false / candidates if candidates else 0.0


def banding_outcome(pairs_S: ArrayLike, n_bands: int, n_rows: int, threshold: float) -> Banding:
    """Compute how many pairs become candidates, from how similar the pairs are.

    Args:
        pairs_S: How many pairs have a similarity in each of S equal steps from 0 to 1. A pair counts as in the middle
            of its step.
        n_bands: Bands of a signature.
        n_rows: Numbers of a band.
        threshold: From which similarity on a pair is a near one; the border between two steps.

    Example:
        >>> outcome = banding_outcome([0, 1000, 0, 10], n_bands=1, n_rows=3, threshold=0.5)
        >>> outcome.near, round(outcome.found, 2), round(outcome.false, 1)
        (10, 6.7, 52.7)
    """
    pairs_S = np.asarray(pairs_S)
    middles_S = (np.arange(len(pairs_S)) + 0.5) / len(pairs_S)
    candidates_S = pairs_S * band_probability(middles_S, n_bands, n_rows)
    is_near_S = middles_S > threshold
    return Banding(
        near=int(pairs_S[is_near_S].sum()),
        far=int(pairs_S[~is_near_S].sum()),
        found=float(candidates_S[is_near_S].sum()),
        false=float(candidates_S[~is_near_S].sum()),
    )


def minhash_banding(similarities: ArrayLike) -> HTML:
    """A figure of the pairs of a corpus by their similarity, and of those that become candidates.

    The reader chooses bands, rows and the threshold, and sees the curve, the near copies that are found, those that are
    missed, and the candidates that are none. What is counted is the pairs' exact similarity; which of them meet is a
    matter of chance, and the figure shows what is to be expected.

    Args:
        similarities: The exact Jaccard similarity of each pair, in any shape.

    Raises:
        ValueError: There is no pair, or a similarity is not from 0 to 1; the message names it.

    Example:
        >>> "<td>16 bands of 8</td>" in minhash_banding([0.1, 0.3, 0.95]).data
        True
    """
    values = np.asarray(similarities, dtype=np.float64).ravel()
    if len(values) == 0:
        raise ValueError("similarities holds 0 pairs; it must hold one at least")
    outside = values[~((values >= 0) & (values <= 1))]
    if len(outside):
        raise ValueError(f"a similarity is {outside[0]}; it must be from 0 to 1")
    pairs_S, _ = np.histogram(values, bins=np.arange(N_STEPS + 1) / N_STEPS)
    return embed(
        "minhash-banding",
        scripts=("banding_core.js", "minhash_banding.js"),
        styles=("minhash_banding.css",),
        config={
            "pairs": pairs_S.tolist(),
            "bands": BANDS,
            "rows": ROWS,
            "thresholds": THRESHOLDS,
            "presets": PRESETS,
            "start": dict(zip(("bands", "rows", "threshold"), START)),
        },
        fallback=_table(pairs_S),
        label="Which pairs of documents become candidates, by bands and rows",
    )


def _table(pairs_S: NDArray[np.int64]) -> str:
    """The presets at the first threshold."""
    rows, threshold = [], START[2]
    for name, n_bands, n_rows in PRESETS:
        outcome = banding_outcome(pairs_S, n_bands, n_rows, threshold)
        numbers = [f"{outcome.found:,.1f}", f"{outcome.missed:,.1f}", f"{outcome.false:,.1f}"]
        cells = [name, f"{n_bands * n_rows}", *numbers, f"{outcome.false_share:.0%}"]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["bands", "numbers a document", "near copies found", "missed", "other candidates", "of all candidates"]
    return (
        f"<p>{pairs_S.sum():,} pairs of documents, {banding_outcome(pairs_S, 1, 1, threshold).near:,} of them near "
        f"copies with a similarity of {threshold:g} or more, and what is to be expected of bands. With JavaScript this "
        f"is an interactive figure.</p>\n<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>"
        f"\n<tbody>{''.join(rows)}</tbody></table>"
    )
