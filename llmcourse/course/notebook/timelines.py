"""A drawn timeline: what each rank did, when it waited, and what was under way meanwhile.

Each rank is a row with two lanes. Above is the process itself: the spans it was asked to note, and its waits. Below is
what it had started and not yet seen the end of: messages, and operations of all. A bar below that has nothing but
computing above it cost no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from llmcourse.course.notebook.plots import CARD, colour, ink_on, label
from llmcourse.distributed.traffic import Event, Traffic

KINDS = ("computing", "waiting", "sending")
UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6}


class Bar(NamedTuple):
    """One bar of a timeline.

    Attributes:
        rank: Whose.
        kind: One of `KINDS`.
        began_s: When it begins, in seconds from the beginning of the picture.
        ended_s: When it ends.
        text: What is written into it where it is wide enough.
        lane: For "sending", which of the lanes below each other it is in: what was under way at the same time is in
            different ones.
    """

    rank: int
    kind: str
    began_s: float
    ended_s: float
    text: str = ""
    lane: int = 0


def bars(traffic: Sequence[Traffic]) -> list[Bar]:
    """The bars of a timeline, in the order of the ranks; what has not ended has none.

    Args:
        traffic: Each rank's, of real processes of one machine or replayed.

    Example:
        >>> told = Traffic([Event("send", 8, peer=1, began_s=2.0, waited_s=3.0, ended_s=5.0)])
        >>> [(bar.kind, bar.began_s, bar.ended_s, bar.text) for bar in bars([told])]
        [('waiting', 1.0, 3.0, ''), ('sending', 0.0, 3.0, '→1')]
    """
    ended = [[event for event in told if event.ended_s is not None] for told in traffic]
    times = [event.began_s for events in ended for event in events]
    zero = min(times + [span.began_s for told in traffic for span in told.spans], default=0.0)
    found = []
    for rank, (told, events) in enumerate(zip(traffic, ended)):
        spans = [(span.began_s, span.ended_s, span.label) for span in told.spans]
        waits = [(event.waited_s, event.ended_s, "") for event in events if event.waited_s is not None]
        sent = [(event.began_s, event.ended_s, _text(event)) for event in events if event.kind != "receive"]
        for kind, intervals in zip(KINDS, (spans, waits, sent)):
            shifted = [(a - zero, b - zero, text) for a, b, text in intervals]
            lanes = _lanes(shifted) if kind == "sending" else [0] * len(shifted)
            found += [Bar(rank, kind, a, b, text, lane) for (a, b, text), lane in zip(shifted, lanes)]
    return found


def draw_timeline(ax: Axes, traffic: Sequence[Traffic], title: str = "", unit: str = "", legend: bool = True) -> Axes:
    """Draw what several ranks did: a row for each rank, time from left to right.

    Args:
        ax: Where.
        traffic: Each rank's: what `group.watched().traffic` held at the end, with times; ranks that run on one machine
            share one clock.
        title: Above it.
        unit: "s", "ms" or "µs"; "" for the one that fits; any other word if times are not seconds, as "rounds".
        legend: Whether to say what the colours mean.

    Raises:
        ValueError: Nothing has ended in it, so that there is nothing to draw.
    """
    drawn = bars(traffic)
    if not drawn:
        raise ValueError("traffic has no event or span that has ended; it must have one")
    end = max(bar.ended_s for bar in drawn)
    unit = unit or next((name for name, factor in UNITS.items() if end * factor >= 2), "µs")
    factor = UNITS.get(unit, 1.0)
    depth = 1 + max(bar.lane for bar in drawn)
    for bar in drawn:
        _draw(ax, bar, factor, depth, room=end * factor)
    right = max(end * factor, *(other.dataLim.x1 for other in ax.get_shared_x_axes().get_siblings(ax)))
    ax.set(xlim=(0, right), ylim=(len(traffic) - 0.45, -0.55), yticks=range(len(traffic)))
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    label(ax, f"time ({unit})", "rank")
    if title:
        ax.set_title(title, pad=28 if legend else None)
    if legend:
        _legend(ax, [kind for kind in KINDS if any(bar.kind == kind for bar in drawn)])
    return ax


def _text(event: Event) -> str:
    return f"→{event.peer}" if event.kind == "send" else event.kind.replace("_", "-")


def _lanes(intervals: Sequence[tuple[float, float, str]]) -> list[int]:
    """For each interval the first lane in which nothing else is under way."""
    busy_until: list[float] = []
    found = []
    for began, ended, _ in intervals:
        free = [lane for lane, until in enumerate(busy_until) if until <= began]
        lane = free[0] if free else len(busy_until)
        busy_until[lane : lane + 1] = [ended]
        found.append(lane)
    return found


def _draw(ax: Axes, bar: Bar, factor: float, depth: int, room: float) -> None:
    upper, gap = 0.42, 0.03
    height = upper if bar.kind != "sending" else (upper - gap) / depth
    top = bar.rank - 0.42 if bar.kind != "sending" else bar.rank + gap + bar.lane * height
    began, ended = bar.began_s * factor, bar.ended_s * factor
    ax.broken_barh(
        [(began, ended - began)], (top, height), facecolor=colour(bar.kind), linewidth=0.6, edgecolor=CARD,
        hatch="////" if bar.kind == "waiting" else None, zorder=3 if bar.kind == "waiting" else 2,
    )  # fmt: skip
    characters = 58 * (ended - began) / room  # about what stands beside one another in a figure of the usual width
    if bar.text and len(bar.text) <= characters and depth <= 3:
        ax.text(
            (began + ended) / 2, top + height / 2, bar.text, ha="center", va="center_baseline", fontsize=8.5, zorder=4,
            in_layout=False, clip_on=True, color=ink_on(colour(bar.kind)),
        )  # fmt: skip


def _legend(ax: Axes, kinds: Iterable[str]) -> None:
    hatches = {"waiting": "////"}
    patches = [
        Patch(facecolor=colour(kind), edgecolor=CARD, hatch=hatches.get(kind), label=_LEGEND[kind]) for kind in kinds
    ]
    ax.legend(handles=patches, ncols=3, loc="lower left", bbox_to_anchor=(0, 0.99), fontsize=10, borderaxespad=0.2)


_LEGEND = {"computing": "computing", "waiting": "waiting", "sending": "under way"}
