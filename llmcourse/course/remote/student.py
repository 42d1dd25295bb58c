"""The student's end of the line, inside the student's process.

While a check of some piece is judged elsewhere, `serve_judge` answers its calls with the version that the notebook has
built. The library around that version is the student edition, in which pieces have no body: where the piece needs
another one, it finds the student's own if that has passed its check, else the reference. That stays with the judge and
is called there, unless the judge lends it: a call within this process takes a hundredth of the time.
"""

from __future__ import annotations
import __future__

import importlib
import os
from functools import cache
from typing import Any

from IPython import get_ipython

from llmcourse import _overlay, _sections
from llmcourse.course import workspace
from llmcourse.course.environment import LINE_VARIABLE
from llmcourse.course.pieces import Piece
from llmcourse.course.remote import wire
from llmcourse.course.remote.kinds import kind_of
from llmcourse.course.remote.modules import RemoteFunction
from llmcourse.course.remote.peer import Peer, connect
from llmcourse.course.told import learner_lines


@cache
def _peer() -> Peer:
    return Peer(connect(int(os.environ[LINE_VARIABLE])), is_host=False, lines_of=learner_lines)


def serve_judge() -> None:
    """Answer the judge's calls until the check is over."""
    peer = _peer()
    wire.may_import = True
    session = _Session()
    peer.on_begin, peer.on_end = session.begin, session.end
    peer.serve()


class _Session:
    """One check: which piece is judged, and what stands in the library in the place of the others."""

    def __init__(self) -> None:
        self.before: list[tuple[Any, str, Any]] = []

    def begin(self, told: dict[str, Any]) -> dict[str, Any]:
        """Put the right pieces into the library; returns what the notebook has of the piece judged."""
        if "names" in told:
            defined = get_ipython().user_ns
            return {
                "found": {
                    name: defined[name] for name in told["names"] if name in defined and _can_cross(defined[name])
                }
            }
        piece, built = Piece.parse(told["piece"]), workspace.current().built
        if piece not in built:
            return {"built": False, "mine": None}
        mine = built[piece]
        passed = {Piece.parse(name) for name in told["passed"]}
        references: dict[str, RemoteFunction] = told["references"]
        for name, reference in references.items():
            other = Piece.parse(name)
            own = built.get(other) if other in passed else None
            reference.is_pure = True  # a piece of the library's, which knows of nothing here
            lent = _lent(other, told["bodies"][name]) if name in told["bodies"] else None
            self._put(other, next((value for value in (own, lent) if value is not None), reference))
        self._put(piece, mine)
        for other, (value, namespace) in _made.items():
            namespace |= {**vars(importlib.import_module(other.module)), other.name: value}
        return {"built": True, "mine": mine}

    def _put(self, piece: Piece, value: Any) -> None:
        module = importlib.import_module(piece.module)
        if isinstance(value, RemoteFunction):
            value.__module__ = piece.module  # what the library's own has, so that it can be put back
        self.before.append((module, piece.name, getattr(module, piece.name)))
        _overlay.rebind(module, piece.name, value)

    def end(self) -> None:
        """Put back what was there."""
        while self.before:
            _overlay.rebind(*self.before.pop())


_made: dict[Piece, tuple[Any, dict[str, Any]]] = {}
"""The references that were lent to this process, each with the names that it sees."""


def _lent(piece: Piece, body: list[list[Any]]) -> Any:
    """A reference made from what `references.body_of` gave; None where that cannot be done here.

    It sees a module of its own: what it stands on and the student edition lacks is nothing that a student's code finds.
    """
    if piece not in _made:
        module = vars(importlib.import_module(piece.module))
        namespace, file = dict(module), f"<reference of {piece.name}>"
        code = [
            compile(source, file, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
            for names, source in body
            if piece.name in names or not module.keys() >= set(names)
        ]
        try:
            for statement in code:
                exec(statement, namespace)  # noqa: S102
        except Exception:
            return None
        if any(_sections.missing_names(statement, namespace) for statement in code):
            return None
        _made[piece] = namespace[piece.name], namespace
    return _made[piece][0]


def _can_cross(value: Any) -> bool:
    try:
        wire.encode(value, lambda part: 0 if kind_of(part) else None)
    except wire.CannotCross:
        return False
    return True
