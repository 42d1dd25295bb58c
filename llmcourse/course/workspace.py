"""The learner's own library: the magics `%%build` and `%%check`.

`%%build module:piece` saves a cell in the workspace and puts its definitions inside the living library module, so that
the notebook, the library and every process started from here use the same object. `%%check module:piece` runs a graded
cell on the notebook's version of one piece, with the reference standing in for every other piece: one mistake costs one
exercise. A student edition has no reference for its exercises' pieces: there the learner's own version stands in, and
where there is none, the library's says which exercise asks for it.
"""

from __future__ import annotations

import atexit
import difflib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from filelock import FileLock

from llmcourse import _overlay
from llmcourse._overlay import WORKSPACE_VARIABLE, Section
from llmcourse.course.examples import run_example
from llmcourse.course.notebooks import answer_digest, setup_of_check
from llmcourse.course.paths import MARKER, course_root, find_workspace
from llmcourse.course.pieces import IS_MISSING, Piece, is_stub, removed_pieces
from llmcourse.course.progress import Progress, own_pieces
from llmcourse.course.source import as_python, names_defined, names_read
from llmcourse.course.told import CheckFailed, explain, last_call, last_result, watched
from llmcourse.files import write_atomically


class BuildError(Exception):
    """A `%%build` cell could not be used; shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"%%build: {self}"]


def save_section(workspace: Path, module: str, section: Section) -> Section:
    """Store one cell in the workspace's file of a module: in the place of its earlier version, else at the end.

    Two kernels may save at once: a lock orders them, and a reader never sees half a file.

    Returns:
        The section as stored, with the line it starts on.
    """
    path = _overlay.overlay_file(workspace, module)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(workspace / MARKER / "workspace.lock"), timeout=30):
        sections = _overlay.read_sections(path)
        replaced = [position for position, old in enumerate(sections) if _replaces(section, old)]
        place = replaced[0] if replaced else len(sections)
        kept = [old for position, old in enumerate(sections) if position not in replaced]
        write_atomically(path, _overlay.format_sections(module, [*kept[:place], section, *kept[place:]]))
        return _overlay.read_sections(path)[place]


def _replaces(new: Section, old: Section) -> bool:
    if new.piece or old.piece:
        return new.target == old.target
    try:
        names = set(names_defined(old.source))
    except SyntaxError:
        return True
    return names <= set(names_defined(new.source)) if names else old.source.strip() == new.source.strip()


class Builder:
    """One notebook's link to its workspace: which pieces its cells have defined, and the magics that use them."""

    def __init__(self, shell: Any, workspace: Path, keeps_progress: bool):
        self.shell = shell
        self.workspace = workspace
        self.progress = Progress(workspace) if keeps_progress else None
        self.built: dict[Piece, Any] = {}
        self.sources: dict[Piece, str] = {}

    def build(self, line: str, cell: str) -> None:
        """`%%build module:piece` (an exercise) or `%%build module` (your own helpers for that module)."""
        target = line.strip()
        module_name, _, name = target.partition(":")
        module = _library_module(module_name)
        source = as_python(self.shell, cell.replace("\r\n", "\n"))
        if not (self.workspace / MARKER).is_dir():
            raise BuildError(
                f"the workspace {self.workspace} is no longer there: was it renamed or moved? Restart the "
                "kernel, in the notebook where it is now"
            )
        # whatever is wrong with this cell, its old version is not judged
        self.built.pop(Piece(module_name, name), None)
        self.sources[Piece(module_name, name)] = cell
        try:
            names = names_defined(source)
        except SyntaxError as error:
            raise BuildError(_syntax_error(error)) from None
        if name and name not in names:
            raise BuildError(_not_defined(name, names))
        if name and is_stub(source, name):
            self._keep_stub(Piece(module_name, name), source, module)
            return
        section = save_section(self.workspace, module_name, Section(target, source))
        self._define(module, section, names)

    def _keep_stub(self, piece: Piece, source: str, module: ModuleType) -> None:
        """An unwritten exercise is kept for its check alone: notebook and library go on with what they have."""
        code = _overlay.compile_section(Section(str(piece), source), Path(f"<{piece.name}>"))
        self.built[piece] = _defined_apart(code, module)[piece.name]
        self.shell.user_ns[piece.name] = getattr(module, piece.name)
        stored = any(s.piece == piece.name for s in self._sections(module))
        other = "the version you built earlier" if stored else "the reference"
        until = f"the notebook and the library use {other}"
        if piece in removed_pieces() and not stored:
            until = "whatever needs it says so"
        print(f"{piece.name} is not written yet: until it is, {until}.")

    def _sections(self, module: ModuleType) -> list[Section]:
        return _overlay.read_sections(_overlay.overlay_file(self.workspace, module.__name__))

    def _define(self, module: ModuleType, section: Section, names: list[str]) -> None:
        path = _overlay.overlay_file(self.workspace, module.__name__)
        off = section.target in _overlay.switched_to_reference(self.workspace)
        if off:
            namespace = _defined_apart(_overlay.compile_section(section, path), module)
        else:
            try:
                _overlay.run_section(module, _overlay.compile_section(section, path))
            except NameError as error:
                if error.name:
                    print(_missing_hint(error.name, self.shell.user_ns, module.__name__))
                raise
            namespace = vars(module)
        for name in names:
            self.shell.user_ns[name] = namespace[name]
        if section.piece:
            self.built[Piece(module.__name__, section.piece)] = namespace[section.piece]
        self._report(module, section, names, off, path)

    def _report(self, module: ModuleType, section: Section, names: list[str], off: bool, path: Path) -> None:
        where = os.path.relpath(path)
        print(
            f"{', '.join(names) or 'nothing'} built into {module.__name__} "
            f"(saved in {where if len(where) < 60 else path.name})"
        )
        if off:
            print(
                "The library is switched to the reference: "
                f"`llmcourse status --use mine {section.piece}` switches back."
            )
        for name in _overlay.missing_names(_overlay.compile_section(section, path), vars(module)):
            print(_missing_hint(name, self.shell.user_ns, module.__name__))

    def check(self, line: str, cell: str) -> None:
        """`%%check module:piece [id]`: judge the notebook's version of one piece."""
        try:
            piece = Piece.parse(line.partition(" ")[0])
        except ValueError as error:
            raise CheckFailed(f"%%check: {error}") from None
        module = _library_module(piece.module)
        judged = answer_digest(self.sources.get(piece, ""), cell)
        self._record(
            line, judged, passed=False
        )  # it counts as failed until it has passed, also when the kernel dies in it
        if piece not in self.built:
            raise CheckFailed(f"{piece.name} is not built yet: run the cell above that begins with %%build {piece}.")
        source = as_python(self.shell, cell)
        file = f"<check of {piece.name}>"
        with self._alone(piece, module) as namespace:
            mine = watched(namespace[piece.name])
            namespace |= {**self._setup(line.strip()), piece.name: mine}
            try:
                exec(compile(source, file, "exec"), namespace)  # noqa: S102
                _run_example(piece, mine)
            except (Exception, SystemExit) as error:
                told = explain(error, piece.name, source, file, last_call(mine), last_result(mine))
                raise CheckFailed(f"{told}{self._suspects(piece, module)}") from None
        self._record(line, judged, passed=True)
        print(f"✓ {piece.name}: all checks passed")

    def _suspects(self, piece: Piece, module: ModuleType) -> str:
        """A line that names the learner's own pieces which a piece was checked with and which have not passed
        themselves.

        Empty where references stand in for other pieces.
        """
        bare = removed_pieces()
        section = next((s for s in self._sections(module) if s.piece == piece.name), None)
        if not bare or not section or not self.progress:
            return ""
        passed = self.progress.passed()
        used = names_read(section.source)
        others = sorted(other for other in own_pieces(self.workspace) & bare.keys() - {piece} if other.name in used)
        unsure = [p.name for p in others if not all(_results(passed, p))]
        return (
            f"\n    It uses your own {', '.join(unsure)}, not checked yet or not passed: look there first."
            if unsure
            else ""
        )

    def _setup(self, check: str) -> dict[str, Any]:
        """What the released notebook's setup cells define above a check, as grading has it.

        A check uses these names even when the notebook has something else under them (`close = 3`), or has not run the
        cell that defines them.
        """
        names: dict[str, Any] = {"__name__": "__main__"}
        with suppress(Exception):  # what cannot be had from there, the notebook may have
            for source in setup_of_check(course_root() / "notebooks", check):
                lines = ["" if line.startswith(("%", "!")) else line for line in source.split("\n")]
                exec(compile("\n".join(lines), "<setup>", "exec"), names)  # noqa: S102
        return {name: value for name, value in names.items() if not name.startswith("__")}

    def _record(self, check: str, judged: str, *, passed: bool) -> None:
        if self.progress:
            try:
                self.progress.record(check.strip(), passed=passed, judged=judged)
            except OSError as error:  # a full or read-only disk is no reason to fail a check
                print(f"This result could not be recorded: {error}")

    @contextmanager
    def _alone(self, piece: Piece, module: ModuleType) -> Iterator[dict[str, Any]]:
        """The learner's version of one piece among references: in the library and in the namespace yielded.

        A piece that this edition of the library comes without has no reference: the library keeps what it has for it.
        """
        mine = self.built[piece]
        bare = {piece, *removed_pieces()}
        others = [(m, name, ref) for m, name, ref in _overlay.replaced_names() if Piece(m.__name__, name) not in bare]
        stand_ins = {id(getattr(m, name)): ref for m, name, ref in others if callable(ref)}
        for other, built in self.built.items():
            if other != piece:
                stand_ins[id(built)] = _stand_in(other)
        stand_ins[id(_overlay.reference_object(piece.module, piece.name))] = mine
        namespace = {name: stand_ins.get(id(value), value) for name, value in self.shell.user_ns.items()}
        namespace[piece.name] = mine
        wanted = [*others, (module, piece.name, mine)]
        before = [(m, name, getattr(m, name)) for m, name, _ in wanted]
        for m, name, value in wanted:
            _overlay.rebind(m, name, value)
        try:
            yield namespace
        finally:
            for m, name, value in reversed(before):
                _overlay.rebind(m, name, value)


