"""What graded cells are written with, and how their failures are told.

A failing check says in one line what is wrong, then where: the line of the check, and the lines of your own code that
ran.
"""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from llmcourse._overlay import WORKSPACE_VARIABLE, read_sections
from llmcourse.course.pieces import IS_MISSING
from llmcourse.course.source import names_reached
from llmcourse.course.walks import in_steps

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


def raises(
    error: type[BaseException], function: Callable[..., Any], *args: Any, says: str = "", hint: str = ""
) -> None:
    """Assert that a call raises an error whose message holds a given text.

    Args:
        error: The exception type wanted.
        function: What to call, with `args`.
        says: A text that the message must contain, for example the offending value.
        hint: What a piece that does not raise it has likely overlooked.

    Raises:
        AssertionError: Nothing was raised, another type was, or the message does not hold the text.

    Example:
        >>> raises(ValueError, int, "seven", says="seven")
    """
    call = f"{getattr(function, '__name__', function)}({', '.join(map(short, args))})"
    why = f": {hint}" if hint else ""
    try:
        result = function(*args)
    except error as raised:
        if getattr(raised, "is_of_the_line", False):
            raise
        assert _names(str(raised), says), (
            f"{call} raised {error.__name__}, but its message {str(raised)!r} does not name {says!r}"
        )
        return
    except NotImplementedError:
        raise
    except Exception as other:
        raise AssertionError(
            f"{call} should raise {error.__name__}, but raised {type(other).__name__}: {other}{why}"
        ) from None
    raise AssertionError(f"{call} should raise {error.__name__}, but returned {short(result)}{why}")


def _names(text: str, value: str) -> bool:
    """Whether a message names a value, in whatever quotes, a number in whatever form."""
    bare, plain = re.sub(r"[\"'`]", "", text), re.sub(r"[\"'`]", "", value)
    if plain in bare:
        return True
    with suppress(ValueError):
        number = float(plain)
        return any(float(found) == number for found in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", bare))
    return False


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
        if name in ("each", "on_ranks", "count_steps"):
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


def close(
    got: Any,
    want: Any,
    hint: str,
    *,
    atol: float = 0.0,
    rtol: float = 0.0,
    mistakes: Mapping[str, Any] | None = None,
    allow_nan: bool = False,
) -> None:
    """Assert that numbers are what they should be; a failure names the shape, the type or the largest difference.

    Args:
        got: What the piece gave: a tensor, an array, or a number.
        want: What it should have given, from somewhere else than the library.
        hint: The likely mistake, when nothing in `mistakes` fits.
        atol: The largest absolute difference allowed.
        rtol: The largest difference allowed, relative to `want`; the two are added, as in `torch.isclose`.
        mistakes: What known mistakes give: the mistake's name -> its value. The first that fits is named.
        allow_nan: Whether NaN may be right.

    Raises:
        AssertionError: The numbers differ.

    Example:
        >>> close(1.0 + 1e-9, 1.0, "off by one?", atol=1e-8)
        >>> close([1.0, 2.5], [1.0, 2.0], "is it rounded?", atol=0.1)
        Traceback (most recent call last):
        ...
        AssertionError: got 2.5 where 2 is right (at index 1; largest difference 0.5): is it rounded?
    """
    if got is None:
        raise AssertionError(f"got None: {hint}")
    got_values, wanted = _tensor(got), _tensor(want)
    if got_values.is_complex() and not wanted.is_complex():
        raise AssertionError(f"got complex numbers, real ones are right: {hint}")
    if wanted.isnan().any() and not allow_nan:
        raise ValueError("the check wants NaN without saying `allow_nan=True`")
    if got_values.shape != wanted.shape:
        raise AssertionError(f"got the shape {tuple(got_values.shape)}, {tuple(wanted.shape)} is right: {hint}")
    if types := _unlike_types(got, want):
        raise AssertionError(f"got {types[0]}, {types[1]} is right: {hint}")
    if not _fits(got_values, wanted, atol, rtol):
        likely = _fitting_mistake(got_values, wanted, mistakes or {}, atol, rtol)
        raise AssertionError(_largest_difference(got_values, wanted, hint if likely is None else likely))


def _unlike_types(got: Any, want: Any) -> tuple[Any, Any] | None:
    """The types of two tensors' numbers if they differ; a list or an array has none that would have to be right."""
    import torch  # a chapter without tensors does not wait for it

    are_tensors = isinstance(got, torch.Tensor) and isinstance(want, torch.Tensor)
    return (got.dtype, want.dtype) if are_tensors and got.dtype != want.dtype else None


def _fitting_mistake(got: Any, want: Any, mistakes: Mapping[str, Any], atol: float, rtol: float) -> str | None:
    """The first known mistake that gives these numbers, among those that can be told from what is right."""
    for mistake, value in mistakes.items():
        wrong = _tensor(value)
        if wrong.shape == want.shape and not _fits(wrong, want, atol, rtol) and _fits(got, wrong, atol, rtol):
            return mistake
    return None


def _largest_difference(got: Any, want: Any, hint: str) -> str:
    """Where numbers differ most and by how much, with as many digits as it takes to see it."""
    import numpy as np
    import torch

    difference = torch.where(got == want, 0.0, (got - want).abs()).nan_to_num(nan=float("inf"))
    place = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
    where = f"at index {place[0] if len(place) == 1 else place}; " if place else ""
    shown, right = (f"{values[place].item():.6g}" for values in (got, want))
    if shown == right:
        shown, right = (f"{values[place].item():.12g}" for values in (got, want))
        hint = f"nearly right; was something computed in float32 on the way? {hint}"
    return f"got {shown} where {right} is right ({where}largest difference {difference.max().item():.2g}): {hint}"


def _tensor(value: Any) -> Any:
    import torch

    if isinstance(value, torch.Tensor) and value.is_complex():
        return value.detach().to(torch.complex128)
    return torch.as_tensor(value, dtype=torch.float64).detach()  # a list must not pass through float32


def _fits(got: Any, want: Any, atol: float, rtol: float) -> bool:
    import torch

    return torch.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True)


