"""Run a learner's own definitions inside the library's modules.

When a workspace is installed, every module is imported in two steps: the library's own code runs first, then the
learner's sections (see `_sections`) run in the same namespace, before anybody can import from the module. So a spawned
process or a `torchrun` job uses the learner's code wherever there is some, and the reference everywhere else. A section
that cannot run is left out with a warning: the reference stands in.

The reference of a name is what the module had under it before any of a learner's sections ran. A replaced function or
class is replaced under every name that library modules have for it. What a module did with it while it was imported (a
base class, a default argument, an entry in a table) cannot be undone; `llmcourse build` therefore refuses such a piece.
"""

from __future__ import annotations

import dis
import itertools
import os
import sys
import warnings
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from llmcourse._sections import (
    WORKSPACE_VARIABLE,
    Section,
    WorkspaceWarning,
    belongs_to_library,
    compile_section,
    missing_names,
    move_old_overlay,
    overlay_file,
    read_sections,
    switched_to_reference,
)

_ABSENT = object()
_reference: dict[str, dict[str, Any]] = {}
"""What the library had under each name that a learner defined: module name -> attribute name -> object or `_ABSENT`."""
_places: dict[int, dict[tuple[str, str], None]] = {}
"""By which names of which modules an object is, or was once, to be had: id -> (module name, attribute name)."""
_looked_through: dict[str, ModuleType] = {}
"""The modules whose names are in `_places`."""
_imported: list[Any] = [0, "", []]
"""How many modules `_library_names` has looked at, which was the last, and what it has found."""


def reference_object(module_name: str, name: str) -> Any:
    """The library's own object of that name, whatever a learner has put in its place."""
    reference = _reference.get(module_name, {}).get(name, _ABSENT)
    return getattr(sys.modules[module_name], name) if reference is _ABSENT else reference


def is_the_librarys(function: Any, module_name: str) -> bool:
    """Whether a function is that of a library module's own file, and nobody's in its place.

    It goes by where the code was written: who runs a learner's code may give a name to it without a record here.
    """
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == sys.modules[module_name].__file__


def replaced_names() -> list[tuple[ModuleType, str, Any]]:
    """Every name that a learner's object has replaced: (module, name, reference object)."""
    return [
        (sys.modules[module], name, reference)
        for module, names in _reference.items()
        for name, reference in names.items()
        if reference is not _ABSENT
    ]


def reference_definitions(module: ModuleType) -> list[str]:
    """The public functions and classes that a module itself defines, whatever a learner has put in their place."""
    before = _reference.get(module.__name__, {})
    own = {name: before.get(name, value) for name, value in vars(module).items() if not name.startswith("_")}
    return [n for n, value in own.items() if callable(value) and getattr(value, "__module__", "") == module.__name__]


def rebind(module: ModuleType, name: str, new: Any) -> None:
    """Set a module's attribute and, for an object that the module itself defined, every other module's name for it.

    A name that the module only imported is its own affair: hiding it here changes no other module.
    """
    old = getattr(module, name, None)
    setattr(module, name, new)
    _note_place(module.__name__, name, new)
    reference = _reference.get(module.__name__, {}).get(name, _ABSENT)
    defined_by = getattr(old if reference is _ABSENT else reference, "__module__", None)
    if old is new or defined_by != module.__name__:
        return
    look_through()
    for key, attribute in list(_places.get(id(old), ())):
        other = sys.modules.get(key)
        is_another_piece = attribute != name and getattr(module, attribute, None) is old
        if other is not None and vars(other).get(attribute) is old and not is_another_piece:
            setattr(other, attribute, new)
            _note_place(key, attribute, new)


def look_through() -> None:
    """Find out under which names the library's modules have each other's objects, in modules that are new since the
    last time. A process that forks others does it before: to look at every name writes to a thousand pages of memory.
    """
    for key in _library_names():
        module = sys.modules.get(key)
        if module is None or _looked_through.get(key) is module:
            continue
        spec = getattr(module, "__spec__", None)
        if not getattr(spec, "_initializing", False):  # else there is more to come
            _looked_through[key] = module
        for attribute, value in list(vars(module).items()):
            if id(value) in _places or str(getattr(value, "__module__", "")).startswith("llmcourse"):
                _note_place(key, attribute, value)


def _note_place(module_name: str, attribute: str, value: Any) -> None:
    _places.setdefault(id(value), {})[module_name, attribute] = None


def _library_names() -> list[str]:
    """The names of the library's modules, among some 1,500 that are imported; only those that are new are looked at."""
    n_seen, last, names = _imported
    newest = list(itertools.islice(reversed(sys.modules), max(0, len(sys.modules) - n_seen) + 1))
    if newest[-1] != last:  # something was removed meanwhile
        newest, names = [*reversed(sys.modules), ""], []
    names = names + [key for key in newest[-2::-1] if belongs_to_library(key)]
    _imported[:] = len(sys.modules), newest[0], names
    return names


