"""A kernel can be interrupted, restarted and ended; nothing of it is left, and no two have anything in common."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from llmcourse.course.sandbox import Room, sandbox_manager

from .conftest import Kernel, kernel_in, processes_with

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(60)]

DESCRIPTORS = """
import os
for number in os.listdir("/proc/self/fd"):
    try:
        print(os.readlink(f"/proc/self/fd/{number}"))
    except OSError:
        pass
"""
GRADER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from llmcourse.course.sandbox import Room, sandbox_manager
from tests.course.sandbox.conftest import kernel_in
with Room(library=Path(sys.argv[1]), way=sys.argv[2]) as room, kernel_in(room) as kernel:
    kernel.text(sys.argv[3])
    print(kernel.manager.connection_file, flush=True)
    time.sleep(60)
"""


def sleeper() -> tuple[str, str]:
    """A number of seconds that nobody else sleeps, and code that leaves a process which sleeps so long."""
    mark = str(random.SystemRandom().uniform(10_000, 20_000))
    code = f"""
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "{mark}"])
    os._exit(0)
"""
    return mark, code


def gone_within(mark: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while processes_with(mark) and time.monotonic() < end:
        time.sleep(0.05)
    return not processes_with(mark)


def seen_within(mark: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not processes_with(mark) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(processes_with(mark))


def test_an_endless_loop_is_interrupted(kernel: Kernel) -> None:
    kernel.send("while True: pass")
    time.sleep(0.5)
    kernel.wait(kernel.manager.interrupt_kernel())
    reply = kernel.wait(kernel.client.get_shell_msg(timeout=10))
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.text("1 + 1") == "2"


def test_a_signal_reaches_the_code(kernel: Kernel) -> None:
    kernel.send("import time; time.sleep(30)")
    time.sleep(0.5)
    kernel.wait(kernel.manager.signal_kernel(signal.SIGINT))
    assert kernel.wait(kernel.client.get_shell_msg(timeout=10))["content"]["ename"] == "KeyboardInterrupt"


@pytest.mark.parametrize("now", [True, False], ids=["now", "politely"])
def test_a_daemon_ends_with_its_kernel_and_at_once(room: Room, now: bool) -> None:
    mark, code = sleeper()
    with kernel_in(room) as kernel:
        kernel.text(code)
        assert seen_within(mark, 5)
        kernel.send("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass")
        time.sleep(0.2)
        began = time.monotonic()
        kernel.wait(kernel.manager.shutdown_kernel(now=now))
        took = time.monotonic() - began
        assert not processes_with(mark)
    assert took < 2


def test_a_daemon_ends_with_a_kernel_that_ends_by_itself(room: Room) -> None:
    mark, code = sleeper()
    with kernel_in(room) as kernel:
        kernel.text(code)
        assert seen_within(mark, 5)
        kernel.send("import os; os._exit(3)")
        assert kernel.died_within(10)
        assert kernel.wait(kernel.manager.provisioner.poll()) == 3
        assert not processes_with(mark)


def test_nothing_is_left_when_the_grader_is_killed(room: Room, small_library: Path) -> None:
    mark, code = sleeper()
    command = [sys.executable, "-c", GRADER, str(small_library), room.way, code, str(Path(__file__).parents[3])]
    grader = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert grader.stdout is not None
        sockets = Path(grader.stdout.readline().decode().strip()).parent
        assert sockets.name.startswith("kernel-")
        assert seen_within(mark, 5)
        below = psutil.Process(grader.pid).children(recursive=True)
        assert len(below) >= 4
    finally:
        grader.kill()
        grader.wait()
        grader.stdout.close()
    shutil.rmtree(sockets)
    assert gone_within(mark, 5)
    assert not psutil.wait_procs(below, timeout=5)[1]


def test_the_end_of_a_room_is_the_end_of_its_kernels(small_library: Path) -> None:
    mark, code = sleeper()
    with Room(library=small_library, way="warm") as room:
        kernel = Kernel(room)
        kernel.text(code)
        assert seen_within(mark, 5)
    assert not processes_with(mark)
    assert kernel.died_within(5)
    kernel.close()


def test_two_kernels_have_nothing_in_common(room: Room) -> None:
    write = "for f in ('/scratch/work/a', '/dev/shm/a', '/scratch/tmp/a'): open(f, 'w').close()"
    serve = """
import socket
s = socket.create_server(("127.0.0.1", 4321))
t = socket.socket(socket.AF_UNIX)
t.bind("\\0a")
t.listen()
"""
    with kernel_in(room) as one, kernel_in(room) as two:
        one.text(write)
        one.text(serve)
        one.text("import subprocess; child = subprocess.Popen(['sleep', '50'])")
        code = "import os; print([f for f in ('/scratch/work/a', '/dev/shm/a', '/scratch/tmp/a') if os.path.exists(f)])"
        assert two.text(code) == "[]"
        assert two.text("print(sorted(n for n in os.listdir('/proc') if n.isdigit()))") == "['1', '2']"
        assert two.raises("import socket; socket.create_connection(('127.0.0.1', 4321))") == "ConnectionRefusedError"
        assert two.raises("socket.socket(socket.AF_UNIX).connect('\\0a')") == "ConnectionRefusedError"
        attack = """
import os, signal
mine = {int(name) for name in os.listdir("/proc/self/task")}
for pid in [*(set(range(1, 300)) - mine), -1]:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
"""
        two.run(attack)
        assert one.text("print(child.poll())") == "None"
        assert two.is_alive() and two.text("1 + 1") == "2"


def test_a_descriptor_is_passed(room: Room) -> None:
    ours, theirs = socket.socketpair()
    with ours, kernel_in(room, pass_fd=theirs.fileno()) as kernel:
        theirs.close()
        kernel.text("import os, socket; link = socket.socket(fileno=int(os.environ['LLMCOURSE_LINK']))")
        kernel.text("link.sendall(b'from inside')")
        assert ours.recv(100) == b"from inside"
        ours.sendall(b"from outside")
        assert kernel.text("print(link.recv(100))") == "b'from outside'"
        kernel.wait(kernel.manager.shutdown_kernel(now=True))
        ours.settimeout(5)
        assert ours.recv(100) == b"", "the other end is closed when the kernel has ended"


def test_no_other_descriptor_gets_in(room: Room) -> None:
    with open(os.devnull) as file, kernel_in(room) as kernel:
        os.set_inheritable(file.fileno(), True)
        kinds = kernel.text(DESCRIPTORS)
    allowed = ("/dev/null", "socket:", "pipe:", "anon_inode:", "/proc/", "/dev/urandom")
    assert [kind for kind in kinds.splitlines() if not kind.startswith(allowed)] == []


def test_a_restarted_kernel_is_a_new_one(room: Room) -> None:
    with kernel_in(room) as kernel:
        kernel.text("x = 1; open('left', 'w').close()")
        kernel.client.stop_channels()
        kernel.wait(kernel.manager.restart_kernel(now=True))
        kernel.wait(kernel._connect())
        assert kernel.raises("x") == "NameError"
        assert kernel.text("import os; print(os.listdir())") == "[]"


def test_nbclient_runs_a_notebook_in_it(room: Room, tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_code_cell("import os; os.getcwd()")])
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, km=sandbox_manager(room, Path(folder), {}), timeout=30)
        client.owns_km = True
        client.execute(cwd=str(tmp_path), env={**os.environ, "GRADER_SECRET": "x"})
        assert os.listdir(folder) == []
    assert notebook.cells[0].outputs[0].data["text/plain"] == "'/scratch/work'"


