"""How the failure of a graded cell is told: what is wrong, the call, the lines of the learner's code."""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from llmcourse._overlay import WORKSPACE_VARIABLE, read_sections
from llmcourse.course.pieces import IS_MISSING

BEGIN_HIDDEN = "### BEGIN HIDDEN TESTS"
"""Above the part of a check that a release comes without."""

_USUAL_IMPORTS = {
    "np": "import numpy as np", "F": "import torch.nn.functional as F", "nn": "from torch import nn",
    "Counter": "from collections import Counter", "defaultdict": "from collections import defaultdict",
}  # fmt: skip


class CheckFailed(AssertionError):
    """A graded cell did not pass; the message is written for the learner."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


class Watched:
    """A function whose last call can be told.

    Args:
        function: The function, of this process or of another one.

    Example:
        >>> longest = Watched(max)
        >>> longest([3, 1], default=0), last_call(longest)
        (3, 'max([3, 1], default=0)')
    """

    def __init__(self, function: Callable[..., Any]):
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self._last: tuple[tuple[Any, ...], dict[str, Any]] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._last = (tuple(map(_as_given, args)), {name: _as_given(value) for name, value in kwargs.items()})
        return self.__wrapped__(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # `inspect` and `copy` ask for these
        if name in ("each", "on_ranks", "rehearsed", "count_steps"):
            self._last = None  # no calls that could be told
        return getattr(self.__wrapped__, name)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


def _as_given(value: Any) -> Any:
    """A value that still looks as it does now when a call has changed it; what is long is told by its beginning."""
    if type(value) is list:
        return value[:64]
    if isinstance(value, dict | set | bytearray) and len(value) <= 64:
        return value.copy()
    kind = f"{type(value).__module__}.{type(value).__name__}"
    if kind == "numpy.ndarray" and value.size <= 64:
        return value.copy()
    if kind == "torch.Tensor" and value.numel() <= 64 and not value.requires_grad:
        return value.clone()
    return value


def last_call(piece: Any) -> str:
    """The last call of a watched piece in one line; empty where there was none, or another kind of piece."""
    last = piece._last if isinstance(piece, Watched) else None
    if last is None:
        return ""
    told = [*map(short, last[0]), *(f"{name}={short(value)}" for name, value in last[1].items())]
    return f"{piece.__name__}({', '.join(told)})"


def watched(piece: Any) -> Any:
    """A piece whose last call can be told; a class as it is, for what it makes is called."""
    return piece if isinstance(piece, type) else Watched(piece)


def short(value: Any, limit: int = 60) -> str:
    """A value in one line of a message, cut where it is long.

    Example:
        >>> short(list(range(100)), 20)
        '[0, 1, 2, 3, 4, 5, …'
    """
    text = re.sub(r" at 0x[0-9a-f]+(?=>)", "", " ".join(repr(value).split()))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def explain(error: BaseException, name: str, source: str, file: str, call: str = "") -> CheckFailed:
    """Turn whatever stopped a graded cell into a message for the learner.

    Args:
        error: What the cell raised.
        name: The piece under test.
        source: The graded cell's source.
        file: The file name the cell was compiled under.
        call: The last call of the piece. Of a hidden part of the cell no call is told.
    """
    frames = traceback.extract_tb(error.__traceback__)
    elsewhere = getattr(error, "told_lines", [])  # of a piece that ran in another process
    lines = [frame.lineno or 0 for frame in frames if frame.filename == file]
    is_hidden = bool(lines) and BEGIN_HIDDEN in "\n".join(source.splitlines()[: lines[0]])
    shown = "" if is_hidden or not lines else call or _statement(source, lines[0])
    in_check = [f"    in the check, line {lines[0] + 1}:{f' {shown}' if shown else ''}"] if lines else []
    if not is_hidden and not isinstance(error, AssertionError) and (purpose := _purpose(error, source, file)):
        in_check.append(f"    what this line checks: {purpose}")
    told = learner_lines(error) + elsewhere
    where = "".join(f"\n{line}" for line in in_check + told[-3:])
    if isinstance(error, NotImplementedError) and IS_MISSING in str(error):
        return CheckFailed(f"{name} needs another piece here, and {error}. Write it first.")
    if isinstance(error, NotImplementedError):
        return CheckFailed(f"{name} is not written yet: replace `raise NotImplementedError()` in its cell.")
    if isinstance(error, AssertionError):
        text = str(error) or "a check failed"
        forgot = " (Is a `return` missing?)" if "got None" in text or "returned None" in text else ""
        return CheckFailed(f"{name}: {text}{forgot}{where}")
    what = f"{type(error).__name__}: {error}"
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


def _where_to_find(name: str) -> str:
    """What to do about a name that a piece uses and the library's module does not have."""
    if name in sys.modules or name in _USUAL_IMPORTS:
        line = _USUAL_IMPORTS.get(name, f"import {name}")
        return f" An import at the top of the notebook does not reach it: put `{line}` inside its cell."
    return f" Is `{name}` in a cell that was not built? Its first line must be %%build, or import it inside the cell."


