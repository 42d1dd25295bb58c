"""The book's Sphinx extension: execute and rebuild what changed, keep all on this host, name the download.

Loaded by `_config.yml` beside Jupyter Book's own extensions.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from ipython_pygments_lexers import IPython3Lexer
from pygments.lexers.python import Python3Lexer
from pygments.token import Token
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

from llmcourse.course.author.addresses import setup_addresses
from llmcourse.course.author.book import page_state
from llmcourse.course.author.dark import shape_of, with_dark_forms, write_dark_forms
from llmcourse.course.author.execution import execute_pages
from llmcourse.course.author.finish import contents_with_exercises, finish_page, icons
from llmcourse.course.author.front import setup_front
from llmcourse.course.author.search import keep_parts, search_script
from llmcourse.course.author.shown_code import without_docstrings
from llmcourse.course.environment import cores

MATHJAX_PACKAGE = "sphinx-mathjax-offline"
MATHJAX_PARTS = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")
ICONS_SCRIPT = "_static/scripts/fontawesome.js"
ICONS_STYLE = "icons.css"
SEARCH_TEXT = "search_text.js"
UNDECLARED = ("sphinx_jupyterbook_latex", "sphinx_multitoc_numbering")
"""Of what Jupyter Book loads, what does not say whether pages may be read side by side: they may. The first is for
LaTeX alone, the second numbers sections when all pages have been read."""


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
    app.add_config_value("llmcourse_machinery", _machinery(), "html")  # another one writes every page again
    app.add_domain(NumberedReferences, override=True)
    app.parallel = cores()  # pages read and written at a time; Jupyter Book has no option for it
    app.add_post_transform(ShowSolutionsOnce)
    app.add_css_file(ICONS_STYLE)
    app.connect("config-inited", read_side_by_side)
    app.connect("builder-inited", drop_thebe_scripts)
    app.connect("builder-inited", finish_what_is_rendered)
    app.connect("env-get-outdated", changed_pages)
    app.connect("env-before-read-docs", execute_pages)
    app.connect("html-page-context", name_download, priority=900)
    app.connect("html-page-context", list_exercises)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", write_icons_and_search)
    app.connect("build-finished", write_dark_figures)
    setup_front(app)
    setup_addresses(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def read_side_by_side(app: Sphinx, config: object) -> None:
    """Declare for others that they are no hindrance to it; see `UNDECLARED`."""
    for name in UNDECLARED:
        if name in app.extensions and app.extensions[name].parallel_read_safe is None:
            app.extensions[name].parallel_read_safe = True


def _machinery() -> str:
    """What makes the pages from what they say."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class NumberedReferences(StandardDomain):
    """Sphinx's own domain, which reads the whole page that a numbered reference leads to; here each page once."""

    def _resolve_numref_xref(self, env: BuildEnvironment, *reference: Any) -> Any:
        self._read = getattr(self, "_read", None) or _PagesRead(env)
        return super()._resolve_numref_xref(self._read, *reference)  # type: ignore[arg-type]


class _PagesRead:
    """An environment that keeps the pages that it has been asked for."""

    def __init__(self, env: BuildEnvironment):
        self._env = env
        self.get_doctree = functools.cache(env.get_doctree)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)


class ShowSolutionsOnce(SphinxPostTransform):
    """An opened solution shows what the stub above it does not: the docstring stands there already."""

    default_priority = 190  # before myst-nb folds the cells

    def run(self, **options: object) -> None:
        """Shorten the solutions of one page."""
        told = ""
        for block in self.document.findall(nodes.literal_block):
            if "stub" in block["classes"]:
                told = block.astext()
            elif any("tag_solution" in cell["classes"] for cell in _around(block)):
                shown = without_docstrings(block.astext(), told)
                block.rawsource, block.children = shown, []
                block += nodes.Text(shown)


def _around(node: nodes.Node) -> Iterator[nodes.Element]:
    while (node := node.parent) is not None and not isinstance(node, nodes.document):
        yield node


def _is_book(app: Sphinx) -> bool:
    return app.builder.name in ("html", "dirhtml")


def finish_what_is_rendered(app: Sphinx) -> None:
    """Mend each page as it is rendered, and give its figures their dark form; see `finish_page`, `with_dark_forms`."""
    if not _is_book(app):
        return
    render = app.builder.templates.render  # type: ignore[attr-defined]

    def shape(name: str) -> tuple[int, int]:
        source = next((path for path, copied in app.builder.images.items() if copied == name), name)  # type: ignore[attr-defined]
        return shape_of(Path(app.srcdir, source))

    def finished(template: str, context: dict[str, Any]) -> str:
        page = render(template, context)
        if not template.endswith(".html"):
            return page
        page = finish_page(with_dark_forms(page, shape))
        if context.get("pagename") in app.env.found_docs:
            keep_parts(page, _parts_folder(app))  # here, as pages are written side by side
        return page

    app.builder.templates.render = finished  # type: ignore[attr-defined]


def list_exercises(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page's exercises their places in its table of contents."""
    if doctree is None or not _is_book(app) or "toc" not in context:
        return
    exercises: dict[str, list[tuple[str, str]]] = {}
    numbers = app.env.toc_fignumbers.get(page, {}).get("exercise", {})
    for box in doctree.findall(lambda node: isinstance(node, nodes.Admonition) and "exercise" in node["classes"]):
        section = next((node for node in _around(box) if isinstance(node, nodes.section)), None)
        if section is not None:
            name = box["ids"][0]
            title = box.next_node(nodes.title).astext().partition(" (")[2].removesuffix(")")
            number = ".".join(map(str, numbers.get(name, ())))
            exercises.setdefault(section["ids"][0], []).append((name, f"Exercise {number}: {title}"))
    context["toc"] = contents_with_exercises(context["toc"], exercises)


def write_icons_and_search(app: Sphinx, error: Exception | None) -> None:
    """Write what belongs to all pages together: the icons that they show, and the text that the search looks through.

    Raises:
        ExtensionError: A page shows an icon that the theme does not have.
    """
    if error is not None or not _is_book(app):
        return
    out = Path(app.outdir)
    pages = {name: Path(app.builder.get_outfilename(name)) for name in sorted(app.env.found_docs)}  # type: ignore[attr-defined]
    texts = {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in pages.values()}
    others = [path.read_text(encoding="utf-8") for path in sorted(out.glob("*.html"))]
    script = Path(out, ICONS_SCRIPT)
    theme = importlib.util.find_spec("pydata_sphinx_theme")
    whole = next(Path(theme.origin).parent.rglob("static/scripts/fontawesome.js"))  # type: ignore[union-attr,arg-type]
    try:
        style = icons([*texts.values(), *others], whole.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise ExtensionError(str(fault)) from fault
    Path(out, "_static", ICONS_STYLE).write_text(style, encoding="utf-8")
    for path in script.parent.glob(f"{script.name}*"):
        path.unlink()
    Path(out, SEARCH_TEXT).write_text(search_script(texts.items(), _parts_folder(app)), encoding="utf-8")


def _parts_folder(app: Sphinx) -> Path:
    return Path(app.doctreedir, "search")


def write_dark_figures(app: Sphinx, error: Exception | None) -> None:
    """Write the dark form of each figure beside it."""
    if error is None and _is_book(app):
        write_dark_forms(Path(app.outdir, app.builder.imagedir))


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
