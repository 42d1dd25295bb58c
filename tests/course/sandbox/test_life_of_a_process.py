"""A process can be interrupted, restarted and ended; nothing of it is left, and no two have anything in common."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from llmcourse.course.sandbox import Room

from .conftest import SAY_SO, Ended, Process, process_in, processes_with

pytestmark = [pytest.mark.walls, pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(60)]

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
from llmcourse.course.sandbox import Room
from tests.course.sandbox.conftest import process_in
with Room(library=Path(sys.argv[1]), way=sys.argv[2]) as room, process_in(room) as process:
    process.text(sys.argv[3])
    print("started", flush=True)
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


def test_an_endless_loop_is_interrupted(process: Process) -> None:
    process.begin(f"{SAY_SO}\nwhile True: pass")
    process.shut_in.interrupt()
    assert process.answer(10).ename == "KeyboardInterrupt"
    assert process.text("1 + 1") == "2"


def test_a_signal_reaches_the_code(process: Process) -> None:
    process.begin(f"import time; {SAY_SO}; time.sleep(30)")
    process.shut_in.signal(signal.SIGINT)
    assert process.answer(10).ename == "KeyboardInterrupt"


@pytest.mark.parametrize("order", ["kill", "close"])
def test_a_daemon_ends_with_its_process_and_at_once(room: Room, order: str) -> None:
    mark, code = sleeper()
    with process_in(room) as process:
        process.text(code)
        assert seen_within(mark, 5)
        process.begin(f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{SAY_SO}\nwhile True: pass")
        began = time.monotonic()
        getattr(process.shut_in, order)()
        assert process.died_within(5)
        assert gone_within(mark, 0.0 if order == "kill" else 2.0)
        took = time.monotonic() - began
    assert took < 2


def test_a_daemon_ends_with_a_process_that_ends_by_itself(room: Room) -> None:
    mark, code = sleeper()
    with process_in(room) as process:
        process.text(code)
        assert seen_within(mark, 5)
        process.send("import os; os._exit(3)")
        assert process.died_within(10)
        assert process.shut_in.poll() == 3
        assert not processes_with(mark)


def test_nothing_is_left_when_the_grader_is_killed(room: Room, library: Path) -> None:
    mark, code = sleeper()
    command = [sys.executable, "-c", GRADER, str(library), room.way, code, str(Path(__file__).parents[3])]
    grader = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert grader.stdout is not None
        assert grader.stdout.readline() == b"started\n"
        assert seen_within(mark, 5)
        below = psutil.Process(grader.pid).children(recursive=True)
        assert len(below) >= 4
    finally:
        grader.kill()
        grader.wait()
        grader.stdout.close()
    assert gone_within(mark, 5)
    assert not psutil.wait_procs(below, timeout=5)[1]


def test_the_end_of_a_room_is_the_end_of_its_processes(library: Path) -> None:
    mark, code = sleeper()
    with Room(library=library, way="warm") as room:
        process = Process(room)
        process.text(code)
        assert seen_within(mark, 5)
    assert not processes_with(mark)
    assert process.died_within(5)
    process.close()


def test_two_processes_have_nothing_in_common(room: Room) -> None:
    write = "for f in ('/scratch/work/a', '/dev/shm/a', '/scratch/tmp/a'): open(f, 'w').close()"
    serve = """
import socket
s = socket.create_server(("127.0.0.1", 4321))
t = socket.socket(socket.AF_UNIX)
t.bind("\\0a")
t.listen()
"""
    with process_in(room) as one, process_in(room) as two:
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
    with process_in(room) as process:
        process.text("import os, socket; link = socket.socket(fileno=int(os.environ['LLMCOURSE_LINK']))")
        process.text("link.sendall(b'from inside')")
        assert process.line.recv(100) == b"from inside"
        process.line.sendall(b"from outside")
        assert process.text("print(link.recv(100))") == "b'from outside'"
        process.stop()
        process.line.settimeout(5)
        assert process.line.recv(100) == b"", "the other end is closed when the process has ended"


def test_no_other_descriptor_gets_in(room: Room) -> None:
    with open(os.devnull) as file, process_in(room) as process:
        os.set_inheritable(file.fileno(), True)
        kinds = process.text(DESCRIPTORS)
    allowed = ("/dev/null", "socket:", "pipe:", "anon_inode:", "/proc/", "/dev/urandom")
    assert [kind for kind in kinds.splitlines() if not kind.startswith(allowed)] == []


def test_a_process_after_another_is_a_new_one(room: Room) -> None:
    with process_in(room) as process:
        process.text("x = 1; open('left', 'w').close()")
    with process_in(room) as process:
        assert process.raises("x") == "NameError"
        assert process.text("import os; print(os.listdir())") == "[]"


def test_a_process_outlives_the_thread_that_started_it(room: Room, library: Path) -> None:
    with ThreadPoolExecutor(1) as pool, Room(library=library, way="cold") as other:
        processes = [pool.submit(Process, room).result(), pool.submit(Process, other).result()]
    time.sleep(0.2)
    for process in processes:
        assert process.text("1 + 1") == "2"
        process.close()


def test_worker_processes_share_a_room(room: Room) -> None:
    def work() -> None:
        with process_in(room) as process:
            answer = int(process.text("6 * 7"))
        os._exit(answer)

    workers = [multiprocessing.get_context("fork").Process(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(40)
    assert [worker.exitcode for worker in workers] == [42, 42]
    with process_in(room) as process:
        assert process.text("1 + 1") == "2"


def test_no_two_processes_draw_the_same_random_numbers(room: Room) -> None:
    code = "import random, numpy; print(random.random(), numpy.random.rand())"
    with process_in(room) as one, process_in(room) as two:
        assert not set(one.text(code).split()) & set(two.text(code).split())


def test_a_message_that_is_too_long_does_not_reach_the_grader(room: Room) -> None:
    code = """
import gc
from llmcourse.course.remote.line import Line
for line in gc.get_objects():
    if isinstance(line, Line):
        line.send(b"x" * (16 << 20))
"""
    with process_in(room) as process, pytest.raises(Ended):
        process.run(code)