def each(function: Callable[..., Any], rows: Iterable[tuple[Any, ...]]) -> list[Any]:
    """A function's result for each row of arguments, in one go where the function runs in another process.

    Example:
        >>> each(max, [(1, 2), (5, 3)])
        [2, 5]
    """
    remote = getattr(function, "each", None)
    return remote(list(rows)) if remote else [function(*row) for row in rows]


def on_ranks(function: Callable[..., Any], rows: Iterable[tuple[Any, ...]], timeout_s: float = 60.0) -> list[Any]:
    """A function's result on each rank of a gloo group, one rank for each row of arguments; see `ranks.run_on_ranks`.

    Raises:
        RankFailed: A rank raised an error, died, or gave no answer in time; the message names it.
    """
    from llmcourse.course.ranks import run_on_ranks

    remote = getattr(function, "on_ranks", None)
    function = function.__wrapped__ if isinstance(function, Watched) else function
    return remote(list(rows), timeout_s) if remote else run_on_ranks(function, list(rows), timeout_s)


def count_steps(function: Callable[..., Any], *args: Any) -> int:
    """Count the bytecode instructions that a call runs: a measure of work that is the same on every machine.

    What runs inside C code counts as one instruction, but for what walks over the lists and dictionaries that the call
    gets (also those that a dataclass holds), and but for `min`, `sorted` and their like: see `walks`.

    Example:
        >>> count_steps(lambda n: [i for i in range(n)], 1000) > 1000
        True
        >>> count_steps(lambda numbers: numbers[:], [0] * 1000) > 1000
        True
    """
    if remote := getattr(function, "count_steps", None):  # it runs in another process, which counts
        return remote(*args)
    function = function.__wrapped__ if isinstance(function, Watched) else function
    count = _count_by_monitoring if sys.version_info >= (3, 12) else _count_by_tracing
    with in_steps(args) as walked:
        return count(lambda: function(*walked))


def names_used(function: Any) -> set[str]:
    """The names that a piece reaches beyond its own variables: to ask whether it leaves its work to another piece.

    Example:
        >>> sorted(names_used(lambda x: sorted(abs(x))))
        ['abs', 'sorted']
    """
    function = function.__wrapped__ if isinstance(function, Watched) else function
    source = getattr(function, "source", None)
    if source is not None:  # a piece that is judged from another process
        return names_reached(source)
    code = getattr(function, "__code__", None)
    return names_reached(code) if code else set()


def as_python(shell: Any, cell: str) -> str:
    """A cell's source as Python: IPython's own syntax is translated where there is any, which is slow to find out.

    What is wrong in a way that neither understands comes back as it is, for the caller to say so.
    """
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError):
        try:
            return str(shell.transform_cell(cell))
        except (SyntaxError, ValueError):
            return cell
    return cell


@contextmanager
def not_counted() -> Iterator[None]:
    """Let no step count that is made in here: the way into another process is no work of the piece's."""
    before = sys.gettrace()
    sys.settrace(None)
    _pauses.append(True)
    try:
        yield
    finally:
        _pauses.pop()
        sys.settrace(before)


_pauses: list[bool] = []


def _count_by_tracing(call: Callable[[], Any]) -> int:
    steps = 0

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return step

    def step(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if event == "opcode":
            steps += 1
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(before)
    return steps


def _count_by_monitoring(call: Callable[[], Any]) -> int:
    """Python 3.12 has its own interface for this; its tracing does not report every instruction."""
    steps = 0

    def count(*_: Any) -> None:
        nonlocal steps
        steps += not _pauses

    monitoring = sys.monitoring  # type: ignore[attr-defined]
    tool = next(number for number in range(6) if monitoring.get_tool(number) is None)
    monitoring.use_tool_id(tool, "llmcourse")
    monitoring.register_callback(tool, monitoring.events.INSTRUCTION, count)
    monitoring.set_events(tool, monitoring.events.INSTRUCTION)
    try:
        call()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    return steps


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
    told = [line for frame in frames if (line := _told(frame))] + elsewhere
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
    """The lines of the learner's own cells that an error came through, the last three."""
    return [line for frame in traceback.extract_tb(error.__traceback__) if (line := _told(frame))][-3:]


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
