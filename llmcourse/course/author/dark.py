"""The dark form of a figure: the same drawing in the colours of the book's dark theme.

Figures are drawn once, for a light page, in the colours of `llmcourse.course.notebook.plots`. Each of these has a
counterpart that keeps its name: blue stays blue, only lighter. What a colour map has coloured stays as it is where it
lies side by side, in an image; lines and points that a map has coloured are brought nearer to white, together with the
bar that explains them. Words on a bar or on an image that would be hard to read there turn black or white. A page holds
both forms and shows one, as its theme says.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import PIL.Image
from PIL.Image import Image

from llmcourse.course.notebook import plots
from llmcourse.course.notebook.plots import CARD, GRID, INK, LEGIBLE, PALETTE, SOFT, legible

DARK_CARD = "#1b2027"
DARK_PALETTE = {
    "blue": "#4ba3ea",
    "vermillion": "#f4743b",
    "green": "#2fc294",
    "purple": "#e58fc0",
    "orange": "#f4b942",
    "sky": "#a9dcfb",
    "ink": "#a3abb5",
}
COUNTERPARTS = {
    CARD: DARK_CARD, "#ffffff": DARK_CARD, INK: "#e6eaf0", SOFT: "#a9b3c0", GRID: "#38414d", "#c8ced6": "#4c5664",
    "#e9ecf0": "#2b323c", **{legible(PALETTE[name]): dark for name, dark in DARK_PALETTE.items()},
    **{PALETTE[name]: dark for name, dark in DARK_PALETTE.items()},
}  # fmt: skip
"""What stands for what; the grey lines beside those of the style are drawn by single figures."""
LIFT = 0.35
"""How far a colour of a map goes towards white."""
NEUTRAL = 14
"""Red, green and blue that differ by less are a grey."""
SVG, HREF = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
FIGURE = re.compile(r'<img (?![^>]*\bin-(?:dark|light)\b)([^>]*?)src="([^"]*_images/([0-9a-f]{64})\.svg)"([^>]*?) ?/?>')
Box, Parts = tuple[float, float, float, float], tuple[float, ...]
_COUNTERPARTS = {light.lower(): dark for light, dark in COUNTERPARTS.items()}


def dark_form(svg: str) -> str:
    """A figure that matplotlib has drawn in the course's style, as SVG, in the colours of the dark theme.

    Args:
        svg: The figure. It is not changed where it holds no colour.

    Raises:
        ValueError: It is no SVG.

    Example:
        >>> dark_form(f'<svg xmlns="{SVG}"><path style="stroke: #0072b2"/></svg>')
        '<svg xmlns="http://www.w3.org/2000/svg"><path style="stroke: #59a3cd" /></svg>'
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", HREF[1:-5])
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as fault:
        raise ValueError(f"svg is {svg[:40]!r}...; it must be a whole SVG: {fault}") from None
    for data in root.findall(f"{{{SVG}}}metadata"):
        root.remove(data)
    width = float((root.get("viewBox") or "0 0 0 0").split()[2])
    pictures = [picture for picture in root.iter(f"{{{SVG}}}image") if _number(picture, "width") > width / 8]
    kept = set(_on_pictures(root))
    for element in root.iter():
        if element not in kept and (style := element.get("style")):
            element.set("style", COLOUR.sub(lambda found: _dark(found[0]), style))
    for axes in _all_axes(root):
        _keep_words_legible(axes)
    if not pictures:
        for bar in root.iter(f"{{{SVG}}}image"):
            bar.set(HREF, _lifted_picture(bar.get(HREF, "")))
    return ElementTree.tostring(root, encoding="unicode")


def _all_axes(root: Element) -> list[Element]:
    return [group for group in root.iter(f"{{{SVG}}}g") if re.match(r"axes_\d+$", group.get("id", ""))]


