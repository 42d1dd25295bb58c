"""The look of every figure: one palette, one colour for a method in every chapter, and no axis without a label.

Figures are light cards with dark ink. JupyterLab's dark theme leaves images alone: an opaque card reads there, a
transparent figure would not. For its dark theme the book makes a second form from the SVG, in which each of these
colours has a counterpart (`llmcourse.course.author.dark`); a figure kept as PNG has none, so pages show none.

A figure is 5.6 inches wide: a phone shows it at two thirds of its size, and its text is still read there. Two panels
stand one above the other for the same reason.
"""

import hashlib
from collections.abc import Iterable

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.typing import ColorType

CARD, INK, SOFT, GRID = "#fcfcfd", "#1f2630", "#5a6472", "#dfe3e9"

# After Okabe and Ito, "Color Universal Design" (2008), without their yellow, which vanishes on a light card. Their
# orange and sky blue are too pale for a thin line, so all are darkened together, and none comes near another.
PALETTE = {
    "blue": "#005FA8",
    "vermillion": "#B84200",
    "green": "#00835A",
    "purple": "#D060A2",
    "orange": "#B88300",
    "sky": "#3E92DB",
    "ink": "#4A4F57",
}
LEGIBLE, VISIBLE = 4.5, 3.0
"""The least contrast of words, and of lines and marks, to what they lie on."""
LIGHTEST = 0.6
"""The share of the map of `ordered_colours` that stands out from a light card."""

# Methods that one figure compares never share a colour; the method a chapter ends on is blue.
METHODS = {
    # tokenization
    "characters": "sky", "words": "orange", "bytes": "ink", "bpe": "blue", "huffman": "purple",
    "wordpiece": "vermillion", "unigram": "green", "gpt-2": "orange", "gpt-4": "green",
    # positions
    "none": "ink", "learned": "orange", "sinusoidal": "sky", "alibi": "purple", "rope": "blue",
    # attention and optimizers
    "mha": "orange", "mqa": "green", "gqa": "blue", "mla": "purple",
    "sgd": "ink", "momentum": "green", "adam": "sky", "adamw": "blue", "muon": "vermillion",
    # extending the context
    "no scaling": "ink", "linear": "orange", "ntk": "green", "yarn": "vermillion", "llama3": "purple",
    # layers
    "layernorm": "orange", "rmsnorm": "blue", "pre-norm": "blue", "post-norm": "vermillion",
    "relu": "orange", "gelu": "green", "swiglu": "blue",
    # schedules, search and width
    "constant": "ink", "cosine": "blue", "wsd": "vermillion", "inverse square root": "green",
    "grid": "orange", "random": "green", "successive halving": "blue",
    "standard": "orange", "mup": "blue",
    # data and baselines
    "5-gram": "orange", "padding": "orange", "packing": "blue", "transformer": "blue",
    # many ranks
    "one process": "ink", "ddp": "orange", "fsdp": "blue", "expert parallel": "green",
    # what a rank does, and how ranks add
    "computing": "blue", "sending": "sky", "waiting": "orange",
    "ring": "blue", "tree": "green", "plain": "ink", "gloo": "orange",
    # scaling and experts
    "kaplan": "orange", "chinchilla": "blue", "dense": "ink", "moe": "blue", "shared experts": "green",
    # what a learner compares with
    "yours": "blue", "reference": "ink",
}  # fmt: skip
MARKERS = "osD^vPX"
DASHES = ("-", "--", "-.", ":")


def use_style(fmt: str = "svg") -> None:
    """Set the course's style for every figure that follows, and the format in which a notebook keeps them.

    Args:
        fmt: "svg" (sharp at any size, the same bytes for the same figure) or "png" (twice the pixels; for images and
            for more than some thousand points).

    Raises:
        ValueError: for another format.
    """
    if fmt not in ("svg", "png"):
        raise ValueError(f"fmt is {fmt!r}; it is 'svg' or 'png'")
    matplotlib.rcParams.update(
        {
            "figure.figsize": (5.6, 3.5), "figure.dpi": 96, "savefig.dpi": 192, "figure.constrained_layout.use": True,
            "figure.facecolor": CARD, "axes.facecolor": CARD, "savefig.facecolor": CARD, "savefig.pad_inches": 0.15,
            "figure.constrained_layout.h_pad": 0.12, "figure.constrained_layout.w_pad": 0.12,
            "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "axes.edgecolor": SOFT,
            "xtick.color": SOFT, "ytick.color": SOFT, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
            "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 11,
            "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left",
            "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
            "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.8,
            "axes.prop_cycle": cycler(color=list(PALETTE.values())), "image.cmap": "cividis",
            "lines.linewidth": 2.2, "lines.markersize": 6, "legend.frameon": False,
            "svg.hashsalt": "llmcourse", "svg.fonttype": "path",
        }
    )  # fmt: skip
    _set_notebook_format(fmt)


def _set_notebook_format(fmt: str) -> None:
    """Inside a notebook: keep figures in this format, without the date and version that would change their bytes."""
    from IPython import get_ipython

    if get_ipython() is None:
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    # bbox_inches=None keeps the size that was asked for, so that figures of one chapter line up.
    metadata = {"Date": None, "Creator": None} if fmt == "svg" else {"Software": None}
    set_matplotlib_formats("svg" if fmt == "svg" else "retina", metadata=metadata, bbox_inches=None)


