from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from llmcourse._sections import OVERLAY_FOLDER, Section
from llmcourse.course import checking, cli, doctor, kernels, lab, starting, terminal
from llmcourse.course.author.build import build
from llmcourse.course.notebooks import Score, exercises, kind_of
from llmcourse.course.paths import MARKER, course_root, find_workspace
from llmcourse.course.progress import Progress
from llmcourse.course.workspace import save_section

ROOT = Path(__file__).resolve().parents[2]
GRADED = exercises(ROOT / "notebooks/01_tokenization/01_tokenization.ipynb")
RIGHT = '''def merge_pair(ids, pair, new_id):
    """Mine."""
    text = "".join(map(chr, ids)).replace(chr(pair[0]) + chr(pair[1]), chr(new_id))
    return tuple(map(ord, text))
'''
WRONG = '''def count_pairs(words):
    """Mine, without the frequencies."""
    return Counter(pair for ids in words for pair in zip(ids, ids[1:]))
'''
SPLIT = """def split_special(text, special_tokens):
    parts = regex.split("(" + "|".join(map(regex.escape, sorted(special_tokens, key=len)[::-1])) + ")", text)
    return [(part, i % 2 == 1) for i, part in enumerate(parts) if part] if special_tokens else [(text, False)][: len(text)]
"""
ENDLESS = "def decode(ids, vocab):\n    while True:\n        pass\n"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    (folder / MARKER).mkdir(parents=True)
    monkeypatch.setenv("LLMCOURSE_WORKSPACE", str(folder))
    return folder


