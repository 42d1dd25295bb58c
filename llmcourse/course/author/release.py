"""What a class receives: the released notebooks and a library without their solutions, in one folder."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from llmcourse.course.author.chapters import REGIONS
from llmcourse.course.author.edition import edition_files, pieces_of
from llmcourse.course.doctor import INSTALL
from llmcourse.course.paths import RECORD
from llmcourse.course.pieces import REMOVED
from llmcourse.course.starting import released_chapters

LATER = ("keep", "remove")
LEARNERS_REQUIREMENTS = ("filelock", "jupyterlab", "rich", "tensorboard", "typer")
"""What a learner needs of the extra `course`; the rest of it builds and grades."""
NOTEBOOK_REQUIREMENTS = ("nbclient", "nbformat")
"""What nbgrader brings in a checkout."""


class ReleaseError(ValueError):
    """A release cannot be made; the message says what to change."""


@dataclass(frozen=True)
class Released:
    """A release: where it is, the chapters in it, how many files, and how many pieces it comes without."""

    folder: Path
    chapters: tuple[str, ...]
    n_files: int
    n_pieces: int


def release(
    root: Path, folder: Path, chapters: Iterable[str] | None = None, *, later: str = "keep", force: bool = False
) -> Released:
    """Write what a class receives: notebooks, the student edition of the library, and what installs it.

    The released notebooks are copied byte for byte. The library comes without the bodies of their pieces; there is no
    solution, no hidden test and no mark scheme in any file. The same sources give the same bytes.

    Args:
        root: The course's checkout, its notebooks built.
        folder: A new or an empty folder or, with `force`, an earlier release: what was released into it is replaced and
            everything else in it, a learner's work above all, stays as it is.
        chapters: Names, `NN_name`; all when None.
        later: What becomes of the pieces of other chapters: "keep" their bodies, so that the library works as far as
            it can, or "remove" them.
        force: Release again into an earlier release.

    Returns:
        What was released.

    Raises:
        ReleaseError: A chapter does not exist or holds a solution, `later` is unknown, the folder holds something else,
            or a file that a release needs is missing.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     released = release(Path(__file__).parents[3], Path(folder), ["01_tokenization"])
        ...     sorted(path.name for path in Path(folder).iterdir())[:3]
        ['LICENSE', 'README.md', 'constraints.txt']
    """
    there = [path.name for path in released_chapters(root)]
    wanted = there if chapters is None else sorted(set(chapters))
    if unknown := sorted(set(wanted) - set(there)):
        raise ReleaseError(f"unknown chapter {', '.join(map(repr, unknown))}; there are: {', '.join(there) or 'none'}")
    if not wanted:
        raise ReleaseError("no chapter to release: name one, or build the notebooks with `llmcourse build`")
    if later not in LATER:
        raise ReleaseError(f"later must be one of {', '.join(LATER)}, got {later!r}")
    earlier = _earlier_release(folder, force)
    without = there if later == "remove" else wanted
    pieces = [piece for assignment in without for piece in pieces_of(root, assignment)]
    files = _notebooks(root, wanted) | edition_files(root, pieces) | _project_files(root, wanted)
    facts = {"chapters": wanted, "later": later, "files": sorted(path.as_posix() for path in files)}
    files[Path(RECORD)] = (json.dumps(facts, indent=1) + "\n").encode()
    _write(folder, files, earlier)
    return Released(folder, tuple(wanted), len(files), len(set(pieces)))


def _earlier_release(folder: Path, force: bool) -> list[Path]:
    """The files of the release that a folder holds, none for a folder that is new or empty."""
    if folder.exists() and not folder.is_dir():
        raise ReleaseError(f"{folder} is not a folder: name a new or an empty one")
    found = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    if not found:
        return []
    if RECORD not in found:
        shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
        raise ReleaseError(f"{folder} holds {shown}: name a new or an empty folder, or one that was released into")
    if not force:
        raise ReleaseError(f"{folder} holds a release already: --force replaces it; work in it stays as it is")
    try:
        listed = [Path(name) for name in json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{folder / RECORD} is not what a release writes: name another folder") from error
    if any(path.is_absolute() or ".." in path.parts for path in listed):
        raise ReleaseError(f"{folder / RECORD} names files outside of its folder: name another folder")
    return listed


def _write(folder: Path, files: dict[Path, bytes], earlier: Iterable[Path]) -> None:
    """Put files in place when all of them are written, then take away what an earlier release had besides."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder, prefix=".release-"))
    try:
        for relative, data in files.items():
            path = unfinished / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for relative in files:
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            os.replace(unfinished / relative, folder / relative)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if is_new and not any(folder.iterdir()):
            folder.rmdir()
    for relative in set(earlier) - set(files):
        (folder / relative).unlink(missing_ok=True)
        for parent in (folder / relative).parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()


def _notebooks(root: Path, chapters: Iterable[str]) -> dict[Path, bytes]:
    """The chapters' released notebooks, and the recorded studies and configurations that they read."""
    files = {}
    for assignment in chapters:
        for path in sorted((root / "notebooks" / assignment).glob("*.ipynb")):
            text = path.read_text(encoding="utf-8")
            for mark in (*(f"### BEGIN {region}" for region in REGIONS), "Mark scheme"):
                if mark in text:
                    raise ReleaseError(f"{path} holds {mark!r}, which no student should see: run `llmcourse build`")
            files[path.relative_to(root)] = path.read_bytes()
            for study in re.findall(r'recorded\(\\?["\'](\w+)', text):
                files[Path("book", "data", f"{study}.csv")] = _needed(root / "book" / "data" / f"{study}.csv")
            for config in re.findall(r"configs/[\w-]+\.toml", text):
                files[Path(config)] = _needed(root / config)
    return files


