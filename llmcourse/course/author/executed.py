"""What the book knows of its own execution: seconds of each notebook from the cache, versions, the kind of machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jupyter_cache import get_cache
from sphinx.environment import BuildEnvironment

from llmcourse.course.environment import SMALL_VARIABLE, cores

COMPUTES = ("torch", "transformers", "tokenizers", "numpy", "scipy", "matplotlib")
BUILDS = ("jupyter-book", "sphinx", "myst-nb")


def executed_pages(env: BuildEnvironment) -> dict[str, tuple[float, str]]:
    """A page's name -> seconds and day of its last execution, as the cache has it; empty where nothing is executed."""
    settings = env.mystnb_config  # type: ignore[attr-defined]
    if settings.execution_mode != "cache" or not Path(settings.execution_cache_path).is_dir():
        return {}
    found = {}
    records = get_cache(settings.execution_cache_path).list_cache_records()
    for record in sorted(records, key=lambda record: record.created):
        parts = Path(record.uri).with_suffix("").parts[-3:]  # a cache may have been made in another folder
        if parts[0] == "notebooks" and "execution_seconds" in record.data:
            found["/".join(parts)] = (float(record.data["execution_seconds"]), record.created.strftime("%d %B %Y"))
    return found


def versions() -> dict[str, str]:
    """Python and the packages that the pages are computed and built with; those not installed are left out."""
    found = {"Python": platform.python_version()}
    for name in (*COMPUTES, *BUILDS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """The kind of machine, without its name: system, cores, memory, whether there is a GPU, and the setting."""
    found = {"system": f"{platform.system()} on {platform.machine()}", "cores": str(cores())}
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found["memory"] = f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    found["GPU"] = "NVIDIA" if Path("/proc/driver/nvidia/version").exists() else "none"
    small = os.environ.get(SMALL_VARIABLE) == "1"
    found["experiments"] = "at their small setting" if small else "at their full setting for this machine"
    return found
