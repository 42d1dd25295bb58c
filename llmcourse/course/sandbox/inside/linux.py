"""The few Linux calls that Python 3.11 has no name for."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterable

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAP_KILL, CAP_SYS_PTRACE = 5, 19
LAST_CAPABILITY = 63
CAPABILITY_VERSION_3 = 0x20080522
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
SIGKILL = 9


def call(name: str, *args: object) -> int:
    """Call a function of the C library.

    Raises:
        OSError: It returned a negative number; the message names the function.
    """
    library = ctypes.CDLL(None, use_errno=True)
    result = getattr(library, name)(*args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return int(result)


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` name for new ones."""
    call("unshare", ctypes.c_int(flags))


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    call(
        "mount",
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )


def prctl(option: int, value: int = 0, third: int = 0) -> int:
    """prctl(2)."""
    zero = ctypes.c_ulong(0)
    return call("prctl", ctypes.c_int(option), ctypes.c_ulong(value), ctypes.c_ulong(third), zero, zero)


def die_with_parent() -> None:
    """Be killed when the process that started this one ends."""
    prctl(PR_SET_PDEATHSIG, SIGKILL)


def keep_only_capabilities(kept: Iterable[int]) -> None:
    """Give up every capability but `kept`, for this process and, but for `kept`, for what it executes."""
    kept = set(kept)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(LAST_CAPABILITY + 1):
        if capability not in kept:
            try:
                prctl(PR_CAPBSET_DROP, capability)
            except OSError as error:
                # EINVAL: beyond this kernel's last capability. EPERM: there is no CAP_SETPCAP to drop it with; with
                # no_new_privs the bounding set gives nothing anyway.
                if error.errno not in (1, 22):
                    raise
    masks = [sum(1 << (c - base) for c in kept if base <= c < base + 32) for base in (0, 32)]
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    data = b"".join(struct.pack("=III", mask, mask, 0) for mask in masks)
    call("capset", header, data)


def map_self(outside_uid: int, outside_gid: int, inside_id: int) -> None:
    """In a new user namespace, be `inside_id`, and let nobody else exist."""
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{inside_id} {outside_uid} 1")
    write("/proc/self/gid_map", f"{inside_id} {outside_gid} 1")


def write(path: str, text: str) -> None:
    """Write a file of /proc, in one piece."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def loopback_up() -> None:
    """Switch on the loopback device of this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def close_all_but(kept: Iterable[int]) -> None:
    """Close every file descriptor above 2 that is not in `kept`."""
    low = 3
    for fd in sorted(set(kept)):
        os.closerange(low, fd)
        low = max(low, fd + 1)
    os.closerange(low, 1 << 20)
