from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import llmcourse
from llmcourse import _overlay, _sections
from llmcourse.course import doctor
from llmcourse.course.checks import raises
from llmcourse.course.pieces import Piece
from llmcourse.course.progress import Progress, own_pieces, unusable_pieces, use
from llmcourse.course.refusal import BuildError
from llmcourse.course.told import CheckFailed, explain
from llmcourse.course.workspace import save_section

MINE = "def double(x):\n    return x + x\n"
STUB = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n"


def toy():
    return importlib.import_module("llmcourse.toy")


def test_a_built_piece_is_one_object_in_notebook_library_and_every_importer(builder):
    user = importlib.import_module("llmcourse.user")
    builder.build("llmcourse.toy:double", MINE)
    mine = builder.shell.user_ns["double"]
    assert toy().double is mine is user.twice
    assert toy().quadruple(2) == 8
    assert mine.__module__ == "llmcourse.toy"


def test_a_later_import_uses_the_workspace(builder, workspace):
    builder.build("llmcourse.toy:double", "def double(x):\n    return 'mine'\n")
    del sys.modules["llmcourse.toy"]
    assert toy().double(1) == "mine"
    assert _overlay.reference_object("llmcourse.toy", "double")(1) == 2


def test_rebuilding_replaces_the_earlier_version_in_its_place(builder, workspace):
    builder.build("llmcourse.toy", "def helper(x):\n    return x\n")
    builder.build("llmcourse.toy:double", MINE)
    builder.build("llmcourse.toy", "def helper(x):\n    return x + 0\n")
    sections = _sections.read_sections(_sections.overlay_file(workspace, "llmcourse.toy"))
    assert [s.target for s in sections] == ["llmcourse.toy", "llmcourse.toy:double"]
    assert "x + 0" in sections[0].source


def test_a_traceback_points_into_the_workspace_file(library, workspace):
    save_section(workspace, "llmcourse.toy", _sections.Section("llmcourse.toy", "LIMIT = 7\n"))
    source = "def double(x):\n    y = x\n    return y + LIMIT.name\n"
    save_section(workspace, "llmcourse.toy", _sections.Section("llmcourse.toy:double", source))
    _overlay.install(workspace)
    with pytest.raises(AttributeError) as error:
        toy().double(1)
    last = error.traceback[-1]
    assert last.path == _sections.overlay_file(workspace, "llmcourse.toy")
    assert last.path.read_text().splitlines()[last.lineno] == "    return y + LIMIT.name"


@pytest.mark.parametrize(
    ("notebook", "hint"),
    [
        ({"np": sys}, "Put `import sys as np` inside the %%build cell"),
        ({"np": len}, "Make `%%build llmcourse.toy` the first line of its cell"),
        ({}, "`np` is not defined anywhere yet"),
    ],
)
def test_a_name_the_library_cannot_see_is_named_with_the_remedy(builder, capsys, notebook, hint):
    builder.shell.user_ns.update(notebook)
    builder.build("llmcourse.toy:double", "def double(x):\n    return np.array(x)\n")
    assert hint in capsys.readouterr().out


def test_a_typing_error_in_a_name_is_told_when_the_cell_is_built(builder, capsys):
    builder.build("llmcourse.toy:double", "def double(x):\n    return rnage(x) + quadrupel(x)\n")
    said = capsys.readouterr().out
    assert "Did you mean `range`?" in said and "Did you mean `quadruple`?" in said


def test_a_stub_is_checked_as_unwritten_while_the_library_keeps_the_reference(builder, capsys):
    builder.build("llmcourse.toy:double", STUB)
    assert "not written yet" in capsys.readouterr().out
    assert toy().quadruple(2) == 8
    assert builder.shell.user_ns["double"](1) == 2, "experiments below an unwritten exercise run on the reference"
    with pytest.raises(CheckFailed, match="double is not written yet"):
        builder.check("llmcourse.toy:double", "assert double(1) == 2, 'x'")


