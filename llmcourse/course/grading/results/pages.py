"""Pages that stand alone: text of other people's made harmless, one style for light and dark, and no request
to any host."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from nbconvert.filters import strip_ansi

MAX_TEXT = 20_000
_COMBINING = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(rf"({_COMBINING}{{3}}){_COMBINING}+")

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --field: #f4f6f8;
  --link: #0757b8; --good: #1a6b30; --bad: #a8201a; --bar: #2a6fbb; --key: #8b2f8f; --text: #0a5c36; --name: #0a4f9e; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e6e9ec; --soft: #a3adb8; --line: #3a424b;
  --field: #1e2328; --link: #7ab7ff; --good: #6fd08c; --bad: #ff9a91; --bar: #5aa2ea; --key: #e0a3e3; --text: #8fd6a9;
  --name: #8ec2ff; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1rem; max-width: 54rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 .5rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
.total { font-size: 1.2rem; font-weight: 600; margin: 0 0 1rem; }
section, nav, .block { border-top: 1px solid var(--line); padding: 1rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; }
td, th { border-top: 1px solid var(--line); } thead th { border-top: 0; color: var(--soft); font-weight: 600; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } .scroll td { white-space: nowrap; }
pre { margin: .5rem 0; padding: .6rem .75rem; background: var(--field); border-radius: .4rem; white-space: pre-wrap;
  overflow-wrap: anywhere; font: .875rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", monospace;
  tab-size: 4; }
.told { border-left: .25rem solid var(--bad); border-radius: 0 .4rem .4rem 0; }
.comment { border-left: .25rem solid var(--link); border-radius: 0 .4rem .4rem 0; white-space: pre-wrap;
  background: var(--field); padding: .6rem .75rem; }
summary { cursor: pointer; padding: .4rem 0; } details { margin: .25rem 0; }
.k, .kn, .kc, .ow { color: var(--key); } .s1, .s2, .sd, .s, .sa, .si, .se { color: var(--text); }
.nf, .nc, .nb, .nd { color: var(--name); } .c1, .cm { color: var(--soft); font-style: italic; }
.bar { fill: var(--bar); } .chart { display: block; max-width: 34rem; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
@media (max-width: 40rem) { body { padding: .75rem; }
  .stack thead { position: absolute; left: -99rem; } .stack tr { display: block; border-top: 1px solid var(--line); padding: .5rem 0; }
  .stack td { display: block; border: 0; padding: .1rem 0; text-align: left; }
  .stack td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
  .overview tr { display: grid; grid-template-columns: 1fr auto; column-gap: .75rem; }
  .overview td:nth-child(3) { grid-column: 1 / -1; } .overview td::before { content: none !important; } }
@media print { details > * { display: block; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def plain(text: str, limit: int = MAX_TEXT) -> str:
    r"""A text that is nothing but text: no colours, no control characters, none that turn or hide others, not too long.

    Characters that turn the direction of writing or that cannot be seen are written as their number, because leaving
    them out would show other code than what ran.

    Args:
        text: Anything that a student's code or notebook says.
        limit: Characters kept.

    Example:
        >>> plain("\x1b[31mred\x1b[0m\a and \u202etxet"), plain("abcdef", 3)
        ('red and \\u202etxet', 'abc\n… (3 characters more)')
    """
    more = len(text) - limit
    shown = strip_ansi(text[:limit])
    shown = "".join(map(_plain_character, shown.replace("\r\n", "\n")))
    shown = _MARKS.sub(r"\1", shown)
    return f"{shown}\n… ({more:,} characters more)" if more > 0 else shown


def _plain_character(character: str) -> str:
    if character in "\n\t" or " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category == "Cc":
        return ""
    if category in ("Cf", "Cs", "Zl", "Zp") and character not in "\u200c\u200d":  # joiners belong to scripts and emoji
        return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    return character


def escaped(text: str, limit: int = MAX_TEXT) -> str:
    """Somebody's text for a page: plain, and without any markup of its own.

    Example:
        >>> escaped("<b>&'")
        '&lt;b&gt;&amp;&#x27;'
    """
    return html.escape(plain(text, limit))


def preformatted(text: str, kind: str = "", limit: int = MAX_TEXT) -> str:
    """Somebody's text as it stands, line by line."""
    return f'<pre class="{kind}">{escaped(text, limit)}</pre>' if kind else f"<pre>{escaped(text, limit)}</pre>"


@lru_cache(maxsize=256)
def python(source: str, limit: int = MAX_TEXT) -> str:
    """Somebody's Python code, coloured; a check's is the same on page after page."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    shown = plain(source, limit)
    coloured = highlight(shown, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return f'<pre tabindex="0">{coloured.rstrip()}</pre>'


def folded(summary: str, body: str, is_open: bool = False) -> str:
    """A part that opens; `summary` is text, `body` markup of ours."""
    return f"<details{' open' if is_open else ''}><summary>{escaped(summary)}</summary>{body}</details>"


def page(title: str, body: str) -> str:
    """A whole page. The policy in its head forbids scripts and requests, whatever the body holds."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escaped(title, 200)}</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<main id="main">
{body}
</main>
</body>
</html>
"""


def table(head: list[str], rows: list[list[str]], numbers: tuple[int, ...] = (), kind: str = "stack") -> str:
    """A table that becomes a list on a narrow screen.

    Args:
        head: The columns' names.
        rows: Cells, as markup of ours.
        numbers: Which columns hold numbers.
        kind: `stack`: on a narrow screen each row is a block; `scroll`: the table scrolls; `stack overview`: a row's
            first two cells share a line there.
    """
    right = [' class="number"' if i in numbers else "" for i in range(len(head))]
    label = [f' data-label="{html.escape(name)}"' if i and name else "" for i, name in enumerate(head)]
    top = "".join(f'<th scope="col"{right[i]}>{html.escape(name)}</th>' for i, name in enumerate(head))
    lines = ["".join(f"<td{right[i]}{label[i]}>{cell}</td>" for i, cell in enumerate(row)) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    inner = f'<table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scroll" tabindex="0">{inner}</div>' if kind == "scroll" else inner


def number(value: float) -> str:
    """Points as people write them.

    Example:
        >>> number(2.0), number(2.5)
        ('2', '2.5')
    """
    return f"{value:.4g}"
