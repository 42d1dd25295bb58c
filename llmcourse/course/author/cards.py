"""A picture for each page, shown where somebody shares its address: the title, and what the page is about."""

from __future__ import annotations

import textwrap
from pathlib import Path

CARD_SIZE = {"width": 1200, "height": 630}
INK, PAPER, MUTED = "#1f2733", "#fbfcfe", "#535d6b"
STATIONS = ("#3b7dd8", "#d08300", "#0f9d77")


def write_card(target: Path, book: str, title: str, about: str) -> None:
    """Draw a card of 1200 by 630 pixels as PNG; the same words give the same bytes.

    Args:
        target: The file to write.
        book: The book's title, in small letters above.
        title: The page's.
        about: Its first sentences; two or three lines of them are shown.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = CARD_SIZE["width"], CARD_SIZE["height"]
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    style = {"parse_math": False, "va": "top", "family": "DejaVu Sans"}
    axes.text(70, 62, book, color=MUTED, size=20, **style)
    lines = textwrap.wrap(title, 27)[:2]
    axes.text(70, 120, "\n".join(lines), color=INK, size=42, weight="bold", linespacing=1.15, **style)
    body = textwrap.wrap(about, 66, max_lines=3 if len(lines) > 1 else 4, placeholder=" …")
    axes.text(70, 145 + 78 * len(lines), "\n".join(body), color=INK, size=20, linespacing=1.5, **style)
    _draw_path(axes)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, format="png", metadata={"Software": None})


def _draw_path(axes: object) -> None:
    """Along the lower edge: tokens, experts of which some are met, two ranks."""
    from matplotlib.patches import FancyBboxPatch

    tokens, experts, ranks = STATIONS
    boxes = [(70 + 58 * i, 46, tokens, i in (0, 3)) for i in range(6)]
    boxes += [(478 + 44 * i, 30, experts, i in (2, 5)) for i in range(8)]
    boxes += [(890 + 130 * i, 110, ranks, False) for i in range(2)]
    for x, wide, colour, filled in boxes:
        face = colour if filled else "none"
        box = FancyBboxPatch((x, 520), wide, 44, "round,pad=0,rounding_size=7", ec=colour, fc=face, lw=3)
        axes.add_patch(box)  # type: ignore[attr-defined]
