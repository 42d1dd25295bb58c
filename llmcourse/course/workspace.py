"""The learner's own library: the magics `%%build` and `%%check`.

`%%build module:piece` saves a cell in the workspace and puts its definitions inside the living library module, so that
the notebook, the library and every process started from here use the same object. `%%check module:piece` runs a graded
cell on the notebook's version of one piece, with the reference standing in for every other piece: one mistake costs one
exercise. A student edition has no reference for its exercises' pieces: there the learner's own version stands in, and
where there is none, the library's says which exercise asks for it.
"""

from __future__ import annotations

import atexit
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

from llmcourse import _overlay, _sections
from llmcourse._sections import WORKSPACE_VARIABLE, Section
from llmcourse.course.examples import refusals, run_example
from llmcourse.course.notebooks import answer_digest, setup_of_check
from llmcourse.course.paths import MARKER, course_root, find_workspace
from llmcourse.course.pieces import IS_MISSING, Piece, is_stub, removed_pieces
from llmcourse.course.progress import Progress, own_pieces
from llmcourse.course.refusal import (
    BuildError,
    closest,
    library_module,
    missing_hint,
    names_built,
    not_the_first_line,
    show_own_lines,
    unknown_piece,
)
from llmcourse.course.source import as_python, magic_to_the_top, names_defined, names_read
from llmcourse.course.told import CheckFailed, explain
from llmcourse.course.watched import last_call, last_result, watched
from llmcourse.files import write_atomically


