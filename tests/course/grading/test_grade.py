"""Grading end to end, through nbgrader: every kind of broken submission costs what it should, and says why."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook

from llmcourse.course.grading import run
from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.results.exports import export
from llmcourse.course.grading.results.report import ClassReport, StudentResult
from llmcourse.course.grading.run import grade
from llmcourse.course.grading.trial.rooms import close_rooms

ASSIGNMENT = "01_sums"
TIMEOUT_S = 2.0

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(120)]

ANSWERS: dict[str, dict[str, str]] = {
    "right": {"why": "because"},
    "another_right": {"double": "from operator import add\ndouble = lambda x: add(x, x)"},
    "visible_only": {"square": "def square(x):\n    return 3 * x"},
    "warns": {"double": "def double(x):\n    warnings.warn('a word')\n    os.write(2, b'x')\n    return x + x"},
    "displays": {"double": "def double(x):\n    __import__('sys').displayhook(1)\n    return x + x"},
    "displays_wrong": {"double": "def double(x):\n    __import__('sys').displayhook(3)\n    return -x"},
    "loops": {"double": "def double(x):\n    while True: pass"},
    "ignores_interrupt": {
        "double": "import signal\ndef double(x):\n    signal.signal(2, signal.SIG_IGN)\n    while True: pass"
    },
    "dies": {"double": "def double(x):\n    os._exit(0)", "square": "FOUR = 4\ndef square(x):\n    return x * x"},
    "dies_at_once": {"double": "os._exit(1)"},
    "segfaults": {"double": "import ctypes\ndef double(x):\n    ctypes.string_at(0)"},
    "quits": {"double": "def double(x):\n    return 2 * x\nquit()"},
    "syntax_error": {"double": "def double(x:\n    return 2 * x"},
    "floods": {"double": "def double(x):\n    print('x' * 20_000_000)\n    return 2 * x"},
    "leaves_child": {
        "double": "import subprocess\ndef double(x):\n    subprocess.Popen(['sleep', '999'], start_new_session=True)\n"
        "    return 2 * x"
    },
    "prints_tests": {"double": "def double(x):\n    print(In)\n    raise ValueError('<script>alert(1)</script>')"},
}


@dataclass(frozen=True)
class Class:
    """A graded class and where it lies."""

    submissions: Path
    output: Path
    report: ClassReport

    def __getitem__(self, student: str) -> StudentResult:
        return self.report[student]


def points(result: StudentResult) -> dict[str, float | None]:
    return {exercise.name: exercise.points for exercise in result.exercises}


def reasons(result: StudentResult) -> dict[str, str]:
    return {exercise.name: exercise.reason for exercise in result.exercises}


def kernels(of: int | None = None) -> set[int]:
    """The processes below a process (this one) in kernels' own namespaces, three deep: the room's, a kernel's within."""
    found = set()
    for process in psutil.Process(of).children(recursive=True):
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            continue
        deep = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
        if len(deep) >= 3:
            found.add(process.pid)
    return found


