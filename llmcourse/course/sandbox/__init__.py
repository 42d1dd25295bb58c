"""Kernels in which the code of people nobody knows may run.

    with Room(library=folder, limits=Limits(), way="auto") as room:
        manager = sandbox_manager(room, sockets, environment={})
        await manager.start_kernel()

`Room.start_process` starts what is no Jupyter kernel behind the same walls. A kernel sees the system's programs, this Python and the package `llmcourse` of one folder, all read-only, and a
scratch folder of its own. It has no network, no capability, no process of anybody else's, and bounded resources; when
it is stopped, or whoever started it dies, nothing of it is left. See `policy` for what it may see and use, and
`inside.keeper` for how.
"""

from llmcourse.course.sandbox.availability import Availability, available
from llmcourse.course.sandbox.errors import SandboxUnavailable
from llmcourse.course.sandbox.manager import SandboxManager, sandbox_manager
from llmcourse.course.sandbox.policy import Limits
from llmcourse.course.sandbox.room import Room

__all__ = ["Availability", "Limits", "Room", "SandboxManager", "SandboxUnavailable", "available", "sandbox_manager"]
