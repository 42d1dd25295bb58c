"""A library, a room for each way of starting kernels, and a kernel that runs code and says what came of it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

import llmcourse
from llmcourse.course.sandbox import Limits, Room, available, sandbox_manager
from llmcourse.course.sandbox.room import WAYS

SECRET = "llmcourse/readable_by_its_owner_alone.txt"


@dataclass(frozen=True)
class Answer:
    """What a kernel said to a piece of code."""

    status: str
    text: str
    ename: str
    evalue: str


class Kernel:
    """A kernel in a room, driven from ordinary functions."""

    def __init__(self, room: Room, **options: Any):
        self._stack = ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kernel-"))
        self._runner = self._stack.enter_context(asyncio.Runner())
        self.manager = sandbox_manager(room, Path(folder), **{"environment": {}, **options})
        self._runner.run(self.manager.start_kernel())
        self._runner.run(self._connect())

    async def _connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=30)

    def run(self, code: str, timeout_s: float = 40) -> Answer:
        """Run code and wait for the answer."""
        return self._runner.run(self._run(code, timeout_s))

    async def _run(self, code: str, timeout_s: float) -> Answer:
        texts: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            texts.append(content.get("text") or content.get("data", {}).get("text/plain") or "")

        reply = await self.client.execute_interactive(code, output_hook=hook, timeout=timeout_s, allow_stdin=False)
        content = reply["content"]
        return Answer(content["status"], "".join(texts), content.get("ename", ""), content.get("evalue", ""))

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

    def send(self, code: str) -> None:
        """Run code without waiting for it."""
        self.client.execute(code, allow_stdin=False, stop_on_error=False)

    def wait(self, coroutine: Any) -> Any:
        """Wait for what one of the manager's or the client's methods returned."""
        return self._runner.run(coroutine)

    def is_alive(self) -> bool:
        """Whether the kernel runs."""
        return bool(self.wait(self.manager.is_alive()))

    def died_within(self, seconds: float) -> bool:
        """Wait for the kernel's own end."""

        async def poll() -> bool:
            for _ in range(int(seconds / 0.05)):
                if not await self.manager.is_alive():
                    return True
                await asyncio.sleep(0.05)
            return False

        return bool(self._runner.run(poll()))

    def close(self) -> None:
        """Stop the kernel."""
        self.client.stop_channels()
        self._runner.run(self.manager.shutdown_kernel(now=True))
        self._stack.close()


@contextmanager
def kernel_in(room: Room, **options: Any) -> Iterator[Kernel]:
    """A kernel for the length of a block."""
    kernel = Kernel(room, **options)
    try:
        yield kernel
    finally:
        kernel.close()


def processes_with(mark: str) -> list[psutil.Process]:
    """Processes of this machine in whose command a mark stands."""
    return [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or ())]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a folder of its own, with things around it that no kernel may see or read."""
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
def small_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with nothing in it, for tests that start a server of their own."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "llmcourse").mkdir()
    (folder / "llmcourse" / "__init__.py").touch()
    return folder


@pytest.fixture(scope="session", params=WAYS)
def room(request: pytest.FixtureRequest, library: Path) -> Iterator[Room]:
    """A room with ordinary limits."""
    with Room(library=library, limits=Limits(), way=request.param) as room:
        yield room


@pytest.fixture(scope="session")
def kernel(room: Room) -> Iterator[Kernel]:
    """A kernel for tests that leave it as it was."""
    with kernel_in(room) as kernel:
        yield kernel


@pytest.fixture
def limited(room: Room, library: Path) -> Iterator[Callable[..., Room]]:
    """Makes the same room with other limits."""
    before = room.limits

    def with_limits(**limits: int) -> Room:
        room.limits = Limits(**limits)
        return room

    yield with_limits
    room.limits = before
