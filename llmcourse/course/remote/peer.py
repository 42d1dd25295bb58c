"""One end of the line between two processes: calls that go out, and answers to calls that come in.

While a call is out, the other side may call back, and be called from there again. Each message first tells what changed
in shared objects. A message is `[kind, definitions, contents, dropped, random, body]`:

- `begin`, `end`: a session in which one piece is judged; nothing is shared beyond it;
- `call`, `each`, `ranks`, `rehearse`, `count`: a function's number, its arguments, and under which of PyTorch's modes
  it is called: once, for rows of arguments, for each row on a rank of its own or of a rehearsal, or to count its steps;
- `back`: a finished call's number and its outputs' gradients;
- `reply`, `error`: what came of it, and of a call whether it left PyTorch in other modes.
"""

from __future__ import annotations

import builtins
import itertools
import re
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from llmcourse.course.checks import rehearse_here
from llmcourse.course.remote import containers, gradients, memory, modes, modules, wire
from llmcourse.course.remote.line import Line, LineClosed
from llmcourse.course.remote.randomness import GuestRandom, HostRandom
from llmcourse.course.remote.shared import Entry, Table
from llmcourse.course.remote.wire import BadMessage, CannotCross
from llmcourse.course.steps import count_steps
from llmcourse.distributed.launch import run_on_ranks

KNOWN = (containers, memory, modules)
"""The modules that say how each kind of object is shared."""
MAX_CALLS_DEEP = 100
MAX_TEXT = 4000


class ArgumentsChanged(AssertionError):
    """The other side changed in place what it was given, or was given before, where that is not what it is for."""

    is_the_judges = True
    """Its text holds nothing of the other side's."""


class ModesChanged(AssertionError):
    """The other side left PyTorch in other modes than it found it in."""

    TEXT = "it has changed PyTorch's modes (gradients, autocast, the default dtype): leave them as they were"
    is_the_judges = True
    """Its text holds nothing of the other side's."""


