"""What the formgrader shows of a submission: text and pictures, nothing that a browser runs or fetches.

The formgrader puts an autograded notebook's Markdown and outputs into its page as they are. A script there would run
with everything that the instructor may do on the Jupyter server, terminals included; so an autograded notebook holds
none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from llmcourse.course.grading.intake.pictures import PICTURES, is_picture, pasted_pictures
from llmcourse.course.grading.results.pages import plain
from llmcourse.course.notebooks import kind_of

BREAK = "\u200b"
"""What takes its meaning from the character behind it, and cannot be seen."""
LINK = re.compile(r"\](?=\(|:)(?![(:]\s{0,3}(?:https?://|mailto:|#))", re.IGNORECASE)
"""The end of a link's text where what follows is no plain web address, mail address or place on the page, whatever else
a browser may make of it once all escapes are undone."""
_NAMED = (
    "href url class cssId style data html[a-z]* mmlToken require include unicode bbox let def newcommand renewcommand"
)
MACROS = re.compile(rf"\\(?=(?:{'|'.join(_NAMED.split())}|newenvironment|csname)(?![a-z]))", re.IGNORECASE)
"""The commands with which a formula makes a link, an attribute, or another name for such a command."""
MAX_TEXT = 200_000


class Harmless(NbGraderPreprocessor):
    """A step after a submission has run: see the module."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        """Reduce one cell to what a page can show of anybody."""
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := harmless_output(output)) is not None]
        elif kind_of(cell) in ("student", "written"):
            pictures, _ = pasted_pictures(cell.pop("attachments", None))
            named = {name: f"picture-{number}" for number, name in enumerate(pictures, 1)}
            cell.source = with_pictures(harmless_markdown(cell.source), named)
            if pictures:
                cell.attachments = {named[name]: picture for name, picture in pictures.items()}
        return cell, resources


def with_pictures(text: str, named: Mapping[str, str]) -> str:
    r"""A harmless text that shows its pasted pictures, each where it was pasted, the others at the end.

    Args:
        text: What `harmless_markdown` made.
        named: What the student's notebook calls each picture -> what we do. No other name is shown: nbconvert makes no
            page of a text with a picture that is not there.

    Example:
        >>> with_pictures("So: !\u200b[it](attachment:my%20a.png)!", {"my a.png": "picture-1", "b.png": "picture-2"})
        'So: ![it](attachment:picture-1)!\n\n![picture-2](attachment:picture-2)\n'
    """
    shown = set()

    def here(found: re.Match[str]) -> str:
        ours = named.get(found[2]) or named.get(unquote(found[2]))
        if ours is None:
            return found[0]
        shown.add(ours)
        alt = re.sub(r"[^\w .,-]+", " ", found[1])
        return f"![{alt}](attachment:{ours})"

    text = re.sub(r"!\u200b\[([^\[\]\n]{0,300})\]\u200b?\(attachment:([^\s()]{1,300})\)", here, text)
    rest = [ours for ours in named.values() if ours not in shown]
    return text + "".join(f"\n\n![{ours}](attachment:{ours})\n" for ours in rest)


def harmless_markdown(source: str) -> str:
    r"""A Markdown text in which no HTML tag opens and no picture is fetched, and whose links are ordinary ones.

    An ordinary link leads to a web address, a mail address or a place on the page; in formulas there is none.

    It reads the same: what changes is a character that cannot be seen.

    Example:
        >>> for text in ("a < b, <b>", "![x](y)", "[x](https://x.org)", "[x](y:z)", r"$\href{y}{x}$"):
        ...     harmless_markdown(text).replace("\u200b", "|")
        'a < b, <|b>'
        '!|[x]|(y)'
        '[x](https://x.org)'
        '[x]|(y:z)'
        '$\\|href{y}{x}$'
    """
    text = source.replace("\0", "\ufffd")
    text = LINK.sub(f"]{BREAK}", text)
    text = re.sub(r"<(?=[a-zA-Z/!?])", f"<{BREAK}", text)
    text = re.sub(r"!(?=\[)", f"!{BREAK}", text)
    text = MACROS.sub(lambda found: f"{found[0]}{BREAK}", text)
    return re.sub(r"(?i)(script|data)(?=\s*(?::|&colon;|&#0*58;?|&#x0*3a;?))", f"\\1{BREAK}", text)


def harmless_output(output: NotebookNode) -> NotebookNode | None:
    """An output as text or a picture; None when it is neither."""
    if output.output_type == "stream":
        return new_output("stream", name="stderr" if output.name == "stderr" else "stdout", text=str(output.text))
    if output.output_type == "error":
        lines = [str(line)[:MAX_TEXT] for line in output.get("traceback", [])]
        return new_output("error", ename=plain(str(output.ename), 200), evalue=str(output.evalue), traceback=lines)
    data = output.get("data", {})
    kept = {kind: data[kind] for kind, start in PICTURES.items() if is_picture(data.get(kind), start)}
    if isinstance(data.get("text/plain"), str):
        kept["text/plain"] = data["text/plain"][:MAX_TEXT]
    return new_output("display_data", data=kept) if kept else None
