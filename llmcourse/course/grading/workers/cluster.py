"""Submissions run on many machines, through `dask.distributed`.

On each machine the same version of llmcourse is installed, with the extra `cluster`. One machine runs
`dask scheduler`, the others `dask worker tcp://SCHEDULER:8786 --nthreads 1 --nworkers auto`. Then

    llmcourse grade submissions/ --cluster tcp://SCHEDULER:8786

grades as ever: notebooks travel to the workers and back as values, so that no folder has to be shared, and the gradebook
stays here. A file that the scheduler wrote (`dask scheduler --scheduler-file FILE`) is as good as an address. Whoever
reaches a scheduler can run code on its workers: keep it inside a network that students are not in, or use dask's TLS.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.trial.rooms import why_not
from llmcourse.course.grading.workers.work import library_digest

CONNECT_S = 20


class Cluster(Executor):
    """Runs functions on the workers of a dask cluster.

    Args:
        address: The scheduler's address, or the path of the file that it wrote.
        way: How processes are started there.

    Raises:
        GradingError: There is no such cluster, its workers have another version of the library, or cannot shut in
            what they would run.
    """

    def __init__(self, address: str, way: str = "auto"):
        try:
            from distributed import Client
        except ImportError:
            raise GradingError('--cluster needs dask: pip install "llmcourse[cluster]"') from None
        where = {"address": address} if "://" in address else {"scheduler_file": address}
        if "scheduler_file" in where and not Path(address).is_file():
            raise GradingError(
                f"--cluster {address}: neither an address such as tcp://HOST:8786 nor a scheduler's file"
            )
        try:
            self._client = Client(**where, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise GradingError(f"no dask scheduler answers at {address}: {error}") from error
        try:
            self.count = self._checked(address, way)
        except BaseException:
            self._client.close()
            raise
        self._futures: dict[str, Any] = {}
        self._executor = self._client.get_executor(pure=False, retries=1)
        self.now: dict[Any, str] = {}
        """What is on its way, by its number."""

    def _checked(self, address: str, way: str) -> int:
        threads = self._client.nthreads()
        if not threads:
            raise GradingError(f"the cluster at {address} has no worker")
        told = self._client.run(library_digest, on_error="return")
        mine = library_digest()
        for worker, digest in told.items():
            if isinstance(digest, BaseException):
                raise GradingError(f"llmcourse does not run on {worker}: {type(digest).__name__}: {digest}")
            if digest != mine:
                raise GradingError(f"another version of llmcourse is on {worker}: install the same one and restart it")
        if way != "unsafe":
            for worker, reason in self._client.run(why_not).items():
                if reason:
                    raise GradingError(f"{worker} cannot shut submissions in: {reason}")
        return sum(threads.values())

    def submit(self, function: Callable[..., Any], /, *arguments: Any, label: str = "") -> Future[Any]:  # type: ignore[override]
        """Have a worker call a function; see `LocalWorkers.submit`."""
        future: Future[Any] = self._executor.submit(function, *arguments)
        self.now[id(future)] = label
        future.add_done_callback(lambda done: self.now.pop(id(done), None))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the cluster; with `cancel_futures`, what has not begun does not begin."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()
