"""How a page shows an exercise's code: docstrings in lines that fit, and a solution without the text that it repeats.

Only what is shown changes. The notebook keeps its lines, and what is executed is the whole cell.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

COLUMNS = 88
"""What a page of 1280 pixels has room for."""
_HEAD = re.compile(r"[A-Z]\w+:$")
"""Args, Returns, Raises: what follows is set in, and has entries of its own."""
_ENTRY = re.compile(r"[`*]*\w[\w.`*, ]*(?: \([^)]*\))?: \S")
"""`name: text`, as under Args and Raises."""
_LABEL = re.compile(r"[A-Z]\w+: \S")
"""`Source: text`, outside of these."""
_BULLET = re.compile(r"(?:[-*•]|\d+[.)]) ")
_LAID_OUT = re.compile(r"^\s*(?:>>>|\.\.\. |\|)|\S {2,}\S|::$")
"""Lines whose breaks and blanks mean something: examples, tables, columns."""


def reflow(source: str, columns: int = COLUMNS) -> str:
    """The source with those paragraphs of its docstrings wrapped anew that have a line which is too long.

    >>> print(reflow('def f(x):\\n    \\"\\"\\"Half of x, which is a number.\\"\\"\\"\\n    return x / 2', columns=24))
    def f(x):
        \"\"\"Half of x, which
        is a number.\"\"\"
        return x / 2
    """
    lines = source.split("\n")
    for first, last in reversed(_docstrings(source)):
        lines[first : last + 1] = _wrapped(lines[first : last + 1], columns)
    return "\n".join(lines)


def without_docstrings(source: str, told: str) -> str:
    """The source without those docstrings that stand in `told` too, whatever their line breaks.

    >>> stub = 'def f(x):\\n    "Half of x."\\n    raise NotImplementedError()'
    >>> print(without_docstrings(stub.replace("raise NotImplementedError()", "return x / 2"), told=stub))
    def f(x):
        return x / 2
    """
    known = {_squeezed(told, place) for place in _docstrings(told)}
    lines = source.split("\n")
    for first, last in reversed(_docstrings(source, only=False)):
        if _squeezed(source, (first, last)) in known:
            after = last + 1
            while after < len(lines) and not lines[after].strip():
                after += 1
            del lines[first:after]
    return "\n".join(lines)


def _docstrings(source: str, *, only: bool = True) -> list[tuple[int, int]]:
    """First and last line of each docstring, from the top; without `only`, none that is all its function has."""
    python = "\n".join("" if line.startswith("%") else line for line in source.split("\n"))
    try:
        tree = ast.parse(python)
    except SyntaxError:  # a cell with magics of another kind: it is shown as it is
        return []
    places = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node, False):
            text = node.body[0]
            if (only or len(node.body) > 1) and text.end_lineno is not None and text.lineno > node.lineno:
                places.append((text.lineno - 1, text.end_lineno - 1))
    return sorted(places)


def _squeezed(source: str, place: tuple[int, int]) -> str:
    first, last = place
    return "".join("".join(source.split("\n")[first : last + 1]).split())


def _wrapped(lines: list[str], columns: int) -> list[str]:
    shown: list[str] = []
    for item, is_entry in _items(lines):
        if any(len(line) > columns for line in item) and not any(_LAID_OUT.search(line) for line in item):
            item = _wrap(
                item,
                columns,
                hanging=4 if is_entry and _ENTRY.match(item[0].strip()) else 3 if _BULLET.match(item[0].strip()) else 0,
            )
        shown += item
    return shown


def _items(lines: list[str]) -> Iterator[tuple[list[str], bool]]:
    """The lines in groups that may be wrapped as one, and whether a group is an entry of Args or its like.

    A group is a paragraph, an entry, a point of a list, or a line of an example.
    """
    item: list[str] = []
    example, head = False, -1  # head: how far the line `Args:` is set in; -1 outside of its part
    for line in lines:
        indent, text = _indent(line), line.strip()
        example = bool(text) and (example or text.startswith(">>>"))
        head = indent if _HEAD.match(text) else -1 if text and indent <= head else head
        new = _ENTRY if 0 <= head < indent else _LABEL
        if item and (example or _HEAD.match(text) or _HEAD.match(item[-1].strip()) or _begins(line, item, new)):
            yield item, 0 <= head < _indent(item[0])
            item = []
        item.append(line)
    yield item, 0 <= head < _indent(item[0])


def _begins(line: str, item: list[str], new: re.Pattern[str]) -> bool:
    """Whether a line begins a group after those of `item`."""
    text, indent, first = line.strip(), _indent(line), _indent(item[0])
    if not text.strip("\"'") or not item[-1].strip() or indent < first:
        return True
    if len(item) > 1 and indent != _indent(item[-1]):
        return True
    return indent == first and bool(new.match(text) or _BULLET.match(text))


def _wrap(item: list[str], columns: int, hanging: int) -> list[str]:
    first, text = _indent(item[0]), " ".join(line.strip() for line in item)
    following = _indent(item[1]) if len(item) > 1 else first + hanging
    return textwrap.wrap(
        text, columns, initial_indent=" " * first, subsequent_indent=" " * following,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _hanging(text: str, is_entry: bool) -> int:
    return 4 if is_entry and _ENTRY.match(text) else 3 if _BULLET.match(text) else 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
