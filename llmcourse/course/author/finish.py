"""The last touch on a page: what the theme and its extensions write is mended before it reaches a file.

`finish_page` gets every page as it is rendered, `contents_with_exercises` its table of contents. `icons` cuts the
theme's icons (1.5 MB of script) down to the few that the pages show.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

MENDED: tuple[tuple[str, str], ...] = (
    # Not needed: icons come from a style sheet, and the search has its own script, on its own page alone.
    (r'\s*<script[^>]*src="[^"]*/(?:fontawesome|searchtools|language_data)\.js[^"]*"[^>]*></script>', ""),
    (r'\s*<script[^>]*src="[^"]*searchindex\.js[^"]*"[^>]*></script>', ""),
    # The theme asks for "" at the first visit, and complains of it in the console.
    (
        r'dataset\.mode = localStorage\.getItem\("mode"\) \|\| "";\s*'
        r'document\.documentElement\.dataset\.theme = localStorage\.getItem\("theme"\) \|\| "";',
        'dataset.mode = localStorage.getItem("mode") || "auto";\n'
        '    document.documentElement.dataset.theme = localStorage.getItem("theme")\n'
        '      || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");',
    ),
    # Every exercise's text has the same id.
    (r'<section id="exercise-content">', '<section class="exercise-content">'),
    # An exercise is a place to jump to: its title is a heading.
    (
        r'(<div class="exercise[^"]*" id="([^"]+)">\s*)<p class="admonition-title">'
        r'<span class="caption-number">([^<]*?) ?</span> \((.*?)\)</p>\n',
        r'\1<h3 class="admonition-title"><span class="caption-number">\3</span> \4'
        r'<a class="headerlink" href="#\2" title="Link to this exercise">#</a></h3>'
        "\n",
    ),
    # An entry of the bibliography: a role that is no longer, in a list that wants items.
    (r'role="doc-biblioentry"', 'role="listitem"'),
    # A fold is named by its words.
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    (
        r'(<a class="(?:current )?reference internal" href="[^"]*">([^<]*)</a><details[^>]*><summary>)'
        r'<span class="toctree-toggle" role="presentation">',
        r'\1<span class="visually-hidden">Parts of \2</span><span class="toctree-toggle" role="presentation">',
    ),
    # The book's name above its contents is a landmark.
    (
        r'<div class="sidebar-primary-items__start sidebar-primary__section">',
        '<div class="sidebar-primary-items__start sidebar-primary__section" role="region" aria-label="The book">',
    ),
    # A corner of a table heads nothing.
    (r"<th([^>]*)>(?:\s|<p>|</p>|&nbsp;)*</th>", r"<td\1></td>"),
)
"""What is looked for, and what stands there instead; each may be done again without harm."""
MATHS = re.compile(r"\s*<script>window\.MathJax = .*?</script>\s*<script[^>]*mathjax/[^>]*></script>", re.DOTALL)
SEARCH = '<script src="search_text.js"></script>\n<script src="_static/search.js"></script>\n</body>'
TITLE = re.compile(r'<article.*?<h1[^>]*>(.*?)<a class="headerlink"', re.DOTALL)
PRINTED_TITLE = re.compile(r'(<div id="jb-print-docs-body" class="onlyprint">\s*<h1>).*?(</h1>)', re.DOTALL)
ICON = re.compile(r"\bfa-(?!solid\b|lg\b|fw\b)([a-z][a-z-]*[a-z])\b")
SHAPE = r'(?<![\w-])"?{}"?:\[(\d+),(\d+),\[[^\]]*\],"[^"]*","([^"]+)"\]'


def finish_page(page: str) -> str:
    """The page as it goes to the reader: one id for one thing, named controls, no script that it has no use for."""
    for old, new in MENDED:
        page = re.sub(old, new, page)
    if 'class="math ' not in page:
        page = MATHS.sub("", page)
    if 'id="search-results"' in page and "search_text.js" not in page:
        page = page.replace("</body>", SEARCH)
    if title := TITLE.search(page):
        page = PRINTED_TITLE.sub(lambda match: f"{match[1]}{title[1]}{match[2]}", page)
    return page


def contents_with_exercises(contents: str, exercises: Mapping[str, Iterable[tuple[str, str]]]) -> str:
    """A page's table of contents with its exercises under the sections that they stand in.

    Args:
        contents: The list in HTML.
        exercises: The id and the title of each exercise, by the id of its section.
    """
    for section, inside in exercises.items():
        entries = "".join(
            f'<li><a class="reference internal" href="#{name}">{html.escape(title)}</a></li>\n'
            for name, title in inside
        )
        link = rf'<li><a class="reference internal" href="#{re.escape(section)}">.*?</a>'
        entry = re.compile(rf"({link})(<ul>\n)?", re.DOTALL)
        contents = entry.sub(
            lambda match, new=entries: f"{match[1]}<ul>\n{new}" + ("" if match[2] else "</ul>\n"), contents, count=1
        )
    return contents


def icons(pages: Iterable[str], script: str) -> str:
    """A style sheet with the shapes of the icons that the pages show.

    Args:
        pages: The pages' HTML.
        script: The theme's script with all the icons there are.

    Raises:
        ValueError: The script has no such icon.
    """
    names = sorted({name for page in pages for name in ICON.findall(page)})
    rules = [
        "/* Shapes of Font Awesome Free (https://fontawesome.com), licence CC BY 4.0. */",
        "i[class*='fa-'] { display: inline-block; width: 1em; height: 1em; vertical-align: -0.125em;",
        "  background: currentColor; mask: var(--icon) center / contain no-repeat; }",
        "@media (forced-colors: active) { i[class*='fa-'] { background: ButtonText; } }",
    ]
    for name in names:
        shapes = re.findall(SHAPE.format(re.escape(name)), script)
        if not shapes:
            raise ValueError(f"the icon fa-{name} is shown, but the theme has no icon of that name")
        width, height, path = shapes[-1]  # the outlined ones come first, then the solid ones
        drawn = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'><path d='{path}'/></svg>"
        quoted = drawn.replace("<", "%3C").replace(">", "%3E")
        rules.append(f'.fa-{name} {{ --icon: url("data:image/svg+xml,{quoted}"); }}')
    return "\n".join(rules) + "\n"
