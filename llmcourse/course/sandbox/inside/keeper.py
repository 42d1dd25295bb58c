"""From a request to a process that holds no right: three processes, each with less to lose than the one before.

    porter   leaves every namespace for a new one, starts the warden, and tells the grader how it all ended
    warden   the first process of the new namespaces: mounts, loopback, then only watches. Its end, whatever the reason,
             is the end of every process in there, so nothing that the guest leaves behind outlives it
    guest    becomes an unprivileged user in a namespace of its own, gives up all rights, takes on the limits, and
             serves a socket. It cannot signal, trace or read its warden

Porter and warden hold the control socket, whose other end only the grader has. When the grader closes it or dies, the
warden ends. What they say there: `{"ready": true}`, `{"error": ...}`, `{"slowed_s": ...}`, `{"killed": ...}` and at
last `{"exit": code}`.
What the warden takes: `{"signal": number}` for the guest's process group, and `{"end": true}`.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from . import linux, memory, seccomp
from .share import Share

NEW_NAMESPACES = linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
SCRATCH = "/scratch"
WATCH_S = 0.2
"""Seconds between two looks at the memory that all processes of a request use."""
TOLD_FROM_S = 5.0
"""Seconds of standing still from which on the grader is told of it."""
TCP_BUFFER = "4096 65536 131072"
"""The least, the usual and the largest size of what waits in a connection, which no limit of memory counts."""
FILES_PER_TMPFS = 1 << 16
"""Inodes cost the machine memory that no size limit of a tmpfs counts."""
KILLED = 128 + signal.SIGKILL


@dataclass(frozen=True)
class Request:
    """A process to start.

    Attributes:
        control: Where porter and warden speak with the grader.
        passed: The socket that the guest serves.
        module: The module whose `serve` does that; None for a trial, which ends as soon as it is ready.
        environment: All the guest's environment variables.
        limits: The fields of `Limits`.
        inside_id: The guest's user and group, as it sees them.
        outside_id: The same as seen outside, when the grader is root; otherwise the grader's own.
    """

    control: socket.socket
    passed: int | None
    module: str | None
    environment: dict[str, str]
    limits: dict[str, int]
    inside_id: int
    outside_id: int

    @classmethod
    def parse(cls, message: bytes, fds: list[int]) -> Request:
        """Read a request and the descriptors that came with it: control and, but for a trial, the one to pass."""
        fields: dict[str, Any] = json.loads(message)
        passed = fds[1] if len(fds) > 1 else None
        return cls(control=socket.socket(fileno=fds[0]), passed=passed, **fields)


def say(control: socket.socket, **message: Any) -> None:
    """Tell the grader; it may be gone."""
    try:
        control.send(json.dumps(message).encode()[:60_000])
    except OSError:
        return


def porter(request: Request) -> NoReturn:
    """Start a warden in new namespaces and report its end, which is the end of all that ran there."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        linux.die_with_parent()
        as_root = os.geteuid() == 0
        if as_root:
            linux.unshare(NEW_NAMESPACES)
        else:
            outside = os.geteuid(), os.getegid()
            linux.unshare(NEW_NAMESPACES | linux.CLONE_NEWUSER)
            linux.map_self(*outside, request.inside_id)
        pid = os.fork()
        if pid == 0:
            warden(request, as_root=as_root)
        linux.close_all_but([request.control.fileno()])
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        say(request.control, exit=128 - code if code < 0 else code)
    except BaseException:
        say(request.control, error=traceback.format_exc(limit=-3))
    os._exit(0)


def warden(request: Request, *, as_root: bool) -> NoReturn:
    """Furnish the namespaces, start the guest in them, and watch until it ends or the grader says so."""
    try:
        linux.die_with_parent()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        proc = _furnish(request, as_root=as_root)
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            guest(request, proc, as_root=as_root)
        linux.close_all_but([request.control.fileno(), wake_read, wake_write])
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.keep_only_capabilities([linux.CAP_KILL, linux.CAP_SYS_PTRACE])
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
        code = _watch(request, pid, wake_read)
    except BaseException:
        say(request.control, error=traceback.format_exc(limit=-3))
        code = 1
    os._exit(code)


def _furnish(request: Request, *, as_root: bool) -> int:
    """Mount what the guest sees; a descriptor of the /proc that can be written comes back."""
    owner = request.outside_id if as_root else request.inside_id
    size, private = request.limits["scratch_bytes"], linux.MS_NOSUID | linux.MS_NODEV
    data = f"size={size},nr_inodes={FILES_PER_TMPFS},mode=0700,uid={owner},gid={owner}"
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc", private | linux.MS_NOEXEC)
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # What a guest may write there changes how the system treats it: it sees a second mount, and that is read-only.
    linux.mount("/proc", "/proc", None, linux.MS_BIND)
    linux.make_read_only("/proc", f"/proc/self/fd/{proc}/self/mountinfo", recursive=False)
    # Terminals of its own: what the room has, all of its processes would share.
    linux.mount(
        "devpts", "/dev/pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"
    )
    linux.mount("tmpfs", SCRATCH, "tmpfs", private, data)
    linux.mount("tmpfs", "/dev/shm", "tmpfs", private | linux.MS_NOEXEC, data)
    socket.sethostname("sandbox")
    linux.loopback_up()
    for name in ("tcp_rmem", "tcp_wmem"):
        with suppress(OSError):  # an older system has them for the whole machine only
            linux.write(f"/proc/self/fd/{proc}/sys/net/ipv4/{name}", TCP_BUFFER)
    return proc