def test_a_stub_does_not_lose_the_version_built_earlier(builder, workspace):
    builder.build("llmcourse.toy:double", MINE)
    mine = toy().double
    builder.build("llmcourse.toy:double", STUB)
    assert toy().double is mine
    assert "x + x" in (_sections.overlay_file(workspace, "llmcourse.toy")).read_text()


def test_a_renamed_function_is_told_so(builder):
    with pytest.raises(BuildError, match="should define `double`.*rename `double` to `doubel`"):
        builder.build("llmcourse.toy:double", MINE.replace("double", "doubel"))


def test_a_syntax_error_changes_nothing(builder, workspace):
    builder.build("llmcourse.toy:double", MINE)
    with pytest.raises(BuildError, match=r"SyntaxError in line 2 of this cell: .*\n    def double\(x:\n"):
        builder.build("llmcourse.toy:double", "def double(x:\n")
    assert toy().double(4) == 8
    assert "x + x" in (_sections.overlay_file(workspace, "llmcourse.toy")).read_text()


def test_a_cell_that_raises_halfway_leaves_the_module_as_it_was(builder):
    before = dict(vars(toy()))
    with pytest.raises(ZeroDivisionError):
        builder.build("llmcourse.toy:double", "def double(x):\n    return 0\n1 / 0\n")
    assert {k: v for k, v in vars(toy()).items() if k != "__builtins__"} == {
        k: v for k, v in before.items() if k != "__builtins__"
    }


@pytest.mark.parametrize("target", ["numpy:array", "llmcourse.course.cli:app", "llmcourse.nowhere:f"])
def test_only_library_modules_can_be_built_into(builder, target):
    with pytest.raises(BuildError, match="librar"):
        builder.build(target, "def array():\n    pass\n")


def test_a_half_written_file_costs_only_the_broken_section(library, workspace):
    path = _sections.overlay_file(workspace, "llmcourse.toy")
    path.parent.mkdir()
    path.write_text(
        "# %%build llmcourse.toy:quadruple\ndef quadruple(x):\n    return 'mine'\n\n# %%build llmcourse.toy:double\ndef doub"
    )
    with pytest.warns(
        _sections.WorkspaceWarning, match=r"toy\.py, line 6: double cannot be used.*library's own stands in"
    ):
        _overlay.install(workspace)
        module = toy()
    assert module.quadruple(1) == "mine"
    assert module.double(1) == 2