def colour(method: str) -> str:
    """The colour of a method in every figure of the course, as "#rrggbb".

    A name that is not registered gets one of the palette's colours by its hash: always the same one, though two such
    names may share it.

    >>> colour("BPE") == colour("bpe") == PALETTE["blue"]
    True
    """
    key = method.strip().casefold()
    return PALETTE[METHODS[key]] if key in METHODS else list(PALETTE.values())[_number(key) % len(PALETTE)]


def contrast(one: ColorType, other: ColorType) -> float:
    """The contrast of two colours by the Web Content Accessibility Guidelines, from 1 to 21.

    Args:
        one, other: Anything that matplotlib takes for a colour. What is transparent lies on the card.

    Raises:
        ValueError: One is no colour.

    Example:
        >>> round(contrast("white", "black"), 2), contrast("white", PALETTE["blue"]) > LEGIBLE
        (21.0, True)
    """
    darker, lighter = sorted((_light(one), _light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _light(colour: ColorType) -> float:
    """Relative luminance, from 0 to 1."""
    *parts, opacity = to_rgba(colour)
    mixed = [opacity * part + (1 - opacity) * card for part, card in zip(parts, to_rgba(CARD))]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in mixed]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ink_on(ground: ColorType) -> str:
    """The ink for words on a ground: the figures' own where it can be read, else white or black.

    Args:
        ground: Anything that matplotlib takes for a colour; for a cell of an image, `image.to_rgba(value)`.

    Raises:
        ValueError: It is no colour.

    Example:
        >>> ink_on(PALETTE["orange"]) == INK, ink_on(PALETTE["blue"])
        (True, '#ffffff')
    """
    return next(ink for ink in (INK, "#ffffff", "#000000") if contrast(ink, ground) >= LEGIBLE)


def ink_of(method: str) -> str:
    """The colour of a method for words on the card: as `colour`, and dark enough to be read.

    Example:
        >>> ink_of("bpe") == colour("bpe"), contrast(ink_of("words"), CARD) >= LEGIBLE
        (True, True)
    """
    return legible(colour(method))


def legible(shade: str) -> str:
    """A colour, darkened until words in it can be read on the card.

    Example:
        >>> legible(INK) == INK, contrast(legible(PALETTE["sky"]), CARD) >= LEGIBLE
        (True, True)
    """
    parts = to_rgba(shade)[:3]
    darker = (to_hex([part * share / 100 for part in parts]) for share in range(100, 0, -1))
    return shade if contrast(shade, CARD) >= LEGIBLE else next(one for one in darker if contrast(one, CARD) >= LEGIBLE)


def ordered_colours(count: int) -> list[str]:
    """Colours for lines that stand in an order, from light to dark; the lightest still stands out from the card.

    Raises:
        ValueError: `count` is not positive.

    Example:
        >>> [contrast(shade, CARD) >= VISIBLE for shade in ordered_colours(3)]
        [True, True, True]
    """
    if count < 1:
        raise ValueError(f"count is {count}; it must be positive")
    cividis = matplotlib.colormaps["cividis"]
    return [to_hex(cividis(LIGHTEST * (count - 1 - number) / max(count - 1, 1))) for number in range(count)]


def line_style(method: str) -> dict[str, str]:
    """Keyword arguments for `ax.plot`: the method's colour, label, marker and dashes; colour is not all there is.

    >>> line_style("BPE")["label"]
    'BPE'
    """
    position = list(PALETTE.values()).index(colour(method))
    number = _number(method.strip().casefold())
    dashes = "-" if method.strip().casefold() in METHODS else DASHES[number // 7 % 4]
    return {"color": colour(method), "label": method, "marker": MARKERS[position], "linestyle": dashes}


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def label(ax: Axes, x: str, y: str, title: str = "") -> Axes:
    """Name both axes, units included ("time (s)").

    Raises:
        ValueError: if a label is blank.
    """
    ax.set(xlabel=x, ylabel=y)
    if title:
        ax.set_title(title)
    check_labels([ax])
    return ax


def check_labels(figure_or_axes: Figure | Iterable[Axes]) -> None:
    """Raise ValueError when an axis has no label. One that is switched off, or that shares another's, needs none."""
    axes = figure_or_axes.axes if isinstance(figure_or_axes, Figure) else list(figure_or_axes)
    for number, ax in enumerate(axes):
        for name in ("x", "y"):
            group = getattr(ax, f"get_shared_{name}_axes")().get_siblings(ax)
            is_colour_bar = hasattr(ax, "_colorbar")
            shown = ax.axison and getattr(ax, f"{name}axis").get_visible()
            labels = [getattr(other, f"get_{name}label")().strip() for other in group]
            if is_colour_bar:
                labels = [ax.get_xlabel().strip(), ax.get_ylabel().strip()]
            if shown and not any(labels):
                raise ValueError(f"the {name} axis of axes {number} ({ax.get_title(loc='left')!r}) has no label")
