"""What stands behind `llmcourse doctor`: looking over the machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One line of `doctor`: what was looked at, what was found, whether it will do, and how to mend it."""

    what: str
    found: str
    state: str
    mend: str = ""


def examine(root: Path | None, workspace: Path | None) -> list[Finding]:
    """Look over this machine: everything the course uses, with how to mend what is missing."""
    version = ".".join(map(str, sys.version_info[:3]))
    python = "ok" if sys.version_info >= (3, 11) else "missing"
    findings = [Finding("Python", version, python, "install Python 3.11 or newer and run `make` again")]
    findings += [_package(name, "make") for name in ("torch", "tokenizers", "jupyterlab", "nbgrader", "jupytext")]
    findings.append(_package("jupyter-book", "make", optional=True))
    findings.append(_gpu())
    bwrap = shutil.which("bwrap")
    state = "ok" if bwrap else "optional"
    findings.append(Finding("bubblewrap", bwrap or "not found", state, "for isolated grading: apt install bubblewrap"))
    findings.append(_place("course", root, "run this inside a checkout of llmcourse"))
    findings.append(_place("workspace", workspace, "`llmcourse start` makes one"))
    return findings


def _place(what: str, path: Path | None, mend: str) -> Finding:
    return Finding(what, str(path) if path else "not found", "ok" if path else "missing", mend)


def _package(name: str, mend: str, *, optional: bool = False) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name), "ok")
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", "optional" if optional else "missing", f"run `{mend}` in the checkout")


def _gpu() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("GPU", "unknown without torch", "optional", "run `make` in the checkout")
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", torch.cuda.get_device_name(0), "ok")
    return Finding("GPU", "none", "optional", "not needed: every exercise runs on a CPU")
