"""Audit a built book: no secret on any page, no request to another host, every figure described, downloads untouched.

Each function returns the faults it found, one line each, naming the page. `audit_book` runs them all after every build,
on as many files at a time as there are cores. What it found clean it does not look at again until the file or the rules
have changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from llmcourse.course.environment import cores
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


READ = (".html", ".css", ".js", ".ipynb", ".md", ".txt", ".json")
"""Endings of the files that are looked at."""
ALONE = 8
"""So few files are looked at without a process for them."""


def audit_book(root: Path, html: Path) -> list[str]:
    """Every fault of a built book.

    Args:
        root: The checkout, with `solutions/` and `notebooks/`.
        html: The built pages; beside them `audited.txt` keeps the digests of the files that had no fault.
    """
    secrets = secret_lines(root)
    rules = Path(__file__).read_bytes() + "\n".join(secrets).encode()
    files = [path for path in sorted(html.rglob("*")) if path.suffix in READ and path.is_file()]
    keys = {path: hashlib.sha256(rules + str(path).encode() + path.read_bytes()).hexdigest() for path in files}
    record = html.with_name("audited.txt")
    clean = set(record.read_text(encoding="utf-8").split()) if record.is_file() else set()
    new = [path for path in files if keys[path] not in clean]
    look = partial(faults_of, html=html, secrets=secrets)
    if len(new) > ALONE:
        with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool:
            found = dict(zip(new, pool.map(look, new)))
    else:
        found = {path: look(path) for path in new}
    record.write_text("\n".join(keys[path] for path in files if not found.get(path)) + "\n", encoding="utf-8")
    return [*(fault for faults in found.values() for fault in faults), *changed_downloads(root, html)]


def faults_of(path: Path, html: Path, secrets: dict[str, str]) -> list[str]:
    """The faults of one file.

    Args:
        path: The file.
        html: The folder of the built pages.
        secrets: As `secret_lines` gives them.
    """
    name, raw = path.relative_to(html).as_posix(), path.read_text(encoding="utf-8", errors="replace")
    faults = []
    if path.suffix == ".html":
        soup = BeautifulSoup(raw, "html.parser")
        faults += [f"{name}: loads {address} from another host" for address in foreign_references(soup)]
        faults += [f"{name}: {fault}" for fault in undescribed_figures(soup)]
        text = soup.get_text()
    elif path.suffix == ".css":
        return [
            f"{name}: loads {address} from another host" for address in _css_references(raw) if _is_foreign(address)
        ]
    else:
        text = _cells(path, raw)
    return faults if "_static" in path.parts else [*faults, *_shown_secrets(name, raw, text, secrets)]


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


def leaked_secrets(root: Path, html: Path) -> list[str]:
    """Lines of hidden tests and mark schemes that stand in any built file: pages, search index, sources."""
    secrets = secret_lines(root)
    files = [path for path in sorted(html.rglob("*")) if path.suffix in READ and path.is_file()]
    return [fault for path in files for fault in faults_of(path, html, secrets) if ": shows " in fault]


def _shown_secrets(name: str, raw: str, text: str, secrets: dict[str, str]) -> Iterator[str]:
    """What a file shows of what only an instructor may see; `text` is what a reader sees of it."""
    if marker := SECRET_MARKER.search(raw):
        yield f"{name}: shows {marker[0]!r}"
    squeezed = _squeeze(text)
    yield from (f"{name}: shows the hidden line {line!r}" for key, line in secrets.items() if key in squeezed)


def secret_lines(root: Path) -> dict[str, str]:
    """The lines that only an instructor may see, each under its text without white space."""
    secrets: dict[str, str] = {}
    for path in sorted(root.glob("solutions/*/*.ipynb")):
        for cell in _read(path).cells:
            regions = SECRET_REGION[cell.cell_type].findall(cell.source) if cell.cell_type in SECRET_REGION else []
            for _, region in regions:
                secrets |= {_squeeze(line): line.strip() for line in region.splitlines()}
    public = _squeeze("\n".join(_public_text(root)))
    return {key: line for key, line in secrets.items() if len(key) >= SHORTEST_SECRET and key not in public}


def _public_text(root: Path) -> Iterator[str]:
    """What anyone may see: the release notebooks and the solutions of the exercises."""
    for path in sorted(root.glob("notebooks/*/*.ipynb")):
        yield from (cell.source for cell in _read(path).cells)
    for path in sorted(root.glob("solutions/*/*.ipynb")):
        cells: list[NotebookNode] = _read(path).cells
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
    return "\n".join(cell.source for cell in nbformat.v4.reads(raw).cells)


def _read(path: Path) -> NotebookNode:
    """A notebook that the build has just made: it needs no validation, which takes most of the time of reading."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)