class Peer:
    """One end of a line.

    Args:
        line: A connected socket.
        is_host: Whether this side judges: its word counts, and it calls first.
        lines_of: What to tell the other side of where an error arose.
    """

    def __init__(
        self, line: socket.socket, *, is_host: bool, lines_of: Callable[[BaseException], list[str]] | None = None
    ):
        self.line = Line(line)
        self.is_host = is_host
        self.table = Table(0 if is_host else 1, is_host)
        self.table.call = self.call
        self._random = HostRandom() if is_host else GuestRandom()
        self._graphs: dict[int, tuple[list[Tensor], list[Tensor]]] = {}
        self._finished_graphs: list[int] = []
        self._next_graph = 0
        self._depth = 0
        self._left_modes = False
        self._lines_of = lines_of or (lambda _: [])
        self.may_change = True
        """Whether what the other side is given may be different after a call."""
        self.pure: set[int] = set()
        """Numbers of functions of this side that look at nothing but what they get; see `call`."""
        self.on_begin: Callable[[Any], Any] = lambda _: None
        self.on_end: Callable[[], None] = lambda: None

    # Calls that go out.

    def begin(self, body: Any, pure: Iterable[Callable[..., Any]] = ()) -> Any:
        """Start a session; returns the other side's answer.

        Args:
            body: What to tell the other side.
            pure: Functions in it that look at no shared object but those that they get.
        """
        self._forget_everything()
        answer = self._request("begin", self.table.encode_by_value(body))
        self.pure = {self.table.number_of(function) for function in pure}
        return self.table.decode(answer)

    def end(self) -> None:
        """End the session; what changed since the last call is told no more."""
        self.table.clear()
        self._request("end", None)
        self._forget_everything()

    def call(
        self, kind: str, number: int, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_pure: bool = False
    ) -> Any:
        """Call a function of the other side in one of the ways of `_WAYS`.

        Args:
            kind: The way.
            number: The function's number.
            args: What it gets.
            kwargs: What it gets by name.
            is_pure: It looks at no shared object but those that it gets, so that changes in others can wait.
        """
        is_outermost = self._depth == 0 and self.is_host
        if is_outermost:
            self.table.prune()
            self.table.was_changed = self._left_modes = False
        names = list(kwargs)
        values = self.table.encode_parts([*args, *kwargs.values()])
        body = [number, values, names, modes.current(), self._take_finished_graphs()]
        result, graph, left_modes = self._request(kind, body, self.table.reachable(values) if is_pure else None)
        self._left_modes = self._left_modes or bool(left_modes)
        value = self.table.decode(result)
        if graph is not None:
            self._attach(*graph)
        if is_outermost and self._left_modes:
            raise ModesChanged(ModesChanged.TEXT)
        if is_outermost and self.table.was_changed and not self.may_change:
            raise ArgumentsChanged("what it was given has changed: make new objects")
        return value

    def _take_finished_graphs(self) -> list[int]:
        finished, self._finished_graphs = self._finished_graphs, []
        return finished

    def _attach(self, number: Any, outputs: Any, leaves: Any) -> None:
        if any(type(n) is not int or n % 2 == self.table.parity for n in outputs):
            raise BadMessage("a result that is not the sender's to give a history")
        results, inputs = ([self.table.get(n) for n in numbers] for numbers in (outputs, leaves))
        if type(number) is not int or not all(isinstance(t, Tensor) for t in (*results, *inputs)):
            raise BadMessage("a graph of something else than tensors")
        if any(gradients.has_history(result) for result in results):
            raise BadMessage("a result that has a history here already")
        token = _Token(lambda: self._finished_graphs.append(number))

        def backward(of_outputs: list[Tensor | None]) -> list[Tensor | None]:
            assert token is not None  # as long as this function lives, the other side keeps the graph
            grads = self.table.encode_parts([grad if grad is None else grad.detach() for grad in of_outputs])
            answer = self._request("back", [number, grads])
            return [_checked_gradient(self.table.decode(tree), leaf) for tree, leaf in zip(answer, inputs, strict=True)]

        gradients.attach(results, inputs, backward)  # `backward` must not hold the results: nothing would free them

    def _request(self, kind: str, body: Any, only: set[int] | None = None) -> Any:
        self._depth += 1
        try:
            if self._depth > MAX_CALLS_DEEP:
                raise RecursionError(
                    f"more than {MAX_CALLS_DEEP} calls from one process into the other within each other"
                )
            self._send(kind, body, only=only)
            while True:
                kind, body = self._receive()
                if kind == "reply":
                    return body
                if kind == "error":
                    raise _error_from(body)
                self._answer(kind, body)
        finally:
            self._depth -= 1

    # Calls that come in.

    def serve(self) -> None:
        """Answer calls until the session ends.

        Raises:
            LineClosed: The other side is gone.
        """
        while True:
            try:
                kind, body = self._receive()
            except KeyboardInterrupt:
                continue
            except BadMessage as error:
                self._tell(error)
                continue
            self._answer(kind, body)
            if kind == "end":
                self._forget_everything()
                return

    def _answer(self, kind: str, body: Any) -> None:
        try:
            reply, last = self._do(kind, body)
            is_pure = kind == "call" and body[0] in self.pure
            only = self.table.reachable([*body[1], reply[0]]) if is_pure else None
            self._send("reply", reply, last, only)
        except (BadMessage, LineClosed):
            raise
        except BaseException as error:
            if self.is_host and isinstance(error, KeyboardInterrupt):
                raise  # this side's own time is up
            self._tell(error)

    def _tell(self, error: BaseException) -> None:
        """Answer with an error, whatever the shared objects hold by now: the other side waits for an answer."""
        told = _told(error, self._lines_of(error))
        try:
            self._send("error", told)
        except (BadMessage, LineClosed):
            raise
        except Exception:  # what cannot cross, most of all: it will be told when it can
            self.line.send(wire.pack(["error", [], [], [], self._random.tell(), told]))
            self._random.was_told()

    def _do(self, kind: str, body: Any) -> tuple[Any, Any]:
        if kind == "call" or (kind in _WAYS and not self.is_host):
            return self._do_call(kind, body)
        if kind == "back":
            return self._do_back(body), None
        if kind == "begin" and not self.is_host:
            self._graphs.clear()
            return self.table.encode_by_value(self.on_begin(self.table.decode(body))), None
        if kind == "end" and not self.is_host:
            self.on_end()
            self.table.clear()
            return None, None
        raise BadMessage(f"a message of the kind {str(kind)[:20]!r}")

    def _do_call(self, kind: str, body: Any) -> tuple[Any, Any]:
        number, values, names, callers_modes, finished = body
        for graph in finished:
            self._graphs.pop(graph, None)
        function = self.table.get(number)
        if not callable(function) or isinstance(function, modules.RemoteFunction | modules.RemoteModule):
            raise BadMessage("a call of something that is no function of this side")
        values = [self.table.decode(tree) for tree in values]
        if not all(type(name) is str for name in names) or len(names) > len(values):
            raise BadMessage("a call with names that are none")
        split = len(values) - len(names)
        args, kwargs = values[:split], dict(zip(names, values[split:]))
        call = partial(_WAYS[kind], function, *args, **kwargs)
        result, has_left_modes = modes.call_in(callers_modes, call, with_default=not self.is_host)
        reply = [self.table.encode(result), None, has_left_modes]
        return reply, lambda new: self._keep_graph(new, reply)

    def _keep_graph(self, new: list[Entry], reply: list[Any]) -> None:
        """Note what a reply defines; keep the graph of the tensors among it, and name the graph's leaves in
        the reply."""
        for entry in new:
            entry.is_result = True
        outputs = [e.value for e in new if e.kind == "tensor" and gradients.has_history(e.value)]
        if not outputs:
            return
        leaves = gradients.leaves_of(outputs)
        number, self._next_graph = self._next_graph, self._next_graph + 1
        self._graphs[number] = (outputs, leaves)
        reply[1] = [number, [self.table.number_of(t) for t in outputs], [self.table.number_of(t) for t in leaves]]

    def _do_back(self, body: Any) -> list[Any]:
        number, trees = body
        if number not in self._graphs:
            raise BadMessage("gradients for a call that is not known")
        outputs, leaves = self._graphs[number]
        given = [
            _checked_gradient(self.table.decode(tree), output) for tree, output in zip(trees, outputs, strict=True)
        ]
        return self.table.encode_parts(gradients.gradients(outputs, leaves, given))

    # Messages.

    def _send(
        self, kind: str, body: Any, last: Callable[[list[Entry]], None] | None = None, only: set[int] | None = None
    ) -> None:
        with self.table.changes(last, only) as (definitions, contents, dropped):
            self.line.send(wire.pack([kind, definitions, contents, dropped, self._random.tell(), body]))
        self._random.was_told()

    def _receive(self) -> tuple[str, Any]:
        message = wire.unpack(self.line.receive())
        if type(message) is not list or len(message) != 6:
            raise BadMessage("a message without its six parts")
        kind, definitions, contents, dropped, moved, body = message
        if kind == "begin" and self.is_host:
            raise BadMessage("a session that is not the other side's to begin")
        try:
            if kind == "begin":
                self._forget_everything()
            with torch.no_grad():
                self.table.apply(definitions, contents, dropped)
                self._random.hear(moved)
        except (TypeError, ValueError, RuntimeError) as error:
            if isinstance(error, BadMessage):
                raise
            raise BadMessage(f"a message that cannot be read ({type(error).__name__}: {str(error)[:100]})") from error
        return kind, body

    def _forget_everything(self) -> None:
        self.table.clear()
        self._graphs.clear()
        self._finished_graphs.clear()
        self._random.forget()


