"""A value that is not allowed is named in one form: `{name} is {value!r}; it must {what is allowed}`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "llmcourse"
ROOMS = [
    "tokenization",
    "positional",
    "model",
    "optim",
    "distributed",
    "data",
    "training",
    "scaling_laws",
    "moe",
    "pretrain",
]
MODULES = [*sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")), PACKAGE / "files.py"]

OTHER_FORMS = {
    "X must W, not V": r"\bmust\b.*, not \{\}",
    "X is V: W": r"\b(is|are|has|have) (\{\}|'[^']*'|\d+|None): ",
    "X is V; it is W": r"; (it is|they are) (one of|'|\{\})",
    "X is V, but W": r"\b(is|are|has|have) \{\}[^;]*, but ",
}


def written(node: ast.expr) -> str:
    """The text of a string in the source, with `{}` for every value."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(written, node.values))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "{}"


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of what a module says when it raises; a name stands for all that is assigned to it."""
    nodes = list(ast.walk(ast.parse(source)))
    for node in nodes:
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
            continue
        said = node.exc.args[0]
        parts = [said]
        if isinstance(said, ast.Name):
            parts = [
                assigned.value
                for assigned in nodes
                if isinstance(assigned, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == said.id for target in assigned.targets)
            ]
        for part in parts:
            yield part.lineno, written(part)


def faults(source: str) -> list[str]:
    """The messages that have another form, or end as a sentence in running text does."""
    found = []
    for line, text in messages(source):
        found += [f"line {line}: {form}: {text}" for form, pattern in OTHER_FORMS.items() if re.search(pattern, text)]
        found += [f"line {line}: ends with a period: {text}"] * text.endswith(".")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_value_that_is_not_allowed_is_named_in_the_one_form(path):
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "message",
    [
        'f"norm must be one of {names}, not {name!r}"',
        'f"width is {width}: a shingle has at least 1 word"',
        '"d_head is 2: it must be at least 4"',
        "f\"scale is {scale!r}; it is 'original' or 'match_adamw'\"",
        'f"x has {n} channels, but there are angles for {pairs} pairs"',
        'f"{path} is missing."',
    ],
)
def test_the_other_forms_are_found(message):
    assert len(faults(f"raise ValueError({message})")) == 1
    assert len(faults(f"said = {message}\nraise ValueError(said)")) == 1


def test_the_one_form_and_free_sentences_pass():
    said = 'f"lr is {lr!r}; it must be above 0, not only finite"', 'f"{path} is missing"', 'f"{path}: {error}"'
    assert not faults("\n".join(f"raise ValueError({message})" for message in said))