def _watch(request: Request, pid: int, wake: int) -> int:
    """Reap every orphan until the guest itself has ended; its exit code, in a shell's numbering."""
    share, still_until = Share(request.limits["cores"], time.monotonic()), 0.0
    told_s = TOLD_FROM_S
    while True:
        left = still_until - time.monotonic() if still_until else WATCH_S
        ready, _, _ = select.select([request.control, wake], [], [], max(0.0, min(WATCH_S, left)))
        if wake in ready:
            os.read(wake, 4096)
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return KILLED
            if ended == pid:
                code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code
            if ended == 0:
                break
        if request.control in ready:
            message = request.control.recv(4096)
            order = json.loads(message) if message else {"end": True}
            if "signal" not in order:
                return KILLED
            os.killpg(pid, order["signal"])
        limit = request.limits["memory_bytes"]
        if memory.above(limit):  # how far above is the guest's to choose, and this sentence reaches its author
            say(request.control, killed=f"its processes used more than {limit:,} bytes of memory together")
            return KILLED
        now = time.monotonic()
        pause = share.pause(now)
        if share.used_s > request.limits["cpu_seconds"]:
            seconds = request.limits["cpu_seconds"]
            say(request.control, killed=f"its processes used more than {seconds} s of processor time together")
            return KILLED
        if pause and not still_until:
            _signal_all(signal.SIGSTOP)
            still_until = now + pause
            share.paused_s += pause
        elif still_until and now >= still_until:
            _signal_all(signal.SIGCONT)
            still_until = 0.0
        if share.paused_s >= told_s:  # not each time: nobody reads it before the end
            say(request.control, slowed_s=share.paused_s)
            told_s = 2 * share.paused_s


def _signal_all(number: int) -> None:
    """Signal every process of this namespace but its first."""
    with suppress(OSError):  # there is none
        os.kill(-1, number)


def guest(request: Request, proc: int, *, as_root: bool) -> NoReturn:
    """Give everything up, then serve."""
    code = 1
    try:
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        passed = [] if request.passed is None else [request.passed]
        _use_null_for_standard_streams()
        linux.close_all_but([request.control.fileno(), proc, *passed])
        linux.write(f"/proc/self/fd/{proc}/self/oom_score_adj", "1000")
        _become_nobody(request, f"/proc/self/fd/{proc}", as_root=as_root)
        os.close(proc)
        _take_on(request.limits)
        _settle_in(request)
        run = _prepared(request)
        say(request.control, ready=True)
        request.control.close()
    except BaseException:
        say(request.control, error=traceback.format_exc(limit=-3))
        os._exit(code)
    try:
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        os._exit(code & 0xFF)


def _prepared(request: Request) -> Callable[[], None]:
    module = request.module
    if module is None:
        return lambda: None
    passed = socket.socket(fileno=request.passed)
    return lambda: importlib.import_module(module).serve(passed)


def _use_null_for_standard_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)


def _become_nobody(request: Request, proc: str, *, as_root: bool) -> None:
    """An unprivileged user, in a user namespace below the warden's, without a capability or a way to get one."""
    if as_root:
        os.setgroups([])
        os.setresgid(*[request.outside_id] * 3)
        os.setresuid(*[request.outside_id] * 3)
        # A process that changed its user may not write its own /proc/self/uid_map before it says this.
        linux.prctl(linux.PR_SET_DUMPABLE, 1)
    outside = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    linux.map_self(*outside, request.inside_id, proc)
    # A user namespace is where a process has every capability again, and much of the system's code to attack with them.
    linux.write(f"{proc}/sys/user/max_user_namespaces", "0")
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.keep_only_capabilities([])
    seccomp.install(seccomp.program(platform.machine()))


def _take_on(limits: dict[str, int]) -> None:
    """Limits of each process, and the number of processes: that one counts this user namespace alone."""
    for name, value in {
        "RLIMIT_DATA": limits["memory_bytes"],
        "RLIMIT_NPROC": limits["processes"],
        "RLIMIT_NOFILE": limits["open_files"],
        "RLIMIT_FSIZE": limits["file_bytes"],
        "RLIMIT_CPU": limits["cpu_seconds"],
        "RLIMIT_CORE": 1,  # no file is that small; and unlike 0, it keeps the system's crash handler from starting
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_MEMLOCK": 1 << 16,
        "RLIMIT_STACK": 64 << 20,
        "RLIMIT_RTPRIO": 0,
    }.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        soft = min(value, 8 << 20) if name == "RLIMIT_STACK" else value
        resource.setrlimit(which, (soft, value))


def make_folders() -> None:
    """The folders that the environment names."""
    for name in ("work", "home", "tmp", "workspace", "ipython", "matplotlib"):
        os.makedirs(os.path.join(SCRATCH, name), exist_ok=True)


def _settle_in(request: Request) -> None:
    """The environment and the folders; randomness that no two forks share; a learner's own definitions."""
    os.environ.clear()
    os.environ.update(request.environment)
    os.umask(0o022)
    make_folders()
    os.chdir(os.path.join(SCRATCH, "work"))
    if "random" in sys.modules:
        sys.modules["random"].seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    workspace = request.environment.get("LLMCOURSE_WORKSPACE")
    if workspace and "llmcourse._overlay" in sys.modules:
        sys.modules["llmcourse._overlay"].install(workspace)
