"""What a process may use is bounded; whatever it does, the next process starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from llmcourse.course.sandbox import Room

from .conftest import SAY_SO, Process, process_in

pytestmark = [pytest.mark.walls, pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(60)]

GIB = 1 << 30
SHARED_MAPPING = "import mmap\nm = mmap.mmap(-1, 4 * 2**30)\nfor i in range(0, len(m), 4096):\n    m[i] = 1"
MANY_PROCESSES = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        x = b"x" * 2**28
        time.sleep(60)
time.sleep(60)
"""
FORK_BOMB = f"""
import os
has_said = False
while True:
    try:
        os.fork()
    except OSError:
        has_said = has_said or {SAY_SO}
"""


@pytest.fixture(autouse=True, scope="module")
def next_process_starts(room: Room) -> Iterator[None]:
    """Each of these tests starts a process after what the one before did; so does this, after the last."""
    yield
    with process_in(room) as process:
        assert process.text("1 + 1") == "2"


def test_more_memory_than_the_limit_is_an_error_in_the_code(process: Process) -> None:
    assert process.raises("bytearray(4 * 2**30)") == "MemoryError"
    assert process.raises("import torch; torch.empty(2**30).fill_(1.0)") == "RuntimeError"
    assert process.text("len(bytearray(2**28))") == str(2**28)


@pytest.mark.parametrize(
    "code",
    [
        SHARED_MAPPING,
        MANY_PROCESSES,
    ],
    ids=["shared mapping", "many processes"],
)
def test_memory_that_no_limit_of_one_process_counts_ends_the_process(limited: Callable[..., Room], code: str) -> None:
    with process_in(limited(memory_bytes=GIB)) as process:
        process.send(code)
        assert process.died_within(15)


def test_a_fork_bomb_is_bounded_and_stopped_at_once(limited: Callable[..., Room]) -> None:
    with process_in(limited(processes=64)) as process:
        process.begin(FORK_BOMB)
        began = time.monotonic()
        process.stop()
        assert time.monotonic() - began < 5


def test_threads_and_processes_are_counted_together(limited: Callable[..., Room]) -> None:
    code = """
import os, time
n = 0
try:
    while n < 500:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        n += 1
except BlockingIOError:
    print(n)
"""
    with process_in(limited(processes=64)) as process:
        assert 30 < int(process.text(code)) < 64


def test_open_files_are_limited(limited: Callable[..., Room]) -> None:
    with process_in(limited(open_files=128)) as process:
        answer = process.run("files = [open('/dev/null') for _ in range(200)]")
    assert (answer.ename, answer.evalue[:10]) == ("OSError", "[Errno 24]")


def test_a_file_and_all_files_together_are_limited(limited: Callable[..., Room]) -> None:
    with process_in(limited(file_bytes=8 << 20, scratch_bytes=16 << 20)) as process:
        assert "[Errno 27]" in process.run("open('big', 'wb').write(bytes(9 * 2**20))").evalue
        for folder in ("/scratch/work", "/dev/shm"):
            code = f"for i in range(4):\n    open(f'{folder}/{{i}}', 'wb').write(bytes(7 * 2**20))"
            assert "[Errno 28]" in process.run(code).evalue


def seconds_of(room: Room, seconds: int) -> int:
    """A limit that leaves some seconds: where nothing was imported before, a process spends four on that."""
    return seconds + 4 * (room.way == "cold")


def test_processor_time_is_limited(room: Room, limited: Callable[..., Room]) -> None:
    with process_in(limited(cpu_seconds=seconds_of(room, 2))) as process:
        process.send("while True: pass")
        assert process.died_within(20)


def test_many_processes_get_one_share_together(room: Room) -> None:
    code = """
import os, time
n, start = 4, time.monotonic()
for _ in range(n):
    if os.fork() == 0:
        while time.monotonic() < start + 7: pass
        os._exit(0)
for _ in range(n): os.wait()
print(os.times().children_user + os.times().children_system, time.monotonic() - start)
"""
    with process_in(room) as process:
        used, passed = map(float, process.text(code).split())
    assert used <= 1.15 * passed + 2.5


def test_processor_time_of_all_processes_together_is_limited(room: Room, limited: Callable[..., Room]) -> None:
    code = "import os\nwhile True:\n    if os.fork() == 0:\n        sum(range(10**7)); os._exit(0)\n    os.wait()"
    with process_in(limited(cpu_seconds=seconds_of(room, 3))) as process:
        process.send(code)
        assert process.died_within(40)
        assert "processor time together" in process.shut_in.killed


def test_what_waits_in_sockets_counts_as_memory(limited: Callable[..., Room]) -> None:
    code = """
import os, socket, time
kept = []
for _ in range(8):
    if os.fork() == 0: break
for _ in range(240): kept.append(socket.socketpair())
time.sleep(60)
"""
    with process_in(limited(memory_bytes=GIB)) as process:
        process.send(code)
        assert process.died_within(15)
