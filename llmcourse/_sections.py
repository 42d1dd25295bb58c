"""What a workspace keeps of a learner's library: a file for each module, a section for each notebook cell.

A workspace's folder `my-llmcourse` mirrors the library: `my-llmcourse/tokenization/bpe.py` holds the definitions that a
learner built for `llmcourse.tokenization.bpe`. Its name has a dash, so that no process started in the workspace can
import it in the library's place. `_overlay` runs what is kept here.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import codecs
import dis
import itertools
import linecache
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

WORKSPACE_VARIABLE = "LLMCOURSE_WORKSPACE"
OVERLAY_FOLDER = "my-llmcourse"
_HEADER = re.compile(r"^#[ \t]*%%[ \t]*build[ \t]+(?P<target>llmcourse\.[\w.:]+)(?P<remark>.*)$", re.MULTILINE)
_TITLE = "# Your own llmcourse."
"""What the first line of an overlay file begins with."""

_LOAD_GLOBAL, _EXTENDED_ARG = dis.opmap["LOAD_GLOBAL"], dis.opmap["EXTENDED_ARG"]

CELL = "<%%build "
"""What the file name begins with under which a running notebook's cells are compiled."""


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
        and module_name not in (__name__, "llmcourse._overlay")
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
    line = 2 if as_cell else section.line  # the magic is the cell's first line
    file = _cell_file(section, path) if as_cell else str(path)
    tree = ast.parse("\n" * (line - 1) + section.source, file)
    if definitions_only:
        tree.body = [node for node in tree.body if not isinstance(node, ast.Expr)]
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
            yield from _globals_read(constant)
            yield from global_names(constant)


def _globals_read(code: CodeType) -> Iterator[str]:
    """What `dis` says of LOAD_GLOBAL, in a twentieth of the time: each cell that is built is looked through."""
    extended = 0
    for operation, argument in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument |= extended << 8
        extended = argument if operation == _EXTENDED_ARG else 0
        if operation == _LOAD_GLOBAL:
            yield code.co_names[argument >> 1]  # the last bit says whether it will be called


def missing_names(code: CodeType, namespace: Mapping[str, Any]) -> list[str]:
    """Global names used inside `code` that neither the namespace nor Python's builtins define."""
    return sorted({n for n in global_names(code) if n not in namespace and not hasattr(builtins, n)})
