"""Execute the book's notebooks side by side before Sphinx reads them, into the cache from which it then takes them.

`execute_pages` is a handler of the book's Sphinx extension. It asks myst-nb's own reader and jupyter-cache's own key
which of the pages to read have no outputs yet, and runs those: as many at once as there are cores, the longest first
(as the last build tells, or else `LONGEST`), each in a kernel with one thread, an empty folder and an empty workspace
of its own. What it leaves to myst-nb is nothing but to read the cache. A notebook that fails stops none of the others,
but it stops the build.
"""

from __future__ import annotations

import asyncio
import math
import os
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from llmcourse._sections import WORKSPACE_VARIABLE
from llmcourse.course.author.book import strip_colour
from llmcourse.course.author.forked import fork_kernel
from llmcourse.course.environment import ONE_THREAD, cores
from llmcourse.course.kernels import notebook_client
from llmcourse.course.notebooks import facts_of

LOGGER = logging.getLogger(__name__)
JOIN_THREADS = """import threading, time
end = time.monotonic() + 10
for thread in threading.enumerate():
    if not thread.daemon and thread is not threading.current_thread():
        thread.join(max(0, end - time.monotonic()))"""
"""Run after a notebook's last cell, so that no output comes too late; Python waits so at the end of a program. But an
idle pool's threads never end by themselves: they get ten seconds."""


LONGEST = (
    "03_recipes/2_optimization", "03_recipes/4_training", "03_recipes/3_data", "07_pretraining/2_run",
    "06_moe/5_practice", "03_recipes/1_architecture", "04_fsdp/6_finetuning", "06_moe/2_balance",
    "02_positional_encoding/02_positional_encoding", "01_tokenization/01_tokenization",
)  # fmt: skip
"""The notebooks that take longest, for a build that knows of none before: begun last, one would leave a core idle."""


@dataclass
class Page:
    """A notebook to execute, as the book reads it, and what is known of its run; `cell` is the last that was begun."""

    path: Path
    name: str
    notebook: NotebookNode
    expected_s: float = math.inf
    seconds: float = 0.0
    cell: NotebookNode | None = None
    fault: str = ""
    traceback: str = ""

    @property
    def length(self) -> tuple[float, int, int]:
        """What orders the pages: the seconds of the last run; without one, `LONGEST` and the number of experiments."""
        kinds = [facts_of(cell).get("kind") for cell in self.notebook.cells]
        name = "/".join(self.path.with_suffix("").parts[-2:])
        return self.expected_s, -LONGEST.index(name) if name in LONGEST else -len(LONGEST), kinds.count("experiment")


