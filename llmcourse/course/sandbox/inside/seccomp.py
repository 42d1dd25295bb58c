"""A filter of system calls: what no exercise needs, and what reaches past the namespaces or past the memory limits.

What is refused, with EPERM: making and joining namespaces, mounts, kernel modules, keys, tracing, io_uring and bpf
(large kernel interfaces that attacks like); memory that belongs to no process and to no bounded folder (memfd, System
V); socket families other than Unix, IPv4, IPv6 and netlink, since vsock, for one, knows no network namespace.

A filter is a classic BPF program over `struct seccomp_data`; see seccomp(2).
"""

from __future__ import annotations

import ctypes
import socket
import struct

from . import linux

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
REFUSED_EVERYWHERE = (*range(425, 434), 438, 442, 447)
"""io_uring_setup, io_uring_enter, io_uring_register, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick,
pidfd_getfd, mount_setattr, memfd_secret: numbers that all machines share."""
REFUSED = {
    "x86_64": {
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
        "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "setns": 308, "unshare": 272,
        "shmget": 29, "shmat": 30, "shmctl": 31, "semget": 64, "msgget": 68, "mq_open": 240, "memfd_create": 319,
        "add_key": 248, "request_key": 249, "keyctl": 250,
        "bpf": 321, "userfaultfd": 323, "perf_event_open": 298,
        "kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313, "delete_module": 176,
        "swapon": 167, "swapoff": 168, "reboot": 169, "quotactl": 179, "acct": 163, "syslog": 103,
        "name_to_handle_at": 303, "open_by_handle_at": 304, "iopl": 172, "ioperm": 173, "modify_ldt": 154,
    },
    "aarch64": {
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
        "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "setns": 268, "unshare": 97,
        "shmget": 194, "shmat": 196, "shmctl": 195, "semget": 190, "msgget": 186, "mq_open": 180, "memfd_create": 279,
        "add_key": 217, "request_key": 218, "keyctl": 219,
        "bpf": 280, "userfaultfd": 282, "perf_event_open": 241,
        "kexec_load": 104, "kexec_file_load": 294, "init_module": 105, "finit_module": 273, "delete_module": 106,
        "swapon": 224, "swapoff": 225, "reboot": 142, "quotactl": 60, "acct": 89, "syslog": 116,
        "name_to_handle_at": 264, "open_by_handle_at": 265,
    },
}  # fmt: skip
SOCKET = {"x86_64": 41, "aarch64": 198}
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_NETLINK", 16))
X32_BIT = 0x40000000

LOAD, JUMP_IF_EQUAL, JUMP_IF_NOT_LESS, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


def program(machine: str) -> bytes:
    """The filter's instructions for a machine.

    Raises:
        ValueError: The machine's system calls are not known here.
    """
    if machine not in AUDIT_ARCH:
        raise ValueError(f"no filter of system calls for {machine!r}; there is one for: {', '.join(AUDIT_ARCH)}")
    rows = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    if machine == "x86_64":
        rows += [(JUMP_IF_NOT_LESS, 0, 1, X32_BIT), (RETURN, 0, 0, REFUSE)]
    for number in sorted({*REFUSED_EVERYWHERE, *REFUSED[machine].values()}):
        rows += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    rows += [(JUMP_IF_EQUAL, 1, 0, SOCKET[machine]), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, FIRST_ARGUMENT)]
    for family in FAMILIES:
        rows += [(JUMP_IF_EQUAL, 0, 1, int(family)), (RETURN, 0, 0, ALLOW)]
    rows.append((RETURN, 0, 0, REFUSE))
    return b"".join(struct.pack("=HBBI", *row) for row in rows)


def install(code: bytes) -> None:
    """Filter this process's system calls, and those of all it starts, from now on; needs no_new_privs."""
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    address = ctypes.create_string_buffer(header, len(header))
    linux.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(address))
