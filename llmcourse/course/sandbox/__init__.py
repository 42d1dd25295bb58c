"""Processes in which the code of people nobody knows may run.

    with Room(library=folder, limits=Limits(), way="auto") as room:
        process = room.start_process("llmcourse.course.remote.cells", {}, theirs.fileno())
        await process.wait_until_ready()

A process sees the system's programs, this Python and the package `llmcourse` of one folder, all read-only, and a
scratch folder of its own. It has no network, no capability, no process of anybody else's, and bounded resources; when
it is stopped, or whoever started it dies, nothing of it is left. See `policy` for what it may see and use,
`inside.builder` for the room's walls, and `inside.keeper` for those of each process. No program but Python is needed.
"""

from llmcourse.course.sandbox.availability import Availability, available
from llmcourse.course.sandbox.errors import SandboxUnavailable
from llmcourse.course.sandbox.policy import Limits
from llmcourse.course.sandbox.room import Room

__all__ = ["Availability", "Limits", "Room", "SandboxUnavailable", "available"]