def _run_example(piece: Piece, mine: Any) -> None:
    """Run a piece's example, but for one that needs others which a student edition comes without."""
    try:
        run_example(piece, mine)
    except NotImplementedError as error:
        if IS_MISSING not in str(error):
            raise


def _results(passed: dict[str, bool], piece: Piece) -> list[bool]:
    """How the checks of a piece ended, one False for a piece that was never checked."""
    return [ok for check, ok in passed.items() if check.partition(" ")[0] == str(piece)] or [False]


def _stand_in(piece: Piece) -> Any:
    """What stands in for a piece while another is checked: the reference or, without one, what the library runs."""
    if piece in removed_pieces():
        return getattr(sys.modules[piece.module], piece.name)
    return _overlay.reference_object(piece.module, piece.name)


def _defined_apart(code: CodeType, module: ModuleType) -> dict[str, Any]:
    """Run definitions in a copy of a module's namespace, leaving the module as it is."""
    namespace = dict(vars(module))
    exec(code, namespace)  # noqa: S102
    return namespace


def _syntax_error(error: SyntaxError) -> str:
    """Where Python stopped reading a cell, in the cell's own lines: the magic is its first."""
    place = f"    {(error.text or '').rstrip()}\n    {' ' * max(0, (error.offset or 1) - 1)}^"
    return f"SyntaxError in line {(error.lineno or 0) + 1} of this cell: {error.msg}\n{place}"


