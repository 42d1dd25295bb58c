"""What newcomers stumble over in a notebook, and the one clear line that they are told."""

from __future__ import annotations

import linecache
import signal
import warnings

import pytest
from IPython.core.interactiveshell import InteractiveShell

from llmcourse import _overlay, _sections
from llmcourse.course import workspace as magics
from llmcourse.course.refusal import BuildError
from llmcourse.course.source import magic_to_the_top
from llmcourse.course.told import CheckFailed
from llmcourse.course.watched import short
from tests.course.test_workspace import MINE, toy


@pytest.fixture
def shell(library, workspace, monkeypatch):
    """IPython's shell with the course loaded."""
    monkeypatch.setattr(magics, "_current", None)
    shell = InteractiveShell()
    magics.load_magics(shell)
    return shell


def shown(error: BaseException) -> list[str]:
    """What a notebook shows of an error."""
    return error._render_traceback_()


@pytest.mark.parametrize("above", ["# my second try\n", "\n\n", "# one\n\n  # two\n"])
def test_comments_and_blank_lines_may_stand_above_the_first_line(shell, above):
    shell.run_cell(f"{above}%%build llmcourse.toy:double\ndef double(x):\n    return x.nothing\n").raise_error()
    assert shell.user_ns["double"] is toy().double
    with pytest.raises(CheckFailed) as failed:
        shell.run_cell(f"{above}%%check llmcourse.toy:double\nassert double(1) == 2, '?'").raise_error()
    n_above = len(above.strip("\n").splitlines())
    assert f"in double, line {3 + n_above} of its cell: return x.nothing" in str(failed.value)


def test_code_above_the_first_line_is_told(shell):
    for name in ("build", "check"):
        with pytest.raises(BuildError, match="keep the line that begins with %% the first of its cell"):
            shell.run_cell(f"x = 1\n%%{name} llmcourse.toy:double\n{MINE}").raise_error()
    assert magic_to_the_top(["x = 1\n", "%%build m\n"]) == ["x = 1\n", "%%build m\n"]


def test_an_interrupted_check_is_one_line_and_where_it_was(builder):
    builder.build("llmcourse.toy:double", "def double(x):\n    import signal\n    signal.raise_signal(signal.SIGINT)\n")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt) as stopped:
            builder.check("llmcourse.toy:double", "double(1)")
    finally:
        signal.signal(signal.SIGINT, before)
    assert shown(stopped.value) == [
        "✗ double: the check was interrupted, so it has not passed",
        "    in double, line 4 of its cell: signal.raise_signal(signal.SIGINT)",
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("llmcourse.toy:doubel", "no piece `doubel`. Did you mean `double`? It has double, Counter, quadruple, undocu"),
        ("llmcourse.toy:zzz", "llmcourse.toy has no piece `zzz`. It has Counter, double"),
        ("llmcourse.toi:double", "no module 'llmcourse.toi' in the library; did you mean llmcourse.toy?"),
        ("llmcourse.user:double", "`double` is a piece of llmcourse.toy: write `%%build llmcourse.toy:double`"),
        ("llmcourse.toy:math", "has no piece `math`"),
    ],
)
def test_a_piece_that_is_none_is_refused_with_those_that_are(builder, library, line, says):
    (library / "user.py").write_text("from llmcourse.toy import double\n")
    name = line.partition(":")[2]
    with pytest.raises(BuildError) as refused:
        builder.build(line, f"def {name}(x):\n    return x\n")
    assert says in str(refused.value)


def test_a_helper_of_ones_own_makes_no_piece_of_that_name(builder):
    builder.build("llmcourse.toy", "def helper(x):\n    return x\n")
    with pytest.raises(BuildError, match="no piece `helper`"):
        builder.build("llmcourse.toy:helper", "def helper(x):\n    return x\n")


