"""Where the book and its code are on the web, and what follows: canonical links, cards, a sitemap, buttons, a 404 page.

Two options decide, in `_config.yml` or as variables of the environment, which go first: `llmcourse_book_url`
(LLMCOURSE_BOOK_URL), where the pages will be read, and `llmcourse_repository_url` (LLMCOURSE_REPOSITORY_URL), where the
code is. Without them no page names an address.
"""

from __future__ import annotations

import json
import os
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from llmcourse.course.author.cards import CARD_SIZE, write_card

BOOK_URL, REPOSITORY_URL = "LLMCOURSE_BOOK_URL", "LLMCOURSE_REPOSITORY_URL"
COLAB_BRANCH = "colab"
"""The branch on which the workflow `pages` keeps notebooks whose first cell installs the course."""
NOTEBOOKS_FILE = "llmcourse-notebooks.zip"
COUNTED = re.compile(r"^\d+ (exercise|written question)s?\b.*besides reading\.$")
"""The line of a chapter that says how much work it holds: it does not say what the chapter is about."""
DESCRIPTION_LENGTH = 200
OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: the same sources give the same bytes."""


def setup_addresses(app: Sphinx) -> None:
    """Register the options and what depends on them."""
    app.add_config_value("llmcourse_book_url", "", "html", [str])
    app.add_config_value("llmcourse_repository_url", "", "env", [str])
    app.connect("config-inited", take_options)
    app.connect("html-page-context", describe_page, priority=400)  # before sphinxext.opengraph, which reads `meta`
    app.connect("html-page-context", drop_relative_url, priority=600)  # and after it
    app.connect("html-page-context", add_launch_buttons, priority=910)
    app.connect("build-finished", write_files)


def take_options(app: Sphinx, config: Config) -> None:
    """Read both options, and tell Sphinx and sphinxext.opengraph."""
    book = web_address("llmcourse_book_url", os.environ.get(BOOK_URL) or config.llmcourse_book_url)
    repository = os.environ.get(REPOSITORY_URL) or config.llmcourse_repository_url
    config.llmcourse_book_url = f"{book}/" if book else ""
    config.llmcourse_repository_url = web_address("llmcourse_repository_url", repository)
    config.html_baseurl = config.ogp_site_url = config.llmcourse_book_url


def web_address(name: str, value: str) -> str:
    """An address without the slash at its end; empty where none is set.

    Raises:
        ExtensionError: It is not a whole address.

    Example:
        >>> web_address("llmcourse_book_url", "https://example.org/book/")
        'https://example.org/book'
    """
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise ExtensionError(f"{name} is {value!r}; it must be a whole address, such as https://example.org/book")
    return value.rstrip("/")


def describe_page(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document) -> None:
    """Say what a page is about, and give it a card where the book's address is known."""
    if not doctree or app.builder.name != "html":
        return
    fields = {**(context.get("meta") or {})}
    if text := fields.get("og:description") or description(doctree):
        fields["og:description"] = text
        if 'name="description"' not in context["metatags"]:
            context["metatags"] += f'\n<meta name="description" content="{escape(text)}" />'
    if base := app.config.llmcourse_book_url:
        title = doctree.next_node(nodes.title)
        card = f"_static/cards/{page.replace('/', '-')}.png"
        book = app.config.html_title
        name = title.astext() if title else book
        write_card(Path(app.outdir, card), book, name, text)
        fields |= {"og:image": urljoin(base, card), "og:image:alt": f"{name}: {text}"}
        width, height = (f'<meta property="og:image:{side}" content="{n}" />' for side, n in CARD_SIZE.items())
        large = '<meta name="twitter:card" content="summary_large_image" />'
        context["metatags"] += "\n".join(["", width, height, large, ""])
    context["meta"] = fields


def description(doctree: nodes.document) -> str:
    """The first sentences of a page, at most 200 letters, without the line that counts its exercises."""
    found: list[str] = []
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        framed = isinstance(paragraph.parent, nodes.Admonition | nodes.entry | nodes.list_item | nodes.container)
        if text and not framed and not COUNTED.match(text):
            found.append(text)
        if sum(map(len, found)) >= DESCRIPTION_LENGTH / 2:
            break
    return shortened(" ".join(found), DESCRIPTION_LENGTH)


def shortened(text: str, length: int) -> str:
    """A text cut behind its last whole sentence, or else between two words.

    Example:
        >>> shortened("One. Two three. Four", 16), shortened("One two three", 9)
        ('One. Two three.', 'One two…')
    """
    if len(text) <= length:
        return text
    ends = [match.end() for match in re.finditer(r"[.?!](?= )", text) if match.end() <= length]
    return text[: ends[-1]] if ends else text[: length - 1].rpartition(" ")[0] + "…"


