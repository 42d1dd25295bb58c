"""The few Linux calls that Python 3.11 has no name for."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import re
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_NEWCGROUP = 0x02000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 4096, 16384, 1 << 18, 2
KEPT_WHEN_REMOUNTED = {
    "nosuid": MS_NOSUID,
    "nodev": MS_NODEV,
    "noexec": MS_NOEXEC,
    "noatime": 1 << 10,
    "nodiratime": 1 << 11,
    "relatime": 1 << 21,
}
"""What a mount has and, in a user namespace, may not lose: an option of /proc/self/mountinfo, and its flag."""
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
CAP_KILL, CAP_SYS_PTRACE = 5, 19
LAST_CAPABILITY = 63
CAPABILITY_VERSION_3 = 0x20080522
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
SIGKILL = 9
MADV_COLLAPSE, HUGE_PAGE = 25, 2 << 20


def call(function: str, *args: object, name: str = "") -> int:
    """Call a function of the C library; `name` is what an error calls it.

    Raises:
        OSError: It returned a negative number; the message names the function.
    """
    result = _function(function)(*args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name or function}: {os.strerror(number)}")
    return int(result)


@cache
def _function(name: str) -> Any:
    """A function of the C library; it is looked for in some 200 libraries, and a fork finds it again here."""
    return getattr(_library(), name)


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


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
        name=f"mount {target}",
    )


def umount(target: str) -> None:
    """Take a mount, with all below it, out of this namespace's tree."""
    call("umount2", target.encode(), ctypes.c_int(MNT_DETACH))


def pivot_root(new: str, old: str) -> None:
    """Make the mount `new` the root, and put what was the root at the folder `old` below it.

    Raises:
        OSError: It is refused, or this machine's number of the call is not known here.
    """
    if platform.machine() not in PIVOT_ROOT:
        raise OSError(errno.ENOSYS, f"pivot_root: not known on {platform.machine()!r}")
    call("syscall", ctypes.c_long(PIVOT_ROOT[platform.machine()]), new.encode(), old.encode(), name="pivot_root")


def make_read_only(path: str, mounts: str, *, recursive: bool) -> None:
    """Make the mount at a path read-only, without set-user-ID programs and devices that its own mount does not have.

    Args:
        path: Where it is mounted.
        mounts: Where this process's mountinfo can be read, for systems before Linux 5.12.
        recursive: Whether all mounts below it become so too.
    """
    attributes = struct.pack("=QQQQ", MS_RDONLY | MS_NOSUID, 0, 0, 0)  # these attributes have the flags' numbers
    flags, size = AT_RECURSIVE if recursive else 0, ctypes.c_size_t(len(attributes))
    at = ctypes.c_int(AT_FDCWD), path.encode(), ctypes.c_uint(flags)
    try:
        call("syscall", ctypes.c_long(MOUNT_SETATTR), *at, attributes, size, name="mount_setattr")
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):  # EPERM: a container's filter that does not know the call
            raise
        for found, kept in mounts_at(path, mounts, recursive=recursive):
            mount("none", found, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | kept)


def mounts_at(path: str, mounts: str, *, recursive: bool) -> list[tuple[str, int]]:
    """The mounts at a path and, with `recursive`, below it: where they are, and the flags that each must keep."""
    found = {}
    with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            where, options = line.split()[4:6]
            where = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), where)
            if where == path or (recursive and where.startswith(path.rstrip("/") + "/")):
                found[where] = sum(KEPT_WHEN_REMOUNTED.get(option, 0) for option in options.split(","))
    return list(found.items())


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


def keep_capabilities_when_executing() -> None:
    """Let the program that this process executes next have the capabilities that this process has."""
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    data = ctypes.create_string_buffer(24)
    call("capget", header, data)
    sets = [struct.unpack_from("=III", data, offset) for offset in (0, 12)]
    call("capset", header, b"".join(struct.pack("=III", has, has, has) for _, has, _ in sets))
    held = sets[0][1] | sets[1][1] << 32
    for capability in range(LAST_CAPABILITY + 1):
        if held >> capability & 1:
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def map_self(outside_uid: int, outside_gid: int, inside_id: int, proc: str = "/proc") -> None:
    """In a new user namespace, be `inside_id`, and let nobody else exist."""
    write(f"{proc}/self/setgroups", "deny")
    write(f"{proc}/self/uid_map", f"{inside_id} {outside_uid} 1")
    write(f"{proc}/self/gid_map", f"{inside_id} {outside_gid} 1")


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


def use_huge_pages() -> None:
    """Have this process's own memory in pages of 2 MB, where the system can do it: a fork then copies a table of
    hundreds of pages where there were a hundred thousand."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        lines = [line.split() for line in file]
    for where, rights, _, _, inode, *name in lines:
        if rights != "rw-p" or inode != "0" or name not in ([], ["[heap]"]):
            continue
        start, end = (int(number, 16) for number in where.split("-"))
        start, end = -(-start // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
        if start < end:
            with suppress(OSError):
                call("madvise", ctypes.c_void_p(start), ctypes.c_size_t(end - start), ctypes.c_int(MADV_COLLAPSE))
