"""Words and marks of figures stand out: of the drawn ones in the light, of the interactive ones in both themes."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup, SoupStrainer

from llmcourse.course.author.dark import LEGIBLE, contrast
from llmcourse.course.notebook import plots
from tests.browser.browsing import page_names
from tests.browser.test_dark import faint_words, pixels_of, under
from tests.browser.test_figures import PAGES
from tests.browser.test_pages import wear

SVG = "{http://www.w3.org/2000/svg}"
NO_MARKS = ("text", "matplotlib.axis", "legend")
PALE = {plots.CARD, plots.GRID, "#ffffff", "#c8ced6", "#e9ecf0"}
"""Grounds and grids, of which no more need be seen."""
HOSTS = sorted({*PAGES.values(), "notebooks/03_recipes/1_architecture.html", "notebooks/03_recipes/3_data.html"})
WORDS = """(host) => {
  const root = host.shadowRoot, place = host.getBoundingClientRect(), found = [];
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const parts = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, holder = node.parentElement, style = getComputedStyle(holder);
    const left_out = holder.closest("style, select, .hidden, [aria-disabled=true], :disabled, title");
    if (!node.textContent.trim() || left_out || style.visibility === "hidden") continue;
    const range = document.createRange(), drawn = holder.namespaceURI.endsWith("svg");
    range.selectNodeContents(node);
    let opacity = 1;
    for (let at = holder; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    for (const box of range.getClientRects()) {
      if (box.width < 1) continue;
      found.push({ text: node.textContent.trim(), ink: parts(drawn ? style.fill : style.color), opacity,
        halo: drawn && style.stroke !== "none" ? parts(style.stroke) : null,
        box: [box.x - place.x, box.y - place.y, box.right - place.x, box.bottom - place.y] });
    }
  }
  const veil = document.createElement("style");
  veil.className = "veil";
  veil.textContent = "* { color: transparent !important; } svg text { visibility: hidden !important; }";
  root.append(veil);
  return found;
}"""
"""The words of an interactive figure, with their place, colour, opacity and halo; then they are taken away."""
MIDDLE = """(host) => {
  host.scrollIntoView({ block: "center", behavior: "instant" });
  const { x, y, width, height } = host.getBoundingClientRect();
  return { x, y, width, height };
}"""
STICKING_OUT = """(host) => {
  const figure = host.shadowRoot.querySelector(".figure"), room = figure.getBoundingClientRect();
  return [...figure.querySelectorAll("*")].filter((one) => {
    const box = one.getBoundingClientRect(), left_out = one.closest(".hidden, .scroll, svg *");
    return !left_out && box.width && box.height && (box.right > room.right + 1 || box.left < room.left - 1);
  }).map((one) => one.outerHTML.slice(0, 120));
}"""


@functools.cache
def drawn(pages: Path) -> list[Path]:
    """The files of all drawn figures, in their light form."""
    found, light = set(), SoupStrainer("img", class_="in-light")
    for name in page_names():
        images = BeautifulSoup((pages / name).read_text(encoding="utf-8"), "html.parser", parse_only=light)
        found |= {((pages / name).parent / str(image["src"])).resolve() for image in images.select("img")}
    return sorted(found)


def test_words_of_every_light_figure_can_be_read(browser: Any, pages: Path) -> None:
    files = drawn(pages)
    faint = [fault for first in range(0, len(files), 8) for fault in faint_words(browser, files[first : first + 8])]
    assert len(files) > 90 and faint == []


def test_every_mark_of_a_light_figure_stands_out_from_the_card(pages: Path) -> None:
    faint = [f"{file.name[:12]}: {told}" for file in drawn(pages) for told in Counter(faint_marks(file)).items()]
    assert faint == []


def faint_marks(file: Path) -> Iterator[tuple[str, str, float]]:
    """Shapes of which neither the edge nor the inside has 3 to 1, but for bands behind a line, grids and the card."""
    for axes in ElementTree.parse(file).getroot().iter(f"{SVG}g"):
        for group in axes if re.match(r"axes_\d+$", axes.get("id", "")) else ():
            kind = group.get("id", "").rpartition("_")[0]
            for element in group.iter() if kind and not kind.startswith(NO_MARKS) else ():
                colours = list(shown_colours(element.get("style", "")))
                if colours and max(plots.contrast(one, plots.CARD) for one in colours) < plots.VISIBLE:
                    yield kind, *colours[0]


def shown_colours(style: str) -> Iterator[tuple[str, float]]:
    """Colour and opacity of a shape's edge and of its inside."""
    held = dict(part.split(": ", 1) for part in style.split("; ") if ": " in part)
    for what in ("stroke", "fill"):
        if re.fullmatch("#[0-9a-f]{6}", colour := held.get(what, "")):
            opacity = float(held.get("opacity", 1)) * float(held.get(f"{what}-opacity", 1))
            if opacity > 0.3 and colour not in PALE:
                yield colour, opacity


@pytest.mark.parametrize("name", HOSTS)
def test_interactive_figures_can_be_read_in_both_themes_and_fit_a_narrow_page(name: str, open_page: Any) -> None:
    page, _ = open_page(name)
    faint = []
    for theme in ("light", "dark"):
        wear(page, theme)
        for host in page.locator("[data-llm-figure]").all():
            faint += [f"{theme}: {fault}" for fault in faint_inside(host)]
    assert faint == []
    page.set_viewport_size({"width": 320, "height": 740})  # 1280 pixels at four times their size
    assert [fault for host in page.locator("[data-llm-figure]").all() for fault in host.evaluate(STICKING_OUT)] == []


def faint_inside(host: Any) -> list[str]:
    """Words of an interactive figure with too little contrast to what they lie on, or to their halo."""
    tall = host.evaluate("(host) => host.getBoundingClientRect().height")
    host.page.set_viewport_size({"width": 1280, "height": int(tall) + 200})  # room for the page's header
    place = host.evaluate(MIDDLE)
    words = host.evaluate(WORDS)
    pixels, faults = pixels_of(host.page.screenshot(clip=place)), []
    host.evaluate("(host) => host.shadowRoot.querySelector('style.veil').remove()")
    for word in words:
        ground = tuple(word["halo"][:3]) if word["halo"] else under(pixels, *word["box"])
        *ink, alpha = word["ink"]
        opacity = word["opacity"] * alpha / 255
        seen = tuple(opacity * own + (1 - opacity) * below for own, below in zip(ink, ground))
        if contrast(seen, ground) < LEGIBLE:
            faults.append(f"{word['text']!r}, {contrast(seen, ground):.1f}: {seen} on {ground}")
    return faults
