"""The checks are checked: graded cells reject every wrong solution in the bank and accept every right one.

Every wrong solution is judged by its check in the processes that judge students' work (`tests.bench`), with the
reference in the place of every other piece, and so are the right ones after it, but for the first of each piece. These,
and students who carry many of the wrong ones, go the whole way that students' work goes, through `grade`, as a class of
made-up students; only the feedback pages, which come after the scores and take half of the time, are left out. Those
with wrong solutions are judged whole, to show that a mistake costs its own exercise only.
"""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

import pytest

from llmcourse.course.check_source import BEGIN_HIDDEN, END_HIDDEN
from llmcourse.course.grading.results.report import ClassReport, ExerciseResult, StudentResult
from llmcourse.course.grading.run import grade
from llmcourse.course.grading.trial.rooms import Rooms
from llmcourse.course.pieces import Piece, docstring
from tests import bench, classroom
from tests.mutants import Solution, read_bank, right_solutions, wrong_solutions
from tests.walls import way, why_no_walls

pytestmark = pytest.mark.timeout(2400)  # a test waits for the class that it asks for, behind those before it

SOLUTIONS = classroom.ROOT / "solutions"
ASSIGNMENTS = classroom.ASSIGNMENTS
PERFECT, BLANK = "perfect", "blank"
PART = "part_"
"""What the names of students begin with of whom only the given pieces are judged."""
ALONE = 1
"""How many wrong solutions an assignment's class sends in with nothing else wrong."""
MIXED = 2
"""How many of its students send in many wrong solutions, and the reference for the rest."""


def _flat(bank: Mapping[str, list[Solution]]) -> list[Solution]:
    return [solution for solutions in bank.values() for solution in solutions]


WRONG = [(assignment, wrong) for assignment in ASSIGNMENTS for wrong in _flat(wrong_solutions(assignment))]
RIGHT = [(assignment, right) for assignment in ASSIGNMENTS for right in _flat(right_solutions(assignment))]


def _id(value: str | Solution) -> str:
    return f"{value.piece}-{value.name}" if isinstance(value, Solution) else value


