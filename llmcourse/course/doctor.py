"""What stands behind `llmcourse doctor`: looking over the machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import llmcourse
from llmcourse.course.paths import is_received
from llmcourse.course.progress import unusable_pieces

INSTALL = "pip install -c constraints.txt -e ."
"""What puts a received course's own library and commands in place."""


@dataclass(frozen=True)
class Finding:
    """One line of `doctor`: what was looked at, what was found, whether it will do, and how to mend it."""

    what: str
    found: str
    state: str
    mend: str = ""


def examine(root: Path | None, workspace: Path | None) -> list[Finding]:
    """Look over this machine: everything the course uses, with how to mend what is missing.

    Args:
        root: The course's folder. One that a class received needs less than a checkout: nothing that builds or grades.
        workspace: The learner's workspace.

    Example:
        >>> [finding.what for finding in examine(None, None)][:2]
        ['Python', 'torch']
    """
    received = root is not None and is_received(root)
    install = f"run `{INSTALL}` in the course's folder" if received else "run `make` in the checkout"
    version = ".".join(map(str, sys.version_info[:3]))
    python = "ok" if sys.version_info >= (3, 11) else "missing"
    findings = [Finding("Python", version, python, f"install Python 3.11 or newer, then {install}")]
    findings += [_package(name, install) for name in ("torch", "tokenizers", "jupyterlab")]
    if not received:
        findings += [_package(name, install) for name in ("nbgrader", "jupytext")]
        findings.append(_package("jupyter-book", install, optional=True))
    findings.append(_gpu(install))
    findings += [_library(root)] if received else [_walls()]
    findings.append(_place("course", root, "run this inside the course's folder"))
    findings.append(_place("workspace", workspace, "`llmcourse start` makes one", "optional"))
    findings += _pieces(workspace) if workspace else []
    return findings


def _walls() -> Finding:
    """Whether submissions can be shut in, found out by doing it."""
    try:
        from llmcourse.course.sandbox import available

        reason = available().reason
    except ImportError as error:
        reason = f"unknown: {error}"
    mend = "to grade people you do not know: see the end of book/instructors.md"
    return Finding("walls", reason or "submissions can be shut in", "optional" if reason else "ok", mend)


def _pieces(workspace: Path) -> list[Finding]:
    """The learner's own pieces whose file no longer gives them."""
    broken = sorted(unusable_pieces(workspace).items())
    return [Finding(piece.name, reason, "optional", f"run its cell again, %%build {piece}") for piece, reason in broken]


def _library(root: Path) -> Finding:
    """Whether the package that runs is the one in the course's folder: another does not follow a new release."""
    package = Path(llmcourse.__file__).resolve().parent
    state = "ok" if package.parent == root.resolve() else "optional"
    return Finding("library", str(package), state, f"run `{INSTALL}` in {root}")


def _place(what: str, path: Path | None, mend: str, otherwise: str = "missing") -> Finding:
    return Finding(what, str(path) if path else "not found", "ok" if path else otherwise, mend)


def _package(name: str, mend: str, *, optional: bool = False) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name), "ok")
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", "optional" if optional else "missing", mend)


def _gpu(install: str) -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("GPU", "unknown without torch", "optional", install)
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", torch.cuda.get_device_name(0), "ok")
    return Finding("GPU", "none", "optional", "not needed: every exercise runs on a CPU")
