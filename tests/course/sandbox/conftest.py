"""A library, a room for each way of starting processes, and a process that runs code and says what came of it."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

import llmcourse
from llmcourse.course.grading.trial.orders import Ended, OrderClient, Ran
from llmcourse.course.grading.trial.processes import STUDENTS_MODULE
from llmcourse.course.sandbox import Limits, Room, available
from llmcourse.course.sandbox.room import WAYS

SAY_SO = "__import__('os').write(int(__import__('os').environ['LLMCOURSE_LINK']), b'.')"
"""An expression whose value nobody needs: it says to `Process.begin` that the code has come to it."""
SECRET = "llmcourse/readable_by_its_owner_alone.txt"


@dataclass(frozen=True)
class Answer:
    """What a process said to a piece of code."""

    status: str
    text: str
    ename: str
    evalue: str


class Process:
    """A student's process in a room, driven from ordinary functions."""

    def __init__(self, room: Room, environment: Mapping[str, str] | None = None):
        self.line, line = socket.socketpair()
        ours, theirs = socket.socketpair()
        self._orders = OrderClient(max_output=1_000_000)
        self._order: asyncio.Task[Ran] | None = None
        self._runner = asyncio.Runner()
        with line, theirs:
            self.shut_in = room.start_process(STUDENTS_MODULE, environment or {}, theirs.fileno())
            socket.send_fds(ours, [b"\0"], [line.fileno()])
        try:
            self.wait(self.shut_in.wait_until_ready())
            self.wait(self._orders.begin(ours))
        except BaseException:
            ours.close()
            self.close()
            raise

    def run(self, code: str, timeout_s: float = 40) -> Answer:
        """Run code and wait for the answer."""
        self.send(code)
        return self.answer(timeout_s)

    def send(self, code: str) -> None:
        """Run code without waiting for it."""

        async def begin() -> asyncio.Task[Ran]:
            order = asyncio.ensure_future(self._orders.give("cell", code))
            await asyncio.sleep(0.01)
            return order

        self._order = self.wait(begin())

    def begin(self, code: str) -> None:
        """Run code without waiting for its end, but until it has come to `SAY_SO`."""
        self.send(code)
        self.line.settimeout(40)
        assert self.line.recv(1) == b"."

    def answer(self, timeout_s: float = 40) -> Answer:
        """Wait for the answer to what was sent; raises `Ended` when the process ends first."""
        assert self._order is not None
        ran = self.wait(asyncio.wait_for(self._order, timeout_s))
        said = [output.get("text") or output.get("data", {}).get("text/plain") or "" for output in ran.outputs]
        failure = ran.failure
        if failure is None:
            return Answer("ok", "".join(said), "", "")
        return Answer("error", "".join(said), failure.ename, failure.evalue)

    def text(self, code: str) -> str:
        """What code that must not fail prints."""
        answer = self.run(code)
        assert answer.status == "ok", f"{answer.ename}: {answer.evalue}"
        return answer.text.strip()

    def raises(self, code: str) -> str:
        """The name of the exception that code must raise."""
        answer = self.run(code)
        assert answer.status == "error", answer.text
        return answer.ename

    def wait(self, coroutine: Any) -> Any:
        """Wait for what an asynchronous function returned."""

        async def waited() -> Any:
            return await coroutine

        return self._runner.run(waited())

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.shut_in.poll() is None

    def died_within(self, seconds: float) -> bool:
        """Wait for the process's own end."""
        return self.wait(self.shut_in.wait(seconds)) is not None

    def stop(self) -> None:
        """End it; when this returns, there is none."""
        self.shut_in.kill()
        assert self.died_within(5)

    def close(self) -> None:
        """Stop it and let go of it."""
        self.shut_in.kill()
        self.wait(self.shut_in.wait())
        self.shut_in.close()
        self._orders.close()
        self.line.close()
        if self._order is not None:
            self._order.cancel()
            self.wait(asyncio.gather(self._order, return_exceptions=True))
        self._runner.close()


@contextmanager
def process_in(room: Room, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    """A process for the length of a block."""
    process = Process(room, environment)
    try:
        yield process
    finally:
        process.close()


def processes_with(mark: str) -> list[psutil.Process]:
    """Processes of this machine in whose command a mark stands."""
    return [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or ())]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a folder of its own, with things around it that no process may see or read."""
    found = available()
    assert found.ways, found.reason
    folder = tmp_path_factory.mktemp("library")
    package = Path(llmcourse.__file__).resolve().parent
    shutil.copytree(package, folder / "llmcourse", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / SECRET).write_text("secret")
    (folder / SECRET).chmod(0o600)
    (folder / "solutions").mkdir()
    (folder / "solutions" / "solved.ipynb").write_text("{}")
    return folder


@pytest.fixture(scope="session")
def opened(library: Path) -> Iterator[dict[str, Room]]:
    """A room with ordinary limits for each way; they stay open, where a fixture with parameters would be made again
    for each file."""
    with ExitStack() as stack:
        yield {way: stack.enter_context(Room(library=library, limits=Limits(), way=way)) for way in WAYS}


@pytest.fixture(scope="module", params=WAYS)
def room(request: pytest.FixtureRequest, opened: dict[str, Room]) -> Room:
    """A room with ordinary limits."""
    return opened[request.param]


@pytest.fixture(scope="module")
def process(room: Room) -> Iterator[Process]:
    """A process for tests that leave it as it was."""
    with process_in(room) as process:
        yield process


@pytest.fixture
def limited(room: Room, library: Path) -> Iterator[Callable[..., Room]]:
    """Makes the same room with other limits."""
    before = room.limits

    def with_limits(**limits: int) -> Room:
        room.limits = Limits(**limits)
        return room

    yield with_limits
    room.limits = before


__all__ = ["SAY_SO", "Ended", "Process", "process_in", "processes_with"]
