"""How numbers are written wherever a reader meets them: the book, the figures, the commands."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APART = re.compile(r"(?:\d|\})(?:\s|\\u00a0|\\,|&nbsp;)\\?%")
"""A share whose sign stands apart: 40 %, or a number in braces and then the sign."""
CHECK = re.compile(r"^```\{code-cell\}[^\n]*\n(?:(?!^```$).)*?^:kind: check\n.*?^```$", re.MULTILINE | re.DOTALL)
"""A check, whose messages are its own."""
READ = [
    *sorted((ROOT / "book").rglob("*.md")), *sorted((ROOT / "launch").rglob("*.md")), ROOT / "README.md",
    *sorted((ROOT / "llmcourse").rglob("*.js")), *sorted((ROOT / "book").rglob("*.svg")),
]  # fmt: skip


def faults(text: str) -> list[str]:
    return [text[max(0, found.start() - 30) : found.end() + 20] for found in APART.finditer(text)]


@pytest.mark.parametrize("path", READ, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_share_is_written_without_a_space(path):
    assert faults(CHECK.sub("", path.read_text(encoding="utf-8"))) == []


def test_commands_docstrings_and_what_cells_print_write_it_so_too():
    """The texts of the library alone: in its code the sign is also that of a remainder."""
    for folder in ("llmcourse", "examples", "studies"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert faults(node.value) == [], path
                elif isinstance(node, ast.JoinedStr):
                    shown = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                    assert faults(shown) == [], path


@pytest.mark.parametrize(
    "text", ["40 %", "40\u00a0%", "{share:.0f} %", "`${share} %`", r"${share}\u00a0%", r"$40\,\%$"]
)
def test_the_form_that_is_wrong_is_found(text):
    assert faults(text)


@pytest.mark.parametrize("text", ["40%", "{share:.0%}", "rank % 8", "(a + b) % n", r"1.6\%"])
def test_the_form_that_is_right_is_not(text):
    assert not faults(text)