def packed(solutions: Iterable[Solution], load: int) -> list[dict[str, Solution]]:
    """Share solutions out to students, at most one a piece and about `load` for each student."""
    solutions = list(solutions)
    of_piece = [sum(other.piece == solution.piece for other in solutions) for solution in solutions]
    students: list[dict[str, Solution]] = [{} for _ in range(max([-(-len(solutions) // load), *of_piece]))]
    for solution in solutions:
        free = (student for student in students if solution.piece not in student)
        min(free, key=len)[solution.piece] = solution
    return students


Graded = list["Future[ClassReport]"]


class Grader:
    """Grades classes side by side, in as many processes as the machine has cores."""

    def __init__(self, pool: ProcessPoolExecutor, n_parts: int):
        self.pool = pool
        self.n_parts = n_parts

    def start(
        self, assignment: str, folder: Path, handed_in: Mapping[str, Mapping[str, Solution]], source: Path
    ) -> Graded:
        """Hand in the reference with these solutions in the place of some pieces (student -> piece -> solution).

        Only what the class is there for is judged: the checks of the given pieces for those in `handed_in` whose name
        begins with `PART`, all checks for everybody else.
        """
        reference = classroom.reference(assignment)
        for i, (student, given) in enumerate(handed_in.items()):
            answers = reference | {piece: solution.source for piece, solution in given.items()}
            notebooks = classroom.keep_graded(classroom.submission(assignment, {} if student == BLANK else answers))
            if student.startswith(PART):
                classroom.judge_only(given, notebooks)
            classroom.hand_in(folder / f"class_{i % self.n_parts}", student, notebooks)
        parts = range(self.n_parts)
        return [self.grade(folder / f"class_{i}", folder / f"grades_{i}", assignment, source) for i in parts]

    def grade(self, submissions: Path, output: Path, assignment: str, source: Path, timeout_s: float = 60) -> Future:
        unsafe = bool(why_no_walls())
        return self.pool.submit(grade, submissions, output, assignment, source, timeout_s, workers=1, unsafe=unsafe)


def checks(result: StudentResult) -> dict[str, ExerciseResult]:
    """A student's checks by piece."""
    return {exercise.name: exercise for exercise in result.exercises if exercise.kind == "check"}


def passed(result: ExerciseResult) -> bool:
    return result.points == result.max_points


@dataclass(frozen=True)
class Class:
    """A class, which student handed in what of the bank, and its grading, which may still be under way.

    Attributes:
        alone: What is judged by its own check alone: piece -> solutions, and their results in the same order, behind
            which that of the reference may stand.
    """

    handed_in: dict[str, dict[str, Solution]]
    graded: Graded
    alone: dict[str, tuple[list[Solution], Future[list[ExerciseResult]]]] = field(default_factory=dict)

    @cached_property
    def results(self) -> dict[str, StudentResult]:
        """Student -> result."""
        return {student.student: student for part in self.graded for student in part.result().students}

    def of(self, solution: Solution) -> ExerciseResult:
        """The result of a solution's exercise."""
        solutions, results = self.alone.get(solution.piece, ([], None))
        if solution in solutions:
            return results.result()[solutions.index(solution)]
        student = next(s for s, given in self.handed_in.items() if given.get(solution.piece) == solution)
        return checks(self.results[student])[solution.piece]


@dataclass(frozen=True)
class Classes:
    """Everything that this module grades, by assignment.

    Attributes:
        whole: Every solution of the bank, a perfect student and a blank one.
        sample: The class that ships with the course.
    """

    whole: dict[str, Class]
    sample: Future[ClassReport]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classes]:
    """Start to grade all classes; a test waits for the one that it asks for."""
    cores = min(os.cpu_count() or 1, 4)
    context = get_context("spawn")
    with (
        closing(Rooms(way())) as standing,
        ProcessPoolExecutor(cores, context, initializer=bench.prepare, initargs=(standing.lend(ASSIGNMENTS),)) as pool,
    ):
        grader = Grader(pool, 1)
        whole = {name: start_whole(grader, name, tmp_path_factory.mktemp(name)) for name in ASSIGNMENTS}
        output = tmp_path_factory.mktemp("sample") / "grades"
        sample = grader.grade(classroom.SAMPLE, output, classroom.SAMPLE_ASSIGNMENT, SOLUTIONS, timeout_s=8)
        yield Classes(whole, sample)
        pool.shutdown(cancel_futures=True)


def start_whole(grader: Grader, assignment: str, folder: Path) -> Class:
    wrong, right = wrong_solutions(assignment), right_solutions(assignment)
    handed_in = {f"{PART}right": {piece: solutions[0] for piece, solutions in right.items()}}
    mixed = packed(_flat(wrong), max(1, len(wrong) * 3 // 4))[:MIXED]
    handed_in |= {f"mixed_{i}": given for i, given in enumerate(mixed)}
    handed_in |= {f"alone_{i}": {s[-1].piece: s[-1]} for i, s in enumerate(list(wrong.values())[:ALONE])}
    handed_in |= {PERFECT: {}, BLANK: {}}
    graded = grader.start(assignment, folder, handed_in, classroom.write_source(assignment, folder / "source"))
    more = {piece: solutions[1:] for piece, solutions in right.items()}
    return Class(handed_in, graded, start_alone(grader.pool, assignment, wrong, more))


def start_alone(
    pool: ProcessPoolExecutor,
    assignment: str,
    wrong: Mapping[str, list[Solution]],
    right: Mapping[str, list[Solution]],
) -> dict[str, tuple[list[Solution], Future[list[ExerciseResult]]]]:
    """Start to judge each of these solutions by its own check; where no right one is given, the reference is."""
    reference, started = classroom.reference(assignment), {}
    for name, notebook in classroom.notebooks(assignment, SOLUTIONS).items():
        for piece, check in classroom.cells(notebook, "check").items():
            cells = notebook.cells[: notebook.cells.index(check) + 1]
            fail, hold = ([one.source for one in bank.get(piece, [])] for bank in (wrong, right))
            judged = pool.submit(bench.judge_each, assignment, name, cells, fail, hold or [reference[piece]])
            started[piece] = wrong.get(piece, []) + right.get(piece, []), judged
    return started


def visible(source: str) -> str:
    """A check without its hidden tests."""
    head, _, rest = source.partition(BEGIN_HIDDEN)
    return head + rest.partition(END_HIDDEN)[2].lstrip("\n")


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_reference_scores_full_marks(classes: Classes, assignment: str) -> None:
    for piece, result in checks(classes.whole[assignment].results[PERFECT]).items():
        assert passed(result), f"{piece}: {result.reason}"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_blank_notebook_scores_nothing(classes: Classes, assignment: str) -> None:
    result = classes.whole[assignment].results[BLANK]
    for piece, check in checks(result).items():
        assert check.points == 0 and check.reason.startswith(f"{piece} is not written yet"), f"{piece}: {check.reason}"


@pytest.mark.parametrize(("assignment", "wrong"), WRONG, ids=_id)
def test_a_wrong_solution_is_rejected(classes: Classes, assignment: str, wrong: Solution) -> None:
    result = classes.whole[assignment].of(wrong)
    assert result.points == 0, f"this wrong solution passes the check of {wrong}\n{wrong.source}"
    assert result.reason, "a rejected solution needs a reason"
    assert not result.by_grader, f"{wrong}: stopped by the grader, not by an assert: {result.reason}"


@pytest.mark.parametrize(("assignment", "right"), RIGHT, ids=_id)
def test_a_right_solution_written_differently_is_accepted(classes: Classes, assignment: str, right: Solution) -> None:
    result = classes.whole[assignment].of(right)
    assert passed(result), f"this right solution fails: {right}\n{result.reason}"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_mistake_costs_its_own_exercise_and_no_other(classes: Classes, assignment: str) -> None:
    whole = classes.whole[assignment]
    students = {student: given for student, given in whole.handed_in.items() if not student.startswith((PART, BLANK))}
    assert len(students) == MIXED + ALONE + 1
    for student, given in students.items():
        for piece, result in checks(whole.results[student]).items():
            if piece in given:
                assert result.points == 0, f"{given[piece]} passes in the company of others"
            else:
                company = "\n".join(map(str, given.values()))
                assert passed(result), f"{piece} is the reference's, but fails beside\n{company}\n{result.reason}"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_what_is_wrong_can_be_seen_by_the_learner(classes: Classes, assignment: str) -> None:
    """Hidden tests are other numbers of the same kinds: they are for answers made to fit, not for mistakes."""
    wrong = _flat(wrong_solutions(assignment))
    survivors = [str(solution) for solution in wrong if "hidden test" in classes.whole[assignment].of(solution).reason]
    print(f"{len(survivors)} of {len(wrong)} wrong solutions are caught by hidden tests only:", *survivors, sep="\n  ")
    assert len(survivors) <= len(wrong) / 10


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_check_runs_the_battery_where_learners_see_it(assignment: str) -> None:
    for notebook in classroom.notebooks(assignment, SOLUTIONS).values():
        for piece, cell in classroom.cells(notebook, "check").items():
            assert "battery(" in visible(cell.source), f"the check of {piece} runs no battery"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_message_is_asked_for_only_where_the_docstring_promises_it(assignment: str) -> None:
    for notebook in classroom.notebooks(assignment, SOLUTIONS).values():
        for cell in classroom.cells(notebook, "check").values():
            piece = Piece.parse(cell.source.split()[1])
            if "says=" in cell.source:
                assert "name" in docstring(piece, classroom.ROOT).partition("Raises:")[2], (
                    f"{piece}: no message is promised"
                )


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_errors_that_are_asked_for_are_pythons_own(assignment: str) -> None:
    """The type of another does not cross the line to the judge: it would arrive as the nearest of Python's own."""
    for notebook in classroom.notebooks(assignment, SOLUTIONS).values():
        for piece, cell in classroom.cells(notebook, "check").items():
            for node in ast.walk(ast.parse(cell.source.partition("\n")[2])):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "raises":
                    named = {part.id for part in ast.walk(node.args[0]) if isinstance(part, ast.Name)}
                    strange = [name for name in named if not hasattr(builtins, name)]
                    assert not strange, f"the check of {piece} asks for {', '.join(strange)}"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_piece_has_wrong_solutions_and_a_right_one(assignment: str) -> None:
    pieces = set(classroom.pieces(assignment))
    wrong, right = wrong_solutions(assignment), right_solutions(assignment)
    assert set(wrong) == pieces, f"tests/mutants/{assignment} needs one file of wrong solutions for each piece"
    assert set(right) == pieces, f"tests/mutants/{assignment}/right needs one file of right solutions for each piece"
    assert len(_flat(wrong)) >= 6 * len(pieces), "at least six wrong solutions a piece on average"
    assert min(map(len, wrong.values())) >= 4, "each piece needs at least four wrong solutions"


@pytest.mark.parametrize(("assignment", "solution"), WRONG + RIGHT, ids=_id)
def test_a_solution_defines_its_piece(assignment: str, solution: Solution) -> None:
    names = [node.name for node in ast.parse(solution.source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert solution.piece in names


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_no_two_solutions_are_the_same(assignment: str) -> None:
    reference = {piece: ast.dump(ast.parse(source)) for piece, source in classroom.reference(assignment).items()}
    seen: dict[str, Solution] = {}
    for solution in _flat(wrong_solutions(assignment)) + _flat(right_solutions(assignment)):
        code = ast.dump(ast.parse(solution.source))
        assert code not in seen, f"{solution} is also {seen[code]}"
        assert code != reference[solution.piece], f"{solution} is the reference"
        seen[code] = solution


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_assert_of_a_check_says_what_is_likely_wrong(assignment: str) -> None:
    for notebook in classroom.notebooks(assignment, SOLUTIONS).values():
        for piece, cell in classroom.cells(notebook, "check").items():
            source = cell.source.partition("\n")[2]
            for node in ast.walk(ast.parse(source)):
                assert not isinstance(node, ast.Assert) or node.msg, f"{piece}: no message: {ast.unparse(node)}"
            asserts = ("assert ", "close(", "raises(")
            assert BEGIN_HIDDEN in source and any(a in visible(source) for a in asserts), f"{piece}: visible and hidden"


def test_a_file_without_a_bank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "piece.py").write_text("def piece(): ...\n")
    with pytest.raises(ValueError, match="# %% name: mistake"):
        read_bank(tmp_path / "piece.py")


def test_the_sample_class_is_what_the_sources_say() -> None:
    files = [path for path in classroom.SAMPLE.rglob("*") if path.is_file()]
    have = {path.relative_to(classroom.SAMPLE): path.read_bytes() for path in files}
    want = classroom.sample_files()
    stale = sorted(str(path) for path in have.keys() | want.keys() if have.get(path) != want.get(path))
    assert not stale, f"stale in tests/submissions: {', '.join(stale)}: run `python -m tests.classroom`"


def test_the_sample_class_gets_the_scores_that_its_names_promise(classes: Classes) -> None:
    report = classes.sample.result()
    points = {student.student: {p: c.points for p, c in checks(student).items()} for student in report.students}
    assert points == {student: classroom.deserved(student) for student in classroom.sample_class()}
    totals = {student: sum(of_piece.values()) for student, of_piece in points.items()}
    full = sum(check.max_points for check in checks(report["perfect"]).values())
    assert totals["perfect"] == full and totals["blank"] == 0
    assert full / 3 < totals["half_done"] < 2 * full / 3
    lost = {piece for piece, check in checks(report["crashes"]).items() if not passed(check)}
    assert lost == {"count_pairs", "merge_pair", "decode"}
