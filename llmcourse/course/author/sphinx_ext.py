"""The book's Sphinx extension: execute and rebuild what changed, keep all on this host, name the download.

Loaded by `_config.yml` beside Jupyter Book's own extensions.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipython_pygments_lexers import IPython3Lexer
from pygments.lexers.python import Python3Lexer
from pygments.token import Token
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

from llmcourse.course.author.addresses import setup_addresses
from llmcourse.course.author.book import page_state
from llmcourse.course.author.execution import execute_pages
from llmcourse.course.author.front import setup_front

MATHJAX_PACKAGE = "sphinx-mathjax-offline"
MATHJAX_PARTS = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")


class CourseLexer(IPython3Lexer):
    """IPython's lexer, but what follows `%%build` and `%%check` is Python, and coloured as such."""

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Yield (position, token type, text)."""
        first, newline, rest = text.partition("\n")
        magic = first.partition(" ")[0]
        if magic not in ("%%build", "%%check"):
            yield from super().get_tokens_unprocessed(text)
            return
        yield 0, Token.Operator, "%%"
        yield 2, Token.Keyword, magic[2:]
        yield len(magic), Token.Text, first[len(magic) :] + newline
        start = len(first) + len(newline)
        for position, kind, value in Python3Lexer().get_tokens_unprocessed(rest):
            yield start + position, kind, value


def _round() -> BracketStyle:
    return BracketStyle(left="(", right=")")


@dataclasses.dataclass
class RoundAuthorYearStyle(AuthorYearReferenceStyle):
    """Author and year in round brackets, as the notebooks write them."""

    bracket_parenthetical: BracketStyle = dataclasses.field(default_factory=_round)
    bracket_textual: BracketStyle = dataclasses.field(default_factory=_round)
    bracket_author: BracketStyle = dataclasses.field(default_factory=_round)
    bracket_label: BracketStyle = dataclasses.field(default_factory=_round)
    bracket_year: BracketStyle = dataclasses.field(default_factory=_round)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension's handlers, its lexer and its citation style."""
    for name in ("ipython3", "ipython"):
        app.add_lexer(name, CourseLexer)
    register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_round", RoundAuthorYearStyle)
    app.connect("builder-inited", drop_thebe_scripts)
    app.connect("env-get-outdated", changed_pages)
    app.connect("env-before-read-docs", execute_pages)
    app.connect("html-page-context", name_download, priority=900)
    app.connect("build-finished", copy_mathjax)
    setup_front(app)
    setup_addresses(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def drop_thebe_scripts(app: Sphinx) -> None:
    """Jupyter Book always loads sphinx_thebe, whose page script fails ("already declared") and names a remote host."""
    for event in ("env-before-read-docs", "doctree-resolved"):
        kept = [item for item in app.events.listeners[event] if not item.handler.__module__.startswith("sphinx_thebe")]
        app.events.listeners[event] = kept


def changed_pages(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """The pages to read again because their solution, the library or the setting changed, though they did not."""
    options = app.config.nb_custom_formats[".ipynb"][1]
    state = page_state(Path(options.get("library", "llmcourse")))
    solutions = Path(options.get("solutions", "solutions"))
    keys = {}
    for name in env.found_docs:
        page = Path(env.doc2path(name))
        if page.suffix == ".ipynb":
            solution = solutions / page.parent.name / page.name
            body = solution.read_bytes() if solution.is_file() else b""
            keys[name] = hashlib.sha256(state.encode() + body).hexdigest()
    before, env.llmcourse_keys = getattr(env, "llmcourse_keys", {}), keys  # type: ignore[attr-defined]
    return [name for name, key in keys.items() if before.get(name, key) != key]


def name_download(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Offer a chapter's release notebook under that name, and no "source" of pages that are plain text."""
    is_notebook = context.get("page_source_suffix") == ".ipynb"
    for button in context.get("header_buttons", []):
        if button.get("label") == "download-buttons":
            kept = [item for item in button["buttons"] if is_notebook or item["label"] != "download-source-button"]
            for item in kept:
                if item["label"] == "download-source-button":
                    item.update(text="Exercise notebook (.ipynb)", tooltip="Download the exercise notebook")
            button["buttons"] = kept


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Copy the parts of MathJax that the pages use (1.6 MB of its 24) next to them."""
    if error is not None or app.builder.format != "html":
        return
    spec = importlib.util.find_spec(MATHJAX_PACKAGE)
    if spec is None or spec.origin is None:
        raise ExtensionError(f"the package {MATHJAX_PACKAGE} is missing: pip install {MATHJAX_PACKAGE}")
    source = Path(spec.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    for part in MATHJAX_PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("all-*"))
        else:
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / part, target / part)
