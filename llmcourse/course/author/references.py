"""Links within the book: plain words in a notebook, a link on the page.

An author writes one of three roles, the words first and what they lead to in angle brackets:

- ``{term}`ranks <rank>` ``, or ``{term}`rank` ``: an entry of the glossary;
- ``{numref}`the figure above <fig-alibi>` ``: a figure by its name. A notebook says the words, a page "Fig. 2.7";
- ``{doc}`chapter 3 <03_recipes/1_architecture>` ``: another notebook, by its folder and its name.

JupyterLab knows no such roles, and has no glossary to lead to. So the build writes the words alone, in a `span` that
remembers the rest and that a notebook does not show; the book's reader turns the span back into the role.
"""

from __future__ import annotations

import re
from html import escape, unescape

ROLES = ("term", "numref", "doc")
_ROLE = re.compile(r"\{(?P<role>" + "|".join(ROLES) + r")\}`(?P<words>[^`<>]+?)(?:\s*<(?P<target>[^`<>]+)>)?`")
_SPAN = re.compile(r"<span data-(?P<role>" + "|".join(ROLES) + r')="(?P<target>[^"]+)">(?P<words>[^<]+)</span>')


def as_words(markdown: str) -> str:
    """Turn the roles `term`, `numref` and `doc` into words for a notebook.

    Raises:
        ValueError: A `numref` or a `doc` has no words of its own: a notebook knows neither numbers nor titles.

    Example:
        >>> as_words("Merges have {term}`ranks <rank>`.")
        'Merges have <span data-term="rank">ranks</span>.'
    """
    return _ROLE.sub(_span, markdown)


def _span(match: re.Match[str]) -> str:
    role, words, target = match["role"], match["words"], match["target"]
    if target is None and role != "term":
        raise ValueError(f"{match[0]} has no words for a notebook; it must be {{{role}}}`words <{words}>`")
    target = " ".join((target or words).split())  # a line may end in it
    return f'<span data-{role}="{escape(target)}">{words}</span>'


def restore_references(markdown: str) -> str:
    """Turn the spans that `as_words` made back into roles, for the page.

    Example:
        >>> restore_references('Merges have <span data-term="rank">ranks</span>.')
        'Merges have {term}`ranks <rank>`.'
    """
    return _SPAN.sub(_role, markdown)


def _role(match: re.Match[str]) -> str:
    role, words, target = match["role"], match["words"], unescape(match["target"])
    if role == "numref":
        return f"{{numref}}`{target}`"
    place = f"/notebooks/{target}" if role == "doc" else target
    return f"{{{role}}}`{words} <{place}>`"