@pytest.fixture
def run(workspace, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(cli.console, "width", 200)
    monkeypatch.setattr(cli.console, "_color_system", None)
    runner = CliRunner()

    def invoke(*arguments):
        with cli.console.capture() as captured:
            result = runner.invoke(cli.app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, captured.get()

    return invoke


def write(notebook: Path, pieces: dict[str, str]) -> None:
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        facts = cell["metadata"].get("llmcourse", {})
        if facts.get("kind") == "exercise" and facts["id"] in pieces:
            cell["source"] = f"%%build {facts['piece']}\n{pieces[facts['id']]}"
    notebook.write_text(json.dumps(content))


def test_start_never_overwrites_and_offers_a_newer_release_beside(small_course, tmp_path):
    build(small_course, prove=False)
    workspace = tmp_path / "mine"
    (copied,) = starting.start(small_course, workspace, "01_doubling")
    assert copied.outcome == "copied"
    copied.path.write_text("my work")
    assert [s.outcome for s in starting.start(small_course, workspace, "01_doubling")] == ["kept"]
    chapter = small_course / "book/chapters/01_doubling.md"
    chapter.write_text(chapter.read_text().replace("Some prose.", "Better prose."))
    build(small_course, prove=False)
    (newer,) = starting.start(small_course, workspace, "01_doubling")
    assert copied.path.read_text() == "my work"
    assert newer.beside.name == "01_doubling.new.ipynb"
    assert "Better prose." in newer.beside.read_text()
    newer.beside.write_text("edited too")
    chapter.write_text(chapter.read_text().replace("Better prose.", "Best prose."))
    build(small_course, prove=False)
    (newest,) = starting.start(small_course, workspace, "01_doubling")
    assert newest.beside.name == "01_doubling.new1.ipynb"
    assert newer.beside.read_text() == "edited too"


def test_start_says_how_the_exercises_work(small_course, tmp_path):
    build(small_course, prove=False)
    starting.start(small_course, tmp_path / "mine", "01_doubling")
    text = (tmp_path / "mine" / "START-HERE.md").read_text(encoding="utf-8")
    assert f"`{OVERLAY_FOLDER}/`" in text
    for command in re.findall(r"^\| `llmcourse ([^`]*)`", text, re.MULTILINE):
        known = {one.name or one.callback.__name__ for one in cli.app.registered_commands}
        assert command.split()[0] in known


def test_an_untouched_copy_follows_a_new_release_and_answers_are_carried_into_it(small_course, tmp_path):
    build(small_course, prove=False)
    workspace, chapter = tmp_path / "mine", small_course / "book/chapters/01_doubling.md"
    (copied,) = starting.start(small_course, workspace, "01_doubling")
    content = json.loads(copied.path.read_text())
    content["cells"][0]["metadata"]["scrolled"] = True
    copied.path.write_text(json.dumps(content))
    chapter.write_text(chapter.read_text().replace("Some prose.", "Better prose."))
    build(small_course, prove=False)
    (updated,) = starting.start(small_course, workspace, "01_doubling")
    assert updated.outcome == "updated" and "Better prose." in copied.path.read_text()
    content = json.loads(copied.path.read_text())
    cell = next(c for c in content["cells"] if c["metadata"].get("llmcourse", {}).get("id") == "double")
    cell["source"] = "%%build llmcourse.toy:double\ndef double(x):\n    return x + x"
    content["cells"].insert(2, {"cell_type": "code", "source": "my = 'own'", "metadata": {}, "outputs": []})
    copied.path.write_text(json.dumps(content))
    chapter.write_text(chapter.read_text().replace("Better prose.", "Best prose."))
    build(small_course, prove=False)
    (newer,) = starting.start(small_course, workspace, "01_doubling")
    assert newer.holds_answers and json.loads(copied.path.read_text()) == content
    text = newer.beside.read_text()
    assert all(part in text for part in ("Best prose.", "return x + x", "my = 'own'")) and "raise NotImpl" not in text
    assert nbformat.validate(nbformat.read(newer.beside, as_version=4)) is None


@pytest.mark.parametrize("wanted", ["1", "01", "tokenization", "01_tokenization"])
def test_a_chapter_is_found_by_number_or_name(wanted):
    assert starting.find_chapter(ROOT, wanted) == "01_tokenization"


def test_an_unknown_chapter_lists_what_there_is():
    with pytest.raises(ValueError, match="'9' means no chapter; there are: 01_tokenization"):
        starting.find_chapter(ROOT, "9")


def test_a_learner_starts_checks_and_sees_progress(run, workspace):
    code, text = run("start", "1")
    assert code == 0
    assert "copied" in text
    write(workspace / "01_tokenization/01_tokenization.ipynb", {"merge_pair": RIGHT, "count_pairs": WRONG})
    code, text = run("check", "1")
    assert code == 1
    assert "✓ 1/1  1.4 Merge a pair" in text
    assert "✗ 0/1  1.3 Count the pairs" in text
    assert "each pair of neighbours counts as often as its word occurs" in text
    assert f"1 of {sum(item.points for item in GRADED if not item.is_written):g} points" in text
    code, text = run("status")
    course = [item for path in (ROOT / "notebooks").glob("*/*.ipynb") for item in exercises(path)]
    assert f"1 of {sum(item.points for item in course if not item.is_written):g} points" in text
    assert any("Merge a pair" in line and "yours" in line for line in text.splitlines())
    assert any("Decode" in line and "reference" in line for line in text.splitlines())
    code, text = run("status", "merge_pair", "--use", "reference")
    assert "reference (yours is off)" in text and "Decode" not in text
    code, text = run("status", "encode_word", "--use", "mine")
    assert code == 1
    assert "not a piece you have built" in text
    code, text = run("status", "--use", "nobody")
    assert code == 1
    assert "'nobody'" in text


def test_an_endless_loop_costs_its_own_points_and_is_named(workspace):
    starting.start(ROOT, workspace, "01_tokenization")
    write(workspace / "01_tokenization/01_tokenization.ipynb", {"decode": ENDLESS, "split_special": SPLIT})
    outcomes = {o.exercise.piece.name: o for o in checking.check(ROOT, workspace, "01_tokenization", timeout_s=10)}
    assert not outcomes["decode"].passed
    assert outcomes["split_special"].passed, "what stands below the loop keeps its points"
    assert outcomes["decode"].hint == "decode: no answer within 10 s: is there an endless loop?"


HELPED = "def count_pairs(words):\n    return mine(words)\n"
HELPER = "%%build llmcourse.tokenization.bpe\ndef mine(words):\n    return Counter()\n"


def test_a_helper_that_is_no_longer_in_the_notebook_is_missed_as_in_grading(workspace):
    starting.start(ROOT, workspace, "01_tokenization")
    save_section(
        workspace, "llmcourse.tokenization.bpe", Section("llmcourse.tokenization.bpe", HELPER.split("\n", 1)[1])
    )
    write(workspace / "01_tokenization/01_tokenization.ipynb", {"count_pairs": HELPED})
    outcomes = {o.exercise.piece.name: o for o in checking.check(ROOT, workspace, "01_tokenization")}
    assert "NameError: name 'mine' is not defined" in outcomes["count_pairs"].hint


def test_a_broken_cell_is_told_by_its_own_error(run, workspace):
    run("start", "1")
    notebook = workspace / "01_tokenization/01_tokenization.ipynb"
    write(
        notebook,
        {
            "count_pairs": "def count_pairs(words:\n    pass",
            "decode": "def decoed(ids, vocab):\n    return ''",
            "merge_pair": "import nowhere\n" + RIGHT,
        },
    )
    code, text = run("check", "1")
    assert "count_pairs: its %%build cell failed: SyntaxError in line 2 of its cell" in text
    assert "Did you rename `decode` to `decoed`?" in text
    assert "merge_pair: its %%build cell failed: ModuleNotFoundError: No module named 'nowhere'" in text
    assert "in line 2 of its cell: import nowhere" in text
    code, text = run("check", "1", "1.3")
    assert "1.3 Count the pairs" in text
    assert "1.4" not in text
    code, text = run("check", "1.4")
    assert "1.4 Merge a pair" in text and "1.3" not in text
    code, text = run("check", "1", "9.9")
    assert "has no exercise '9.9'" in text


def test_one_exercise_or_one_notebook_of_a_long_chapter_is_checked_alone(workspace):
    starting.start(ROOT, workspace, "03_recipes")
    others = [path for path in (workspace / "03_recipes").glob("*.ipynb") if path.stem != "1_architecture"]
    for path in others:
        path.write_text("this is not read")
    (outcome,) = checking.check(ROOT, workspace, "03_recipes", ["RMSNorm"])
    assert outcome.exercise.notebook == "1_architecture" and "is not written yet" in outcome.hint
    assert len(list(checking.check(ROOT, workspace, "03_recipes", ["1_architecture"]))) > 5
    with pytest.raises(ValueError, match="has no exercise '3.99'.*2_optimization"):
        list(checking.check(ROOT, workspace, "03_recipes", ["3.99"]))


def test_a_notebook_confines_and_exercises_choose(workspace):
    starting.start(ROOT, workspace, "03_recipes")
    found = checking.check(ROOT, workspace, "03_recipes", ["2_optimization", "3.9", "clip_gradients"])
    assert [outcome.exercise.title.split()[0] for outcome in found] == ["3.9", "3.15"]
    with pytest.raises(ValueError, match="has no exercise '3.1'"):
        list(checking.check(ROOT, workspace, "03_recipes", ["2_optimization", "3.1"]))


def test_a_word_may_be_an_exercise_of_any_chapter():
    assert starting.find_exercise(ROOT, "3.9") == ("03_recipes", ["3.9"])
    assert starting.find_exercise(ROOT, "tokenization") == ("01_tokenization", [])
    with pytest.raises(ValueError, match="'9' means no chapter"):
        starting.find_exercise(ROOT, "9.1")


def test_a_piece_is_found_by_its_name_and_a_typing_error_is_told():
    assert starting.find_exercise(ROOT, "count_pairs") == ("01_tokenization", ["count_pairs"])
    piece = "llmcourse.model.layers:RMSNorm"
    assert starting.find_exercise(ROOT, piece) == ("03_recipes", [piece])
    with pytest.raises(
        ValueError, match=r"'count_pair' means no chapter and no exercise;.*did you mean the exercise count_pairs\?"
    ):
        starting.find_exercise(ROOT, "count_pair")
    with pytest.raises(ValueError, match=r"has no exercise 'count_pair' \(did you mean count_pairs\?\)"):
        list(checking.check(ROOT, ROOT, "01_tokenization", ["count_pair"]))


def test_check_and_status_count_alike_and_say_what_is_graded_by_hand(run, workspace):
    run("start", "1")
    write(workspace / "01_tokenization/01_tokenization.ipynb", {"merge_pair": RIGHT})
    checked, stands = run("check", "1")[1], run("status", "1")[1]
    score = Score.of((item, item.check.endswith(":merge_pair")) for item in GRADED)
    for text in (checked, stands):
        assert f"1 of {score.total:g} points by the visible checks" in text
        assert f"{score.by_hand:g} more points, for what is written, are given by hand." in text
    assert "by hand" not in run("check", "merge_pair")[1]


def test_work_under_another_name_is_told_before_a_blank_notebook_is_handed_in(run, workspace, tmp_path):
    run("start", "1")
    folder = workspace / "01_tokenization"
    mine = (folder / "01_tokenization.ipynb").rename(folder / "01_tokenization-Copy1.ipynb")
    code, text = run("check", "1.4")
    assert code and f"{mine.name} there is yours under another name: rename it to 01_tokenization.ipynb" in text
    code, text = run("submit", "1", "--output", str(tmp_path))
    assert code and f"rename {mine.name} to 01_tokenization.ipynb" in text
    run("start", "1")
    (folder / "01_tokenization.new.ipynb").write_bytes(mine.read_bytes())
    (folder / "notes.ipynb").write_text("{}")
    text = run("submit", "1", "--name", "ada", "--output", str(tmp_path))[1]
    assert text.count("is not handed in") == 1
    assert f"note  {mine.name} is a copy of 01_tokenization.ipynb, and is not handed in" in text
    assert f"{mine.name} is a copy of 01_tokenization.ipynb, and is not read" in run("check", "1.4")[1]


def test_submit_says_where_the_file_lies_and_which_piece_is_not_valid(run, workspace, tmp_path):
    run("start", "1")
    broken = {"count_pairs": "def count_pairs(words:\n    pass", "decode": "def decoed(ids, vocab):\n    return ''"}
    write(workspace / "01_tokenization/01_tokenization.ipynb", {"merge_pair": "%time x = 1\n" + RIGHT, **broken})
    code, text = run("submit", "1", "--name", "ada", "--output", str(tmp_path))
    assert code == 0 and f"It lies in {tmp_path}" in text
    assert "not valid  1.3 Count the pairs: SyntaxError in line 2 of its cell" in text
    assert "its cell should define `decode`, but it defines decoed" in text
    assert text.count("not valid") == 2


def test_hidden_tests_run_by_one_command_in_a_full_checkout(run, workspace, tmp_path):
    run("start", "1")
    write(workspace / "01_tokenization/01_tokenization.ipynb", {"merge_pair": RIGHT})
    code, text = run("check", "1.4")
    assert code == 0 and "1 of 1 points by the visible checks; grading adds hidden ones, and" in text
    assert "llmcourse check 1 --hidden runs them too" in text and "as last saved" in text
    code, text = run("check", "1.4", "--hidden")
    assert code == 0 and "by all checks, hidden ones too" in text
    release = nbformat.read(ROOT / "notebooks/01_tokenization/01_tokenization.ipynb", as_version=4)
    checking._put_hidden(release, ROOT / "solutions/01_tokenization/01_tokenization.ipynb")
    checks = [cell.source for cell in release.cells if kind_of(cell) == "check"]
    assert checks and all("### BEGIN HIDDEN TESTS" in source for source in checks)
    with pytest.raises(FileNotFoundError, match="no hidden tests here"):
        checking._put_hidden(nbformat.v4.new_notebook(), tmp_path / "solutions" / "x.ipynb")


def test_a_pass_counts_until_what_passed_is_changed(run, workspace):
    run("start", "1")
    notebook = workspace / "01_tokenization/01_tokenization.ipynb"
    write(notebook, {"merge_pair": RIGHT})
    run("check", "1.4")
    code, text = run("status", "1")
    assert "Merge a pair" in text and "changed" not in text and "02_positional" not in text
    assert f"1 of {sum(item.points for item in GRADED if not item.is_written):g}" in text
    write(notebook, {"merge_pair": RIGHT + "    # a thought"})
    code, text = run("status", "1")
    assert "–/1 changed" in text and "changed: not what was checked last, as saved." in text
    notebook.unlink()
    assert "0 of" in run("status", "1")[1]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_the_cell_that_a_restart_asks_for_is_there_and_stands_before_every_exercise(path: Path) -> None:
    """It need not be the first one: a notebook may open with an experiment. So nothing that is told may say so."""
    starts = [cell.source.split(" ")[0].split("\n")[0] for cell in nbformat.read(path, as_version=4).cells]
    assert "%load_ext" in starts[: starts.index("%%build") if "%%build" in starts else None]
    told = " ".join((starting.START_HERE.read_text() + lab.STARTUP.read_text()).split())
    assert "first code cell" not in told and told.count("`%load_ext llmcourse.course`") >= 2


def test_the_lab_knows_the_command_hides_what_is_not_for_learners_and_says_what_a_restart_asks_for(workspace):
    environment = {**os.environ, **lab.lab_environment(workspace)}
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    asked = "import sys; from jupyterlab_server.config import get_page_config; print(get_page_config([])['disabledExtensions'])"
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True)
    assert "@jupyter/nbgrader" in done.stdout, done.stderr
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%%build llmcourse.toy:f\ndef f(): pass")])
    with kernels.notebook_client(notebook, workspace, allow_errors=True) as client:
        client.execute(env=environment)
    (output,) = notebook.cells[0].outputs
    assert "run the cell near the top of the notebook" in output.evalue and len(output.traceback) == 1
    done = subprocess.run([sys.executable, environment["PYTHONSTARTUP"]], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_root_is_let_in_and_whoever_decides_for_themselves_is_left_alone(monkeypatch):
    monkeypatch.setattr(lab, "is_root", lambda: True)
    assert "--allow-root" in lab.lab_options([])
    assert lab.lab_options(["--ServerApp.allow_root=True"]).count("--allow-root") == 0
    monkeypatch.setattr(lab, "is_root", lambda: False)
    assert "--allow-root" not in lab.lab_options([])
    assert lab.lab_options([], "01_x/01_x.ipynb")[0] == "--LabApp.default_url=/lab/tree/01_x/01_x.ipynb"
    own = ["--LabApp.default_url=/lab", "--ServerApp.terminado_settings=shell_command=fish"]
    assert lab.lab_options(own, "01_x/01_x.ipynb") == own


def test_the_labs_terminals_are_no_login_shells_when_its_output_goes_elsewhere(monkeypatch, tmp_path):
    """A login shell reads /etc/profile, which sets a PATH without the course."""
    monkeypatch.setattr(lab.sys, "stdout", io.StringIO())
    monkeypatch.setenv("SHELL", "/odd folder/bash")
    asked = """
import sys
from jupyter_server.serverapp import ServerApp
from jupyter_server_terminals.app import TerminalsExtensionApp
server = ServerApp()
server.parse_command_line(sys.argv[1:])
server.init_configurables()
server.init_webapp()
app = TerminalsExtensionApp(serverapp=server)
app.initialize_configurables()
print(app.terminal_manager.shell_command)
"""
    command = [sys.executable, "-c", asked, f"--ServerApp.root_dir={tmp_path}", *lab.lab_options([])]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)})
    assert "['/odd folder/bash']" in done.stdout, done.stderr


