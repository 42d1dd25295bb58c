"""What is done to a submission away from the gradebook: values in, values out, on whatever process or machine."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

import llmcourse
from llmcourse.course.grading.trial.notebook import Settings, run_notebook

PACKAGE = Path(llmcourse.__file__).resolve().parent


@dataclass(frozen=True)
class Executed:
    """A submission that has been run.

    Attributes:
        notebooks: The executed notebooks as JSON, by name.
        seconds: What running took.
        slowed_s: How long its processes stood still for having used more than one share of the machine.
        overturned: What failed and passed when it ran once more, a sentence each.
    """

    notebooks: dict[str, str]
    seconds: float
    slowed_s: float = 0.0
    overturned: tuple[str, ...] = ()


def run_submission(notebooks: Mapping[str, str], settings: Settings) -> Executed:
    """Run one submission's repaired notebooks; they come back with what each cell deserves in its outputs.

    Args:
        notebooks: Repaired notebooks as JSON (which were valid when they were made), with the check cells in full.
        settings: How to run them.

    Raises:
        ProcessNotStarted: The machine's fault: no process could be started.
        SandboxUnavailable: Nothing can be shut in on this machine, and why.
    """
    start = time.monotonic()
    done, seen = {}, []
    for name, text in notebooks.items():
        notebook = nbformat.from_dict(json.loads(text))
        seen.append(run_notebook(notebook, settings))
        done[name] = json.dumps(notebook)
    overturned = tuple(sentence for one in seen for sentence in one.overturned)
    return Executed(done, time.monotonic() - start, sum(one.slowed_s for one in seen), overturned)


def library_digest() -> str:
    """A hash of the installed llmcourse: its version and every Python file."""
    digest = hashlib.sha256(llmcourse.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
