"""Runs of `llmcourse.pretrain` that start in a moment, and what happens to them: killed, cut short, out of space.

To import what a run needs takes as long as a small run. So one process imports it once (`Nursery`), and forks ranks as
`torchrun` would have started them: the same environment, the same `main`, the same end of a process. As `torchrun` does
it ends the others when one dies.

What a rank is to suffer is real: SIGKILL at a moment or at a file operation, a limit on the size of its files.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcourse.distributed.sharded_checkpoint import all_sharded_checkpoints
from llmcourse.training.history import read_history

ROOT = Path(__file__).resolve().parents[2]
GRACE_S = 4.0
"""From when a rank has died until those that have not ended by SIGTERM are killed; `torchrun` waits 30 s."""
LIMIT_S = 60.0
"""A job that takes longer is killed, and its test fails."""


@dataclass(frozen=True)
class Ended:
    """A job that is over.

    Attributes:
        statuses: What each rank left with; -9 for one that was killed.
        status: That of the rank that was the first to leave with an error; 0 for none.
        out, err: What each rank printed.
        seconds: How long it took.
    """

    statuses: list[int]
    status: int
    out: list[str]
    err: list[str]
    seconds: float

    @property
    def said(self) -> str:
        """All that was printed."""
        return "\n".join(self.out + self.err)


class Job:
    """Some ranks that are running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pids(self) -> list[int]:
        """The ranks' processes, the launcher's last."""
        return json.loads(_wait_for(self.folder / "pids.json"))

    def kill(self, ranks: Sequence[int], number: int = signal.SIGKILL) -> None:
        """Send a signal to ranks; one that has ended is let alone."""
        pids = self.pids()
        for rank in ranks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[rank], number)

    def wait_for_line(self, part: str, rank: int = 0, timeout_s: float = 30.0) -> None:
        """Wait until a rank has printed something."""
        self.wait_until(lambda: part in _text(self.folder / f"{rank}.out"), f"no rank printed {part!r}", timeout_s)

    def wait_for_call(self, nth: int = 1) -> None:
        """Wait until the function that is dragged is called for the nth time; see `Nursery.start`."""
        self.wait_until(lambda: len(_text(self.folder / "calls")) >= nth, f"there was no call number {nth}")

    def wait_until(self, holds: Any, why_not: str, timeout_s: float = 30.0) -> None:
        """Wait until something holds, while the job is running."""
        end = time.monotonic() + timeout_s
        while not holds():
            over = (self.folder / "ended.json").exists()
            assert time.monotonic() < end and not over, f"{why_not}: {self.wait().said if over else 'it runs on'}"
            time.sleep(0.01)

    def wait(self) -> Ended:
        """Wait for the end."""
        told = json.loads(_wait_for(self.folder / "ended.json", LIMIT_S + 10))
        outs, errs = ([_text(self.folder / f"{rank}.{kind}") for rank in range(len(told["statuses"]))]
                      for kind in ("out", "err"))  # fmt: skip
        return Ended(told["statuses"], told["status"], outs, errs, told["seconds"])


