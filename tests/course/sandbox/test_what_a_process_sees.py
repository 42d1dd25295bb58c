"""A process runs code, computes, and sees nothing of the machine but what Python needs."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from llmcourse.course.environment import LINE_VARIABLE
from llmcourse.course.sandbox import Room, building, policy

from .conftest import SECRET, Process, process_in

pytestmark = [pytest.mark.walls, pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(60)]

RANKS = """
import sys, torch, torch.distributed as dist, torch.multiprocessing as mp

def rank(number, port):
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=number, world_size=2)
    x = torch.tensor([float(number + 1)])
    dist.all_reduce(x)
    assert x.item() == 3.0
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.spawn(rank, args=(29511,), nprocs=2)
    print("summed")
"""


def test_code_runs_and_its_output_returns(process: Process) -> None:
    assert process.text("print('out')\n6 * 7").split() == ["out", "42"]
    assert process.raises("1 / 0") == "ZeroDivisionError"


def test_torch_multiplies_and_goes_backward(process: Process) -> None:
    process.text("import torch; x = torch.ones(256, 256, requires_grad=True); (x @ x).sum().backward()")
    assert process.text("print(x.grad.sum().item())") == str(256.0**3 * 2)


def test_the_library_is_the_one_that_was_named(process: Process) -> None:
    assert process.text("import llmcourse; print(llmcourse.__file__)") == "/library/llmcourse/__init__.py"
    assert process.text("import llmcourse.model; print(llmcourse.model.__file__)").startswith("/library/")
    assert process.text("%load_ext llmcourse.course") == ""


def test_nothing_else_of_the_machine_is_there(process: Process, library: Path) -> None:
    checkout = Path(__file__).resolve().parents[3]
    absent = ["/var", "/run", "/home", "/root/.ssh", "/etc/shadow", "/etc/ssh", "/mnt", "/media", "/srv", "/boot"]
    absent = [path for path in absent if not Path(sys.prefix).is_relative_to(path)]  # where this Python itself lies
    absent += [str(path) for path in checkout.iterdir() if not Path(sys.prefix).is_relative_to(path)]
    absent += [str(library), "/library/solutions", str(Path.home() / ".bashrc"), "/dev/vda", "/dev/kmsg", "/dev/vsock"]
    assert process.text(f"import os; print([p for p in {absent!r} if os.path.lexists(p)])") == "[]"
    assert set(process.text("print(*os.listdir('/library'))").split()) == {"llmcourse"}
    of_python = {Path(prefix).relative_to("/tmp").parts[0] for prefix in (sys.prefix,) if prefix.startswith("/tmp/")}
    assert set(process.text("print(*os.listdir('/tmp'))").split()) == of_python
    assert process.text("print([n for n in os.listdir('/proc') if n.isdigit() and int(n) > 50])") == "[]"


def test_a_library_that_came_with_the_environment_is_covered(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = Path(building.__file__).resolve().parents[2]
    monkeypatch.setattr(building, "visible_paths", lambda: [*policy.visible_paths(), installed.parent / "llmcourse"])
    with Room(library=library, way="cold") as room, process_in(room) as process:
        assert process.text(f"import os; print(os.listdir({str(installed)!r}))") == "[]"
        assert process.text("import llmcourse; print(llmcourse.__file__)") == "/library/llmcourse/__init__.py"


def test_there_is_no_notebook_in_the_scratch_folder(process: Process) -> None:
    code = "import os, pathlib; print(os.getcwd(), list(pathlib.Path('/scratch').rglob('*.ipynb')))"
    assert process.text(code) == "/scratch/work []"


def test_what_only_root_can_read_cannot_be_read(process: Process) -> None:
    if os.geteuid() == 0:
        assert process.raises(f"open('/library/{SECRET}').read()") == "PermissionError"
    assert process.raises("open('/proc/1/environ').read()") == "PermissionError"
    assert process.raises("open('/proc/kcore', 'rb').read(1)") in ("PermissionError", "FileNotFoundError")


def test_nothing_can_be_written_but_in_the_scratch_folder(process: Process) -> None:
    code = """
import os, sys
def writable(folder):
    try:
        open(os.path.join(folder, "x"), "w").close()
        os.remove(os.path.join(folder, "x"))
        return True
    except OSError:
        return False
folders = ["/", "/etc", "/usr", "/usr/bin", "/library", "/library/llmcourse", "/opt", "/dev", "/proc", "/sys",
           sys.prefix, sys.base_prefix, "/proc/sys/kernel", "/scratch", "/scratch/work", "/dev/shm", os.environ["TMPDIR"]]