def _on_pictures(root: Element) -> Iterator[Element]:
    """What lies on an image: its words, and what is clipped to the axes that it fills."""
    for axes in _all_axes(root):
        boxes = [_box(picture) for picture in axes.iter(f"{{{SVG}}}image")]
        for element in axes.iter() if boxes else ():
            place = _place(element)
            if element.get("clip-path") or (place and any(_holds(box, place) for box in boxes)):
                yield from element.iter()


def _place(words: Element) -> tuple[float, float] | None:
    """A point a little inside the first letter of some words; None for what is no words."""
    found = re.match(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", words.get("transform", ""))
    return (float(found[1]) + 1, float(found[2]) - 2) if found else None


def _holds(box: Box, place: tuple[float, float]) -> bool:
    left, top, right, bottom = box
    return left <= place[0] <= right and top <= place[1] <= bottom


def _box(picture: Element) -> Box:
    """Left, top, right and lower edge. Matplotlib turns an image upside down: `scale(1 -1) translate(0 -height)`."""
    x, y, width, height = (_number(picture, name) for name in ("x", "y", "width", "height"))
    if found := re.match(r"scale\(1[ ,]+-1\) translate\(([-\d.]+)[ ,]+([-\d.]+)\)", picture.get("transform", "")):
        x, y = x + float(found[1]), -(y + height + float(found[2]))
    return x, y, x + width, y + height


def _keep_words_legible(axes: Element) -> None:
    """Words with too little contrast to the bar or the image that they lie on become black or white."""
    grounds = [*_bars(axes), *_pictures(axes)]
    for words in axes.iter(f"{{{SVG}}}g"):
        place, ink = _place(words), re.search(r"fill: (#[0-9a-f]{6})", words.get("style", ""))
        under = [colour_at(place) for box, colour_at in grounds if _holds(box, place)] if place and ink else []
        if under and contrast(_parts(ink[1]), under[-1]) < LEGIBLE:  # type: ignore[index]
            best = max(("#000000", "#ffffff"), key=lambda colour: contrast(_parts(colour), under[-1]))
            words.set("style", words.get("style", "").replace(ink[1], best))  # type: ignore[index]


def _bars(axes: Element) -> Iterator[tuple[Box, Callable[[tuple[float, float]], Parts]]]:
    """The filled boxes in order, each with its colour as it lies on the card."""
    boxes: dict[str, Box | None] = {
        f"#{path.get('id')}": _filled_box(path) for path in axes.iter(f"{{{SVG}}}path") if path.get("id")
    }
    for element in axes.iter():
        style = element.get("style", "")
        fill = re.search(r"fill: (#[0-9a-f]{6})", style)
        box = (boxes.get(element.get(HREF, "")) or _filled_box(element)) if fill else None
        if fill and box:
            opacity = re.search(r"(?:^|[; ])(?:fill-)?opacity: ([\d.]+)", style)
            share = float(opacity[1]) if opacity else 1.0
            mixed = tuple(share * a + (1 - share) * b for a, b in zip(_parts(fill[1]), _parts(DARK_CARD)))
            x, y = _number(element, "x"), _number(element, "y")
            left, top, right, bottom = box
            yield (left + x, top + y, right + x, bottom + y), lambda _, mixed=mixed: mixed  # type: ignore[misc]


def _filled_box(path: Element) -> Box | None:
    """The box around a shape that nearly fills it; None for any other."""
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", path.get("d", ""))]
    xs, ys = numbers[::2], numbers[1::2]
    if not 4 <= len(xs) == len(ys) <= 40:
        return None
    twice = sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    return (left, top, right, bottom) if abs(twice) > 1.6 * (right - left) * (bottom - top) else None


def _pictures(axes: Element) -> Iterator[tuple[Box, Callable[[tuple[float, float]], Parts]]]:
    """The images: the box that each fills, and the colour at a place in it."""
    for element in axes.iter(f"{{{SVG}}}image"):
        box, picture = _box(element), _picture(element.get(HREF, "")).convert("RGB")

        def colour_at(place: tuple[float, float], box: Box = box, picture: Image = picture) -> Parts:
            left, top, right, bottom = box
            column = min(int((place[0] - left) / (right - left) * picture.width), picture.width - 1)
            row = min(int((bottom - place[1]) / (bottom - top) * picture.height), picture.height - 1)
            return picture.getpixel((column, row))

        yield box, colour_at


def contrast(one: Parts, other: Parts) -> float:
    """The contrast of two colours, each as red, green and blue from 0 to 255.

    Example:
        >>> contrast((255, 255, 255), (0, 0, 0))
        21.0
    """
    return plots.contrast(*(tuple(part / 255 for part in colour) for colour in (one, other)))


def _number(element: Element, name: str) -> float:
    found = re.match(r"-?[\d.]+", element.get(name, ""))
    return float(found[0]) if found else 0.0


def _dark(colour: str) -> str:
    colour = colour.lower()
    if colour in _COUNTERPARTS:
        return _COUNTERPARTS[colour]
    parts = _parts(colour)
    if max(parts) - min(parts) < NEUTRAL:
        parts = tuple(255 - round(part * 0.88) for part in parts)  # white becomes nearly the card's black
    else:
        parts = tuple(lifted(part) for part in parts)
    return "#" + "".join(f"{part:02x}" for part in parts)


def _parts(colour: str) -> Parts:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def lifted(part: int) -> int:
    """Red, green or blue of a colour map, nearer to white.

    Example:
        >>> [lifted(part) for part in (0, 100, 255)]
        [89, 154, 255]
    """
    return round(part + (255 - part) * LIFT)


def _picture(address: str) -> Image:
    return PIL.Image.open(io.BytesIO(base64.b64decode(address.partition("base64,")[2])))


def _lifted_picture(address: str) -> str:
    *colours, alpha = _picture(address).convert("RGBA").split()
    new, target = PIL.Image.merge("RGBA", [*(band.point(lifted) for band in colours), alpha]), io.BytesIO()
    new.save(target, "png")
    return f"{address.partition('base64,')[0]}base64,{base64.b64encode(target.getvalue()).decode()}"


def with_dark_forms(page: str, shape: Callable[[str], tuple[int, int]]) -> str:
    """A page on which each figure of a notebook stands in both forms; done again it changes nothing.

    Both know their shape, so that nothing moves when they arrive, and the dark one is loaded when it is seen.

    Args:
        page: The page's HTML.
        shape: Gets a file's name; gives its width and height in pixels.
    """

    def both(match: re.Match[str]) -> str:
        width, height = shape(f"{match[3]}.svg")
        given = f"{match[1]}{match[4].rstrip()}".strip()
        size = f'width="{width}" height="{height}"'
        dark = match[2].removesuffix(".svg") + ".dark.svg"
        return (
            f'<img class="in-light" {given} {size} src="{match[2]}" />'
            f'<img class="in-dark" {given} {size} src="{dark}" loading="lazy" />'
        )

    return FIGURE.sub(both, page)


def shape_of(svg: Path) -> tuple[int, int]:
    """Width and height of a figure in pixels, of which an inch has 96; (0, 0) where it does not say."""
    head = svg.read_text(encoding="utf-8")[:2000] if svg.is_file() else ""
    found = re.search(r'<svg[^>]*? width="([\d.]+)pt"[^>]*? height="([\d.]+)pt"', head)
    return (round(float(found[1]) * 96 / 72), round(float(found[2]) * 96 / 72)) if found else (0, 0)


def write_dark_forms(images: Path) -> None:
    """Write `NAME.dark.svg` beside each figure that has none, or one from before this module last changed."""
    newest = Path(__file__).stat().st_mtime
    for path in sorted(images.glob("*.svg")):
        target = path.with_suffix(".dark.svg")
        if re.fullmatch(r"[0-9a-f]{64}", path.stem) and not (target.is_file() and target.stat().st_mtime > newest):
            target.write_text(dark_form(path.read_text(encoding="utf-8")), encoding="utf-8")