def test_a_section_that_needs_a_later_one_is_used_all_the_same(library, workspace):
    path = _sections.overlay_file(workspace, "llmcourse.toy")
    path.parent.mkdir()
    path.write_text(
        "# %%build llmcourse.toy:double\n@traced\ndef double(x):\n    return 'mine'\n# %%build llmcourse.toy\n"
        "def traced(f):\n    return f\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _overlay.install(workspace)
        assert toy().double(1) == "mine"


def test_a_missing_helper_is_named_when_a_new_process_loads_the_workspace(library, workspace):
    path = _sections.overlay_file(workspace, "llmcourse.toy")
    path.parent.mkdir()
    path.write_text("# %%build llmcourse.toy:double\ndef double(x):\n    return my_helper(x)\n")
    with pytest.warns(_sections.WorkspaceWarning, match="double uses my_helper, which no built cell defines"):
        _overlay.install(workspace)
        toy()


def test_a_piece_can_be_switched_to_the_reference_and_back(builder, workspace):
    builder.build("llmcourse.toy:double", "def double(x):\n    return 'mine'\n")
    use(workspace, {Piece("llmcourse.toy", "double")}, "reference")
    del sys.modules["llmcourse.toy"]
    assert toy().double(1) == 2
    use(workspace, {Piece("llmcourse.toy", "double")}, "mine")
    del sys.modules["llmcourse.toy"]
    assert toy().double(1) == "mine"
    assert own_pieces(workspace) == {Piece("llmcourse.toy", "double")}
    with pytest.raises(ValueError, match="'yours'"):
        use(workspace, set(), "yours")


def test_building_a_piece_that_is_switched_off_says_so_and_keeps_the_reference(builder, workspace, capsys):
    use(workspace, {Piece("llmcourse.toy", "double")}, "reference")
    builder.build("llmcourse.toy:double", "def double(x):\n    return 'mine'\n")
    assert toy().double(1) == 2
    assert builder.shell.user_ns["double"](1) == "mine"
    assert "--use mine double" in capsys.readouterr().out


def test_a_check_judges_one_piece_with_references_for_all_others(builder):
    builder.build("llmcourse.toy:double", "def double(x):\n    return -1\n")
    builder.build("llmcourse.toy:quadruple", "def quadruple(x):\n    return double(double(x))\n")
    builder.check("llmcourse.toy:quadruple", "assert quadruple(2) == 8 and double(2) == 4, 'wrong'")
    with pytest.raises(CheckFailed, match="double: twice"):
        builder.check("llmcourse.toy:double", "assert double(2) == 4, 'twice two is four'")
    assert toy().double(1) == -1, "the learner's version is back after a check"


def test_a_check_does_not_judge_the_reference_in_the_learners_place(builder):
    builder.shell.user_ns["double"] = toy().double
    with pytest.raises(
        CheckFailed, match="not built yet: run the cell above that begins with %%build llmcourse.toy:double"
    ):
        builder.check("llmcourse.toy:double", "assert double(2) == 4, 'x'")
    del builder.shell.user_ns["double"]
    with pytest.raises(CheckFailed, match="not built yet"):
        builder.check("llmcourse.toy:double", "assert True, 'x'")


def test_a_check_restores_constants_without_touching_equal_ones(builder):
    toy().OTHER = 3
    builder.build("llmcourse.toy", "LIMIT = 7\n")
    builder.build("llmcourse.toy:double", MINE)
    builder.check("llmcourse.toy:double", "import llmcourse.toy as t\nassert (t.LIMIT, t.OTHER) == (3, 3), 'x'")
    assert (toy().LIMIT, toy().OTHER) == (7, 3)


def test_a_check_uses_the_helper_as_it_is_now(builder):
    for factor in (3, 2):
        builder.build(
            "llmcourse.toy:double", f"def helper():\n    return {factor}\ndef double(x):\n    return x * helper()\n"
        )
    builder.check("llmcourse.toy:double", "assert double(2) == 4, double(2)")


def test_a_check_has_the_reference_for_others_under_whatever_name_the_notebook_imported_them(builder):
    builder.build("llmcourse.toy:double", "def double(x):\n    return 0\n")
    builder.shell.run_cell("from llmcourse.toy import double as twice")
    builder.build("llmcourse.toy:quadruple", "def quadruple(x):\n    return double(double(x))\n")
    builder.check("llmcourse.toy:quadruple", "assert twice(2) == 4 and quadruple(1) == 4, 'not alone'")


def test_two_pieces_of_one_name_are_told_apart(builder, library):
    (library / "user.py").write_text("def double(x):\n    return 2 * x\n")
    builder.build("llmcourse.toy:double", "def double(x):\n    return 'toy'\n")
    builder.build("llmcourse.user:double", "def double(x):\n    return 'user'\n")
    builder.check("llmcourse.toy:double", "assert double(1) == 'toy', double(1)")
    builder.check("llmcourse.user:double", "assert double(1) == 'user', double(1)")


def test_a_cached_piece_reaches_every_importer_and_a_hidden_import_none(builder):
    user = importlib.import_module("llmcourse.user")
    builder.build("llmcourse.toy:double", "import functools\n@functools.cache\ndef double(x):\n    return 'cached'\n")
    assert user.twice(1) == "cached"
    builder.build("llmcourse.user", "def twice(x):\n    return 'hidden'\n")
    assert toy().double(1) == "cached"


def test_an_alias_of_another_piece_does_not_drag_it_along(builder):
    builder.build("llmcourse.toy:double", MINE)
    builder.build("llmcourse.toy:quadruple", "quadruple = double")
    builder.build("llmcourse.toy:quadruple", "def quadruple(x):\n    return 'four'\n")
    assert toy().double(2) == 4


def test_what_tries_a_piece_in_its_cell_runs_in_the_notebook_alone(builder, capsys):
    with builder.shell.builtin_trap:
        builder.build("llmcourse.toy:double", MINE + "%timeit -n1 -r1 double(1)\nprint('tried')\n")
    assert "tried" in capsys.readouterr().out
    code = "import llmcourse.toy; print(llmcourse.toy.double.__code__.co_filename)"
    path = os.pathsep.join(llmcourse.__path__)
    run = f"import llmcourse; llmcourse.__path__ = {path!r}.split({os.pathsep!r}); {code}"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert "work" in done.stdout and "tried" not in done.stdout and not done.stderr


@pytest.mark.parametrize("cell", ["# %%build llmcourse.toy:double\n" + MINE, MINE.replace("\n", "\r\n")])
def test_a_header_in_a_comment_and_windows_line_ends_are_only_text(builder, cell):
    builder.build("llmcourse.toy:double", cell)
    builder.check("llmcourse.toy:double", "assert double(2) == 4, 'wrong'")


def test_a_helper_cell_with_imports_alone_is_kept(builder, workspace):
    builder.build("llmcourse.toy", "import math as maths\n")
    builder.build("llmcourse.toy", "def area(r):\n    return maths.pi * r * r\n")
    text = _sections.overlay_file(workspace, "llmcourse.toy").read_text()
    assert "import math as maths" in text and "def area" in text


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt"])
def test_a_check_that_does_not_end_counts_as_failed(builder, workspace, error):
    builder.build("llmcourse.toy:double", MINE)
    builder.check("llmcourse.toy:double", "assert double(1) == 2, 'wrong'")
    builder.build("llmcourse.toy:double", f"def double(x):\n    raise {error}\n")
    with pytest.raises((CheckFailed, KeyboardInterrupt)):
        builder.check("llmcourse.toy:double", "double(1)")
    assert Progress(workspace).passed() == {"llmcourse.toy:double": False}


def test_a_version_that_no_longer_builds_is_not_judged(builder):
    builder.build("llmcourse.toy:double", MINE)
    with pytest.raises(BuildError, match=r"SyntaxError in line 2 of this cell: .*\n    def double\(x:\n"):
        builder.build("llmcourse.toy:double", "def double(x:\n")
    with pytest.raises(CheckFailed, match="is not built, for its cell was refused: SyntaxError in line 2 of its cell"):
        builder.check("llmcourse.toy:double", "assert double(1) == 2, 'wrong'")


def test_a_failed_check_shows_the_line_and_the_learners_own_frame(builder):
    builder.build("llmcourse.toy:double", "def double(x):\n    return x.nothing\n")
    with pytest.raises(CheckFailed) as failed:
        builder.check("llmcourse.toy:double", "x = 1\nassert double(x) == 2, 'x'")
    text = str(failed.value)
    assert "AttributeError" in text
    assert "in the check, line 3: double(1)\n" in text
    assert "in double, line 3 of its cell: return x.nothing" in text
    assert "return x.nothing" in text


def test_a_failed_assert_is_told_with_what_was_called(builder):
    builder.build("llmcourse.toy:double", MINE)
    with pytest.raises(CheckFailed) as failed:
        builder.check("llmcourse.toy:double", "got = double(2)\nassert got == 5, f'got {got}: five wanted'")
    assert str(failed.value).splitlines() == [
        "double: got 4: five wanted",
        "    in the check, line 3: double(2)",
        "    right is: 5 (1 more)",
    ]


def test_checks_are_recorded(builder, workspace):
    builder.build("llmcourse.toy:double", MINE)
    builder.check("llmcourse.toy:double", "assert double(1) == 2, 'x'")
    with pytest.raises(CheckFailed):
        builder.check("llmcourse.toy:double speed", "assert False, 'slow'")
    assert Progress(workspace).passed() == {"llmcourse.toy:double": True, "llmcourse.toy:double speed": False}


def test_a_broken_progress_file_is_not_fatal(workspace):
    progress = Progress(workspace)
    progress.path.write_text("{half")
    assert progress.passed() == {}
    progress.record("a", passed=True)
    assert progress.passed() == {"a": True}


def _save_many(workspace: str, who: int) -> None:
    for count in range(20):
        section = _sections.Section(f"llmcourse.toy:piece_{who}", f"def piece_{who}():\n    return {count}\n")
        save_section(Path(workspace), "llmcourse.toy", section)


def test_two_kernels_saving_at_once_lose_nothing(workspace):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_save_many, args=(str(workspace), who)) for who in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    sections = _sections.read_sections(_sections.overlay_file(workspace, "llmcourse.toy"))
    assert sorted(s.piece for s in sections) == ["piece_0", "piece_1", "piece_2"]
    assert all("return 19" in s.source for s in sections)


