"""The judge's end of the line: the `%%check` of a process in which no student's code runs.

The library here is whole, and stays the reference: what a check holds an answer against runs no student's code. In the
check's own namespace, the judged piece's name means a stand-in that calls the student's version in the student's
kernel.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import CodeType
from typing import Any

from llmcourse.course.check_source import hidden_lines, parts, tree_of
from llmcourse.course.environment import LINE_VARIABLE
from llmcourse.course.examples import read_example, refusals, run_example
from llmcourse.course.pieces import Piece
from llmcourse.course.remote.hidden import Told, told_of
from llmcourse.course.remote.modules import RemoteFunction
from llmcourse.course.remote.peer import BadMessage, LineClosed, Peer, connect
from llmcourse.course.remote.proof import prove
from llmcourse.course.remote.references import assignment_pieces, body_of, pieces_used
from llmcourse.course.source import as_python, names_read
from llmcourse.course.told import CheckFailed, explain
from llmcourse.course.watched import last_call, last_result, watched

CHECK = "%%check "


class Judge:
    """A judge's process: the checks of one notebook.

    Attributes:
        passed: Pieces whose checks have passed, as the grader told it.
        lent: Pieces whose references may run in the student's process, as the grader told it.
        has_lent: Whether the student's process was given one of those references for the last check.
        sources: What the student's notebook has as each piece's cell, as the grader told it.
        visible_only: Whether only the part of a check is run that students can read, as the grader told it.
        told: What the student may read about the check that failed last, and whether hidden tests had run by then.
    """

    def __init__(self, shell: Any):
        self.shell = shell
        self.peer = Peer(connect(int(os.environ[LINE_VARIABLE])), is_host=True)
        self.passed: set[str] = set()
        self.lent: set[str] = set()
        self.has_lent = self.visible_only = False
        self.sources: dict[str, str] = {}
        self.told = Told("", knows_hidden=False)

    def judge(
        self,
        cell: str,
        passed: list[str],
        lent: list[str],
        sources: dict[str, str],
        changes_arguments: bool,
        visible_only: bool,
    ) -> None:
        """Run a check cell, as the grader has it done.

        Args:
            cell: The cell.
            passed: The pieces whose checks have passed.
            lent: The pieces whose references may run in the student's process: for its author nothing hangs on them
                any more, and nothing that this process says is told to anybody.
            sources: The student's cells of pieces that this process has not been told of yet.
            changes_arguments: Whether the piece may change in place what it is given.
            visible_only: Whether to run the part alone that students can read.
        """
        self.passed, self.lent, self.peer.may_change = set(passed), set(lent), changes_arguments
        self.sources |= sources
        self.has_lent = False
        self.told = Told("", knows_hidden=bool(hidden_lines(cell)) and not visible_only)
        self.visible_only = visible_only
        magic, _, body = cell.partition("\n")
        if magic.startswith(CHECK):
            self.check(magic.removeprefix(CHECK), body)
        else:
            self.check_plain(cell)

    def check_plain(self, cell: str) -> None:
        """A graded cell without a magic of its own: names that nothing here defines are the student's process's."""
        source = as_python(self.shell, cell)
        names = names_read(source) - {*self.shell.user_ns, *vars(builtins)}
        file = "<check>"
        with self._told({"names": sorted(names)}) as answer:
            namespace, knows_hidden = {**self.shell.user_ns, **answer["found"]}, False
            seen, hidden = self._parts(source)
            try:
                exec(compile(seen, file, "exec"), namespace)  # noqa: S102
                knows_hidden = bool(hidden.strip())
                exec(compile(hidden, file, "exec"), namespace)  # noqa: S102
            except (BadMessage, LineClosed) as error:
                self.told = _unreadable("your code", cell)
                raise CheckFailed(str(error)) from None
            except Exception as error:
                self.told = told_of(error, "your code", source, file, self.sources, knows_hidden=knows_hidden)
                raise error.with_traceback(None) from None

    def check(self, line: str, cell: str) -> None:
        """`%%check module:piece [id]`: judge the student's version of one piece."""
        piece = Piece.parse(line.partition(" ")[0])
        source, file = _source(self.shell, cell), _file(piece)
        with self._session(piece) as stand_in:
            known = {other.name: _reference(other) for other in assignment_pieces()} | self.shell.user_ns
            mine = stand_in if isinstance(_reference(piece), type) else watched(stand_in)
            namespace = {name: mine if value is _reference(piece) else value for name, value in known.items()}
            namespace[piece.name] = mine
            seen, hidden = self._parts(source)
            knows_hidden = False
            try:
                exec(_code(seen, file), namespace)  # noqa: S102
                run_example(piece, mine)
                knows_hidden = bool(hidden.strip())
                exec(_code(hidden, file), namespace)  # noqa: S102
                if not self.visible_only:
                    prove(self.peer.table.modules, _reference(piece))
            except (BadMessage, LineClosed) as error:
                self.peer.line.close()  # the other side notices, and the next check gets two new processes
                self.told = _unreadable(piece.name, cell)
                raise CheckFailed(f"{piece.name}: {error}") from None
            except (Exception, SystemExit) as error:
                self.told = told_of(error, piece.name, source, file, self.sources, knows_hidden=knows_hidden)
                raise explain(
                    error, piece.name, source, file, last_call(mine), last_result(mine), refusals(piece)
                ) from None
        print(f"✓ {piece.name}: all checks passed")

    def _parts(self, source: str) -> tuple[str, str]:
        seen, hidden = parts(source)
        return seen, "" if self.visible_only else hidden

    @contextmanager
    def _session(self, piece: Piece) -> Iterator[Any]:
        used = pieces_used(piece)
        references = {str(other): _reference(other) for other in used}
        bodies = {str(other): body_of(other) for other in used if str(other) in self.lent - self.passed}
        self.has_lent = bool(bodies)
        told = {"piece": str(piece), "passed": sorted(self.passed), "references": references, "bodies": bodies}
        with self._told(told, list(references.values())) as answer:
            if not answer["built"]:
                not_built = f"{piece.name} is not built yet: run the cell above that begins with %%build {piece}."
                self.told = Told(not_built, knows_hidden=False, is_final=True)
                raise CheckFailed(not_built)
            stand_in = answer["mine"]
            if not isinstance(stand_in, RemoteFunction):
                no_function = f"{piece.name} is not a function or a class of the notebook's own"
                self.told = Told(no_function, knows_hidden=False, is_final=True)
                raise CheckFailed(no_function)
            stand_in.source = self.sources.get(str(piece), "")
            with suppress(TypeError, ValueError):
                stand_in.__signature__ = inspect.signature(_reference(piece))
            yield stand_in

    @contextmanager
    def _told(self, told: dict[str, Any], references: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        try:
            answer = self.peer.begin(told, pure=references)
        except (BadMessage, LineClosed) as error:
            self.peer.line.close()
            raise CheckFailed(f"the notebook's process does not answer: {error}") from None
        if type(answer) is not dict or not answer.keys() & {"built", "found"}:
            self.peer.line.close()
            raise CheckFailed("the notebook's process gives no answer that can be read")
        try:
            yield answer
        finally:
            with suppress(BadMessage, LineClosed):
                self.peer.end()


def read_check(shell: Any, cell: str) -> None:
    """Compile a check cell, and its piece's example, once for all judges that are forked from this process."""
    magic, _, body = cell.partition("\n")
    if magic.startswith(CHECK):
        with suppress(SyntaxError, ValueError):  # which its judge will tell of
            piece = Piece.parse(magic.removeprefix(CHECK).partition(" ")[0])
            source = _source(shell, body)
            tree_of(source)
            for part in parts(source):
                _code(part, _file(piece))
            read_example(piece)
            with suppress(OSError):  # it is of another course
                body_of(piece)


def _file(piece: Piece) -> str:
    return f"<check of {piece.name}>"


@lru_cache(maxsize=512)
def _source(shell: Any, cell: str) -> str:
    return as_python(shell, cell)


@lru_cache(maxsize=1024)
def _code(source: str, file: str) -> CodeType:
    return compile(source, file, "exec")


def _unreadable(name: str, cell: str) -> Told:
    return Told(f"{name}: what your code answers cannot be read", knows_hidden=bool(hidden_lines(cell)))


def _reference(piece: Piece) -> Any:
    return getattr(importlib.import_module(piece.module), piece.name)
