"""Release notebooks for Colab: the same, below a first cell that fetches and installs the course.

`python llmcourse/course/author/colab.py REPOSITORY NOTEBOOKS FOLDER` writes them; it needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SETUP = """\
# Colab: the course into /content/llmcourse, its packages into this machine, your pieces into /content/work.
!test -d /content/llmcourse || git clone --quiet --depth 1 {repository} /content/llmcourse
%pip install --quiet -e "/content/llmcourse[course]"
import os, sys

sys.path.insert(0, "/content/llmcourse")
os.environ["LLMCOURSE_WORKSPACE"] = "/content/work"
os.makedirs("/content/work/.llmcourse", exist_ok=True)
%cd -q /content/llmcourse"""


def with_setup(notebook: dict[str, Any], repository: str) -> dict[str, Any]:
    """A notebook with the cell that installs the course before its first code.

    Args:
        notebook: A release notebook, as JSON has it; not changed.
        repository: The course's address, which `git clone` takes.

    Example:
        >>> made = with_setup({"cells": [{"cell_type": "code", "source": "1"}]}, "https://example.org/course")
        >>> len(made["cells"]), "git clone" in "".join(made["cells"][0]["source"])
        (2, True)
    """
    source = SETUP.format(repository=repository).splitlines(keepends=True)
    metadata = {"llmcourse": {"kind": "student"}}
    cell = {"cell_type": "code", "execution_count": None, "id": "colab-setup", "metadata": metadata, "outputs": []}
    cells = list(notebook["cells"])
    first = next((i for i, each in enumerate(cells) if each["cell_type"] == "code"), len(cells))
    return {**notebook, "cells": [*cells[:first], {**cell, "source": source}, *cells[first:]]}


def write_all(repository: str, notebooks: Path, folder: Path) -> list[Path]:
    """Write every release notebook, with its setup, to the same place below another folder; returns the files."""
    written = []
    for path in sorted(notebooks.glob("*/*.ipynb")):
        target = folder / path.relative_to(notebooks)
        target.parent.mkdir(parents=True, exist_ok=True)
        made = with_setup(json.loads(path.read_text(encoding="utf-8")), repository)
        target.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(target)
    return written


if __name__ == "__main__":
    address, source_folder, target_folder = sys.argv[1:]
    write_all(address, Path(source_folder), Path(target_folder))
