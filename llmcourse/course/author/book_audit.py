"""Audit a built book: no secret on any page, no request to another host, every figure described, downloads untouched.

Each function returns the faults it found, one line each, naming the page. `audit_book` runs them all after every build.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from llmcourse.course.notebooks import facts_of

SECRET_REGION = {
    "code": re.compile(r"### BEGIN (HIDDEN TESTS)\b(.*?)### END \1", re.DOTALL),
    "markdown": re.compile(r"### BEGIN (SOLUTION|MARK SCHEME)\b(.*?)### END \1", re.DOTALL),
}
"""What only an instructor may see: hidden tests in code, and in a written question its model answer and mark scheme."""
SECRET_MARKER = re.compile(r"(BEGIN|END) (HIDDEN TESTS|MARK SCHEME)")
SHORTEST_SECRET = 12
"""A hidden line of fewer letters than this, such as `]` or `try:`, gives nothing away."""

LOADING_RELS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
LOADING_ATTRIBUTES = {
    "script": ("src",), "img": ("src", "srcset"), "source": ("src", "srcset"), "iframe": ("src",), "embed": ("src",),
    "object": ("data",), "video": ("src", "poster"), "audio": ("src",), "track": ("src",), "input": ("src",),
    "image": ("href", "xlink:href"), "use": ("href", "xlink:href"), "base": ("href",),
}  # fmt: skip
CSS_REFERENCE = re.compile(r"""@import\s+["']([^"']+)|url\(\s*["']?([^"')]+)""", re.IGNORECASE)
FILE_NAME = re.compile(r"\.(png|svg|jpe?g|gif|webp|pdf)$|^_images/|/_images/", re.IGNORECASE)


def _soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def audit_book(root: Path, html: Path) -> list[str]:
    """Every fault of a built book.

    Args:
        root: The checkout, with `solutions/` and `notebooks/`.
        html: The built pages.
    """
    read = functools.cache(_soup)  # parsing the pages is most of the audit
    faults = [*leaked_secrets(root, html, read), *changed_downloads(root, html)]
    for path in sorted(html.rglob("*.html")):
        page, soup = path.relative_to(html).as_posix(), read(path)
        faults += [f"{page}: loads {address} from another host" for address in foreign_references(soup)]
        faults += [f"{page}: {fault}" for fault in undescribed_figures(soup)]
    for path in sorted(html.rglob("*.css")):
        faults += [
            f"{path.relative_to(html).as_posix()}: loads {address} from another host"
            for address in _css_references(path.read_text(encoding="utf-8", errors="replace"))
            if _is_foreign(address)
        ]
    return faults


def foreign_references(soup: BeautifulSoup) -> Iterator[str]:
    """What a browser would fetch from another host to show this page; links that a reader may follow do not count."""
    for tag in soup.find_all(True):
        for address in _loaded(tag):
            if _is_foreign(address):
                yield address


def _loaded(tag: Tag) -> Iterator[str]:
    for attribute in LOADING_ATTRIBUTES.get(tag.name, ()):
        value = str(tag.get(attribute) or "")
        yield from (part.split()[0] for part in value.split(",") if part.strip()) if attribute == "srcset" else [value]
    if tag.name == "link" and LOADING_RELS & {rel.lower() for rel in tag.get("rel") or []}:
        yield str(tag.get("href") or "")
    if tag.name == "meta" and str(tag.get("http-equiv", "")).lower() == "refresh":
        yield str(tag.get("content", "")).partition("=")[2]
    yield from _css_references(str(tag.get("style") or ""))
    if tag.name == "style":
        yield from _css_references(tag.string or "")
    if tag.name == "script" and not tag.get("src"):
        yield from re.findall(r"""(?:import\(?|from|fetch\(|\.src\s*=)\s*["'](https?://[^"']+)""", tag.string or "")


def _css_references(css: str) -> list[str]:
    return [first or second for first, second in CSS_REFERENCE.findall(css)]


def _is_foreign(address: str) -> bool:
    parts = urlsplit(address.strip())
    return bool(parts.netloc) and parts.scheme in ("", "http", "https", "ws", "wss", "ftp")


def undescribed_figures(soup: BeautifulSoup) -> Iterator[str]:
    """Images in the text without a real alternative text, outputs outside a figure, figures without a caption."""
    article = soup.select_one("article") or soup.new_tag("article")
    for image in article.find_all("img"):
        alt, source = str(image.get("alt") or "").strip(), image.get("src", "")
        if not alt or FILE_NAME.search(alt) or alt == source:
            yield f"image {source} has no alternative text that describes it (alt={alt!r})"
        if image.find_parent(class_="cell_output") and not image.find_parent("figure"):
            yield f"image {source} is drawn by a cell but is no figure: give the cell a caption"
    for figure in article.find_all("figure"):
        caption = figure.find("figcaption")
        if caption is None or not caption.get_text(strip=True).strip("#¶"):
            yield f"figure {figure.get('id', '')!r} has no caption"


def leaked_secrets(root: Path, html: Path, read: Callable[[Path], BeautifulSoup] = _soup) -> list[str]:
    """Lines of hidden tests and mark schemes that stand in any built file: pages, search index, sources."""
    secrets = secret_lines(root)
    faults = []
    for path in sorted(html.rglob("*")):
        if path.suffix not in (".html", ".js", ".ipynb", ".md", ".txt", ".json") or "_static" in path.parts:
            continue
        raw = path.read_text(encoding="utf-8", errors="replace")
        text = _squeeze(read(path).get_text() if path.suffix == ".html" else _cells(path, raw))
        page = path.relative_to(html).as_posix()
        if marker := SECRET_MARKER.search(raw):
            faults.append(f"{page}: shows {marker[0]!r}")
        faults += [f"{page}: shows the hidden line {line!r}" for key, line in secrets.items() if key in text]
    return faults


def secret_lines(root: Path) -> dict[str, str]:
    """The lines that only an instructor may see, each under its text without white space."""
    secrets: dict[str, str] = {}
    for path in sorted(root.glob("solutions/*/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            regions = SECRET_REGION[cell.cell_type].findall(cell.source) if cell.cell_type in SECRET_REGION else []
            for _, region in regions:
                secrets |= {_squeeze(line): line.strip() for line in region.splitlines()}
    public = _squeeze("\n".join(_public_text(root)))
    return {key: line for key, line in secrets.items() if len(key) >= SHORTEST_SECRET and key not in public}


def _public_text(root: Path) -> Iterator[str]:
    """What anyone may see: the release notebooks and the solutions of the exercises."""
    for path in sorted(root.glob("notebooks/*/*.ipynb")):
        yield from (cell.source for cell in nbformat.read(path, as_version=4).cells)
    for path in sorted(root.glob("solutions/*/*.ipynb")):
        cells: list[NotebookNode] = nbformat.read(path, as_version=4).cells
        yield from (cell.source for cell in cells if facts_of(cell).get("kind") == "exercise")


def changed_downloads(root: Path, html: Path) -> list[str]:
    """Notebooks that the pages offer for download and that differ from the release notebooks by even one byte."""
    faults = []
    for path in sorted((html / "_sources").rglob("*.ipynb")):
        relative = path.relative_to(html / "_sources")
        if path.read_bytes() != (root / relative).read_bytes():
            faults.append(f"_sources/{relative.as_posix()}: the download is not the release notebook, byte for byte")
    return faults


def _cells(path: Path, raw: str) -> str:
    if path.suffix != ".ipynb":
        return raw
    return "\n".join(cell.source for cell in nbformat.reads(raw, as_version=4).cells)


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)