def run_section(module: ModuleType, code: CodeType) -> list[str]:
    """Run a compiled section inside a module: all of it or, when it raises, nothing. Returns the names it defined."""
    namespace = vars(module)
    before = dict(namespace)
    try:
        exec(code, namespace)  # noqa: S102 - running the learner's code is the point
    except BaseException:
        namespace.clear()
        namespace.update(before)
        raise
    defined = [name for name, value in namespace.items() if name not in before or before[name] is not value]
    for name in defined:
        _reference.setdefault(module.__name__, {}).setdefault(name, before.get(name, _ABSENT))
        if name in before:
            mine, namespace[name] = namespace[name], before[name]
            rebind(module, name, mine)
        else:
            _note_place(module.__name__, name, namespace[name])
    return defined


def apply(module: ModuleType, workspace: Path, *, as_cells: bool = False) -> None:
    """Run every usable section of a module's overlay; a section that needs a later one is tried again after it.

    With `as_cells`, tracebacks point at the lines of cells; see `compile_section`.
    """
    path = overlay_file(workspace, module.__name__)
    off = switched_to_reference(workspace)
    waiting = [section for section in read_sections(path) if section.target not in off]
    while waiting:
        failed: list[tuple[Section, BaseException]] = []
        for section in waiting:
            try:
                code = compile_section(section, path, definitions_only=True, as_cell=as_cells)
                run_section(module, code)
                if section.piece and not _defines(code, section.piece):
                    raise NameError(f"what stands under its name does not define `{section.piece}`")
            except (Exception, SystemExit) as error:
                failed.append((section, error))
        if len(failed) == len(waiting):
            for section, error in failed:
                _warn_unusable(path, section, error)
            break
        waiting = [section for section, _ in failed]
    _warn_missing(module, path, off)


def _defines(code: CodeType, name: str) -> bool:
    return any(i.opname in ("STORE_NAME", "STORE_GLOBAL") and i.argval == name for i in dis.get_instructions(code))


def _warn(path: Path, line: int, message: str) -> None:
    """Warn about a learner's file, at its own line: the library's, which Python would show, says nothing to them."""
    warnings.warn_explicit(f"{path}, line {line}: {message}", WorkspaceWarning, str(path), line)


def _warn_unusable(path: Path, section: Section, error: BaseException) -> None:
    what = section.piece or "a helper cell"
    line = getattr(error, "lineno", None) or section.line
    _warn(path, line, f"{what} cannot be used, the library's own stands in: {type(error).__name__}: {error}")


def _warn_missing(module: ModuleType, path: Path, off: set[str]) -> None:
    for section in read_sections(path):
        if section.target in off:
            continue
        try:
            missing = missing_names(compile_section(section, path, definitions_only=True), vars(module))
        except (SyntaxError, ValueError):
            continue
        if missing:
            _warn(
                path,
                section.line,
                f"{section.piece or 'a helper cell'} uses {', '.join(missing)}, which no built cell defines: "
                f"import it inside the cell, or give the cell that defines it a first line `%%build {module.__name__}`",
            )


class _OverlayLoader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, finder: OverlayFinder):
        super().__init__(fullname, path)
        self.finder = finder

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        apply(module, self.finder.workspace, as_cells=self.finder.as_cells)


class OverlayFinder(MetaPathFinder):
    """Find the library's modules that have an overlay in a workspace."""

    def __init__(self, workspace: Path, *, as_cells: bool = False):
        self.workspace = workspace
        self.as_cells = as_cells

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if not belongs_to_library(fullname) or not overlay_file(self.workspace, fullname).exists():
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _OverlayLoader(fullname, spec.origin, self)
        return spec


def install(workspace: str | os.PathLike[str], *, as_cells: bool = False) -> None:
    """Use a workspace's definitions from now on: in modules still to be imported and in those already loaded.

    A folder that does not exist yet is announced with a warning: it may be new, or a typing error. With `as_cells`, as
    in a notebook, tracebacks point at the lines of cells; see `compile_section`.

    Raises:
        NotADirectoryError: The workspace is something else than a folder.
    """
    folder = Path(workspace).resolve()
    if not folder.exists():
        message = (
            f"the workspace {folder} does not exist (yet): the library's own code runs, and `llmcourse start` makes it"
        )
        warnings.warn(message, WorkspaceWarning, stacklevel=2)
    elif not folder.is_dir():
        raise NotADirectoryError(f"{WORKSPACE_VARIABLE}={os.fspath(workspace)!r} is not a folder")
    move_old_overlay(folder)
    for finder in sys.meta_path:
        if isinstance(finder, OverlayFinder) and finder.workspace == folder:
            finder.as_cells |= as_cells
            return
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, OverlayFinder)]
    sys.meta_path.insert(0, OverlayFinder(folder, as_cells=as_cells))
    for module_name, module in list(sys.modules.items()):
        if belongs_to_library(module_name) and overlay_file(folder, module_name).exists():
            apply(module, folder, as_cells=as_cells)