print([folder for folder in folders if writable(folder)])
"""
    assert process.text(code) == "['/scratch', '/scratch/work', '/dev/shm', '/scratch/tmp']"


def test_no_variable_of_the_grader_gets_in(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_SECRET", "of the grader")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    with process_in(room, {"MINE": "7", "LLMCOURSE_SMALL": "0"}) as process:
        code = "import os, json; print(json.dumps(dict(os.environ)))"
        variables = __import__("json").loads(process.text(code))
        started_with = process.text("print(open('/proc/self/environ').read())")
    assert "of the grader" not in started_with and "of the grader" not in variables.values()
    assert "JPY_PARENT_PID" not in variables
    expected = {"MINE": "7", "LLMCOURSE_SMALL": "0", "PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
    assert variables.keys() == {*policy.environment({"MINE": "7"}), LINE_VARIABLE}
    assert expected.items() <= variables.items()
    assert all(variables[name].startswith("/scratch/") for name in ("HOME", "IPYTHONDIR", "MPLCONFIGDIR", "TMPDIR"))


def test_no_address_can_be_reached_but_its_own(process: Process) -> None:
    code = """
import socket
def outcome(family, address):
    try:
        socket.socket(family, socket.SOCK_DGRAM if len(address) > 2 else socket.SOCK_STREAM).connect(address)
        return "connected"
    except OSError as error:
        return error.errno
print(outcome(socket.AF_INET, ("1.1.1.1", 53)), outcome(socket.AF_INET, ("169.254.169.254", 80)))
try:
    socket.socket(40, socket.SOCK_STREAM)
    print("vsock")
except OSError as error:
    print(error.errno)
print([name for _, name in socket.if_nameindex()])
"""
    unreachable, refused = "101", "1"
    lines = process.text(code).splitlines()
    assert lines[0].split() == [unreachable, unreachable]
    assert lines[1] == refused
    assert "'lo'" in lines[2] and "eth" not in lines[2]


def test_a_server_of_the_machine_cannot_be_reached(process: Process) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=2)"
        assert process.raises(code) == "ConnectionRefusedError"


def test_two_ranks_sum_over_loopback(process: Process) -> None:
    code = f"""
import subprocess, sys, pathlib
pathlib.Path("ranks.py").write_text({RANKS!r})
done = subprocess.run([sys.executable, "ranks.py"], capture_output=True, text=True)
print(done.stdout, done.stderr[-2000:] if done.returncode else "")
"""
    assert process.text(code) == "summed"


def test_it_has_no_right_and_no_way_to_get_one(process: Process) -> None:
    code = """
import os
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
sets = {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
print(os.getuid(), os.getgid(), os.getgroups() in ([], [1000]))
print(sets, status["NoNewPrivs"].strip())
"""
    assert process.text(code).splitlines() == ["1000 1000 True", "{0} 1"]
    calls = ["unshare(0x10000000)", "unshare(0x00020000)", "ptrace(16, 1, 0, 0)", "memfd_create(b'x', 0)"]
    for call in [*calls, "shmget(0, 4096, 0o1600)", "mount(b'none', b'/scratch', b'tmpfs', 0, 0)"]:
        code = f"import ctypes; lib = ctypes.CDLL(None, use_errno=True); print(lib.{call}, ctypes.get_errno())"
        assert process.text(code) == "-1 1", call
    # clone(CLONE_NEWUSER | SIGCHLD): past the filter, since its flags are an argument, but forbidden in its namespace.
    code = "print(lib.syscall({'x86_64': 56}.get(__import__('platform').machine(), 220), 0x10000011, 0, 0, 0, 0))"
    assert process.text(code) == "-1"


def test_it_cannot_change_how_the_system_treats_it(process: Process) -> None:
    code = """
import os
def refused(path, text="0"):
    try: open(path, "w").write(text)
    except OSError: return True
paths = ["/proc/self/oom_score_adj", "/proc/self/oom_adj", "/proc/self/coredump_filter", "/proc/self/uid_map",
         "/proc/self/autogroup", "/proc/sys/user/max_user_namespaces"]
print(open("/proc/self/oom_score_adj").read().strip(), [p for p in paths if os.path.exists(p) and not refused(p)])
"""
    assert process.text(code) == "1000 []"


def test_two_processes_of_a_room_share_no_terminal(room: Room) -> None:
    with process_in(room) as one, process_in(room) as other:
        name = one.text("import os; master, slave = os.openpty(); print(os.ttyname(slave))")
        assert other.raises(f"open({name!r})") == "FileNotFoundError"


def test_an_optimizers_first_step_and_a_count_of_operations_load_nothing_more(library: Path) -> None:
    code = """
import sys, torch
before = set(sys.modules)
from torch.utils.flop_counter import FlopCounterMode
w = torch.nn.Parameter(torch.ones(2, 2))
with FlopCounterMode(display=False):
    (w @ w).sum().backward()
torch.optim.AdamW([w]).step()
print(len(set(sys.modules) - before))
"""
    with Room(library=library, way="warm") as room, process_in(room) as process:
        assert int(process.text(code)) < 30
