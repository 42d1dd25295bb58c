"""The text that the book's search looks through: each page cut at its headings and exercises.

It is loaded as a script, so that the search works from a folder as well as from a server. `book/_static/search.js`
does the looking.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

from llmcourse.files import write_atomically

VOID = {"br", "img", "hr", "input", "link", "meta", "wbr", "col", "source", "path", "line", "rect", "circle", "use"}
INLINE = {"a", "abbr", "b", "cite", "code", "em", "i", "q", "small", "span", "strong", "sub", "sup"}
UNSEARCHED = {"script", "style", "svg", "noscript", "table-of-contents"}
FOLDED = {"tag_solution", "tag_check", "cell_output", "headerlink", "cell_input"}
"""Classes of what is not looked through: answers, checks, results, and code that is not the reader's task."""


class _Article(HTMLParser):
    """Collects [anchor, heading, text] from a page's article; an exercise's stub belongs to the exercise."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[list[str]] = []
        self.open: list[tuple[str, str]] = []  # the tags around, each with why it matters: article, unsearched, heading
        self.anchor = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        given = {name: value or "" for name, value in attributes}
        classes = set(given.get("class", "").split())
        why = ""
        if tag == "article":
            why = "article"
        elif tag in UNSEARCHED or classes & FOLDED:
            why = "unsearched"
        elif self._inside("article") and not self._inside("unsearched"):
            if given.get("id") and (tag in ("section", "dt") or "exercise" in classes):
                self.anchor = given["id"]
            if re.fullmatch(r"h[1-6]|dt", tag):
                why = "heading"
                self.parts.append([self.anchor if len(self.parts) else "", "", ""])
            elif self.parts and tag not in INLINE:
                self.parts[-1][2] += " "
        self.open.append((tag, why))

    def handle_endtag(self, tag: str) -> None:
        if tag in [name for name, _ in self.open]:
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, text: str) -> None:
        if self.parts and self._inside("article") and not self._inside("unsearched"):
            self.parts[-1][1 if self._inside("heading") else 2] += text

    def _inside(self, what: str) -> bool:
        return any(why == what for _, why in self.open)


def parts_of(page: str) -> list[list[str]]:
    """The parts of a page in order: its anchor ("" for the page's top), its heading and its text.

    >>> parts_of('<article><h1>One</h1><p>First.</p><section id="b"><h2>Two</h2>Next.</section></article>')
    [['', 'One', 'First.'], ['b', 'Two', 'Next.']]
    """
    reader = _Article()
    reader.feed(page[max(page.find("<article"), 0) : page.rfind("</article>") + len("</article>")])
    return [[anchor, *(re.sub(r"\s+", " ", text).strip() for text in rest)] for anchor, *rest in reader.parts]


def keep_parts(page: str, folder: Path) -> list[list[str]]:
    """The parts of a page; `folder` keeps them by the page's digest, so that an unchanged page is not read again."""
    kept = folder / f"{_digest(page)}.json"
    if kept.is_file():
        return json.loads(kept.read_text(encoding="utf-8"))
    parts = parts_of(page)
    write_atomically(kept, json.dumps(parts))
    return parts


def _digest(page: str) -> str:
    return hashlib.sha256(Path(__file__).read_bytes() + page.encode()).hexdigest()


def search_script(pages: Iterable[tuple[str, str]], folder: Path) -> str:
    """The script that hands the text to the search.

    Args:
        pages: Each page's address and its HTML.
        folder: Keeps the parts of these pages, and after this call of no other; see `keep_parts`.
    """
    found, kept = [], set()
    for address, page in pages:
        found.append([address, keep_parts(page, folder)])
        kept.add(f"{_digest(page)}.json")
    for path in folder.glob("*.json"):
        if path.name not in kept:
            path.unlink()
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in found if entry[1])
    return f"window.courseText = [\n{lines}\n];\n"
