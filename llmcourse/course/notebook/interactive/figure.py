"""Interactive figures: plain JavaScript and SVG inside an output cell, with no request to any other host.

A figure is a static fallback (what a reader without JavaScript, a printer or an untrusted notebook shows) and a script
that replaces it. The scripts and styles lie in `llmcourse/course/notebook/static/`; each figure runs in its own shadow
root, so that neither its names nor its styles meet the page's.
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from IPython.display import HTML

STATIC = Path(__file__).parent.parent / "static"

# The book's theme marks dark pages on <html>, JupyterLab on <body>; elsewhere the reader's system decides. The last
# rule takes away the light frame that the book's dark theme puts around any HTML output.
HOST_CSS = """
[data-llm-figure] { color-scheme: light dark; margin: 1rem 0; }
html[data-theme="light"] [data-llm-figure],
body[data-jp-theme-light="true"] [data-llm-figure] { color-scheme: light; }
html[data-theme="dark"] [data-llm-figure],
body[data-jp-theme-light="false"] [data-llm-figure] { color-scheme: dark; }
html[data-theme] .cell_output .text_html:has(> [data-llm-figure]) {
  background: none !important; padding: 0 !important;
}
"""


def asset(name: str) -> str:
    """The text of a file in `static/`.

    Raises:
        ValueError: if there is no such file, or if it could end the `<script>` it is put into.
    """
    path = STATIC / name
    if not path.is_file():
        raise ValueError(f"no asset {name!r}; there are {sorted(p.name for p in STATIC.iterdir())}")
    text = path.read_text(encoding="utf-8")
    if found := re.search(r"</script|<script|<!--", text, re.IGNORECASE):
        raise ValueError(f"asset {name!r} holds {found[0]!r}, which would end or change the script around it")
    return text


def script_json(value: object) -> str:
    r"""JSON that is safe inside a `<script>` element, with keys in a fixed order.

    >>> script_json({"b": "</script>", "a": "é"})
    '{"a": "\\u00e9", "b": "\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def figure_id(name: str, config: Mapping[str, object]) -> str:
    """An id that depends on nothing but the figure's name and configuration, so that pages are reproducible.

    >>> figure_id("stepper", {"text": "low"}) == figure_id("stepper", {"text": "low"})
    True
    """
    digest = hashlib.sha256(script_json([name, config]).encode()).hexdigest()
    return f"llm-{name}-{digest[:12]}"


def embed(
    name: str,
    *,
    scripts: Sequence[str],
    styles: Sequence[str] = (),
    config: Mapping[str, object],
    fallback: str,
    label: str,
) -> HTML:
    """An interactive figure as one piece of HTML.

    The scripts run in order inside one function, so they share names with each other and with nothing else. The last
    defines `mount(box, config, host)`, which fills the empty element `box`. Before them come `figure.js` (`element`,
    `prefersStillness`) and `figure.css` (colours for light and dark, buttons, fields).

    Args:
        name: letters, digits and hyphens; part of the figure's id.
        scripts, styles: files in `static/`.
        config: handed to `mount`; anything that JSON can hold.
        fallback: HTML shown until, and unless, the script runs. The caller escapes what it puts into it.
        label: what the figure is, for screen readers.

    Raises:
        ValueError: for a bad name or asset.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f"a figure's name is lower-case letters, digits and hyphens, not {name!r}")
    identity = figure_id(name, config)
    css = "\n".join(asset(style) for style in ("figure.css", *styles))
    code = "\n".join(asset(script) for script in ("figure.js", *scripts))
    return HTML(
        f"<style>{HOST_CSS}</style>\n"
        f'<div data-llm-figure="{identity}" data-lm-suppress-shortcuts="true" role="group" '
        f'aria-label="{html.escape(label)}" class="mathjax_ignore tex2jax_ignore">\n{fallback}\n</div>\n'
        f"<script>(() => {{\n{code}\n"
        f"startFigure({script_json(identity)}, {script_json(css)}, {script_json(config)}, mount);\n}})();</script>"
    )
