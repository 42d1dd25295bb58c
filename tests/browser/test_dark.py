"""Every figure of the pages in the dark: its dark form is there, is shown, and its words can be read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from bs4 import BeautifulSoup

from llmcourse.course.author.dark import LEGIBLE, contrast
from tests.browser.browsing import page_names
from tests.browser.test_pages import wear

FIGURES = [
    "notebooks/02_positional_encoding/02_positional_encoding.html",
    "notebooks/04_fsdp/1_collectives.html",
    "notebooks/05_scaling_laws/2_fitting.html",
]
"""Lines, drawings, bars, heatmaps with numbers, and points that a colour map has coloured."""
WORDS = """() => [...document.querySelectorAll("g[id^=text_]")].map((words) => {
  const box = words.getBoundingClientRect(), ink = words.querySelector("g[style*=fill]");
  const name = words.closest("[data-file]").dataset.file;
  return ink && [name, box.x, box.y, box.right, box.bottom, getComputedStyle(ink).fill];
}).filter((found) => found && found[3] - found[1] > 1)"""


def test_every_figure_of_a_notebook_has_its_dark_form(pages: Path) -> None:
    missing, shown = [], 0
    for name in page_names():
        article = BeautifulSoup((pages / name).read_text(encoding="utf-8"), "html.parser").select_one("article")
        for image in article.select(".cell_output img, figure img") if article else ():
            file = ((pages / name).parent / str(image["src"])).resolve()
            shown += 1
            if not file.is_file() or not image.get("class") or not int(image.get("width", 0)):
                missing.append(f"{name}: {image['src']}")
    assert shown > 100 and missing == []


def visible(page: Any, kind: str) -> list[bool]:
    return page.locator(f"article img.{kind}").evaluate_all(
        "(all) => all.map((one) => one.getClientRects().length > 0)"
    )


def test_one_form_is_shown_with_its_caption_and_paper_gets_the_light_one(open_page):
    page, told = open_page(FIGURES[1], scheme="dark")
    assert all(visible(page, "in-dark")) and not any(visible(page, "in-light"))
    page.locator("img.in-dark").first.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('img.in-dark').naturalWidth > 0")
    assert all(caption.is_visible() for caption in page.locator("article figcaption").all())
    page.emulate_media(media="print")
    assert all(visible(page, "in-light")) and not any(visible(page, "in-dark"))
    page.emulate_media(media="screen")
    wear(page, "light")
    assert all(visible(page, "in-light")) and not any(visible(page, "in-dark"))
    assert told.faults == []


def test_dark_forms_are_not_loaded_in_the_light(open_page):
    page, told = open_page(FIGURES[1])
    page.locator("article figure").last.scroll_into_view_if_needed()
    assert not [name for name in told.loaded if name.endswith(".dark.svg")]


@pytest.mark.parametrize("name", FIGURES)
def test_words_of_dark_figures_can_be_read(name, browser, pages):
    article = BeautifulSoup((pages / name).read_text(encoding="utf-8"), "html.parser").article
    files = [(pages / name).parent / str(image["src"]) for image in article.select("img.in-dark")]
    assert files and faint_words(browser, files) == []


def faint_words(browser: Any, files: list[Path]) -> list[str]:
    """Words of drawn figures with too little contrast to the pixels that they lie on."""
    window = browser.new_page(viewport={"width": 900, "height": 700})
    drawn = [f"<div data-file={file.name[:12]}>{file.read_text(encoding='utf-8')}</div>" for file in files]
    window.set_content(f"<body style='margin: 0'>{''.join(drawn)}")
    words = window.evaluate(WORDS)
    window.add_style_tag(content="g[id^=text_] g[style*=fill] { visibility: hidden; }")
    pixels = pixels_of(window.screenshot(full_page=True))
    window.close()
    return [
        f"{name}: {own} on {ground}"
        for name, left, top, right, bottom, ink in words
        if contrast(own := tuple(map(int, ink[4:-1].split(","))), ground := under(pixels, left, top, right, bottom))
        < LEGIBLE
    ]


def pixels_of(picture: bytes) -> np.ndarray:
    """Red, green and blue of each pixel."""
    return np.asarray(PIL.Image.open(io.BytesIO(picture)).convert("RGB"))


def under(pixels: np.ndarray, left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
    """The colour that most of a box has, in the middle of its range for each of red, green and blue."""
    box = pixels[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1].reshape(-1, 3)
    return tuple(np.median(box, axis=0))
