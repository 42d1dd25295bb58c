"""The student edition of the library: every module, with the bodies of chosen pieces taken out.

What a body was is in no file of it: the lines of the body go, its comments with them, and so do the private helpers
that served removed bodies alone. Signatures and docstrings stay, for they are the exercises' specifications. The
library's modules all import, and whatever needs a missing piece says which exercise asks for it.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from llmcourse.course.notebooks import exercises, facts_of
from llmcourse.course.pieces import IS_MISSING, REMOVED, Piece, solution_regions
from llmcourse.course.source import Definition, names_mentioned

WALLED = ("author", "grading", "remote", "sandbox")
"""The rooms of `llmcourse/course` that no student's copy has: what writes the course, and what judges. All else of it
is for a learner's commands and notebooks, and imports nothing from these."""


def write_edition(root: Path, target: Path, without: Iterable[Piece], *, grading: bool = False) -> Path:
    """Write the student edition of the package llmcourse: every module, with the bodies of the given pieces removed.

    The body of a function, or of every method of a class, becomes `raise NotImplementedError(...)`, whose text names
    the exercise. A private function, class or constant of a module goes too when removed bodies used it and nothing
    that is left does: no code of the package, no docstring's example, no cell of a released notebook. Of the files
    beside the modules those are copied that `pyproject.toml` names as package data. `llmcourse/course/removed.json`
    lists what is missing and is what `removed_pieces` reads.

    The same sources give the same bytes. When something fails, there is nothing at target/llmcourse.

    Args:
        root: The course's checkout: `llmcourse/`, `pyproject.toml`, and `notebooks/` for the exercises' names.
        target: The folder that gets the package; made where there is none.
        without: The pieces to take out; none copies the library as it is.
        grading: Keep all of the course's machinery, grading and authoring included; otherwise what learners need.

    Returns:
        The package's folder, target/llmcourse.

    Raises:
        FileExistsError: There is a target/llmcourse already.
        ValueError: A piece is unknown, or what is left of its module is no Python.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     root = Path(__file__).parents[3]
        ...     package = write_edition(root, Path(folder), [Piece("llmcourse.model.layers", "SwiGLU")])
        ...     text = (package / "model" / "layers.py").read_text()
        >>> "class SwiGLU" in text, "F.silu" in text
        (True, False)
    """
    package = target / "llmcourse"
    if package.exists():
        raise FileExistsError(f"{package} exists already: name a folder without a package llmcourse in it")
    files = edition_files(root, without, grading=grading)
    target.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=target, prefix=".edition-"))
    try:
        for relative, data in files.items():
            path = unfinished / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (unfinished / "llmcourse").rename(package)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return package


def edition_files(root: Path, without: Iterable[Piece], *, grading: bool = False) -> dict[Path, bytes]:
    """The files of a student edition, as `write_edition` writes them: path from the package's parent -> content."""
    removed = sorted(set(without))
    paths = [path for path in _package_files(root) if grading or _is_for_learners(path.relative_to(root))]
    code = {path.relative_to(root): path.read_text(encoding="utf-8") for path in paths if path.suffix == ".py"}
    data = {path.relative_to(root): path.read_bytes() for path in paths if path.suffix != ".py"}
    where = exercise_places(root)
    texts = _without_orphans(code, code | _without_bodies(root, removed, where), _words_of_notebooks(root))
    for path, text in texts.items():
        if text != code[path]:
            _parsed(text, path)
    listed = {str(piece): where.get(piece, "") for piece in removed}
    texts[Path("llmcourse", "course", REMOVED)] = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
    return dict(sorted((data | {path: text.encode() for path, text in texts.items()}).items()))


def pieces_of(root: Path, assignment: str, notebook: str | None = None) -> list[Piece]:
    """The pieces that an assignment's exercises ask for, in order.

    Args:
        root: The course's checkout, its notebooks built.
        assignment: The assignment's name, `NN_name`.
        notebook: One of its notebooks, without ending; all of them when None.

    Raises:
        ValueError: The assignment or the notebook does not exist.

    Example:
        >>> [piece.name for piece in pieces_of(Path(__file__).parents[3], "03_recipes", "1_architecture")][:2]
        ['init_weights', 'RMSNorm']
    """
    built = _notebooks(root)
    if not (found := [path for path in built if path.parent.name == assignment]):
        names = ", ".join(sorted({path.parent.name for path in built})) or "none: run `llmcourse build`"
        raise ValueError(f"unknown assignment {assignment!r}; there are: {names}")
    if not (wanted := [path for path in found if notebook in (None, path.stem)]):
        raise ValueError(f"{assignment} has no notebook {notebook!r}; it has {', '.join(p.stem for p in found)}")
    pieces = []
    for path in wanted:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            facts = facts_of(cell)
            if facts.get("kind") == "exercise":
                pieces.append(Piece.parse(facts["piece"]))
    return pieces


def exercise_places(root: Path) -> dict[Piece, str]:
    """Where a course asks for each piece: `exercise 1.3 in 01_tokenization/01_tokenization.ipynb`."""
    return {
        item.piece: f"exercise {item.title.split()[0]} in {path.parent.name}/{path.name}"
        for path in _notebooks(root)
        for item in exercises(path)
        if item.piece
    }