def test_sections_survive_a_round_trip_even_with_a_header_inside(tmp_path):
    tricky = _sections.Section("llmcourse.toy:a", "x = '''\n# %%build llmcourse.toy:b\n'''\n")
    path = tmp_path / "toy.py"
    path.write_text(_sections.format_sections("llmcourse.toy", [tricky, tricky]))
    assert [s.target for s in _sections.read_sections(path)] == ["llmcourse.toy:a"] * 2


PROBE = "from llmcourse.tokenization.huffman import huffman_code_lengths as f; print(f({'a': 1}))"
SPAWN = """
import multiprocessing as mp
from llmcourse.tokenization.huffman import huffman_code_lengths
if __name__ == "__main__":
    with mp.get_context("spawn").Pool(1) as pool:
        print(pool.apply(huffman_code_lengths, ({"a": 1},)))
"""


@pytest.fixture
def learners_huffman(workspace):
    section = _sections.Section(
        "llmcourse.tokenization.huffman:huffman_code_lengths", "def huffman_code_lengths(counts):\n    return 'mine'\n"
    )
    save_section(workspace, "llmcourse.tokenization.huffman", section)
    return {**os.environ, "LLMCOURSE_WORKSPACE": str(workspace)}


def test_a_spawned_process_runs_the_learners_piece(learners_huffman, tmp_path):
    (tmp_path / "spawn.py").write_text(SPAWN)
    done = subprocess.run(
        [sys.executable, "spawn.py"], env=learners_huffman, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip() == "mine", done.stderr


@pytest.mark.timeout(180)
def test_a_torchrun_job_runs_the_learners_piece_on_every_rank(learners_huffman, tmp_path):
    (tmp_path / "job.py").write_text(PROBE)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "job.py"]
    done = subprocess.run(command, env=learners_huffman, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.count("mine") == 2, done.stderr  # two ranks may write into one line


def test_a_workspace_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="file"):
        _overlay.install(tmp_path / "file")


