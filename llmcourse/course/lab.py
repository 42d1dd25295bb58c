"""How `llmcourse lab` starts JupyterLab."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmcourse.course.environment import WORKSPACE_VARIABLE
from llmcourse.course.paths import MARKER
from llmcourse.files import write_atomically

STARTUP = Path(__file__).parent / "notebook" / "startup.py"
INSTRUCTORS = ("assignment_list", "course_list", "formgrader", "validate_assignment")
"""nbgrader's parts of the server; they complain in a learner's terminal of a folder that is not a course's."""
CONFIG: dict[str, dict[str, Any]] = {
    "jupyter_server_config": {
        "ServerApp": {"jpserver_extensions": {f"nbgrader.server_extensions.{name}": False for name in INSTRUCTORS}}
    },
    "labconfig/page_config": {"disabledExtensions": {"@jupyter/nbgrader": True}},
    "labconfig/default_setting_overrides": {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
    },
}
"""Files of JupyterLab's configuration below the workspace; a learner's own settings go before them."""


def lab_environment(workspace: Path) -> dict[str, str]:
    """What JupyterLab is started with, so that a learner finds the course in it and nothing else of the course's.

    Its terminals know the command `llmcourse`, nbgrader's tools for instructors are hidden, and a kernel in which the
    course is not loaded says so (see `startup`). Nobody is asked about news, and Markdown is rendered.
    """
    config = workspace / MARKER / "jupyter"
    for name, settings in CONFIG.items():
        write_atomically(config / f"{name}.json", json.dumps(settings, indent=1) + "\n")
    environment = {
        WORKSPACE_VARIABLE: str(workspace),
        "PATH": os.pathsep.join(filter(None, [str(Path(sys.executable).parent), os.environ.get("PATH")])),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [str(config), os.environ.get("JUPYTER_CONFIG_PATH")])),
    }
    if not os.environ.get("PYTHONSTARTUP"):
        environment["PYTHONSTARTUP"] = str(STARTUP)
    return environment


def lab_options(given: Sequence[str], opens: str = "") -> list[str]:
    """JupyterLab's options: those given, and what it needs here and was not told.

    Args:
        given: A learner's own; what they decide is left to them.
        opens: The file to open, relative to the workspace; none where it is empty.
    """
    options = []
    if opens and not _decided(given, "default_url"):
        options.append(f"--LabApp.default_url=/lab/tree/{opens}")
    if is_root() and not _decided(given, "allow-root", "allow_root"):
        options.append("--allow-root")
    if os.name == "posix" and not sys.stdout.isatty() and not _decided(given, "terminado_settings"):
        # Its terminals would be login shells, which read /etc/profile and lose the course's PATH.
        shell = os.environ.get("SHELL") or shutil.which("sh") or "sh"
        options.append(f"--ServerApp.terminado_settings={ {'shell_command': [shell]} }")
    return [*options, *given]


def is_root() -> bool:
    """Whether this process is root's, which JupyterLab refuses unless it is told that this is meant."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _decided(given: Sequence[str], *names: str) -> bool:
    return any(name in option for option in given for name in names)