def _notebooks(root: Path) -> list[Path]:
    """The course's notebooks: the released ones, or the instructor's where nothing is released."""
    return sorted((root / "notebooks").glob("*/*.ipynb")) or sorted((root / "solutions").glob("*/*.ipynb"))


def _package_files(root: Path) -> list[Path]:
    """The package's modules and its package data; no caches, no links, nothing that only happens to lie there."""
    package = root / "llmcourse"
    found = set(package.rglob("*.py"))
    for folder, pattern in _package_data(root):
        found |= set(root.joinpath(*folder.split(".")).glob(pattern))
    files = [path for path in found if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb"]
    return sorted(p for p in files if not any(_is_hidden(part) for part in p.relative_to(package).parts))


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__"


def _package_data(root: Path) -> Iterator[tuple[str, str]]:
    path = root / "pyproject.toml"
    facts = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for package, patterns in facts.get("tool", {}).get("setuptools", {}).get("package-data", {}).items():
        yield from ((package, pattern) for pattern in patterns)


def _is_for_learners(relative: Path) -> bool:
    return relative.parts[:2] != ("llmcourse", "course") or relative.parts[2] not in WALLED


def _module_file(root: Path, module: str) -> Path:
    stem = Path(*module.split("."))
    return stem.with_suffix(".py") if (root / stem.with_suffix(".py")).exists() else stem / "__init__.py"


def _without_bodies(root: Path, pieces: Iterable[Piece], where: Mapping[Piece, str]) -> dict[Path, str]:
    """The modules of the pieces, each body replaced by the error that stands for it."""
    cuts: dict[Path, list[tuple[int, int, str]]] = {}
    for piece in pieces:
        place = f": {where[piece]} asks for it" if piece in where else ""
        text = json.dumps(f"{piece.name} {IS_MISSING}{place}", ensure_ascii=False)
        for region in solution_regions(piece, root):
            line = " " * region.indent + f"raise NotImplementedError({text})"
            cuts.setdefault(_module_file(root, piece.module), []).append((region.first, region.last, line))
    texts = {}
    for relative, regions in cuts.items():
        lines = (root / relative).read_text(encoding="utf-8").splitlines()
        for first, last, line in sorted(regions, reverse=True):
            lines[first - 1 : last] = [line]
        texts[relative] = "\n".join(lines) + "\n"
    return texts


def _without_orphans(before: Mapping[Path, str], after: Mapping[Path, str], words: set[str]) -> dict[Path, str]:
    """Take out the private definitions that removed bodies used and nothing uses any more.

    Args:
        before: Every module as it was.
        after: Every module without the bodies.
        words: Names that are used outside the package.
    """
    texts = dict(after)
    used_before = {p: set().union(*_names(before[p], p)) for p in texts if texts[p] != before[p]}
    while orphans := list(_orphans(texts, used_before, words)):
        for path, statement, below in reversed(orphans):
            texts[path] = _cut(texts[path], statement, below)
    return texts


def _orphans(
    texts: Mapping[Path, str], used_before: Mapping[Path, set[str]], words: set[str]
) -> Iterator[tuple[Path, ast.stmt, ast.stmt | None]]:
    """The private definitions that only themselves use now, with the string below one that documents it."""
    for path, used in used_before.items():
        body = _parsed(texts[path], path).body
        for position, statement in enumerate(body):
            name = _private_name(statement)
            if name not in used or name in words or _is_used(name, texts, but=(path, position)):
                continue
            below = next(iter(body[position + 1 : position + 2]), None)
            is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            yield path, statement, below if is_text and not isinstance(statement, Definition) else None


def _is_used(name: str, texts: Mapping[Path, str], but: tuple[Path, int]) -> bool:
    """Whether a statement of any module names it, except one."""
    return any(
        name in names
        for path, text in texts.items()
        if name in text  # no module is parsed that does not even hold the word
        for position, names in enumerate(_names(text, path))
        if (path, position) != but
    )


def _private_name(statement: ast.stmt) -> str:
    """The private name that a statement defines; empty when it is no such definition."""
    if isinstance(statement, Definition):
        name = statement.name
    else:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        name = getattr(targets[0], "id", "") if isinstance(statement, ast.Assign | ast.AnnAssign) else ""
    return name if name.startswith("_") and not name.startswith("__") else ""


def _cut(text: str, statement: ast.stmt, below: ast.stmt | None) -> str:
    """A module without one statement, the comments right above it, and the string below it if that documents it."""
    lines = text.splitlines()
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    while first and not lines[first - 1].strip():
        first -= 1
    return "\n".join(lines[:first] + lines[(below or statement).end_lineno :]) + "\n"


@lru_cache(maxsize=512)
def _parsed(text: str, path: Path) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        where = f"{path.as_posix()}, line {error.lineno}"
        raise ValueError(f"{where}: no Python without its bodies: {error.msg}") from error


@lru_cache(maxsize=512)
def _names(text: str, path: Path) -> tuple[frozenset[str], ...]:
    """What each statement of a module mentions."""
    return tuple(frozenset(names_mentioned(statement)) for statement in _parsed(text, path).body)


def _words_of_notebooks(root: Path) -> set[str]:
    """Every word in the code of the released notebooks."""
    words: set[str] = set()
    for path in sorted((root / "notebooks").glob("*/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            words |= set(re.findall(r"\w+", "".join(cell["source"])))
    return words