def test_a_workspace_that_does_not_exist_yet_is_announced_and_used_once_it_does(library, tmp_path):
    with pytest.warns(_sections.WorkspaceWarning, match=r"nowhere does not exist \(yet\)"):
        _overlay.install(tmp_path / "nowhere")
    section = _sections.Section("llmcourse.toy:double", "def double(x):\n    return 'mine'\n")
    save_section(tmp_path / "nowhere", "llmcourse.toy", section)
    assert toy().double(1) == "mine"


def test_raises_says_what_happened_instead():
    raises(ValueError, int, "x", says="x")
    with pytest.raises(AssertionError, match="should raise ValueError, but returned 7"):
        raises(ValueError, int, "7")
    with pytest.raises(AssertionError, match="does not name 'seven'"):
        raises(ValueError, int, "x", says="seven")
    with pytest.raises(AssertionError, match="but raised TypeError"):
        raises(ValueError, int, [])


def test_a_name_error_is_explained():
    try:
        exec("my_helper()", {})
    except NameError as error:
        assert "in a cell that was not built" in str(explain(error, "f", "my_helper()", "<check>"))


HEADER = "# Your own llmcourse.toy, cell by cell, as %%build saved it. The library runs this inside its own module.\n"
OURS = f"{HEADER}\n# %%build llmcourse.toy:double\n{MINE}"