def _library_module(name: str) -> ModuleType:
    if not _overlay.belongs_to_library(name):
        raise BuildError(
            f"{name!r} is not a module of the library: write `%%build llmcourse.tokenization.bpe`, for example"
        )
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BuildError(f"there is no module {name!r} in the library") from error


def _not_defined(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    found = f"it defines {', '.join(names)}" if names else "it defines nothing"
    renamed = f" Did you rename `{name}` to `{close[0]}`? Keep the name, the library calls it." if close else ""
    return f"this cell should define `{name}`, but {found}.{renamed}"


def _missing_hint(name: str, notebook: dict[str, Any], module: str) -> str:
    if isinstance(notebook.get(name), ModuleType):
        imported = notebook[name].__name__
        how = f"import {imported}" if imported == name else f"import {imported} as {name}"
        return f"Note: `{name}` is imported in this notebook only. Put `{how}` inside the %%build cell."
    if name in notebook:
        return f"Note: `{name}` is defined in this notebook only. Make `%%build {module}` the first line of its cell."
    return f"Note: `{name}` is not defined anywhere yet. If it is a helper, build it with `%%build {module}`."


_current: Builder | None = None


def current() -> Builder:
    """This kernel's link to its workspace.

    Raises:
        RuntimeError: The extension `llmcourse.course` is not loaded here.
    """
    if _current is None:
        raise RuntimeError("%load_ext llmcourse.course has not run in this kernel")
    return _current


def load_magics(shell: Any) -> None:
    """Register the magics in a notebook and install its workspace, a temporary one where none was started."""
    workspace = find_workspace()
    keeps_progress = workspace is not None and (workspace / MARKER).is_dir()
    if workspace is None:
        workspace = Path(tempfile.mkdtemp(prefix="llmcourse-"))
        atexit.register(shutil.rmtree, workspace, ignore_errors=True)
        print("No workspace here: what you build lasts as long as this kernel. `llmcourse start` makes one that stays.")
    (workspace / MARKER).mkdir(parents=True, exist_ok=True)
    os.environ[WORKSPACE_VARIABLE] = str(workspace)
    _overlay.install(workspace)
    global _current
    builder = _current = Builder(shell, workspace, keeps_progress)
    shell.register_magic_function(builder.build, "cell", "build")
    shell.register_magic_function(builder.check, "cell", "check")
