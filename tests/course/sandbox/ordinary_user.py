"""Runs a command as a user whom no other process has: `python ordinary_user.py CHECKOUT COMMAND`, by root.

Root's Python may lie where nobody else can go, in /root for one. So in a mount namespace of its own, the command finds
an open folder in the place of each closed one, with only Python and the checkout in it.
"""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
USER_ID = 64_981


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way to a path that others cannot enter."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 1), None)


def main() -> None:
    """Open the way, become the user, execute the command."""
    sys.path.insert(0, str(CHECKOUT))
    from llmcourse.course.sandbox.inside import linux

    needed = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, sys.argv[1])}
    linux.unshare(linux.CLONE_NEWNS)
    behind = {path: os.open(path, os.O_PATH) for path in needed if closed_folder(path)}
    closed = {closed_folder(path) for path in behind}
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    for folder in closed:
        linux.mount("tmpfs", str(folder), "tmpfs", 0, "mode=0755")
    for path, fd in behind.items():
        path.mkdir(parents=True, exist_ok=True)
        linux.mount(f"/proc/self/fd/{fd}", str(path), None, linux.MS_BIND | linux.MS_REC)
    os.setgroups([])
    os.setresgid(*[USER_ID] * 3)
    os.setresuid(*[USER_ID] * 3)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