def test_a_process_started_in_the_workspace_imports_the_library(workspace):
    save_section(
        workspace, "llmcourse.tokenization.huffman", _sections.Section("llmcourse.tokenization.huffman", "A = 1\n")
    )
    code = "import llmcourse.model, llmcourse.tokenization as t; print(t.BASE_VOCAB is not None, t.huffman.A)"
    (workspace / "script.py").write_text(code)
    for how in (["-c", code], ["script.py"]):
        done = subprocess.run(
            [sys.executable, *how], cwd=workspace, capture_output=True, text=True, env=_outside_pytest()
        )
        assert done.stdout.split() == ["True", "1"], done.stderr
    done = subprocess.run(
        [sys.executable, "-c", "import importlib.util as u; print(u.find_spec('llmcourse').origin)"],
        cwd=workspace, capture_output=True, text=True, env=_outside_pytest() | {"LLMCOURSE_WORKSPACE": ""},
    )  # fmt: skip
    assert done.stdout.strip() == llmcourse.__file__, done.stderr


def _outside_pytest() -> dict[str, str]:
    """As a learner's shell: the library is found behind the folder that a process is started in."""
    return {**os.environ, "PYTHONPATH": str(Path(llmcourse.__file__).parents[1])}


def test_an_old_folder_that_hides_the_library_is_moved_with_all_that_is_in_it(library, workspace):
    old = workspace / "llmcourse"
    old.mkdir()
    (old / "toy.py").write_text(OURS.replace("x + x", "'mine'"))
    (old / "use_reference.txt").write_text("llmcourse.toy:quadruple\n")
    _overlay.install(workspace)
    assert toy().double(1) == "mine" and not old.exists()
    assert _sections.switched_to_reference(workspace) == {"llmcourse.toy:quadruple"}
    (old / "deep").mkdir(parents=True)
    (old / "toy.py").write_text(OURS)
    (old / "deep" / "other.py").write_text("# %%build llmcourse.deep.other:f\ndef f(): pass\n")
    assert _sections.move_old_overlay(workspace) and not old.exists()
    kept = workspace / _sections.OVERLAY_FOLDER
    assert "'mine'" in (kept / "toy.py").read_text() and (kept / "toy.py.old").read_text() == OURS
    assert (kept / "deep" / "other.py").exists()


@pytest.mark.parametrize("files", [{"__init__.py": "", "toy.py": OURS}, {"mine.py": "x = 1\n"}, {}])
def test_a_folder_that_is_not_ours_is_left_alone(workspace, files):
    (workspace / "llmcourse").mkdir()
    for name, text in files.items():
        (workspace / "llmcourse" / name).write_text(text)
    assert not _sections.move_old_overlay(workspace)
    assert {path.name for path in (workspace / "llmcourse").iterdir()} == set(files)


