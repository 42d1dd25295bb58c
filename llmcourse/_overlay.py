"""Run a learner's own definitions inside the library's modules.

A workspace's folder `my-llmcourse` mirrors the library: `my-llmcourse/tokenization/bpe.py` holds the definitions that a
learner built for `llmcourse.tokenization.bpe`, one section a notebook cell. (Its name has a dash, so that no process
started in the workspace can import it in the library's place.) When a workspace is installed, every module
is imported in two steps: the library's own code runs first, then the learner's sections run in the same namespace,
before anybody can import from the module. So a spawned process or a `torchrun` job uses the learner's code wherever
there is some, and the reference everywhere else. A section that cannot run is left out with a warning: the reference
stands in.

The reference of a name is what the module had under it before any of a learner's sections ran. A replaced function or
class is replaced under every name that library modules have for it. What a module did with it while it was imported (a
base class, a default argument, an entry in a table) cannot be undone; `llmcourse build` therefore refuses such a piece.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import codecs
import dis
import itertools
import linecache
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

WORKSPACE_VARIABLE = "LLMCOURSE_WORKSPACE"
OVERLAY_FOLDER = "my-llmcourse"
_HEADER = re.compile(r"^#[ \t]*%%[ \t]*build[ \t]+(?P<target>llmcourse\.[\w.:]+)(?P<remark>.*)$", re.MULTILINE)
_TITLE = "# Your own llmcourse."
"""What the first line of an overlay file begins with."""

CELL = "<%%build "
"""What the file name begins with under which a running notebook's cells are compiled."""

_ABSENT = object()
_reference: dict[str, dict[str, Any]] = {}
"""What the library had under each name that a learner defined: module name -> attribute name -> object or `_ABSENT`."""


class WorkspaceWarning(UserWarning):
    """A learner's definition could not be used as it stands."""


@dataclass(frozen=True)
class Section:
    """One built cell: its target (`module` or `module:piece`), its source and the line its source starts on."""

    target: str
    source: str
    line: int = 1

    @property
    def piece(self) -> str | None:
        """The piece's name, or None for a cell of helpers."""
        return self.target.partition(":")[2] or None


def belongs_to_library(module_name: str) -> bool:
    """Whether a module can have an overlay: every module of the library, none of the course's machinery."""
    return (
        module_name.startswith("llmcourse.")
        and module_name != __name__
        and not (module_name + ".").startswith("llmcourse.course.")
    )


def overlay_file(workspace: Path, module_name: str) -> Path:
    """Where a workspace keeps the learner's definitions of one module."""
    return workspace.joinpath(OVERLAY_FOLDER, *module_name.split(".")[1:]).with_suffix(".py")


def overlay_files(workspace: Path) -> dict[str, Path]:
    """Every module that a workspace has definitions for -> where it keeps them."""
    folder = workspace / OVERLAY_FOLDER
    parts = {path: path.relative_to(folder).with_suffix("").parts for path in sorted(folder.rglob("*.py"))}
    shown = {path: names for path, names in parts.items() if not any(name.startswith(".") for name in names)}
    return {".".join(("llmcourse", *names)): path for path, names in shown.items()}


def switch_file(workspace: Path) -> Path:
    """A text file with one `module:piece` a line: the pieces for which the reference is to be used."""
    return workspace / OVERLAY_FOLDER / "use_reference.txt"


