"""What a kernel may use is bounded; whatever it does, the next kernel starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from llmcourse.course.sandbox import Room

from .conftest import Kernel, kernel_in

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(60)]

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
FORK_BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"


@pytest.fixture(autouse=True, scope="module")
def next_kernel_starts(room: Room) -> Iterator[None]:
    """Each of these tests starts a kernel after what the one before did; so does this, after the last."""
    yield
    with kernel_in(room) as kernel:
        assert kernel.text("1 + 1") == "2"


def test_more_memory_than_the_limit_is_an_error_in_the_code(kernel: Kernel) -> None:
    assert kernel.raises("bytearray(4 * 2**30)") == "MemoryError"
    assert kernel.raises("import torch; torch.empty(2**30).fill_(1.0)") == "RuntimeError"
    assert kernel.text("len(bytearray(2**28))") == str(2**28)


@pytest.mark.parametrize(
    "code",
    [
        SHARED_MAPPING,
        MANY_PROCESSES,
    ],
    ids=["shared mapping", "many processes"],
)
def test_memory_that_no_limit_of_one_process_counts_ends_the_kernel(limited: Callable[..., Room], code: str) -> None:
    with kernel_in(limited(memory_bytes=GIB)) as kernel:
        kernel.send(code)
        assert kernel.died_within(15)


def test_a_fork_bomb_is_bounded_and_stopped_at_once(limited: Callable[..., Room]) -> None:
    with kernel_in(limited(processes=64)) as kernel:
        kernel.send(FORK_BOMB)
        time.sleep(1.0)
        began = time.monotonic()
        kernel.wait(kernel.manager.shutdown_kernel(now=True))
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
    with kernel_in(limited(processes=64)) as kernel:
        assert 30 < int(kernel.text(code)) < 64


def test_open_files_are_limited(limited: Callable[..., Room]) -> None:
    with kernel_in(limited(open_files=128)) as kernel:
        answer = kernel.run("files = [open('/dev/null') for _ in range(200)]")
    assert (answer.ename, answer.evalue[:10]) == ("OSError", "[Errno 24]")


def test_a_file_and_all_files_together_are_limited(limited: Callable[..., Room]) -> None:
    with kernel_in(limited(file_bytes=8 << 20, scratch_bytes=16 << 20)) as kernel:
        assert "[Errno 27]" in kernel.run("open('big', 'wb').write(bytes(9 * 2**20))").evalue
        for folder in ("/scratch/work", "/dev/shm"):
            code = f"for i in range(4):\n    open(f'{folder}/{{i}}', 'wb').write(bytes(7 * 2**20))"
            assert "[Errno 28]" in kernel.run(code).evalue


def test_processor_time_is_limited(limited: Callable[..., Room]) -> None:
    with kernel_in(limited(cpu_seconds=2)) as kernel:
        kernel.send("while True: pass")
        assert kernel.died_within(20)
