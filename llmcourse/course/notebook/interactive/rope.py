"""Rotary position embedding, pair by pair: the figure of chapter 2."""

import math
import random

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed

MAX_HEAD = 32
MAX_POSITION = 512
START = (64, 40)
SEED = 33  # pairs well apart at the start, one of them against the others
# What the fallback lists: three pairs of positions 24 apart, then other distances, in both directions.
TABLE_POSITIONS = ((24, 0), (64, 40), (512, 488), (0, 0), (1, 0), (0, 24), (512, 0))


def rope_rotator(d_head: int = 8, theta: float = 10000.0) -> HTML:
    """A figure of one query and one key, rotated pair by pair by their positions.

    Channels 2i and 2i + 1 are one pair, drawn on one dial; at position p it is rotated by p * theta^(-2i / d_head)
    radians. The reader moves the query, the key, or both, and sees the score as the sum of what the pairs give. The
    query and the key are random, and the same in every figure of this size.

    Args:
        d_head: the number of channels of a head, even, 2 to 32.
        theta: the base of the frequencies, more than 1.

    Raises:
        ValueError: for another d_head or theta.

    Source: Su et al., RoFormer (2021), section 3.2.2, equations 14 to 16.
    """
    if d_head not in range(2, MAX_HEAD + 1, 2):
        raise ValueError(f"d_head is {d_head!r}; it must be an even number from 2 to {MAX_HEAD}")
    if not 1 < theta < math.inf:
        raise ValueError(f"theta is {theta!r}; it must be a finite number above 1")
    d_head, theta = int(d_head), float(theta)
    query, key = _random_vectors(d_head)
    return embed(
        "rope-rotator",
        scripts=("rope_core.js", "rope_chart.js", "rope_rotator.js"),
        styles=("rope_rotator.css",),
        config={"dHead": d_head, "theta": theta, "q": query, "k": key, "last": MAX_POSITION, "start": START},
        fallback=_score_table(query, key, theta),
        label="Rotary position embedding, pair by pair",
    )


def _random_vectors(d_head: int) -> tuple[list[float], list[float]]:
    """A query and a key whose pairs have lengths of 0.6 to 1, so that every arrow on a dial is well seen."""
    # Only `random()` gives the same numbers in every version of Python, and two decimals the same on every machine.
    rng = random.Random(SEED)
    query, key = [], []
    for _ in range(d_head // 2):
        for vector in (query, key):
            length, angle = 0.6 + 0.4 * rng.random(), math.tau * rng.random()
            vector += [round(length * math.cos(angle), 2), round(length * math.sin(angle), 2)]
    return query, key


def _score(query: list[float], key: list[float], theta: float, distance: int) -> float:
    """The score at a distance m - n, by the pairs' lengths and angles: q·k = sum of |q||k| cos(angle between)."""
    total = 0.0
    for i in range(0, len(query), 2):
        (x, y), (u, v) = query[i : i + 2], key[i : i + 2]
        between = math.atan2(y, x) - math.atan2(v, u) + distance * theta ** (-i / len(query))
        total += math.hypot(x, y) * math.hypot(u, v) * math.cos(between)
    return total


def _score_table(query: list[float], key: list[float], theta: float) -> str:
    """Angles and scores at a few positions as an HTML table; of many pairs only the fastest and the slowest two."""
    n_pairs = len(query) // 2
    pairs = range(n_pairs) if n_pairs <= 4 else (0, 1, n_pairs - 2, n_pairs - 1)
    rows = []
    for m, n in TABLE_POSITIONS:
        turned = (math.degrees(m * theta ** (-2 * i / len(query))) % 360 for i in pairs)
        score = f"{_score(query, key, theta, m - n):+.2f}".replace("-", "−")
        cells = [str(m), str(n), str(m - n).replace("-", "−"), *(f"{angle:.0f}°" for angle in turned), score]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["query at m", "key at n", "m − n", *(f"pair {i}" for i in pairs), "score q·k"]
    return (
        f"<p>Rotary position embedding of a query and a key of {len(query)} channels (θ = {theta:,g}). With "
        "JavaScript this is an interactive figure; here are some positions, the angle by which each pair of the query "
        "is rotated "
        "there, and the score. Where the distance m − n is the same, the score is the same.</p>\n"
        "<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