class Nursery:
    """A process that has imported all that a run needs, and starts jobs; a context.

    Args:
        folder: Where jobs leave what they print.
        workspace: Of a learner, whose pieces run in every rank.
    """

    def __init__(self, folder: Path, workspace: Path | None = None) -> None:
        self.folder, self._n_jobs = folder, 0
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        own = {
            "PYTHONPATH": paths,
            "OMP_NUM_THREADS": "1",
            "GLOO_SOCKET_IFNAME": "lo",
            "LLMCOURSE_WORKSPACE": str(workspace or ""),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.pretrain.ranks"], stdin=subprocess.PIPE, text=True, env=os.environ | own
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.wait()

    def start(
        self,
        *arguments: object,
        n: int = 2,
        doom: Mapping[str, Any] | None = None,
        file_limit: Mapping[int, int] | None = None,
        drag: Mapping[str, Any] | None = None,
        **environment: str,
    ) -> Job:
        """Start a run on some ranks.

        Args:
            arguments: Of the program: the settings' file, and what is to be other.
            n: Ranks; 0 for one process that no launcher has started.
            doom: A file operation of a `rank` at which it, or others, get a signal: what `Doom` takes.
            file_limit: By rank, the bytes above which no file of it can grow.
            drag: Of which `function` ("module:name") of a `rank` each call takes how many `seconds` longer, or only
                `until` there is a file of that name.
            environment: What else the ranks find in theirs.
        """
        self._n_jobs += 1
        place = self.folder / f"job-{self._n_jobs}"
        place.mkdir(parents=True)
        asked = {
            "place": str(place), "arguments": ["--quiet", *map(str, arguments)], "n": n, "doom": doom,
            "file_limit": file_limit or {}, "drag": drag, "environment": environment,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Job(place)

    def run(self, *arguments: object, **options: Any) -> Ended:
        """Start a run, and wait for its end."""
        return self.start(*arguments, **options).wait()


SETTINGS = {
    "run": {"folder": "", "device": "cpu", "timeout_s": 20},
    "tokenizer": {"vocab_size": 300, "train_mb": 0.02},
    "data": {
        "seq_len": 16,
        "batch_size": 4,
        "sources": [{"name": "toy", "corpus": "toy", "limit_mb": 0.05}],
    },
    "model": {
        "vocab_size": 300,
        "d_model": 32,
        "n_layers": 2,
        "n_heads": 2,
        "experts": {"n_experts": 4, "top_k": 2, "d_expert": 32, "bias_rate": 0.01},
    },
    "training": {"steps": 12, "lr": 3e-3, "checkpoint_every": 2, "eval_every": 6, "eval_batches": 1},
    "evaluation": {"limit_mb": 0.01},
}  # fmt: skip
"""A run of a second or two; its folder is to be said."""


def losses(folder: Path) -> list[tuple[Any, ...]]:
    """What a run has measured that must be the same, bit for bit, whatever happened to it."""
    names = ("step", "loss", "lr", "grad_norm", "val_loss", "expert_load_max")
    return [tuple(row.get(name) for name in names) for row in read_history(folder)]


def state(folder: Path) -> dict[str, Any]:
    """What the last checkpoint of a run holds: steps, settings, the sums of its files."""
    told = json.loads((all_sharded_checkpoints(folder)[-1] / "run.json").read_text())
    files = {name: total for name, total in told["files"].items() if name.startswith("__")}  # .metadata says its folder
    return {name: told[name] for name in ("step", "groups", "belongs_to")} | {"files": files}


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _wait_for(path: Path, timeout_s: float = 40.0) -> str:
    end = time.monotonic() + timeout_s
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come within {timeout_s:g} s"
        time.sleep(0.01)
    return path.read_text()


# What follows runs in the nursery, and in the processes that it forks.

IMPORTED = (
    "llmcourse.pretrain.__main__", "numpy.ma", "torch._dynamo", "torch._inductor", "torch.distributed.fsdp",
    "torch.distributed.checkpoint", "torch.distributed.checkpoint._fsspec_filesystem",
    "torch.distributed.tensor.parallel", "torch.profiler._cupti_monitor",
)  # fmt: skip
"""What a run imports, or has PyTorch import, sooner or later. What is not there is looked for in vain by each rank."""

CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "shutil.rmtree", "os.chmod")


class Doom:
    """Sends a signal at a file operation that changes something in a run's folder, before it is carried out.

    Args:
        pids: A file with the processes of all ranks.
        folder: The run's.
        nth: At which operation, from 1, of those whose event has the name `event` and whose path holds `part`.
        number: The signal.
        to: The ranks that it goes to; this process alone without it.
    """

    def __init__(
        self,
        pids: Path,
        folder: str,
        nth: int,
        event: str = "",
        part: str = "",
        number: int = 9,
        to: Sequence[int] = (),
    ) -> None:
        self.pids, self.folder, self.left, self.event, self.part = pids, folder, nth, event, part
        self.number, self.to = number, to
        sys.addaudithook(self.sees)

    def sees(self, event: str, details: tuple[Any, ...]) -> None:
        """The hook: Python calls it before each file operation, in whatever thread."""
        is_writing = (
            event == "open" and details and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if event not in CHANGES and not is_writing:
            return
        paths = " ".join(os.fsdecode(told) for told in details if isinstance(told, str | bytes | os.PathLike))
        # What is deleted together with its folder goes by its name alone.
        if self.folder not in paths and not (event in ("os.remove", "os.rmdir") and "/" not in paths):
            return
        if self.event in event and self.part in paths:
            self.left -= 1
            if self.left == 0:
                everybody = json.loads(self.pids.read_text()) if self.to else []
                for pid in [everybody[rank] for rank in self.to] or [os.getpid()]:
                    os.kill(pid, self.number)


def nursery() -> None:
    """Start a job for each line that comes, until no more come."""
    for name in IMPORTED:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    gc.freeze()  # else each rank looks through all that was imported once more, when it ends
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for launchers
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            launch(json.loads(line))


def launch(asked: dict[str, Any]) -> None:
    """Start the ranks of a job, and see to their end. In a rank it ends by SystemExit, as a program does."""
    place, n, port, began, pids = Path(asked["place"]), max(asked["n"], 1), free_port(), time.monotonic(), []
    for rank in range(n):
        if (pid := os.fork()) == 0:
            own = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": n, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            os.environ.update({name: str(value) for name, value in own.items()} if asked["n"] else {})
            be_rank(asked, place, rank)
        pids.append(pid)
    _write(place / "pids.json", [*pids, os.getpid()])
    statuses, first = supervise(pids, began + LIMIT_S)
    _write(
        place / "ended.json",
        {
            "statuses": statuses,
            "status": first,
            "seconds": time.monotonic() - began,
            "cpu": resource.getrusage(resource.RUSAGE_CHILDREN)[:2],
        },
    )
    os._exit(0)


def be_rank(asked: dict[str, Any], place: Path, rank: int) -> None:
    """Be a rank, to the end of the process."""
    for number, kind in ((1, "out"), (2, "err")):
        handle = os.open(place / f"{rank}.{kind}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(handle, number)
        os.close(handle)
    os.environ.update(asked["environment"])
    if limit := asked["file_limit"].get(str(rank)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if (doom := asked["doom"]) and doom.pop("rank") == rank:
        Doom(place / "pids.json", **doom)
    if (drag := asked["drag"]) and drag["rank"] == rank:
        slow_down(drag["function"], drag["seconds"], Path(drag.get("until", place / "never")), place / "calls")
    from llmcourse.pretrain.__main__ import program

    sys.argv[1:] = asked["arguments"]
    program()


def slow_down(target: str, seconds: float, until: Path, calls: Path) -> None:
    """Have each call of a function or method of a module take longer, and leave a mark in a file when it begins."""
    module, _, path = target.partition(":")
    holder, name = importlib.import_module(module), path
    while "." in name:
        first, _, name = name.partition(".")
        holder = getattr(holder, first)
    function = getattr(holder, name)

    def slow(*args: Any, **options: Any) -> Any:
        with calls.open("a") as marks:
            marks.write(".")
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until.exists():
            time.sleep(0.05)
        return function(*args, **options)

    setattr(holder, name, slow)


def supervise(pids: list[int], end: float) -> tuple[list[int], int]:
    """Wait for processes; when one leaves with an error, ask the others to go, and then make them.

    Returns:
        Their statuses, and that of the first one that left with an error.
    """
    first = 0
    statuses: dict[int, int] = {}
    while len(statuses) < len(pids):
        time.sleep(0.005)
        for pid in [pid for pid in pids if pid not in statuses]:
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                if time.monotonic() > end:
                    os.kill(pid, signal.SIGKILL)
                continue
            if status and not first:
                first = os.waitstatus_to_exitcode(status)
                end = min(end, time.monotonic() + GRACE_S)
                for other in pids:
                    if other != pid and other not in statuses:
                        os.kill(other, signal.SIGTERM)
            statuses[pid] = os.waitstatus_to_exitcode(status)
    return [statuses[pid] for pid in pids], first


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _write(path: Path, value: Any) -> None:
    path.with_suffix(".part").write_text(json.dumps(value))
    path.with_suffix(".part").rename(path)


if __name__ == "__main__":
    nursery()