def test_a_kernel_outlives_the_thread_that_started_it(room: Room, library: Path) -> None:
    with ThreadPoolExecutor(1) as pool, Room(library=library, way="bubblewrap") as other:
        kernels = [pool.submit(Kernel, room).result(), pool.submit(Kernel, other).result()]
    time.sleep(0.2)
    for kernel in kernels:
        assert kernel.text("1 + 1") == "2"
        kernel.close()


def test_worker_processes_share_a_room(room: Room) -> None:
    def work() -> None:
        with kernel_in(room) as kernel:
            answer = int(kernel.text("6 * 7"))
        os._exit(answer)

    workers = [multiprocessing.get_context("fork").Process(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(40)
    assert [worker.exitcode for worker in workers] == [42, 42]
    with kernel_in(room) as kernel:
        assert kernel.text("1 + 1") == "2"


def test_no_two_kernels_draw_the_same_random_numbers(room: Room) -> None:
    code = "import random, numpy; print(random.random(), numpy.random.rand())"
    with kernel_in(room) as one, kernel_in(room) as two:
        assert not set(one.text(code).split()) & set(two.text(code).split())


def test_a_message_that_is_too_long_does_not_reach_the_grader(room: Room) -> None:
    with kernel_in(room) as kernel, pytest.raises(TimeoutError):
        kernel.run("print('x' * (16 << 20))", timeout_s=2)
