"""A small course of its own, and a small library, so that the machinery is tested apart from the real chapters."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import llmcourse
from llmcourse import _overlay
from llmcourse.course.paths import MARKER
from llmcourse.course.workspace import Builder

LIBRARY = '''"""A module to learn on."""

import math

LIMIT = 3


def double(x: int) -> int:
    """Twice a number.

    Example:
        >>> double(2)
        4
    """
    # the obvious way
    return 2 * x


def quadruple(x: int) -> int:
    """Four times a number."""
    return double(double(x))


class Counter:
    """Counts."""

    start = 0

    def __init__(self) -> None:
        self.count = self.start

    def add(self, n: int) -> int:
        """Add to the count."""
        self.count += n
        return self.count


def undocumented(x):
    return x
'''

CHAPTER = """---
title: Doubling
---
# Doubling

Some prose.

```{code-cell} ipython3
:kind: setup
%load_ext llmcourse.course
```

+++ {"kind": "box"}
Write it.

```{code-cell} ipython3
:kind: exercise
:piece: llmcourse.toy:double
:title: Double
:difficulty: 1
:minutes: 5
```

```{code-cell} ipython3
:kind: check
:piece: llmcourse.toy:double
:points: 2

assert double(2) == 4, "twice two is four"
### BEGIN HIDDEN TESTS
assert double(-7) == -14, "negative numbers double too"
### END HIDDEN TESTS
```

```{code-cell} ipython3
:kind: experiment
:id: show
shown = [n for n in range(3)]
```

+++ {"kind": "written", "id": "why", "points": 3, "title": "Why?"}
### BEGIN SOLUTION
Because.

**Mark scheme**: 1 point for the word because.
### END SOLUTION
"""


@pytest.fixture
def small_course(tmp_path: Path) -> Path:
    """A checkout with one chapter and one library module."""
    (tmp_path / "book" / "chapters").mkdir(parents=True)
    (tmp_path / "book" / "chapters" / "01_doubling.md").write_text(CHAPTER, encoding="utf-8")
    (tmp_path / "llmcourse").mkdir()
    (tmp_path / "llmcourse" / "toy.py").write_text(LIBRARY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """`llmcourse.toy` and `llmcourse.user`, importable for one test; everything is put back after it."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "toy.py").write_text(LIBRARY)
    (package / "user.py").write_text("from llmcourse.toy import double as twice\n")
    monkeypatch.setattr(llmcourse, "__path__", [*llmcourse.__path__, str(package)])
    finders, reference = list(sys.meta_path), dict(_overlay._reference)
    yield package
    sys.meta_path[:] = finders
    _overlay._reference.clear()
    _overlay._reference.update(reference)
    for name in ("toy", "user"):
        sys.modules.pop(f"llmcourse.{name}", None)
        vars(llmcourse).pop(name, None)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's workspace, which this process knows of."""
    folder = tmp_path / "work"
    (folder / MARKER).mkdir(parents=True)
    monkeypatch.setenv("LLMCOURSE_WORKSPACE", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def builder(library: Path, workspace: Path) -> Builder:
    """A notebook's link to the workspace."""
    _overlay.install(workspace)
    shell = InteractiveShell()
    return Builder(shell, workspace, keeps_progress=True)
