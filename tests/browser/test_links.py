"""Every link between pages, and every place within one, is there."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, SoupStrainer, Tag

from tests.browser.browsing import page_names


class _Page(HTMLParser):
    """The ids and the addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.addresses.append(value)


def test_every_internal_link_and_anchor_resolves(pages: Path) -> None:
    read = {name: _Page((pages / name).read_text(encoding="utf-8")) for name in page_names()}
    lost = set()
    for name, page in read.items():
        for address in page.addresses:
            target = urlsplit(urljoin(f"http://here/{name}", address))
            if target.netloc != "here" or target.scheme != "http":
                continue
            path = unquote(target.path).lstrip("/") or name
            known = read[path].ids if path in read else {unquote(target.fragment)}
            if not (pages / path).is_file() or (target.fragment and unquote(target.fragment) not in known):
                lost.add(f"{name}: {address}")
    assert len(read) > 10 and sorted(lost) == []


def test_every_exercise_leads_to_what_the_library_says_of_its_piece(pages: Path) -> None:
    boxes = [box for name in page_names() if name.startswith("notebooks") for box in _exercises(pages / name)]
    lost = [box.select_one("h3").get_text() for box in boxes if not box.select_one('a.reference[href*="book/api/"]')]
    assert len(boxes) > 100 and lost == []


def _exercises(page: Path) -> list[Tag]:
    of_exercises = SoupStrainer("div", class_=re.compile(r"\bexercise\b"))  # the rest of a page is most of it
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser", parse_only=of_exercises)
    return soup.select("div.exercise.admonition")
