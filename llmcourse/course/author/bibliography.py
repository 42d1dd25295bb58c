"""Citations that read well everywhere: a plain link in a notebook, a proper citation in the book.

An author writes ``{cite:t}`sennrich2016` `` in a chapter. JupyterLab knows no such role, so the build turns it into an
ordinary link whose title remembers the citation, and the book's reader turns that link back into the role.
"""

from __future__ import annotations

import re
from pathlib import Path

from pybtex.backends.plaintext import Backend
from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.richtext import Text

ROLES = ("t", "p")
PLAIN_TEXT = Backend()
"""Made once: asked for by name, pybtex searches all that is installed, for each author of each citation."""
_LINK = re.compile(r'\[(?:[^\[\]\\]|\\.)*\]\((?:<[^>\n]*>|[^\s()]*) "cite:(?P<role>[tp]) (?P<key>[^"\s]+)"\)')


def load_bibliography(path: Path) -> BibliographyData:
    """Read a BibTeX file.

    Raises:
        ValueError: The file is not valid BibTeX; the message names the file.
    """
    try:
        return parse_file(str(path), bib_format="bibtex")
    except Exception as error:  # pybtex raises several unrelated types for one bad file
        raise ValueError(f"{path}: not a valid BibTeX file: {error}") from error


def citation_link(role: str, key: str, bib: BibliographyData) -> str:
    """A citation as a Markdown link that shows author and year and keeps role and key in its title.

    Args:
        role: "t" for a citation in the sentence, "Sennrich et al. (2016)"; "p" for one in parentheses. "cite:t" and
            "cite:p" are taken too.
        key: The entry's key.
        bib: The bibliography, from `load_bibliography`.

    Raises:
        ValueError: The role or the key is unknown, or the entry has no author, year or address to link to.

    Example:
        >>> from pybtex.database import parse_string
        >>> entry = "@book{knuth1984, author={Knuth, Donald E.}, year=1984, url={https://example.org}}"
        >>> bib = parse_string(entry, "bibtex")
        >>> citation_link("t", "knuth1984", bib)
        '[Knuth (1984)](https://example.org "cite:t knuth1984")'
    """
    role = role.removeprefix("cite:")
    if role not in ROLES:
        raise ValueError(f"unknown citation role {role!r}; allowed: {', '.join(ROLES)}")
    if key not in bib.entries:
        raise ValueError(f"unknown citation key {key!r}; known: {', '.join(sorted(bib.entries))}")
    entry = bib.entries[key]
    authors, year = author_names(entry, key), entry.fields.get("year")
    if not year:
        raise ValueError(f"citation key {key!r}: the entry has no year")
    shown = f"{authors} ({year})" if role == "t" else f"({authors}, {year})"
    address = entry_address(entry, key).replace("(", "%28").replace(")", "%29")  # a bracket would end the link
    return f'[{shown}]({address} "cite:{role} {key}")'


def author_names(entry: Entry, key: str) -> str:
    """The authors as a sentence names them: one, "A and B", or "A et al." from three on.

    Raises:
        ValueError: The entry names nobody.
    """
    people = entry.persons.get("author") or entry.persons.get("editor")
    if not people:
        raise ValueError(f"citation key {key!r}: the entry has no author")
    names = [_plain(" ".join(person.prelast_names + person.last_names)) for person in people]
    return {1: names[0], 2: " and ".join(names[:2])}.get(len(names), f"{names[0]} et al.")


def entry_address(entry: Entry, key: str) -> str:
    """Where a reader finds the work: the entry's `url`, or its arXiv page, or its DOI.

    Raises:
        ValueError: The entry has none of them.
    """
    fields = entry.fields
    if "url" in fields:
        return fields["url"]
    if "eprint" in fields:
        return f"https://arxiv.org/abs/{fields['eprint']}"
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    raise ValueError(f"citation key {key!r}: the entry has no url, eprint or doi")


def restore_citations(markdown: str) -> str:
    """Turn the links that `citation_link` made back into citation roles; every other link stays as it is.

    Example:
        >>> restore_citations('As [Knuth (1984)](https://example.org "cite:t knuth1984") says.')
        'As {cite:t}`knuth1984` says.'
    """
    return _LINK.sub(lambda link: f"{{cite:{link['role']}}}`{link['key']}`", markdown)


def _plain(latex: str) -> str:
    return Text.from_latex(latex).render(PLAIN_TEXT)