@pytest.mark.parametrize(
    "text",
    [
        OURS.replace("# %%build llmcourse.toy:double", "# %%build llmcourse.toy:double   (the second try)"),
        OURS.replace("# %%build", "#%%build"),
        OURS.replace("# %%build", "# %% build"),
        "\ufeff" + OURS,
        OURS.replace("\n", "\r\n"),
        OURS.replace(MINE, "def double(x):\n    return helper(x)\n").replace(
            HEADER, HEADER + "def helper(x):\n    return x + x\n"
        ),
    ],
    ids=["remark", "no blank", "a blank more", "mark", "Windows", "a helper above"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_that_was_edited_by_hand_is_used(library, workspace, text, encoding):
    path = _sections.overlay_file(workspace, "llmcourse.toy")
    path.parent.mkdir()
    path.write_bytes(text.replace("x + x", "3 * x").encode(encoding))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _overlay.install(workspace)
        assert toy().double(5) == 15
    assert own_pieces(workspace) == {Piece("llmcourse.toy", "double")} and not unusable_pieces(workspace)
    save_section(workspace, "llmcourse.toy", _sections.Section("llmcourse.toy:quadruple", "def quadruple(x): pass\n"))
    assert path.read_text().count("3 * x") == 1 and ("def helper" in path.read_text()) == ("def helper" in text)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def twice(x):\n    return x + x\n", "does not define `double`"),
        ("def double(x:\n", "SyntaxError"),
        ("  def double(x):\n return 1\n", "IndentationError"),
    ],
)
def test_a_file_that_does_not_give_its_piece_is_told_at_its_own_line(library, workspace, source, says):
    path = _sections.overlay_file(workspace, "llmcourse.toy")
    path.parent.mkdir()
    path.write_text(f"{HEADER}\n# %%build llmcourse.toy:double\n{source}")
    with pytest.warns(_sections.WorkspaceWarning, match="double cannot be used, the library's own stands in") as told:
        _overlay.install(workspace)
        assert toy().double(2) == 4
    assert {warning.filename for warning in told} == {str(path)}
    assert says in unusable_pieces(workspace)[Piece("llmcourse.toy", "double")]
    assert doctor.examine(None, workspace)[-1].what == "double"


def test_a_workspace_that_was_renamed_under_a_running_kernel_is_told(builder, workspace):
    builder.build("llmcourse.toy:double", MINE)
    workspace.rename(workspace.with_name("renamed"))
    with pytest.raises(BuildError, match="is no longer there: was it renamed or moved"):
        builder.build("llmcourse.toy:double", MINE)
    assert not workspace.exists()


@pytest.mark.parametrize("cell", ["def double(x):\n    y = x\n  return y\n", "%time\n  x = 1\n y = 2\n", "x = '\0'\n"])
def test_a_wrong_dedent_is_one_clear_message(builder, cell):
    with pytest.raises(BuildError, match=r"Error in line \d of this cell|source code"):
        builder.build("llmcourse.toy:double", cell)


def test_a_check_uses_its_own_names_whatever_the_notebook_has_under_them(builder, tmp_path, monkeypatch):
    cells = [
        (
            "setup",
            "%load_ext llmcourse.course\nimport math\nfrom llmcourse.course.checks import close\nfrom llmcourse.toy import double",
        ),
        ("setup", "def helper():\n    return math.pi"),
        ("check", "%%check llmcourse.toy:double\n"),
        ("setup", "helper = None"),
    ]
    facts = [
        {"cell_type": "code", "source": s.splitlines(True), "metadata": {"llmcourse": {"kind": k}}} for k, s in cells
    ]
    for folder in ("book/chapters", "llmcourse", "notebooks/01_x"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "notebooks/01_x/01_x.ipynb").write_text(json.dumps({"cells": facts, "metadata": {}}))
    builder.shell.user_ns |= {"close": 3, "math": "no module", "own": 7}
    builder.build("llmcourse.toy:double", MINE)
    builder.check("llmcourse.toy:double", "close(double(helper()), 2 * math.pi, '?', rtol=1e-9); assert own == 7, '?'")
    assert builder.shell.user_ns["close"] == 3


@pytest.mark.parametrize(("name", "says"), [("np", "put `import numpy as np` inside"), ("mine", "that was not built")])
def test_a_name_that_a_piece_misses_is_told_with_what_it_is(builder, name, says):
    builder.build("llmcourse.toy:double", f"def double(x):\n    return {name}.abs(x)\n")
    with pytest.raises(CheckFailed, match=says):
        builder.check("llmcourse.toy:double", "double(1)")


def test_a_name_that_a_check_misses_is_not_put_down_to_the_piece(builder):
    builder.build("llmcourse.toy:double", MINE)
    with pytest.raises(
        CheckFailed, match="the check of double uses `toy_parts`, which is not there: run the cells above"
    ):
        builder.check("llmcourse.toy:double", "assert double(toy_parts) == 2, '?'")