def execute_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Execute those of the pages to be read whose outputs are not in the cache.

    Raises:
        ExtensionError: A cell failed; each is named in the log.
    """
    settings = env.mystnb_config  # type: ignore[attr-defined]
    if settings.execution_mode != "cache":
        return
    cache = get_cache(settings.execution_cache_path)
    pages = [page for name in docnames if (page := _page(env, name)) and not _is_cached(cache, page.notebook)]
    _expect_last_seconds(cache, pages)
    run_pages(pages, lambda page: _finish(page, pages, cache), settings.execution_timeout)
    if any(page.fault for page in pages):
        raise ExtensionError(f"{sum(bool(page.fault) for page in pages)} of {len(pages)} notebooks failed")


def _page(env: BuildEnvironment, docname: str) -> Page | None:
    """The page as myst-nb will read it; None for a page that has nothing to execute."""
    path = Path(env.doc2path(docname))
    if path.suffix != ".ipynb":
        return None
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)  # type: ignore[attr-defined]
    return Page(path, f"{docname}.ipynb", reader.read(text)) if reader else None


def _is_cached(cache: JupyterCacheAbstract, notebook: NotebookNode) -> bool:
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def _expect_last_seconds(cache: JupyterCacheAbstract, pages: Iterable[Page]) -> None:
    records = sorted(cache.list_cache_records(), key=lambda record: record.created)
    # A cache may come from another folder: the end of a path names the notebook.
    seconds = {Path(record.uri).parts[-2:]: record.data.get("execution_seconds", math.inf) for record in records}
    for page in pages:
        page.expected_s = seconds.get(page.path.parts[-2:], math.inf)


def _finish(page: Page, pages: list[Page], cache: JupyterCacheAbstract) -> None:
    """Keep what a page's run gave, and say so."""
    done = sum(bool(other.seconds) for other in pages)
    if page.fault:
        LOGGER.error("%s: %s", page.name, page.fault)
        LOGGER.info("%s", page.traceback)
        return
    bundle = CacheBundleIn(page.notebook, str(page.path), data={"execution_seconds": page.seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    LOGGER.info("Executed %s in %.1f s (%d of %d)", page.name, page.seconds, done, len(pages))


def run_pages(pages: list[Page], on_end: Callable[[Page], None], timeout: float, workers: int | None = None) -> None:
    """Execute the pages in place, the longest first; `on_end` gets each when it has run, whether or not it failed.

    Args:
        pages: The pages; their outputs, seconds and faults are filled in.
        on_end: Called in this function's event loop, so never twice at once.
        timeout: Seconds that one cell may take.
        workers: Notebooks at a time; as many as this process has cores without it.
    """
    if not pages:
        return
    workers = workers or cores()
    LOGGER.info("Executing notebooks: %d, %d at a time", len(pages), min(workers, len(pages)))
    longest_first = sorted(pages, key=lambda page: page.length, reverse=True)
    _until_interrupted(_run_all(longest_first, on_end, timeout, workers))


async def _run_all(pages: list[Page], on_end: Callable[[Page], None], timeout: float, workers: int) -> None:
    free = asyncio.Semaphore(workers)

    async def run(page: Page) -> None:
        async with free:
            LOGGER.info("Executing %s", page.name)
            await _run(page, timeout)
            on_end(page)

    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(run(page))


def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in a thread of its own; a keyboard interrupt cancels it, and waits until its kernels have ended.

    Each notebook client would take the main thread's signals for itself alone; in another thread it leaves them be.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    with ThreadPoolExecutor(max_workers=1) as pool:
        done = pool.submit(loop.run_until_complete, task)
        try:
            done.result()
        except BaseException:
            if not done.done():
                loop.call_soon_threadsafe(task.cancel)
            raise
    loop.close()


async def _run(page: Page, timeout: float) -> None:
    """Execute one page in a kernel, a folder and a workspace of its own."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="llmcourse-page-") as name:
        folder, workspace = Path(name, "run"), Path(name, "workspace")
        folder.mkdir(), workspace.mkdir()
        env = {**os.environ, **ONE_THREAD, WORKSPACE_VARIABLE: str(workspace)}
        with notebook_client(page.notebook, folder, timeout=timeout, record_timing=False) as client:
            fork_kernel(client.km)
            client.on_cell_execute = lambda cell, cell_index: setattr(page, "cell", cell)
            try:
                await _execute(client, env)
            except (CellExecutionError, CellTimeoutError, RuntimeError) as error:  # RuntimeError: the kernel's end
                page.fault, page.traceback = _fault(page.cell, error), strip_colour(str(error))
            finally:
                await _end(client)
    page.seconds = time.perf_counter() - start


async def _execute(client: NotebookClient, env: dict[str, str]) -> None:
    """Run the cells; what a thread prints after the last of them is the last one's."""
    cells, end = client.nb.cells, new_code_cell(JOIN_THREADS)
    last = next((cell for cell in reversed(cells) if cell.cell_type == "code"), end)
    cells.append(end)
    try:
        await client.async_execute(env=env)
    finally:
        cells.pop()
    last.outputs.extend(end.outputs)


async def _end(client: NotebookClient) -> None:
    """End the kernel, also one that was interrupted while it started."""
    if client.km is not None and client.km.has_kernel:
        await client.km.shutdown_kernel(now=True)


def _fault(cell: NotebookNode | None, error: Exception) -> str:
    """One line: the cell, by its id where it has one, and what it raised."""
    raised = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else str(error)
    what = strip_colour(raised).strip().partition("\n")[0]
    if cell is None:
        return f"its kernel did not start: {what}"
    facts = facts_of(cell)
    name = repr(str(facts["id"])) if facts.get("id") else f"starting with `{cell.source.strip().partition(chr(10))[0]}`"
    return f"cell {name} failed: {what}"
