"""How much of the machine all processes of a namespace take together, and for how long they have to stand still for it.

The system shares its cores between processes, so somebody with a hundred of them would get a hundred shares. Here they
get one together: processor time is credited as it passes, and who has used more than that waits.
"""

from __future__ import annotations

import os
import resource

BURST_S = 2.0
"""Seconds of processor time that may be used ahead: what starts several processes is not held back for that."""
MAX_PAUSE_S = 1.0
"""Seconds that processes stand still at once: an interrupt reaches them behind that."""
TICKS = os.sysconf("SC_CLK_TCK")

Times = dict[str, tuple[int, int]]
"""Process -> ticks of its own, and of the children that it has waited for."""


class Share:
    """The account of one namespace.

    Args:
        cores: How much processor time is credited in a second; with 0 nobody ever waits.
        now: The time, in seconds from whenever.
    """

    def __init__(self, cores: float, now: float):
        self.cores, self.used_s, self.paused_s = cores, 0.0, 0.0
        self._credit, self._now = BURST_S, now
        self._last: Times = {}
        self._reaped = 0.0

    def pause(self, now: float, times: Times | None = None, reaped_s: float | None = None) -> float:
        """Note what was used since the last time; returns for how many seconds all processes have to stand still.

        Args:
            now: The time.
            times: What the processes have used; read from /proc when None.
            reaped_s: What those have used that this process has waited for.
        """
        times = read_times() if times is None else times
        if reaped_s is None:
            ended = resource.getrusage(resource.RUSAGE_CHILDREN)
            reaped_s = ended.ru_utime + ended.ru_stime
        used = max(self._alive(times), self._altogether(times) + reaped_s - self._reaped)
        self._last, self._reaped = times, reaped_s
        self.used_s += used
        self._credit = min(BURST_S, self._credit + (now - self._now) * self.cores - used)
        self._now = now
        if self.cores <= 0 or self._credit >= 0:
            return 0.0
        return min(MAX_PAUSE_S, -self._credit / self.cores)

    def _alive(self, times: Times) -> float:
        """What those that live have used themselves: also if nobody waits for them when they end."""
        new = (own - self._last.get(name, (0, 0))[0] for name, (own, _) in times.items())
        return sum(ticks for ticks in new if ticks > 0) / TICKS

    def _altogether(self, times: Times) -> float:
        """What they have used with the children that they have waited for: also if these lived between two looks."""
        return (sum(map(sum, times.values())) - sum(map(sum, self._last.values()))) / TICKS


def read_times() -> Times:
    """What each process of this namespace, its first apart, has used; by its number and when it was started."""
    found: Times = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and name != "1":
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            own, of_children = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
            found[f"{name}-{fields[19].decode()}"] = own, of_children
    return found
