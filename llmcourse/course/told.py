"""How the failure of a graded cell is told: what is wrong, the call, the lines of the learner's code."""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from llmcourse._sections import CELL, WORKSPACE_VARIABLE, read_sections
from llmcourse.course.check_source import VALUE, assertion_at, hidden_lines, hint_of, in_words, tree_of
from llmcourse.course.patterns import pattern_of_values
from llmcourse.course.pieces import IS_MISSING
from llmcourse.course.usual_errors import meaning
from llmcourse.course.watched import MUCH, short

_USUAL_IMPORTS = {
    "np": "import numpy as np", "F": "import torch.nn.functional as F", "nn": "from torch import nn",
    "Counter": "from collections import Counter", "defaultdict": "from collections import defaultdict",
}  # fmt: skip

_REFUSAL = re.compile(r"((\w+)\(.*\)) (?:should raise|raised) \w+, but ", re.DOTALL)
"""How `checks.raises` begins."""
_AT_INDEX = re.compile(r"got (\S+) where \S+ is right \(at index (\d+);")
"""How `checks.close` begins where one of several numbers is wrong."""


class CheckFailed(AssertionError):
    """A graded cell did not pass; the message is written for the learner."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


def explain(
    error: BaseException, name: str, source: str, file: str, call: str = "", gave: str = "", refuses: str = ""
) -> CheckFailed:
    """Turn whatever stopped a graded cell into a message for the learner.

    Args:
        error: What the cell raised.
        name: The piece under test.
        source: The graded cell's source.
        file: The file name the cell was compiled under.
        call: The last call of the piece. Of a hidden part of the cell no call is told.
        gave: What that call gave.
        refuses: The errors that the piece must raise, as its exercise says.
    """
    frames, call = traceback.extract_tb(error.__traceback__), _call_of(error, call)
    elsewhere = getattr(error, "told_lines", [])  # of a piece that ran in another process
    lines = [frame.lineno or 0 for frame in frames if frame.filename == file]
    is_hidden = bool(lines) and lines[0] in hidden_lines(source)
    shown = "" if is_hidden or not lines else call or _statement(source, lines[0])
    in_check = [f"    in the check, line {lines[0] + 1}:{f' {shown}' if shown else ''}"] if lines else []
    if not is_hidden and not isinstance(error, AssertionError) and (purpose := _purpose(error, source, file)):
        in_check.append(f"    what this line checks: {purpose}")
    if not is_hidden and (wanted := _wanted(error, source, file, name, gave)):
        in_check.append(f"    {wanted}")
    if not is_hidden:
        in_check += [f"    {line}" for line in getattr(error, "both", [])]
    told = learner_lines(error) + elsewhere
    where = "".join(f"\n{line}" for line in in_check + told[-3:])
    if isinstance(error, NotImplementedError) and IS_MISSING in str(error):
        return CheckFailed(f"{name} needs another piece here, and {error}. Write it first.")
    if isinstance(error, NotImplementedError):
        return CheckFailed(f"{name} is not written yet: replace `raise NotImplementedError()` in its cell.")
    if isinstance(error, AssertionError):
        text = str(error) or "a check failed"
        if _REFUSAL.match(text):
            text = _of_the_piece(text, name, "" if is_hidden else call)
            where = f"\n    its exercise says: {refuses}{where}" if refuses else where
        forgot = " (Is a `return` missing?)" if "got None" in text or "returned None" in text else ""
        return CheckFailed(f"{name}: {text}{forgot}{where}")
    what = f"{type(error).__name__}: {bounded(str(error))}"
    if means := meaning(error):
        where = f"\n    that is: {means}{where}"
    if isinstance(error, NameError) and error.name and frames and frames[-1].filename == file and not elsewhere:
        return CheckFailed(
            f"the check of {name} uses `{error.name}`, which is not there: run the cells above that define it, with "
            f"Run > Run All Above Selected Cell.{where}"
        )
    if isinstance(error, NameError) and error.name:
        return CheckFailed(f"{name} raised {what}.{_where_to_find(error.name)}{where}")
    if isinstance(error, TypeError) and re.match(
        rf"(?:[\w.<>]+\.)?{re.escape(name)}\(\) (missing|takes|got) ", str(error)
    ):
        return CheckFailed(f"{name} takes other arguments than its exercise says: {error}{where}")
    if not elsewhere and not any(_is_learners(frame.filename) for frame in frames):
        forgot = " Is a `return` missing?" if "NoneType" in what else ""
        return CheckFailed(f"{name} returned something that the check cannot use: {what}.{forgot}{where}")
    return CheckFailed(f"{name} raised {what}{where}")


def _call_of(error: BaseException, call: str) -> str:
    """The call that gave the wrong number, where a check holds the numbers of several calls against the right ones."""
    found, n_calls = _AT_INDEX.match(str(error)), getattr(error, "n_numbers", 0)
    calls = getattr(call, "numbers", [])[-n_calls:] if n_calls else []
    if not found or len(calls) != n_calls:
        return call
    told, number = calls[int(found[2])]
    return told if number is not None and found[1] in (f"{number:.6g}", f"{number:.12g}") else call


def _of_the_piece(text: str, name: str, call: str) -> str:
    """What `raises` says, with the piece's own call where it went through a function of the check."""
    found = _REFUSAL.match(text)
    return call.partition("\n")[0] + text[found.end(1) :] if found and call and found[2] != name else text