@pytest.mark.parametrize(
    ("line", "cell", "says"),
    [
        ("double", "def double(x:\n", "its cell was refused: SyntaxError in line 2 of its cell: "),
        ("double", "def doubel(x): pass\n", "refused: its cell should define `double`, but it defines doubel."),
        ("doubel", "def doubel(x): pass\n", "its cell was refused: llmcourse.toy has no piece `doubel`"),
        ("double", "import nowhere\n" + MINE, "its cell stopped with ModuleNotFoundError: No module named 'nowhere'"),
        ("double", "return 3\n" + MINE, "its cell was refused: SyntaxError in line 2 of its cell: 'return' outside"),
    ],
)
def test_a_check_says_why_the_cell_above_gave_nothing(builder, line, cell, says):
    with pytest.raises((BuildError, ImportError)):
        builder.build(f"llmcourse.toy:{line}", cell)
    with pytest.raises(CheckFailed) as failed:
        builder.check("llmcourse.toy:double", "assert True, '?'")
    assert str(failed.value).startswith("double is not built, for ") and says in str(failed.value)
    builder.build("llmcourse.toy:double", MINE)
    builder.check("llmcourse.toy:double", "assert double(1) == 2, '?'")


@pytest.mark.parametrize("lines", ["", "    # a thought\n" * 5])
def test_a_cell_is_told_as_it_is_when_another_above_it_has_been_built_again(builder, lines):
    builder.build("llmcourse.toy", "def helper(x):\n    return x\n")
    builder.build("llmcourse.toy:double", "def double(x):\n    y = x\n    return y.nothing\n")
    builder.build("llmcourse.toy", f"def helper(x):\n{lines}    return x\n")
    with pytest.raises(CheckFailed, match="in double, line 4 of its cell: return y.nothing"):
        builder.check("llmcourse.toy:double", "double(1)")


def test_a_warning_shows_the_line_of_the_version_that_gave_it(builder):
    cell = "import warnings\ndef double(x):\n    warnings.warn('{0}')  # the {0} one\n    return 2 * x\n"
    for version in ("first", "second"):
        builder.build("llmcourse.toy:double", cell.format(version))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            toy().double(1)
        text = warnings.formatwarning(caught[0].message, UserWarning, caught[0].filename, caught[0].lineno)
        assert f"# the {version} one" in text


def test_what_was_loaded_from_the_workspace_is_told_by_its_own_lines_too(library, workspace):
    for name in ("double", "quadruple"):
        section = _sections.Section(f"llmcourse.toy:{name}", f"def {name}(x):\n    return x.{name}\n")
        magics.save_section(workspace, "llmcourse.toy", section)
    _overlay.install(workspace, as_cells=True)
    code = toy().quadruple.__code__
    magics.save_section(workspace, "llmcourse.toy", _sections.Section("llmcourse.toy:double", "# longer\n" * 9 + MINE))
    assert linecache.getline(code.co_filename, code.co_firstlineno + 1) == "    return x.quadruple\n"
    assert code.co_firstlineno == 2, "as in its cell, whose first line is the magic"


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        (
            "import nowhere\n" + MINE,
            ["ModuleNotFoundError: No module named 'nowhere'", "    in line 2 of its cell: import nowhere"],
        ),
        (
            MINE + "double(None)\n",
            [
                "TypeError: unsupported operand type(s) for +: 'NoneType' and 'NoneType'",
                "    in line 4 of its cell: double(None)",
                "    in double, line 3 of its cell: return x + x",
            ],
        ),
        ("assert False\n" + MINE, ["AssertionError", "    in line 2 of its cell: assert False"]),
    ],
)
def test_an_error_in_a_build_cell_is_shown_by_the_cells_own_lines(builder, cell, lines):
    with pytest.raises(Exception) as stopped:  # noqa: B017 - it keeps its type
        builder.build("llmcourse.toy:double", cell)
    assert shown(stopped.value) == lines


def test_a_notebook_shows_these_lines_alone(shell, capsys):
    shell.run_cell(f"%%build llmcourse.toy:double\n1 / 0\n{MINE}")
    text = capsys.readouterr().out
    assert "in line 2 of its cell: 1 / 0" in text and "workspace.py" not in text and "_overlay" not in text


def test_spaces_in_a_string_are_told_as_they_are():
    assert short("a   b") == "'a   b'"
    assert short(["a   b", '"c"  d']) == """['a   b', '"c"  d']"""