def _on_each(function: Callable[..., Any], lengths: tuple[int, ...], *values: Any) -> list[Any]:
    """Call a function for rows of arguments, which come one behind the other: each is shared as if it came alone."""
    waiting = iter(values)
    return [function(*itertools.islice(waiting, length)) for length in lengths]


_WAYS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *args, **kwargs: function(*args, **kwargs),
    "each": _on_each,
    "ranks": run_on_ranks,
    "rehearse": rehearse_here,
    "count": count_steps,
}
"""How a function can be called from the other side; of the judge's, only by `call`."""


class _Token:
    """Calls a function when nobody holds it any more."""

    def __init__(self, done: Callable[[], None]):
        self._done = done

    def __del__(self) -> None:
        self._done()


def _checked_gradient(grad: Any, of: Tensor) -> Tensor | None:
    if grad is not None and (not isinstance(grad, Tensor) or grad.shape != of.shape):
        raise BadMessage("a gradient of another shape than what it is the gradient of")
    return grad


def _told(error: BaseException, lines: list[str]) -> list[Any]:
    """An error for the other side: the names of its types, its message, and where it arose."""
    names = [kind.__name__ for kind in type(error).__mro__[:-1]]
    text = str(error)
    if isinstance(error, KeyError) and len(error.args) == 1:
        text = str(error.args[0])
    return [names, text[:MAX_TEXT], getattr(error, "name", None) if isinstance(error, NameError) else None, lines]


def _error_from(body: Any) -> BaseException:
    try:
        names, text, name, lines = body
        known = next((k for n in names if (k := _builtin_error(n))), RuntimeError)
        kind = known if known.__name__ == names[0] else type(modules.name_from(names[0]), (known,), {})
        error = kind(str(text)[:MAX_TEXT])
        if isinstance(error, NameError) and type(name) is str:
            error.name = name[:100]
        error.told_lines = [str(line)[:500] for line in lines[:10]]  # type: ignore[attr-defined]
    except (TypeError, ValueError, IndexError) as wrong:
        raise BadMessage(f"an error that cannot be read ({wrong})") from wrong
    return error


def _builtin_error(name: Any) -> type[BaseException] | None:
    """The exception type of Python's own that has a name; what ends a program or a loop becomes an error."""
    kind = getattr(builtins, name, None) if type(name) is str and re.fullmatch(r"[A-Za-z]+", name) else None
    if name in (
        "KeyboardInterrupt",
        "SystemExit",
        "GeneratorExit",
        "BaseException",
        "StopIteration",
        "StopAsyncIteration",
    ):
        return RuntimeError
    is_plain = (
        isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, UnicodeError | ExceptionGroup)
    )
    return kind if is_plain else None


def connect(number: int) -> socket.socket:
    """The line whose file descriptor was handed to this process."""
    line = socket.socket(fileno=number)
    line.settimeout(None)
    return line


__all__ = ["BadMessage", "CannotCross", "LineClosed", "Peer", "connect"]