def move_old_overlay(workspace: Path) -> bool:
    """Move what a workspace keeps in a folder `llmcourse`, where it hides the library, to where it is kept now.

    A folder that is a package of Python's, or that holds nothing of ours, is left alone. Nothing is lost: a file that
    is there in both places stays, as `NAME.old`, beside the one in use. Returns whether something was moved.
    """
    old, new = workspace / "llmcourse", workspace / OVERLAY_FOLDER
    if old.is_symlink() or not old.is_dir() or (old / "__init__.py").exists() or not _is_overlay(old):
        return False
    try:
        if not new.exists():
            old.rename(new)
            return True
        for path in [path for path in sorted(old.rglob("*")) if path.is_file()]:
            target = new / path.relative_to(old)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target.with_name(f"{target.name}.old") if target.exists() else target)
        for folder in sorted((path for path in old.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        old.rmdir()
    except OSError as error:
        message = f"{old} hides the library from what runs beside it, and cannot be renamed to {new.name}: {error}"
        warnings.warn(message, WorkspaceWarning, stacklevel=2)
    return not old.exists()


def _is_overlay(folder: Path) -> bool:
    return (folder / "use_reference.txt").exists() or any(
        read_text(path).startswith(_TITLE) or _HEADER.search(read_text(path)) for path in folder.rglob("*.py")
    )


def read_text(path: Path) -> str:
    """The text of a file that somebody may have saved with another editor: UTF-8 or UTF-16, with a mark or without."""
    data = path.read_bytes()
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return data.decode(encoding, errors="replace").lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def switched_to_reference(workspace: Path) -> set[str]:
    """The pieces that are switched to the reference in a workspace."""
    path = switch_file(workspace)
    return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()


def read_sections(path: Path) -> list[Section]:
    """The sections of an overlay file, in order; an absent file has none.

    What somebody wrote above the first one is a helper cell, whose target is empty.
    """
    if not path.exists():
        return []
    text = read_text(path)
    headers = list(_HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    sections = [
        Section(header["target"], text[header.end() + 1 : end].rstrip() + "\n", text.count("\n", 0, header.end()) + 2)
        for header, end in zip(headers, ends)
    ]
    above = text[: headers[0].start()] if headers else text
    title, _, rest = above.partition("\n") if above.startswith(_TITLE) else ("", "", above)
    return [Section("", rest.strip("\n") + "\n", 2 if title else 1), *sections] if rest.strip() else sections


def format_sections(module_name: str, sections: list[Section]) -> str:
    """The text of an overlay file, such that `read_sections` gives the sections back."""
    head = (
        f"# Your own {module_name}, cell by cell, as %%build saved it. The library runs this inside its own module.\n"
    )
    bodies = []
    for section in sections:
        source = _HEADER.sub(lambda match: "#" + match[0], section.source).rstrip()
        bodies.append(f"\n# %%build {section.target or module_name}\n{source}\n")
    return head + "".join(bodies)


def compile_section(section: Section, path: Path, *, definitions_only: bool = False, as_cell: bool = False) -> CodeType:
    """Compile a section so that tracebacks, warnings and `inspect` point at its lines.

    Annotations stay unevaluated, so that a signature needs no imports.

    Args:
        section: The section.
        path: Its overlay file, whose lines are meant.
        definitions_only: Leave out expressions that stand by themselves: a `print` or a `%timeit` that tries the piece
            is for the notebook, not for every process that imports the module.
        as_cell: Mean the lines of the cell instead, as it is now. While a notebook runs, cells are built again, and in
            the file whatever stands below them moves.
    """
    tree = ast.parse("\n" * (section.line - 1) + section.source, str(path))
    if definitions_only:
        tree.body = [node for node in tree.body if not isinstance(node, ast.Expr)]
    code = _compiled(tree, str(path))
    if not as_cell:
        return code
    ast.increment_lineno(tree, 2 - section.line)  # the magic is the cell's first line
    return _compiled(tree, _cell_file(section, path))


def _compiled(tree: ast.Module, file: str) -> CodeType:
    return compile(tree, file, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)


def _cell_file(section: Section, path: Path) -> str:
    """The name under which Python finds a cell's lines; each version of a cell has its own."""
    target = section.target or path.name
    lines = [f"{line}\n" for line in [f"%%build {target}", *section.source.split("\n")]]
    for number in itertools.count(1):
        name = f"{CELL}{target}>" if number == 1 else f"{CELL}{target}, version {number}>"
        if name not in linecache.cache or linecache.cache[name][2:3] == (lines,):
            linecache.cache[name] = (sum(map(len, lines)), None, lines, name)  # no time: it is never out of date
            return name
    raise AssertionError


def global_names(code: CodeType) -> Iterator[str]:
    """Names that the functions inside `code` look up as globals when they run."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from (i.argval for i in dis.get_instructions(constant) if i.opname == "LOAD_GLOBAL")
            yield from global_names(constant)


def missing_names(code: CodeType, namespace: Mapping[str, Any]) -> list[str]:
    """Global names used inside `code` that neither the namespace nor Python's builtins define."""
    return sorted({n for n in global_names(code) if n not in namespace and not hasattr(builtins, n)})


def reference_object(module_name: str, name: str) -> Any:
    """The library's own object of that name, whatever a learner has put in its place."""
    reference = _reference.get(module_name, {}).get(name, _ABSENT)
    return getattr(sys.modules[module_name], name) if reference is _ABSENT else reference


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
    reference = _reference.get(module.__name__, {}).get(name, _ABSENT)
    defined_by = getattr(old if reference is _ABSENT else reference, "__module__", None)
    if old is new or defined_by != module.__name__:
        return
    ours = [key for key in list(sys.modules) if key.startswith("llmcourse.")]  # of some 1,500
    for other in [sys.modules[key] for key in ours if belongs_to_library(key) and sys.modules[key] is not None]:
        for attribute in [key for key, value in vars(other).items() if value is old]:
            is_another_piece = attribute != name and getattr(module, attribute, None) is old
            if not is_another_piece:
                setattr(other, attribute, new)


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