@pytest.fixture(scope="module", autouse=True)
def apart() -> Iterator[None]:
    """Whatever else this machine does: the library does not change, and these tests' kernels are known by folder."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="lg-") as folder:
        patch.setattr(run, "library_digest", lambda: "pinned")
        patch.setattr(tempfile, "tempdir", folder)
        patch.setenv("TMPDIR", folder)
        close_rooms()  # the next ones are made in this folder
        yield
        close_rooms()
        assert not list(Path(folder).glob("llmcourse-grading-*")), "a kernel's folder was left behind"


@pytest.fixture(scope="module")
def graded(tmp_path_factory, source, make, released, put, at) -> Class:
    """One class with every kind of submission, graded once."""
    root = tmp_path_factory.mktemp("class")
    folder = root / "submissions"
    before = kernels()
    for student, answers in ANSWERS.items():
        put(folder, student, make(**answers))
    put(folder, "blank", released())
    put(folder, "no_json", b"{not json")
    put(folder, "too_large", b"\0" * (21 * 2**20))
    (folder / "empty").mkdir()
    deleted = {"check_deleted": "check_double", "exercise_deleted": "double", "written_deleted": "why"}
    for student, cell in deleted.items():
        notebook = make(why="because")
        del notebook.cells[at(notebook, cell)]
        put(folder, student, notebook)
    notebook = make()
    notebook.cells.append(notebook.cells[at(notebook, "check_double")])
    put(folder, "check_doubled", notebook)
    notebook = make(double="def double(x):\n    return helper(x)")
    notebook.cells.insert(at(notebook, "double"), new_code_cell("def helper(x):\n    return 2 * x"))
    notebook.cells[at(notebook, "check_square")].source = "assert True"
    put(folder, "own_cell", notebook)
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        archive.writestr(f"work/{ASSIGNMENT}/{ASSIGNMENT}.ipynb", json.dumps(make()))
    output = root / "grades"
    report = grade(folder, output, source=source, timeout_s=TIMEOUT_S)
    assert kernels() <= before, "a kernel or a student's process was left behind"
    return Class(folder, output, report)


@pytest.mark.parametrize(
    ("student", "double", "square", "why"),
    [
        ("right", 3, 2, None),
        ("another_right", 3, 2, 0),
        ("blank", 0, 0, 0),
        ("visible_only", 3, 0, 0),
        ("warns", 3, 2, 0),
        ("displays", 3, 2, 0),
        ("displays_wrong", 0, 2, 0),
        ("loops", 0, 2, 0),
        ("ignores_interrupt", 0, 2, 0),
        ("dies", 0, 2, 0),
        ("dies_at_once", 0, 2, 0),
        ("segfaults", 0, 2, 0),
        ("quits", 0, 2, 0),
        ("syntax_error", 0, 2, 0),
        ("floods", 3, 2, 0),
        ("leaves_child", 3, 2, 0),
        ("prints_tests", 0, 2, 0),
        ("no_json", 0, 0, 0),
        ("too_large", 0, 0, 0),
        ("empty", 0, 0, 0),
        ("check_deleted", 0, 2, None),
        ("check_doubled", 3, 2, 0),
        ("exercise_deleted", 0, 2, None),
        ("written_deleted", 3, 2, 0),
        ("own_cell", 3, 2, 0),
        ("zipped", 3, 2, 0),
    ],
)
def test_every_submission_gets_what_it_deserves(graded: Class, student, double, square, why) -> None:
    assert points(graded[student]) == {"double": double, "square": square, "why": why}
    assert graded[student].max_score == 10


@pytest.mark.parametrize(
    ("student", "exercise", "reason"),
    [
        ("blank", "double", "NotImplementedError"),
        ("blank", "why", "no answer"),
        ("visible_only", "square", "the sign?"),
        ("loops", "double", "no answer within 2 s"),
        ("ignores_interrupt", "double", "no answer within 2 s, and the interrupt was ignored"),
        ("dies", "double", "the process died while running this cell"),
        ("dies_at_once", "double", "the exercise cell failed: the process died while running this cell"),
        ("segfaults", "double", "the process died while running this cell"),
        ("quits", "double", "the exercise cell failed: this cell ended the notebook's process (exit or quit)"),
        ("syntax_error", "double", "the exercise cell failed: SyntaxError: '(' was never closed"),
        ("no_json", "double", "not a notebook: the file is not JSON"),
        ("too_large", "square", "larger than 20 MB"),
        ("empty", "square", "01_sums.ipynb is missing"),
        ("check_deleted", "double", "the check cell 'check_double' was deleted"),
        ("exercise_deleted", "double", "the exercise cell 'double' was deleted"),
        ("written_deleted", "why", "the written cell 'why' was deleted"),
    ],
)
def test_lost_points_have_a_reason(graded: Class, student: str, exercise: str, reason: str) -> None:
    assert reason in reasons(graded[student])[exercise]


def test_what_is_wrong_with_a_submission_is_listed_once_and_what_is_not_is_not(graded: Class) -> None:
    assert graded["right"].problems == graded["visible_only"].problems == graded["blank"].problems == ()
    assert graded["loops"].problems == ("double: no answer within 2 s",)
    assert graded["empty"].problems == ("01_sums.ipynb is missing",)
    assert graded["own_cell"].problems == (
        "the check cell 'check_square' differs from the release (an older copy?): the original was used",
    )


@pytest.mark.walls("without walls each row says so")
def test_the_csv_has_one_row_a_student_and_one_column_an_exercise(graded: Class) -> None:
    rows = list(csv.reader((graded.output / "scores.csv").read_text().splitlines()))
    assert rows[0] == ["student", "score", "max_score", "double", "square", "why", "problems"]
    assert [row[0] for row in rows[1:]] == sorted(student.student for student in graded.report.students)
    by_student = {row[0]: row[1:] for row in rows[1:]}
    assert by_student["right"] == ["5", "10", "3", "2", "needs manual grade", ""]
    assert by_student["loops"] == ["2", "10", "0", "2", "0", "double: no answer within 2 s"]


def test_originals_are_kept_untouched(graded: Class) -> None:
    assert (graded.output / "received" / "no_json" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_bytes() == b"{not json"
    assert not (graded.output / "received" / "too_large" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").exists()


def test_the_gradebook_and_the_report_agree(graded: Class) -> None:
    with Gradebook(f"sqlite:///{graded.output / 'gradebook.db'}") as gradebook:
        scores = {s.student.id: s.score for s in gradebook.assignment_submissions(ASSIGNMENT)}
    assert scores == {student.student: student.score for student in graded.report.students}


def test_every_student_gets_a_page_with_the_reason_and_without_hidden_tests(graded: Class) -> None:
    for student in graded.report.students:
        page = (graded.output / "feedback" / student.student / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
        assert (
            "(21)" not in page
            and "42" not in page.split("<body")[1]
            and "HIDDEN" not in page
            and "mark scheme" not in page
        )
        assert "<script>alert" not in page and 'src="http' not in page
        for exercise in student.exercises:
            first = exercise.reason.split("\n")[0].split("'")[0].split("<")[0]
            assert exercise.kind == "written" or first in page


def test_what_a_student_hands_on_holds_no_hidden_test(graded: Class) -> None:
    submitted = (graded.output / "submitted" / "exercise_deleted" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text()
    assert "HIDDEN" not in submitted and "2 * x" not in submitted


def test_an_unchanged_class_is_not_graded_again_and_nothing_counts_twice(graded: Class, source: Path) -> None:
    again = grade(graded.submissions, graded.output, source=source, timeout_s=TIMEOUT_S)
    assert not any(student.graded_now for student in again.students)
    assert [(s.exercises, s.problems) for s in again.students] == [
        (s.exercises, s.problems) for s in graded.report.students
    ]


def test_only_what_changed_is_graded_again_and_marks_by_hand_are_kept(tmp_path, source, make, put) -> None:
    for student in ("ada", "bob"):
        put(tmp_path / "in", student, make(why="because"))
    grade(tmp_path / "in", tmp_path / "out", source=source)
    with Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}") as gradebook:
        mark = gradebook.find_grade("why", ASSIGNMENT, ASSIGNMENT, "ada")
        mark.manual_score, mark.needs_manual_grade = 4.0, False
        gradebook.db.commit()
    page = tmp_path / "out" / "feedback" / "ada" / ASSIGNMENT / f"{ASSIGNMENT}.html"
    assert "5 of 10 points" in page.read_text() and "1 of your answers is not marked yet" in page.read_text()
    report = grade(tmp_path / "in", tmp_path / "out", source=source)
    assert (points(report["ada"])["why"], points(report["bob"])["why"]) == (4.0, None)
    assert reasons(report["ada"])["why"] == "marked by hand"
    assert "9 of 10 points" in page.read_text() and "4 of 5 points" in page.read_text()
    put(tmp_path / "in", "ada", make(why="because", double="def double(x): return x"))
    report = grade(tmp_path / "in", tmp_path / "out", source=source)
    assert {s.student: s.graded_now for s in report.students} == {"ada": True, "bob": False}
    assert points(report["ada"]) == {"double": 0, "square": 2, "why": 4.0}


def test_who_was_graded_before_and_is_not_in_the_folder_now_is_told(tmp_path, source, make, put) -> None:
    """A folder with a late-comer alone makes a scores.csv of one row: nobody should take it for the class."""
    put(tmp_path / "in", "ada", make())
    assert grade(tmp_path / "in", tmp_path / "out", source=source).ignored == ()
    put(tmp_path / "later", "bob", make())
    (told,) = grade(tmp_path / "later", tmp_path / "out", source=source).ignored
    assert told.startswith("01_sums: graded before, and not among these submissions: ada; their marks stay")
    rows = export(tmp_path / "out", "csv").read_text().splitlines()[1:]
    assert [row.split(",")[3] for row in rows] == ["ada", "bob"]


def test_a_mark_by_hand_is_asked_for_again_only_where_the_answer_changed(tmp_path, source, make, put) -> None:
    """nbgrader asks for every mark anew after each grading: a class that was marked could not be exported any more."""
    put(tmp_path / "in", "ada", make(why="because"))
    grade(tmp_path / "in", tmp_path / "out", source=source)
    with Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}") as gradebook:
        mark = gradebook.find_grade("why", ASSIGNMENT, ASSIGNMENT, "ada")
        mark.manual_score, mark.needs_manual_grade = 4.0, False
        gradebook.db.commit()
    page = tmp_path / "out" / "feedback" / "ada" / ASSIGNMENT / f"{ASSIGNMENT}.html"
    put(tmp_path / "in", "ada", make(why="because", double="def double(x): return x"))
    ada = grade(tmp_path / "in", tmp_path / "out", source=source)["ada"]
    assert ada.graded_now and points(ada)["why"] == 4.0 and not ada.problems
    assert "not marked yet" not in page.read_text()
    assert export(tmp_path / "out", "canvas").exists()
    put(tmp_path / "in", "ada", make(why="on second thoughts"))
    for _ in range(2):  # and it is not forgotten
        ada = grade(tmp_path / "in", tmp_path / "out", source=source, force=True)["ada"]
        assert points(ada)["why"] == 4.0 and "why: changed since it was marked by hand" in ada.problems[0]
    with pytest.raises(GradingError, match=r"or that changed since: ada"):
        export(tmp_path / "out", "canvas")
    put(tmp_path / "in", "ada", make(why="because"))
    assert not grade(tmp_path / "in", tmp_path / "out", source=source)["ada"].problems, "it is as it was when marked"


def test_another_library_or_force_grades_again(tmp_path, source, make, put, monkeypatch) -> None:
    put(tmp_path / "in", "ada", make())
    grade(tmp_path / "in", tmp_path / "out", source=source)
    assert grade(tmp_path / "in", tmp_path / "out", source=source, force=True)["ada"].graded_now
    assert not grade(tmp_path / "in", tmp_path / "out", source=source)["ada"].graded_now
    monkeypatch.setattr(run, "library_digest", lambda: "another")
    assert grade(tmp_path / "in", tmp_path / "out", source=source)["ada"].graded_now


def test_a_fault_of_the_grader_is_no_score_that_stays(tmp_path, source, make, put, monkeypatch) -> None:
    from llmcourse.course.grading.nbgrader.stages import Course

    put(tmp_path / "in", "ada", make())
    put(tmp_path / "in", "bob", make())
    autograde = Course.autograde

    def broken(self: Course, assignment: str, student: str, executed: dict[str, NotebookNode]) -> None:
        if student == "ada":
            raise OSError("no space left on device")
        autograde(self, assignment, student, executed)

    monkeypatch.setattr(Course, "autograde", broken)
    report = grade(tmp_path / "in", tmp_path / "out", source=source)
    assert (report["ada"].score, report["bob"].score) == (0, 5)
    assert "the grader itself failed (OSError: no space left" in report["ada"].problems[0]
    monkeypatch.undo()
    assert grade(tmp_path / "in", tmp_path / "out", source=source)["ada"].score == 5


def test_impossible_wishes_are_clear_errors(tmp_path: Path, source: Path) -> None:
    (tmp_path / "in").mkdir()
    for match, arguments in {
        "is not a folder": {"submissions": tmp_path / "nowhere"},
        "no assignment '02_x': there are 01_sums": {"assignment": "02_x"},
        "run `llmcourse build`": {"source": tmp_path / "in"},
        "positive number of seconds": {"timeout_s": 0},
        "one folder": {"output": tmp_path / "in"},
        r"characters \* \? \[": {"output": tmp_path / "a[b]"},
    }.items():
        given = {"submissions": tmp_path / "in", "output": tmp_path / "out", "source": source, **arguments}
        with pytest.raises(GradingError, match=match):
            grade(**given)


def test_an_exercise_whose_solution_cannot_be_taken_out_of_the_library_is_not_graded(
    tmp_path, source, make, put
) -> None:
    text = (
        (source / ASSIGNMENT / f"{ASSIGNMENT}.ipynb")
        .read_text()
        .replace("sums:double", "llmcourse.model.layers:SwiGLU")
    )
    path = tmp_path / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    put(tmp_path / "in", "ada", make())
    report = grade(tmp_path / "in", tmp_path / "out", source=tmp_path / "solutions")
    assert (
        report["ada"].score == 0
        and "the library would answer llmcourse.model.layers:SwiGLU" in report["ada"].problems[0]
    )


def test_an_empty_class_is_an_empty_report(tmp_path: Path, source: Path) -> None:
    (tmp_path / "in").mkdir()
    assert grade(tmp_path / "in", tmp_path / "out", source=source).students == ()


def test_several_assignments_of_several_notebooks_share_one_table(tmp_path, source, make, put) -> None:
    original = (source / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_bytes()
    for path in (f"{ASSIGNMENT}/{ASSIGNMENT}", f"{ASSIGNMENT}/01_more", "02_next/02_next", "03_later/03_later"):
        (tmp_path / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / f"{path}.ipynb").write_bytes(original)
    other = make()
    other.metadata.llmcourse.update(assignment="02_next", notebook="02_next")
    put(tmp_path / "in", "ada", other).rename(tmp_path / "in" / "ada" / "02_next.ipynb")
    put(tmp_path / "in", "bob", make())
    report = grade(tmp_path / "in", tmp_path / "out", source=tmp_path / "source")
    assert report.assignments == (ASSIGNMENT, "02_next")
    header = (tmp_path / "out" / "scores.csv").read_text().splitlines()[0].split(",")
    assert len(set(header)) == len(header) == 3 + 9 + 1
    assert {"01_sums/01_more/check_double", "01_sums/01_sums/why", "02_next/double"} <= set(header)
    assert {s.student: s.score for s in report.students} == {"ada": 5, "bob": 5}
    assert report["bob"].problems == ("01_more.ipynb is missing", "02_next.ipynb is missing; found 01_sums.ipynb")
    assert report["ada"].problems == tuple(f"{n}.ipynb is missing; found 02_next.ipynb" for n in ("01_more", "01_sums"))


SCRIPT = """
import sys
from llmcourse.course.grading import run
from llmcourse.course.grading.run import grade
run.library_digest = lambda: "pinned"
grade(sys.argv[1], sys.argv[2], source=sys.argv[3])
"""


@pytest.mark.walls("the run that it interrupts refuses where there are none")
def test_ctrl_c_leaves_no_process_and_the_next_run_finishes_the_class(tmp_path, source, make, put) -> None:
    put(tmp_path / "in", "ada", make())
    rename = "__import__('ctypes').CDLL(None).prctl(15, b'asleep')"  # 15 gives the process a name, for all to see
    asleep = f"def double(x):\n    {rename}\n    time.sleep(600)\n    return 2 * x"
    put(tmp_path / "in", "bob", make(double=asleep))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "in"), str(tmp_path / "out"), str(source)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    _wait_for(lambda: (tmp_path / "out" / "state" / ASSIGNMENT / "ada.json").exists())
    _wait_for(lambda: "asleep" in names_of(kernels(process.pid)))
    running = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0 and "KeyboardInterrupt" in errors
    _wait_for(lambda: not any(child.is_running() for child in running))
    put(tmp_path / "in", "bob", make())
    report = grade(tmp_path / "in", tmp_path / "out", source=source)
    assert {s.student: (s.score, s.graded_now) for s in report.students} == {"ada": (5, False), "bob": (5, True)}


def names_of(pids: set[int]) -> set[str]:
    return {psutil.Process(pid).name() for pid in pids if psutil.pid_exists(pid)}


def _wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


END = "no answer before the notebook's 2 s were used up"


@pytest.mark.walls("a process that is not forked is not ready within a notebook's 2 s")
def test_a_notebook_has_an_end(tmp_path, source, make, put) -> None:
    loop = "def {0}(x):\n    while True: pass"
    put(tmp_path / "in", "ada", make(double=loop.format("double"), square=loop.format("square")))
    report = grade(tmp_path / "in", tmp_path / "out", source=source, timeout_s=1.5, total_timeout_s=2)
    assert points(report["ada"]) == {"double": 0, "square": 0, "why": 0}
    assert reasons(report["ada"])["double"] in ("no answer within 1.5 s", END)
    assert reasons(report["ada"])["square"] in (END, "not run: the notebook had used up its 2 s")


def notebook_of(output: Path, student: str) -> NotebookNode:
    import nbformat

    return nbformat.read(output / "autograded" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)


def test_no_check_is_without_a_verdict_and_output_is_bounded(graded: Class) -> None:
    for student in graded.report.students:
        notebook = notebook_of(graded.output, student.student)
        by_id = {exercise.grade_id: exercise for exercise in student.exercises}
        assert len(json.dumps(notebook)) < 300_000
        for cell in notebook.cells:
            if cell.metadata.get("llmcourse", {}).get("kind") == "check":
                failed = [out for out in cell.outputs if out.output_type == "error"]
                assert bool(failed) == (by_id[cell.metadata.nbgrader.grade_id].points == 0)
                assert not any(out.output_type == "execute_result" for out in cell.outputs)
                assert not any(out.get("name") == "stderr" for out in cell.outputs)
