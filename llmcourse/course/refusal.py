"""Why a `%%build` cell cannot be used, in words for its author."""

from __future__ import annotations
import __future__

import builtins
import difflib
import importlib
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import llmcourse
from llmcourse import _overlay, _sections
from llmcourse.course.source import names_defined
from llmcourse.course.told import learner_lines


class BuildError(Exception):
    """A `%%build` cell could not be used; shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"%%build: {self}"]


def not_the_first_line(line: str) -> None:
    """What a `%%build` or `%%check` line does that has code above it.

    Raises:
        BuildError: Always.
    """
    where = "keep the line that begins with %% the first of its cell"
    raise BuildError(f"{where}: put what stands above it into another cell")


def show_own_lines(error: BaseException, says: str = "") -> None:
    """Have a notebook show an error with the learner's own lines alone, not with those of the course.

    Args:
        error: The error, which keeps its type and its message.
        says: What to show above the lines; the type and the message where it is empty.
    """
    lines = [says or f"{type(error).__name__}: {error}".removesuffix(": "), *learner_lines(error)]
    with suppress(Exception):  # an error of a class that takes no attributes is shown as ever
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]


def library_module(name: str) -> ModuleType:
    """The module of the library that a `%%build` line names.

    Raises:
        BuildError: There is none of that name.
    """
    if not _sections.belongs_to_library(name):
        raise BuildError(
            f"{name!r} is not a module of the library: write `%%build llmcourse.tokenization.bpe`, for example"
        )
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        near = closest(name, _modules())
        meant = f"; did you mean {near[0]}?" if near else ""
        raise BuildError(f"there is no module {name!r} in the library{meant}") from error


def _modules() -> set[str]:
    """The names of the library's modules, found without importing any."""
    found = set()
    for folder in map(Path, llmcourse.__path__):
        parts = (path.relative_to(folder).with_suffix("").parts for path in folder.rglob("*.py"))
        found |= {".".join(("llmcourse", *names)).removesuffix(".__init__") for names in parts}
    return {name for name in found if _sections.belongs_to_library(name) and "._" not in name}


def closest(word: str, names: Iterable[str]) -> list[str]:
    """The names that somebody who typed a word may have meant, the likeliest first.

    Example:
        >>> closest("count_pair", ["merge_pair", "decode", "count_pairs"])
        ['count_pairs']
    """
    return difflib.get_close_matches(word, sorted(names), n=3)


def unknown_piece(module: ModuleType, name: str) -> str:
    """Why a name is no piece of a module; empty where it is one."""
    there = _overlay.reference_definitions(module)
    if name in there:
        return ""
    found = _overlay.reference_object(module.__name__, name) if hasattr(module, name) else None
    home = getattr(found, "__module__", None) or ""
    if _sections.belongs_to_library(home) and home != module.__name__:
        return f"`{name}` is a piece of {home}: write `%%build {home}:{name}`"
    if not there:
        return f"{module.__name__} has no pieces: name the module that defines `{name}`"
    near = closest(name, there)
    others = ", ".join([*near, *sorted(set(there) - set(near))])
    meant = f" Did you mean `{near[0]}`?" if near else ""
    return f"{module.__name__} has no piece `{name}`.{meant} It has {others}"


def names_built(source: str, name: str = "") -> list[str]:
    """The names that a cell defines.

    Args:
        source: The cell as Python, without its first line.
        name: The piece that it should define, if any.

    Raises:
        BuildError: It is no Python, or defines no such piece.
    """
    try:
        names = names_defined(source)
        compile(source, "<cell>", "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    except SyntaxError as error:
        raise BuildError(_syntax_error(error, source)) from None
    if name and name not in names:
        raise BuildError(_not_defined(name, names))
    return names


def _syntax_error(error: SyntaxError, source: str) -> str:
    """Where Python stopped reading a cell, in the cell's own lines: the magic is its first."""
    line = error.lineno or 0
    text = error.text or "".join(source.split("\n")[max(0, line - 1) : line])
    place = f"    {text.rstrip()}\n    {' ' * max(0, (error.offset or 1) - 1)}^"
    return f"SyntaxError in line {line + 1} of this cell: {error.msg}\n{place}"


def _not_defined(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    found = f"it defines {', '.join(names)}" if names else "it defines nothing"
    renamed = f" Did you rename `{name}` to `{close[0]}`? Keep the name, the library calls it." if close else ""
    return f"this cell should define `{name}`, but {found}.{renamed}"


def missing_hint(name: str, notebook: dict[str, Any], module: str) -> str:
    """What to do about a name that a cell uses and the library's module does not have.

    Args:
        name: The name.
        notebook: What the notebook has under its own names.
        module: The library's module.
    """
    if isinstance(notebook.get(name), ModuleType):
        imported = notebook[name].__name__
        how = f"import {imported}" if imported == name else f"import {imported} as {name}"
        return f"Note: `{name}` is imported in this notebook only. Put `{how}` inside the %%build cell."
    if name in notebook:
        return f"Note: `{name}` is defined in this notebook only. Make `%%build {module}` the first line of its cell."
    there = {*vars(builtins), *vars(sys.modules[module])} if module in sys.modules else set()
    near = difflib.get_close_matches(name, sorted(one for one in there if not one.startswith("_")), n=1, cutoff=0.8)
    meant = f" Did you mean `{near[0]}`?" if near else ""
    return f"Note: `{name}` is not defined anywhere yet.{meant} If it is a helper, build it with `%%build {module}`."