def _needed(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read, and a release needs it: {error.strerror}") from error


def _project_files(root: Path, chapters: Sequence[str]) -> dict[Path, bytes]:
    facts = tomllib.loads(_needed(root / "pyproject.toml").decode())
    requirements = _requirements(facts)
    constraints = _needed(root / "constraints.txt").decode()
    return {
        Path("pyproject.toml"): _pyproject(facts, requirements).encode(),
        Path("constraints.txt"): _constraints(constraints, requirements).encode(),
        Path("README.md"): _readme(facts, chapters).encode(),
        Path("LICENSE"): _needed(root / "LICENSE"),
    }


def _requirements(facts: dict[str, Any]) -> list[str]:
    """What a learner installs: what the library needs, and what serves notebooks and commands."""
    course = facts["project"].get("optional-dependencies", {}).get("course", [])
    commands = [text for text in course if Requirement(text).name in LEARNERS_REQUIREMENTS]
    return [*facts["project"]["dependencies"], *commands, *NOTEBOOK_REQUIREMENTS]


def _pyproject(facts: dict[str, Any], requirements: Sequence[str]) -> str:
    project = facts["project"]
    package_data = facts["tool"]["setuptools"].get("package-data", {})
    data = {name: patterns for name, patterns in package_data.items() if not name.startswith("llmcourse.course.")}
    data["llmcourse.course"] = [*data.get("llmcourse.course", ()), REMOVED]
    tables: dict[str, dict[str, Any]] = {
        "build-system": facts["build-system"],
        "project": {
            **{key: project[key] for key in ("name", "version", "description", "requires-python")},
            "readme": "README.md",
            "dependencies": list(requirements),
        },
        "project.optional-dependencies": {"hub": project["optional-dependencies"].get("hub", [])},
        "project.scripts": project["scripts"],
        "tool.setuptools.packages.find": {"include": ["llmcourse*"]},
        "tool.setuptools.package-data": data,
    }
    return "\n".join(f"[{name}]\n{_table(values)}" for name, values in tables.items())


def _table(values: dict[str, Any]) -> str:
    """A TOML table of strings and lists of strings: TOML writes both as JSON does."""
    keys = {key: key if re.fullmatch(r"[\w-]+", key) else json.dumps(key) for key in values}
    return "".join(f"{keys[key]} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def _constraints(text: str, requirements: Iterable[str]) -> str:
    """The versions of what a learner installs; a package that is not installed here keeps its line."""
    reached: set[tuple[str, str]] = set()
    waiting = {each for text in requirements for each in _with_extras(Requirement(text))}
    while waiting:
        reached |= waiting
        waiting = {each for name, extra in waiting for each in _requires(name, extra)} - reached
    needed = {name for name, _ in reached}
    kept = [f"# Every version that was tested. Used as: {INSTALL}"]
    for line in text.splitlines():
        name = canonicalize_name(line.partition("==")[0])
        if "==" in line and (name in needed or not _is_installed(name)):
            kept.append(line)
    return "\n".join(kept) + "\n"


def _with_extras(requirement: Requirement) -> set[tuple[str, str]]:
    """A package and each of its extras that a requirement asks for: the package alone has the extra ''."""
    return {(canonicalize_name(requirement.name), extra) for extra in ("", *requirement.extras)}


@functools.cache
def _requires(name: str, extra: str) -> set[tuple[str, str]]:
    """What a package, or one extra of it, requires on any system."""
    if not _is_installed(name):
        return set()
    found = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
    mark = f'extra == "{extra}"' if extra else "extra =="
    wanted = [each for each in found if (mark in str(each.marker)) == bool(extra)]
    return {one for each in wanted for one in _with_extras(each)}


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


README = """\
# {name}

{description}

This folder holds {chapters}, and the library that you write with it. What the exercises ask for is missing in the
library: each function that you write takes its place there.

## Install

You need Python {python} or newer. No GPU is needed. In this folder:

```bash
python3 -m venv .venv
source .venv/bin/activate          # on Windows: .venv\\Scripts\\activate
{install}
llmcourse doctor                   # what is missing, and how to mend it
```

On Linux, pip's default PyTorch brings its CUDA libraries, some gigabytes; the CPU build from pytorch.org is a tenth of
that. Use `-e`: without it a new release of the course does not reach the library that is installed.

## Work

```bash
llmcourse start {first}    # copies chapter {first} to work/, never over your own work
llmcourse lab        # opens JupyterLab on it
llmcourse check {first}    # runs your notebook: points, or the hint, for each exercise
llmcourse status     # your progress, and whose code the library runs
```

The first line of an exercise's cell is `%%build`. Running the cell puts your function into the library; the cell below
it, which begins with `%%check`, judges it. A function that is not written yet says which exercise asks for it. What
your functions need from earlier exercises is your own: write those first.

## Hand in

Save your notebooks, then:

```bash
llmcourse submit {first} --name YOUR-NAME
```

Hand in the file that it names. Grading runs your notebooks again from top to bottom, with more tests than you can see.
"""


def _readme(facts: dict[str, Any], chapters: Sequence[str]) -> str:
    project = facts["project"]
    numbers = [str(int(name[:2])) for name in chapters]
    listed = f"chapters {', '.join(numbers[:-1])} and {numbers[-1]}" if len(numbers) > 1 else f"chapter {numbers[0]}"
    return README.format(
        name=project["name"],
        description=project["description"],
        chapters=listed,
        python=project["requires-python"].removeprefix(">="),
        install=INSTALL,
        first=int(chapters[0][:2]),
    )