def test_the_lab_opens_where_something_is_left_to_solve(workspace):
    assert starting.next_notebook(ROOT, workspace) is None
    starting.start(ROOT, workspace, "01_tokenization")
    assert starting.first_file(ROOT, workspace).name == "START-HERE.md"
    starting.start(ROOT, workspace, "02_positional_encoding")
    assert starting.next_notebook(ROOT, workspace).stem == "01_tokenization"
    for item in GRADED:
        Progress(workspace).record(item.check, passed=True)
    assert starting.first_file(ROOT, workspace) == starting.next_notebook(ROOT, workspace)
    assert starting.next_notebook(ROOT, workspace).stem == "02_positional_encoding"


def test_a_command_is_named_as_it_can_be_typed(monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert terminal.command("check 1") == "llmcourse check 1"
    monkeypatch.setenv("PATH", "/nowhere")
    assert Path(terminal.command()).resolve() == Path(sys.executable).with_name("llmcourse").resolve()


def test_an_older_copy_is_told(run, workspace):
    run("start", "1")
    record = workspace / MARKER / "released.json"
    record.write_text(
        record.read_text().replace(
            '"01_tokenization/01_tokenization.ipynb": "', '"01_tokenization/01_tokenization.ipynb": "0'
        )
    )
    assert "older release" in run("check", "1", "1.3")[1]


def test_check_before_start_says_what_to_do(run):
    code, text = run("check", "1")
    assert code == 1
    assert "llmcourse start 01_tokenization" in text


def test_a_notebook_that_is_no_json_is_named(run, workspace):
    run("start", "1")
    (workspace / "01_tokenization/01_tokenization.ipynb").write_text("{half")
    code, text = run("check", "1")
    assert code == 1
    assert text.count("the notebook cannot be read: not a notebook: the file is not JSON") == 1


def test_doctor_names_every_part_and_fails_when_one_is_missing(run, monkeypatch):
    code, text = run("doctor")
    assert code == 0
    for part in ("Python", "torch", "jupyterlab", "GPU", "walls", "workspace"):
        assert part in text
    monkeypatch.setattr(doctor.importlib.metadata, "version", _nothing_installed)
    code, text = run("doctor")
    assert code == 1
    assert "run `make` in the checkout" in text


def _nothing_installed(name):
    raise doctor.importlib.metadata.PackageNotFoundError(name)


def test_exercises_of_the_release_have_their_titles_and_points():
    first, last = GRADED[0], GRADED[-1]
    assert (first.title, first.points, first.check) == (
        "1.1 Huffman code lengths",
        2,
        "llmcourse.tokenization.huffman:huffman_code_lengths",
    )
    assert (last.is_written, last.points) == (True, 4)


def test_a_file_that_is_no_notebook_of_the_course_is_named(tmp_path):
    (tmp_path / "x.ipynb").write_text("{}")
    with pytest.raises(ValueError, match=r"x\.ipynb is not a notebook of this course"):
        exercises(tmp_path / "x.ipynb")


def test_the_workspace_is_found_from_inside_it_and_the_course_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.delenv("LLMCOURSE_WORKSPACE", raising=False)
    (tmp_path / "work" / MARKER).mkdir(parents=True)
    (tmp_path / "work" / "01_x").mkdir()
    assert find_workspace(tmp_path / "work" / "01_x") == tmp_path / "work"
    assert find_workspace(tmp_path) is None
    assert course_root(tmp_path) == ROOT
    assert Progress(tmp_path / "work").passed() == {}
