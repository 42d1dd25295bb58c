"""`llmcourse book --pdf`: the whole book on paper, from the built pages, printed by a headless Chromium.

All pages become one document with a title page, contents with page numbers, and links that stay inside. It is printed
twice: the first PDF says on which page each title has come to stand.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from llmcourse.course.author.browser import print_pdf
from llmcourse.course.author.leaves import Leaf, built_book, point


def write_pdf(root: Path, into: Path | None = None, *, solutions: bool = True) -> Path:
    """Print the built book; arguments and errors are those of `built_book`. Returns the PDF beside the pages."""
    book = built_book(root, into, solutions=solutions)
    for leaf in book.leaves:
        _prepare(leaf, {other.name for other in book.leaves})
    page, target = book.workplace / "book.html", book.target("pdf")
    kind = "With solutions" if solutions else "Without solutions"
    page.write_text(document(book.title, kind, book.leaves, {}), encoding="utf-8")
    print_pdf(page, target)
    numbers = pages_of(target.read_bytes(), [leaf.slug for leaf in book.leaves])
    page.write_text(document(book.title, kind, book.leaves, numbers), encoding="utf-8")
    print_pdf(page, target)
    return target


def _prepare(leaf: Leaf, names: set[str]) -> None:
    """Make a page's ids its own, and its headings as deep as it lies."""

    def to_page(name: str, place: str) -> str | None:
        slug = Leaf(name, 0, leaf.article).slug
        return (f"#{slug}--{place}" if place else f"#{slug}") if name in names else None

    point(leaf, to_page, lambda path: f"../html/{path}" if path.startswith("_images/") else None)
    for tag in leaf.article.select("[id]"):
        if tag.find_parent("svg"):
            continue  # its parts name one another, in ways that are not only links
        tag["id"] = f"{leaf.slug}--{tag['id']}"
    leaf.article["id"] = leaf.slug
    leaf.article["class"] = ["bd-article", "leaf", f"depth-{leaf.depth}"]
    if leaf.depth == 2:
        for level in (4, 3, 2, 1):
            for heading in leaf.article.find_all(f"h{level}"):
                heading.name = f"h{level + 1}"
                heading["class"] = [*heading.get("class", []), f"was-h{level}"]


def document(title: str, kind: str, leaves: list[Leaf], numbers: dict[str, int]) -> str:
    """The whole book as one page of HTML.

    Args:
        title: The book's.
        kind: What is below the title.
        leaves: The pages.
        numbers: Slug -> the page of the PDF that it begins on, as far as they are known.
    """
    rows = "\n".join(
        f'<li class="depth-{leaf.depth}"><a href="#{leaf.slug}">{escape(_title(leaf))}</a>'
        f'<span class="dots"></span><span>{numbers.get(leaf.slug, "")}</span></li>'
        for leaf in leaves
    )
    body = "\n".join(str(leaf.article) for leaf in leaves)
    return _DOCUMENT.format(title=escape(title), kind=escape(kind), contents=rows, body=body)


def _title(leaf: Leaf) -> str:
    heading = leaf.article.find(["h1", "h2"])
    return " ".join(heading.get_text().split()) if heading else leaf.name


def pages_of(pdf: bytes, places: list[str]) -> dict[str, int]:
    """The page, from 1, that each named place of a PDF stands on; places without a link to them have none.

    It reads what Chromium writes, a PDF whose objects are not packed.
    """
    objects = {int(number): body for number, body in re.findall(rb"(?s)(?<!\d)(\d+) 0 obj\b(.*?)\bendobj", pdf)}
    order = _page_order(objects)
    found = {}
    for place in places:
        name = re.escape(place.encode())
        if match := re.search(rb"[/(]" + name + rb"\)?\s*\[\s*(\d+) 0 R", pdf):
            number = order.get(int(match[1]))
            if number:
                found[place] = number
    return found


def _page_order(objects: dict[int, bytes]) -> dict[int, int]:
    """Object number of a page -> its place in the book."""
    root = next((n for n, body in objects.items() if b"/Type /Pages" in body and b"/Parent" not in body), None)
    pages: list[int] = []
    stack = [root] if root is not None else []
    while stack:
        number = stack.pop()
        body = objects.get(number, b"")
        kids = re.search(rb"(?s)/Kids\s*\[(.*?)\]", body)
        if kids:
            stack += [int(kid) for kid in re.findall(rb"(\d+) 0 R", kids[1])][::-1]
        else:
            pages.append(number)
    return {number: i + 1 for i, number in enumerate(pages)}


_DOCUMENT = """<!DOCTYPE html>
<html lang="en" data-theme="light" data-mode="light">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="../html/_static/pygments.css">
<link rel="stylesheet" href="../html/_static/course.css">
<link rel="stylesheet" href="../html/_static/front.css">
<link rel="stylesheet" href="../html/_static/print.css">
<script>window.MathJax = {{"chtml": {{"matchFontHeight": false, "scale": 1.12}}, "options": {{"enableMenu": false,
 "ignoreHtmlClass": "tex2jax_ignore|mathjax_ignore|document",
 "processHtmlClass": "tex2jax_process|mathjax_process|math|output_area"}}}};</script>
<script defer src="../html/_static/mathjax/tex-chtml.js"></script>
</head>
<body>
<section class="cover"><p class="book-title">{title}</p><p>{kind}</p></section>
<nav class="contents"><h1>Contents</h1><ol>
{contents}
</ol></nav>
{body}
</body>
</html>
"""