def bounded(text: str, limit: int = 400) -> str:
    """A text as it is, or its beginning and its end where a whole file stands in it."""
    return text if len(text) <= limit else f"{text[: limit * 2 // 3]} … {text[-limit // 3 :]}"


def _where_to_find(name: str) -> str:
    """What to do about a name that a piece uses and the library's module does not have."""
    if name in sys.modules or name in _USUAL_IMPORTS:
        line = _USUAL_IMPORTS.get(name, f"import {name}")
        return f" An import at the top of the notebook does not reach it: put `{line}` inside its cell."
    return f" Is `{name}` in a cell that was not built? Its first line must be %%build, or import it inside the cell."


def learner_lines(error: BaseException) -> list[str]:
    """The lines of the learner's own cells that an error, or what is behind it, came through, the last three."""
    errors = [error] + [error.__cause__] * (error.__cause__ is not None)
    places = [place for each in errors for place in traceback.walk_tb(each.__traceback__)]
    own = [(frame, line) for frame, line in places if _is_learners(frame.f_code.co_filename)]
    return list(map(_told, traceback.StackSummary.extract(own[-3:])))


def _told(frame: traceback.FrameSummary) -> str:
    """A line of the learner's cell."""
    text = linecache.getline(frame.filename, frame.lineno or 0).strip()
    place = "" if frame.name == "<module>" else f"{frame.name}, "
    return f"    in {place}line {_line_in_cell(frame.filename, frame.lineno or 0)} of its cell: {text}"


def _line_in_cell(file: str, line: int) -> int:
    """A line of a workspace file, counted in the cell it came from, whose first line is the magic."""
    if file.startswith(CELL):
        return line
    starts = [section.line for section in read_sections(Path(file)) if section.line <= line]
    return line - starts[-1] + 2 if starts else line


def _statement(source: str, line: int) -> str:
    """What a line of a check asserts, if it is short enough to help; no message, and no list of mistakes."""
    text = assertion_at(source, line)
    return text if len(text) <= 100 else ""


def _wanted(error: BaseException, source: str, file: str, name: str, gave: str) -> str:
    """What the assert of a check asked for with `==`, unless its message has said so."""
    steps = list(_steps(error.__traceback__))
    if not isinstance(error, AssertionError) or not steps or steps[-1].tb_frame.f_code.co_filename != file:
        return ""
    line = steps[-1].tb_lineno
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or 0):
            with suppress(Exception):  # what cannot be looked at again is not told
                return _comparison(node.test, steps[-1].tb_frame, name, gave, str(error))
    return ""