def save_section(workspace: Path, module: str, section: Section) -> Section:
    """Store one cell in the workspace's file of a module: in the place of its earlier version, else at the end.

    Two kernels may save at once: a lock orders them, and a reader never sees half a file.

    Returns:
        The section as stored, with the line it starts on.
    """
    path = _sections.overlay_file(workspace, module)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(workspace / MARKER / "workspace.lock"), timeout=30):
        sections = _sections.read_sections(path)
        replaced = [position for position, old in enumerate(sections) if _replaces(section, old)]
        place = replaced[0] if replaced else len(sections)
        kept = [old for position, old in enumerate(sections) if position not in replaced]
        write_atomically(path, _sections.format_sections(module, [*kept[:place], section, *kept[place:]]))
        return _sections.read_sections(path)[place]


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
        self.refused: dict[Piece, str] = {}

    def build(self, line: str, cell: str) -> None:
        """`%%build module:piece` (an exercise) or `%%build module` (your own helpers for that module)."""
        module_name, _, name = (part.strip() for part in line.partition(":"))
        module = library_module(module_name)
        piece = Piece(module_name, name)
        self.built.pop(piece, None)  # whatever is wrong with this cell, its old version is not judged
        self.refused.pop(piece, None)
        self.sources[piece] = cell
        try:
            self._build(piece, module, cell)
        except BuildError as error:
            self._refuse(piece, module, f"its cell was refused: {error}")
            raise
        except Exception as error:
            self._refuse(piece, module, f"its cell stopped with {type(error).__name__}: {error}".removesuffix(": "))
            show_own_lines(error)
            raise
        except KeyboardInterrupt as error:
            self._refuse(piece, module, "its cell was interrupted")
            show_own_lines(error, "%%build: this cell was interrupted, so it has built nothing")
            raise

    def _refuse(self, piece: Piece, module: ModuleType, reason: str) -> None:
        """Remember, for the check, why a cell gave nothing; of a name that is no piece's, for the piece meant."""
        meant = closest(piece.name, _overlay.reference_definitions(module))[:1] or [piece.name]
        self.refused[Piece(piece.module, meant[0])] = reason.replace("this cell", "its cell")

    def _build(self, piece: Piece, module: ModuleType, cell: str) -> None:
        if not (self.workspace / MARKER).is_dir():
            raise BuildError(
                f"the workspace {self.workspace} is no longer there: was it renamed or moved? Restart the "
                "kernel, in the notebook where it is now"
            )
        if piece.name and (fault := unknown_piece(module, piece.name)):
            raise BuildError(fault)
        source = as_python(self.shell, cell.replace("\r\n", "\n"))
        names = names_built(source, piece.name)
        if piece.name and is_stub(source, piece.name):
            self._keep_stub(piece, source, module)
            return
        target = str(piece) if piece.name else module.__name__
        section = save_section(self.workspace, module.__name__, Section(target, source))
        self._define(module, section, names)

    def _keep_stub(self, piece: Piece, source: str, module: ModuleType) -> None:
        """An unwritten exercise is kept for its check alone: notebook and library go on with what they have."""
        path = _sections.overlay_file(self.workspace, module.__name__)
        code = _sections.compile_section(Section(str(piece), source), path, as_cell=True)
        self.built[piece] = _defined_apart(code, module)[piece.name]
        self.shell.user_ns[piece.name] = getattr(module, piece.name)
        stored = any(s.piece == piece.name for s in self._sections(module))
        other = "the version you built earlier" if stored else "the reference"
        until = f"the notebook and the library use {other}"
        if piece in removed_pieces() and not stored:
            until = "whatever needs it says so"
        print(f"{piece.name} is not written yet: until it is, {until}.")

    def _sections(self, module: ModuleType) -> list[Section]:
        return _sections.read_sections(_sections.overlay_file(self.workspace, module.__name__))

    def _define(self, module: ModuleType, section: Section, names: list[str]) -> None:
        path = _sections.overlay_file(self.workspace, module.__name__)
        off = section.target in _sections.switched_to_reference(self.workspace)
        code = _sections.compile_section(section, path, as_cell=True)
        if off:
            namespace = _defined_apart(code, module)
        else:
            try:
                _overlay.run_section(module, code)
            except NameError as error:
                if error.name:
                    print(missing_hint(error.name, self.shell.user_ns, module.__name__))
                raise
            namespace = vars(module)
        for name in names:
            self.shell.user_ns[name] = namespace[name]
        if section.piece:
            self.built[Piece(module.__name__, section.piece)] = namespace[section.piece]
        self._report(module, section, names, off)
        for name in _sections.missing_names(code, vars(module)):
            print(missing_hint(name, self.shell.user_ns, module.__name__))

    def _report(self, module: ModuleType, section: Section, names: list[str], off: bool) -> None:
        path = _sections.overlay_file(self.workspace, module.__name__)
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

    def check(self, line: str, cell: str) -> None:
        """`%%check module:piece [id]`: judge the notebook's version of one piece."""
        try:
            piece = Piece.parse(line.partition(" ")[0])
        except ValueError as error:
            raise CheckFailed(f"%%check: {error}") from None
        module = library_module(piece.module)
        judged = answer_digest(self.sources.get(piece, ""), cell)
        self._record(
            line, judged, passed=False
        )  # it counts as failed until it has passed, also when the kernel dies in it
        if piece not in self.built:
            raise CheckFailed(self._not_built(piece))
        source = as_python(self.shell, cell)
        file = f"<check of {piece.name}>"
        with self._alone(piece, module) as namespace:
            mine = watched(namespace[piece.name])
            namespace |= {**self._setup(line.strip()), piece.name: mine}
            try:
                exec(compile(source, file, "exec"), namespace)  # noqa: S102
                _run_example(piece, mine)
            except (Exception, SystemExit) as error:
                told = explain(error, piece.name, source, file, last_call(mine), last_result(mine), refusals(piece))
                raise CheckFailed(f"{told}{self._suspects(piece, module)}") from None
            except KeyboardInterrupt as error:
                show_own_lines(error, f"✗ {piece.name}: the check was interrupted, so it has not passed")
                raise
        self._record(line, judged, passed=True)
        print(f"✓ {piece.name}: all checks passed")

    def _not_built(self, piece: Piece) -> str:
        """Why there is nothing to check."""
        if piece in self.refused:
            return f"{piece.name} is not built, for {self.refused[piece]}\nMend that cell and run it."
        return f"{piece.name} is not built yet: run the cell above that begins with %%build {piece}."

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
    _overlay.install(workspace, as_cells=True)
    global _current
    builder = _current = Builder(shell, workspace, keeps_progress)
    shell.register_magic_function(builder.build, "cell", "build")
    shell.register_magic_function(builder.check, "cell", "check")
    for name in ("%build", "%check"):  # how IPython calls such a line when there is code above it
        shell.register_magic_function(not_the_first_line, "line", name)
    if magic_to_the_top not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(magic_to_the_top)