def drop_relative_url(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Without the book's address `og:url` would be no address."""
    if not app.config.llmcourse_book_url:
        context["metatags"] = re.sub(r'<meta property="og:url"[^>]*>\n?', "", context.get("metatags") or "")


def add_launch_buttons(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Offer a notebook's page in Colab and Binder, where the code is on GitHub."""
    repository = app.config.llmcourse_repository_url
    is_notebook = context.get("page_source_suffix") == ".ipynb"
    if not is_notebook or not repository.startswith("https://github.com/"):
        return
    owner_and_name = repository.removeprefix("https://github.com/").removesuffix(".git")
    work = page.removeprefix("notebooks/")
    colab = f"https://colab.research.google.com/github/{owner_and_name}/blob/{COLAB_BRANCH}/{page}.ipynb"
    binder = f"https://mybinder.org/v2/gh/{owner_and_name}/HEAD?urlpath={quote(f'lab/tree/work/{work}.ipynb', safe='')}"
    links = [("Colab", colab, "Open in Colab"), ("Binder", binder, "Open in Binder")]
    buttons = [
        {"type": "link", "url": url, "text": name, "tooltip": tip, "label": f"launch-{name.lower()}"}
        | {"icon": "fas fa-rocket"}
        for name, url, tip in links
    ]
    group = {"type": "group", "tooltip": "Run this notebook elsewhere", "icon": "fas fa-rocket", "buttons": buttons}
    context.setdefault("header_buttons", []).insert(0, {**group, "label": "launch-buttons"})


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Write what stands beside the pages: the notebooks in one file, 404.html, and sitemap.xml for a known address."""
    if error is not None or app.builder.name != "html":
        return
    out, base = Path(app.outdir), app.config.llmcourse_book_url
    uris = [app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)]
    write_notebooks(Path(app.srcdir), out / "_static" / NOTEBOOKS_FILE)
    first = app.builder.get_target_uri(app.config.root_doc)
    exercises = "book/exercises.html" if "book/exercises.html" in uris else first
    page = missing_page(app.config.html_title, urlsplit(base).path, first, exercises)
    (out / "404.html").write_text(page, encoding="utf-8")
    sitemap = out / "sitemap.xml"
    if base:
        sitemap.write_text(sitemap_of([urljoin(base, uri) for uri in uris]), encoding="utf-8")
    else:
        sitemap.unlink(missing_ok=True)


def sitemap_of(addresses: list[str]) -> str:
    """A sitemap as sitemaps.org has it.

    Example:
        >>> sitemap_of(["https://example.org/?a&b"]).splitlines()[2]
        '<url><loc>https://example.org/?a&amp;b</loc></url>'
    """
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return head + "".join(f"<url><loc>{escape(address)}</loc></url>\n" for address in addresses) + "</urlset>\n"


def write_notebooks(root: Path, target: Path) -> None:
    """The release notebooks in one archive; the same notebooks give the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w") as archive:
        for path in sorted(root.glob("notebooks/*/*.ipynb")):
            entry = ZipInfo(path.relative_to(root).as_posix(), OLDEST)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())


MISSING_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>Page not found — {title}</title>
<style>
:root {{ color-scheme: light dark;
  --ink: #1f2733; --muted: #535d6b; --ground: #fff; --link: #1f5fae; --line: #d9dee6; }}
@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{
  --ink: #e6eaf0; --muted: #a9b3c0; --ground: #121212; --link: #8fbff8; --line: #39424e; }} }}
:root[data-theme="light"] {{ color-scheme: light; }}
:root[data-theme="dark"] {{ color-scheme: dark;
  --ink: #e6eaf0; --muted: #a9b3c0; --ground: #121212; --link: #8fbff8; --line: #39424e; }}
body {{ font: 1.05rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  max-width: 36rem; margin: 0 auto; padding: clamp(2rem, 14vh, 9rem) 1.25rem 2rem; color: var(--ink);
  background: var(--ground); }}
h1 {{ font-size: clamp(1.6rem, 6vw, 2.1rem); line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 0.8rem; }}
p {{ margin: 0 0 1.4rem; color: var(--muted); }}
ul {{ list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }}
li {{ border-bottom: 1px solid var(--line); }}
a {{ display: block; padding: 0.75rem 0; color: var(--link); font-weight: 600; text-underline-offset: 0.15em; }}
</style>
<script>
// The theme that the reader has chosen for the book.
try {{
  const mode = localStorage.getItem("mode");
  if (mode === "light" || mode === "dark") document.documentElement.dataset.theme = mode;
}} catch {{ /* no storage here: the system's theme it is */ }}
</script>
</head>
<body>
<main>
<h1>No page has this address</h1>
<p>It may have had one in an earlier version of the book.</p>
<ul>
<li><a href="{base}{first}">{title}: the first page</a></li>
<li><a href="{base}{exercises}">All exercises</a></li>
<li><a href="{base}search.html">Search</a></li>
</ul>
</main>
<script>
// This page is shown for addresses of any depth. Where the book begins is told at its build, or looked for upwards.
(async () => {{
  const told = {told}, links = [...document.querySelectorAll("a")];
  if (told || !location.protocol.startsWith("http")) return;
  const names = links.map((link) => link.getAttribute("href"));
  for (let folder = location.pathname; ; folder = folder.replace(/[^/]*\\/$/, "")) {{
    folder = folder.replace(/[^/]*$/, "");
    const answer = await fetch(folder + "objects.inv", {{ method: "HEAD" }}).catch(() => ({{ ok: false }}));
    if (answer.ok) {{ links.forEach((link, i) => {{ link.href = folder + names[i]; }}); return; }}
    if (folder === "/") return;
  }}
}})();
</script>
</body>
</html>
"""


def missing_page(title: str, base: str, first: str, exercises: str) -> str:
    """The page that a server shows for an address without a page.

    Args:
        title: The book's.
        base: The path at which the book begins, such as `/book/`; empty where it is not known.
        first: The first page, from there.
        exercises: The index of exercises, from there.
    """
    values = {"base": base, "first": first, "exercises": exercises, "told": json.dumps(bool(base))}
    return MISSING_PAGE.format(title=escape(title), **values)
