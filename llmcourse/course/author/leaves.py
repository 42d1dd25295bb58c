"""The built pages in reading order, made ready for a form that has no scripts: paper, or a reader of electronic books.

Folds cannot be opened there. Hints stand open, what only sets up or draws is left out with the checks' sources, and
solutions are shown or left out as a whole.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

from llmcourse.course.author.browser import find_browser

USELESS = "a.headerlink, script, button, div.prev-next-area, .toctree-wrapper, img.in-dark"
LONGEST_WORD = 36
"""Letters of a word that a table keeps in one piece; there is no scrolling to what stands beyond the paper."""


@dataclass
class Leaf:
    """One page: `name` as `_toc.yml` has it, its depth below the root (0 for the first page), and its article."""

    name: str
    depth: int
    article: Tag

    @property
    def slug(self) -> str:
        """A name for files and anchors.

        Example:
            >>> Leaf("notebooks/06_moe/1_gate", 2, BeautifulSoup("", "html.parser")).slug
            '06_moe-1_gate'
        """
        return re.sub(r"^(notebooks|book)/", "", self.name).replace("/", "-")

    @property
    def title(self) -> str:
        heading = self.article.find("h1")
        return " ".join(heading.get_text().split()) if heading else self.name


@dataclass
class BuiltBook:
    """What another form is made from: the folder `_build`, what `_config.yml` says, and the pages."""

    build: Path
    title: str
    author: str
    leaves: list[Leaf]
    solutions: bool

    @property
    def html(self) -> Path:
        return self.build / "html"

    @property
    def workplace(self) -> Path:
        """A folder beside the pages for what is made on the way."""
        folder = self.build / "print"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def target(self, ending: str) -> Path:
        """The file that a form is written to."""
        return self.build / f"llmcourse{'' if self.solutions else '-without-solutions'}.{ending}"


def built_book(root: Path, into: Path | None = None, *, solutions: bool = True) -> BuiltBook:
    """The book as it has been built.

    Args:
        root: The checkout.
        into: The folder whose `_build` has the pages; the checkout without it.
        solutions: With the solutions of its exercises.

    Raises:
        BrowserError: There is no Chromium, which every other form needs.
        FileNotFoundError: The book, or a page of it, has not been built.
    """
    find_browser()
    build = (into or root).resolve() / "_build"
    told = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    leaves = read_leaves(root, build / "html", solutions=solutions)
    return BuiltBook(build, told["title"], told["author"], leaves, solutions)


def reading_order(toc: Path) -> list[tuple[str, int]]:
    """The pages of a table of contents, each with its depth."""
    told = yaml.safe_load(toc.read_text(encoding="utf-8"))
    pages = [(told["root"], 0)]
    for part in told.get("parts", ()):
        for entry in part["chapters"]:
            pages.append((entry["file"], 1))
            pages += [(section["file"], 2) for section in entry.get("sections", ())]
    return pages


def read_leaves(root: Path, html: Path, *, solutions: bool) -> list[Leaf]:
    """The pages of a built book, each ready to be printed.

    Args:
        root: The folder with `_toc.yml`.
        html: The built pages.
        solutions: Show the solutions of exercises; without them nothing of them is left.

    Raises:
        FileNotFoundError: The book, or a page of it, has not been built.
    """
    leaves = []
    for name, depth in reading_order(root / "_toc.yml"):
        path = html / f"{name}.html"
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: build the book first, with `llmcourse book`")
        article = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select_one("article")
        assert article is not None
        unfold(article, solutions=solutions)
        leaves.append(Leaf(name, depth, article))
    return leaves


def unfold(article: Tag, *, solutions: bool) -> None:
    """Take out what only a screen can do, open or remove every fold, and mark the cells whose words have to break."""
    for useless in article.select(USELESS):
        useless.decompose()
    for fold in article.select("details"):
        if fold.decomposed:
            continue
        cell, summary = fold.find_parent(class_="cell"), fold.find("summary")
        words = " ".join(summary.get_text(" ").split()) if summary else ""
        is_solution = "solution" in words.lower() or (cell is not None and "tag_solution" in cell.get("class", []))
        if is_solution and not solutions:
            (cell or fold).decompose()
        elif is_solution:
            _open(fold, "solution", "Solution")
        elif "hide" in fold.get("class", []):
            fold.decompose()  # a check's source, or what sets up and draws
        else:
            _open(fold, "hint", words)
    for cell in article.select("th, td"):
        if any(len(word) > LONGEST_WORD for word in cell.get_text(" ").split()):
            cell["class"] = [*cell.get("class", []), "long"]


def _open(fold: Tag, kind: str, title: str) -> None:
    summary = fold.find("summary")
    if summary:
        summary.decompose()
    fold.name, fold.attrs = "div", {"class": f"opened {kind}"}
    label = BeautifulSoup(f'<p class="opened-title">{title}</p>', "html.parser").p
    fold.insert(0, label)


def point(leaf: Leaf, to_page: Callable[[str, str], str | None], to_file: Callable[[str], str | None]) -> None:
    """Let a leaf's links and pictures lead where they are in another form.

    Args:
        leaf: The page; changed.
        to_page: Gets a page's name and a place on it (or ""); gives the link, or None where there is no such page.
        to_file: Gets a file's path below the built pages; gives the link, or None for what is not taken along.
    """
    for tag, attribute, address in _references(leaf.article):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not address:
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(leaf.name), unquote(parts.path)))
        name = leaf.name if not parts.path else path.removesuffix(".html")
        is_page = not parts.path or path.endswith(".html")
        new = to_page(name, unquote(parts.fragment)) if is_page else to_file(path)
        if new is None:
            tag.unwrap() if tag.name == "a" else tag.decompose()
        else:
            tag[attribute] = new


def _references(article: Tag) -> Iterator[tuple[Tag, str, str]]:
    for attribute, selector in (("href", "a[href]"), ("src", "img[src]")):
        for tag in article.select(selector):
            yield tag, attribute, str(tag[attribute])