def _comparison(test: ast.expr, frame: FrameType, name: str, gave: str, message: str) -> str:
    def value_of(expression: ast.expr) -> Any:
        code = compile(ast.Expression(expression), "<assert>", "eval")
        return eval(code, frame.f_globals, frame.f_locals)  # noqa: S307

    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        test = next((part for part in test.values if _calls_nothing(part) and not value_of(part)), test)
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq) or len(test.ops) > 1:
        return ""
    left, right = test.left, test.comparators[0]
    value = value_of(right) if _calls_nothing(right) else None
    wanted = short(value, MUCH) if _calls_nothing(right) else "…"
    if "…" in wanted or wanted in message or wanted in message.replace(",", ""):
        return ""
    is_listed = isinstance(left, ast.Call) and isinstance(left.func, ast.Attribute) and left.func.attr == "tolist"
    if isinstance(left, ast.Name) or (is_listed and isinstance(left.func.value, ast.Name)):
        pattern = pattern_of_values(value_of(left), value)
        return f"right is: {wanted}{f' ({pattern})' if pattern else ''}"
    if isinstance(left, ast.Call) and isinstance(left.func, ast.Name) and left.func.id == name:
        return f"it gave {gave}; right is {wanted}" if gave and gave not in message else f"right is: {wanted}"
    return f"it must be: {ast.unparse(left)} == {wanted}"


def _calls_nothing(expression: ast.expr) -> bool:
    """Whether an expression can be looked at again: nothing in it is called but what only looks."""
    looks = ("set", "len", "sorted", "dict", "list", "tuple", "float", "range")
    calls = [node.func for node in ast.walk(expression) if isinstance(node, ast.Call)]
    return all(isinstance(called, ast.Name) and called.id in looks for called in calls)


def _purpose(error: BaseException, source: str, file: str) -> str:
    """What the check would have said of a wrong answer, where a call in it gave no answer but raised an error."""
    at = next((step for step in _steps(error.__traceback__) if step.tb_frame.f_code.co_filename == file), None)
    if at is None:
        return ""
    for node in ast.walk(tree_of(source)):
        body = getattr(node, "body", None)
        for i, statement in enumerate(body if isinstance(body, list) else []):
            if isinstance(statement, ast.Assert | ast.Expr | ast.Assign) and (
                statement.lineno <= at.tb_lineno <= (statement.end_lineno or 0)
            ):
                waits = isinstance(statement, ast.Assign) and i + 1 < len(body)
                unknown = set(_names_in(statement.targets)) if isinstance(statement, ast.Assign) else set()
                judged = body[i + 1] if waits else statement
                if waits and unknown.isdisjoint(_names_in([judged])):
                    return ""
                return _plainly(hint_of(judged), at.tb_frame, unknown)
    return ""


def _steps(step: TracebackType | None) -> Iterator[TracebackType]:
    while step is not None:
        yield step
        step = step.tb_next


def _names_in(nodes: Iterable[ast.AST]) -> list[str]:
    return [part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)]


def _plainly(hint: ast.expr | None, frame: FrameType, unknown: set[str]) -> str:
    """A hint in words, without what it tells of an answer that is not there."""
    known = {**frame.f_globals, **frame.f_locals}

    def value(part: ast.FormattedValue) -> str:
        if isinstance(part.value, ast.IfExp) and isinstance(part.value.orelse, ast.Constant):
            return str(part.value.orelse.value)  # what is said where nothing special is found
        is_name = isinstance(part.value, ast.Name) and part.format_spec is None
        found = known.get(part.value.id) if is_name and part.value.id not in unknown else None
        return str(found) if isinstance(found, str | int | float) else VALUE

    text = re.sub(r"^(got )?…[\s,:]*(for |came out[^:]*: )?", "", in_words(hint, value)).strip()
    text = re.sub(r":? is a `?return`? missing\?$", "", text)  # it did not come that far
    return text.partition(": ")[2] if "…" in text else text


def _is_learners(file: str) -> bool:
    workspace = os.environ.get(WORKSPACE_VARIABLE)
    return file.startswith(CELL) or bool(workspace) and _lies_in(file, str(workspace))


@lru_cache(maxsize=1024)
def _lies_in(file: str, folder: str) -> bool:
    return Path(file).is_relative_to(Path(folder).resolve())