def learner_lines(error: BaseException) -> list[str]:
    """The lines of the learner's own cells that an error, or what is behind it, came through, the last three."""
    errors = [error] + [error.__cause__] * (error.__cause__ is not None)
    frames = [frame for each in errors for frame in traceback.extract_tb(each.__traceback__)]
    return [line for frame in frames if (line := _told(frame))][-3:]


def _told(frame: traceback.FrameSummary) -> str:
    """A line of the learner's cell; empty for what is not the learner's."""
    if not _is_learners(frame.filename):
        return ""
    text = linecache.getline(frame.filename, frame.lineno or 0).strip()
    return f"    in {frame.name}, line {_line_in_cell(Path(frame.filename), frame.lineno or 0)} of its cell: {text}"


def _line_in_cell(path: Path, line: int) -> int:
    """A line of a workspace file, counted in the cell it came from, whose first line is the magic."""
    starts = [section.line for section in read_sections(path) if section.line <= line]
    return line - starts[-1] + 2 if starts else line


def _statement(source: str, line: int) -> str:
    """What a line of a check asserts, if it is short enough to help; no message, and no list of mistakes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or 0):
            text = f"assert {ast.unparse(node.test)}"
            return text if len(text) <= 100 else ""
    return ""


def _purpose(error: BaseException, source: str, file: str) -> str:
    """What the check would have said of a wrong answer, where a call in it gave no answer but raised an error."""
    at = next((step for step in _steps(error.__traceback__) if step.tb_frame.f_code.co_filename == file), None)
    if at is None:
        return ""
    for node in ast.walk(ast.parse(source)):
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
                return _plainly(_hint_of(judged), at.tb_frame, unknown)
    return ""


def _steps(step: TracebackType | None) -> Iterator[TracebackType]:
    while step is not None:
        yield step
        step = step.tb_next


def _names_in(nodes: Iterable[ast.AST]) -> list[str]:
    return [part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)]


def _hint_of(statement: ast.stmt) -> ast.expr | None:
    """The message of an assert, or the hint of a `close`."""
    if isinstance(statement, ast.Assert):
        return statement.msg
    call = statement.value if isinstance(statement, ast.Expr) else None
    is_close = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "close"
    return call.args[2] if is_close and isinstance(call, ast.Call) and len(call.args) > 2 else None


def _plainly(hint: ast.expr | None, frame: FrameType, unknown: set[str]) -> str:
    """A hint in words, without what it tells of an answer that is not there."""
    known = {**frame.f_globals, **frame.f_locals}
    text = ""
    for part in hint.values if isinstance(hint, ast.JoinedStr) else [hint]:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name) and part.format_spec is None:
            value = None if part.value.id in unknown else known.get(part.value.id)
            text += str(value) if isinstance(value, str | int | float) else "…"
        else:
            text += "…"
    text = re.sub(r"^(got )?…[\s,:]*(for |came out[^:]*: )?", "", text).strip()
    return text.partition(": ")[2] if "…" in text else text


def _is_learners(file: str) -> bool:
    workspace = os.environ.get(WORKSPACE_VARIABLE)
    return bool(workspace) and Path(file).is_relative_to(Path(workspace).resolve())
