"""The house is as its plan says: every module has its line, README and package show the same plan, arrows run down."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import llmcourse

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "llmcourse"
LINE = re.compile(r"^(?P<indent>(?: {4}){1,3})(?P<name>[\w.]+/?) {2,}(?P<what>\S.*)$", re.MULTILINE)


def planned() -> dict[str, str]:
    """The plan: a room's or module's path below the package -> its line."""
    rows, room, inner = {}, "", ""
    for match in LINE.finditer(llmcourse.__doc__ or ""):
        name = match["name"]
        if len(match["indent"]) == 4:
            room = name if name.endswith("/") else ""
            rows[name] = match["what"]
        elif name.endswith("/"):
            inner = name
            rows[f"{room}{name}"] = match["what"]
        else:
            rows[f"{room}{inner if len(match['indent']) == 12 else ''}{name}.py"] = match["what"]
    return rows


def built() -> set[str]:
    """What stands there: the rooms, the modules in them (the machinery is one room), the modules beside them."""
    found = set()
    for path in PACKAGE.iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            found.add(f"{path.name}/")
            if path.name != "course":
                found |= {module.relative_to(PACKAGE).as_posix() for module in path.rglob("*.py")}
                found |= {f"{path.name}/{inner.parent.name}/" for inner in path.glob("*/__init__.py")}
        elif path.suffix == ".py":
            found.add(path.name)
    return {name for name in found if not name.endswith("__init__.py")}


def test_every_module_of_the_library_has_its_line_and_every_line_its_module():
    assert set(planned()) == built()
    assert all(len(what) <= 90 for what in planned().values())


def test_the_readme_shows_the_same_plan():
    tree = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [match[0] for match in LINE.finditer(llmcourse.__doc__ or "")]
    assert "llmcourse/\n" + "\n".join(lines) + "\n" in tree


def test_a_room_says_what_it_is_in_its_first_line():
    for room in (*PACKAGE.glob("*/__init__.py"), *PACKAGE.glob("pretrain/*/__init__.py")):
        assert re.match(r'"""\S.*\.', room.read_text(encoding="utf-8").splitlines()[0]), room


def imports_linted(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)})


def test_arrows_run_down_and_there_is_no_circle():
    done = imports_linted(ROOT)
    assert done.returncode == 0, done.stdout
    assert "5 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("model/layers.py", "from llmcourse.training import train"),
        ("optim/rules.py", "import llmcourse.course.checks"),
        ("positional/absolute.py", "from llmcourse.positional.encodings import make_positions"),
        ("pretrain/settings/toml.py", "import llmcourse.pretrain.run.monitor"),
        ("course/checks.py", "from llmcourse.course.grading.errors import GradingError"),
    ],
)
def test_an_arrow_that_runs_up_is_found(tmp_path, module, line):
    import shutil

    shutil.copytree(PACKAGE, tmp_path / "llmcourse", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "llmcourse" / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = imports_linted(tmp_path)
    assert done.returncode == 1, done.stdout
    assert path.stem in done.stdout


METADATA = re.compile(
    r"""metadata\.(nbgrader|llmcourse)\b(?!\.fault`)      # cell.metadata.nbgrader
    | \.get\("(nbgrader|llmcourse)"                      # metadata.get("llmcourse")
    | "(nbgrader|llmcourse)"\ (not\ )?in\ .*metadata    # "llmcourse" in cell.metadata
    | metadata"?\]?\["(nbgrader|llmcourse)"\](?!\ =[^=])  # cell.metadata["llmcourse"], but not what is written there
    """,
    re.VERBOSE,
)
READERS = {
    "course/notebooks.py": "the one place",
    "course/answers.py": "a stranger's notebook, where neither need be what it should",
    "course/grading/results/feedback.py": "nbgrader's resources of a conversion, which are no cell's",
}


def test_one_module_knows_what_a_cells_metadata_says():
    assert {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if METADATA.search(path.read_text(encoding="utf-8"))
    } == set(READERS)


@pytest.mark.parametrize(
    "line",
    [
        'cell.metadata.get("llmcourse", {})',
        'notebook.metadata.get("llmcourse")',
        'cell["metadata"].get("nbgrader", {})',
        "cell.metadata.nbgrader.points",
        'c for c in cells if "llmcourse" not in c.metadata',
        'content["metadata"]["llmcourse"]',
    ],
)
def test_every_way_of_reading_it_is_seen(line):
    assert METADATA.search(line)
    assert not METADATA.search('cell.metadata["llmcourse"] = {"kind": "student"}')
