"""Every page in a browser: nothing from elsewhere, no error, room on every screen, open to everybody, light to load."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browsing import page_names
from tests.browser.conftest import NARROW, PHONE, WIDE

NARROWING = [
    "scrollable-region-focusable",
    "target-size",
    "region",
    "button-name",
    "link-name",
    "label",
    "summary-name",
]
"""The rules whose answer depends on the room: the others are asked once."""
GUIDELINES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
HEAVIEST = 1_000_000
"""Bytes that a page may load in all, compressed as a server does it."""
SETTLED = "() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => done()), 500))"
"""After a change of size: the theme waits for it to end before it looks which boxes scroll."""
FONTS = "async () => { await (window.MathJax?.startup?.promise ?? null); await document.fonts.ready; }"


@functools.cache
def axe() -> str:
    """The script of axe-core."""
    import axe_playwright_python

    return Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


ALIKE = 2
"""Words of each kind whose contrast is looked at: the same colours at the same size give the same answer."""
MARK = """(alike) => {
  const grounds = new Map([[null, ""]]), seen = new Map();
  const ground = (node) => {
    if (!grounds.has(node)) {
      const {backgroundColor, backgroundImage, opacity} = getComputedStyle(node);
      const own = `${backgroundColor} ${backgroundImage} ${opacity}`, under = ground(node.parentElement);
      grounds.set(node, own === "rgba(0, 0, 0, 0) none 1" ? under : `${under} | ${own}`);
    }
    return grounds.get(node);
  };
  const says = (node) => node.matches("input, select, textarea")
    || [...node.childNodes].some((part) => part.nodeType === Node.TEXT_NODE && part.data.trim());
  for (const node of document.querySelectorAll("body *")) {
    node.removeAttribute("data-asked");
    if (!says(node) || !node.checkVisibility({visibilityProperty: true})) continue;
    const {color, fontSize, fontWeight} = getComputedStyle(node);
    const kind = [node.localName, node.getAttribute("class"), color, fontSize, fontWeight, ground(node)].join();
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    node.toggleAttribute("data-asked", seen.get(kind) <= alike);
  }
}"""
"""Marks some words of each kind."""
THIN = """() => {
  for (const word of document.querySelectorAll("article pre span"))
    if (!word.matches("[data-asked]") && !word.querySelector("[data-asked]")) word.replaceWith(...word.childNodes);
  for (const formula of document.querySelectorAll("mjx-container")) {
    const {width, height} = formula.getBoundingClientRect();
    Object.assign(formula.style, {display: formula.hasAttribute("display") ? "block" : "inline-block",
      width: `${Math.max(width, formula.scrollWidth)}px`, height: `${height}px`});
    formula.replaceChildren();
  }
}"""


def barriers(page: Any, among: str = "html", **options: object) -> list[str]:
    """What keeps somebody from the page, one line a fault; formulas are MathJax's own."""
    found = page.evaluate(
        """async ([among, options]) => (await axe.run(
          {include: [...document.querySelectorAll(among)], exclude: [["mjx-container"]]}, options)).violations""",
        [among, {"resultTypes": ["violations"], "preload": False, **options}],
    )
    return [f"{fault['id']}: {node['html'][:200]}" for fault in found for node in fault["nodes"]]


def faint_words(page: Any) -> list[str]:
    """The words that are hard to see on their ground, some of each kind."""
    page.evaluate(MARK, ALIKE)
    return barriers(page, "[data-asked]", runOnly=["color-contrast"])


def thin_out(page: Any) -> None:
    """Leave each listing and formula as large as it is, with few parts in it: they have most of a page's."""
    page.evaluate(MARK, ALIKE)
    page.evaluate(THIN)


def keep_some_entries(page: Any) -> None:
    """Take most entries out of a page of the library's reference: all are made alike, and some pages have hundreds."""
    page.evaluate("() => [...document.querySelectorAll('article dl.py')].slice(12).forEach((e) => e.remove())")


def wear(page: Any, theme: str) -> None:
    page.evaluate("(theme) => Object.assign(document.documentElement.dataset, {theme, mode: theme})", theme)


def sideways(page: Any) -> list[str]:
    """The page, if it scrolls sideways, and what sticks out of it."""
    return page.evaluate(
        """() => {
          const room = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= room) return [];
          return ["scrolls sideways", ...[...document.querySelectorAll("article *")]
            .filter((box) => box.getBoundingClientRect().right > room + 1).slice(0, 5)
            .map((box) => box.outerHTML.slice(0, 120))];
        }"""
    )


PAGES = [name for name in page_names() if name != "index.html"]  # it only leads on to the first page


@pytest.mark.parametrize("name", PAGES[::2] or ["none"])
def test_page_is_whole_on_every_screen_and_open_to_everybody(name, open_page, pages):
    look_at(name, open_page, pages)


def look_at(name: str, open_page: Any, pages: Path) -> None:
    """Open a page and fail with all that is wrong with it, a line a fault."""
    page, told = open_page(name)
    page.evaluate(FONTS)
    page.evaluate(axe())
    faults = {"wide": sideways(page)}
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((node) => node.id)")
    faults["ids"] = [f"{name} twice" for name, times in Counter(ids).items() if times > 1]
    faults["icons"] = page.evaluate(
        """() => [...document.querySelectorAll("i[class*=fa-]")]
          .filter((icon) => getComputedStyle(icon).maskImage === "none").map((icon) => icon.outerHTML)"""
    )
    for screen, (width, height) in {"narrow": NARROW, "phone": PHONE}.items():
        page.set_viewport_size({"width": width, "height": height})
        faults[screen] = sideways(page)
    keep_some_entries(page)
    thin_out(page)
    page.evaluate(SETTLED)
    faults["phone"] += barriers(page, runOnly=NARROWING)
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    faults["wide"] += barriers(page, runOnly=GUIDELINES, rules={"color-contrast": {"enabled": False}})
    faults["wide"] += faint_words(page)
    wear(page, "dark")
    faults["dark"] = faint_words(page)
    faults["told"] = told.faults
    lines = [f"{where}: {fault}" for where, found in faults.items() for fault in found]
    assert not lines, "\n".join(lines[:40])
    if name != "search.html":
        weight = told.weight(pages)
        assert weight <= HEAVIEST, f"{weight:,} bytes"
