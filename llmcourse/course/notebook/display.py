"""Tables and listings in notebooks and on pages."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from IPython.display import Markdown


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markdown:
    """A Markdown table: columns of numbers to the right, large numbers grouped in thousands.

    Args:
        header: One title a column, units included.
        rows: Cells: strings, integers, or floats, which are shown with three significant digits.

    Raises:
        ValueError: A row has another number of cells than the header.

    Example:
        >>> print(table(["method", "tokens"], [["characters", 12345]]).data)
        | method | tokens |
        | :-- | --: |
        | characters | 12,345 |
    """
    rows = list(rows)
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"the row {row!r} has {len(row)} cells, the header {len(header)}")
    numeric = [bool(rows) and all(isinstance(cell, int | float) for cell in column) for column in zip(*rows)]
    rule = ["--:" if is_numeric else ":--" for is_numeric in numeric] or [":--"] * len(header)
    lines = [_line(header), _line(rule), *(_line([_text(cell) for cell in row]) for row in rows)]
    return Markdown("\n".join(lines))


def listing(source: str) -> Markdown:
    """Python source as the page shows code, moved to the left margin.

    Example:
        >>> print(listing("    x = 1\\n").data)
        ```python
        x = 1
        ```
    """
    return Markdown(f"```python\n{textwrap.dedent(source).strip()}\n```")


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
    return str(value).replace("|", "\\|").replace("\n", "↵")
