"""What an instructor asks of a graded class: how it went, what was hard, which mistakes were made, what looks copied.

A wrong answer is known by what it is and by how it fails, not by its text: it is taken for a wrong solution of the bank
when both are the same code but for names and layout, or when the same check stops both with the same message, numbers
included. A message that several of the bank give names them all. Where a check counts steps, the count is left out of
the comparison, for it depends on how the code is written. Everything else is grouped by its own message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook, MissingEntry

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.insight import bank as banks
from llmcourse.course.grading.insight.similarity import Pair, code_tokens, similar_pairs
from llmcourse.course.grading.results.report import ClassReport, ExerciseResult, StudentResult
from llmcourse.course.notebooks import facts_of, kind_of, marks_of
from llmcourse.course.source import names_reached

COUNTED_BY_THE_STUDENT = ("count_steps",)
"""What a check calls to be told a number by the process that runs the student's code."""
WHY_LOWER_TRUST = (
    "These checks bound a number of steps that is counted inside the process that runs the student's code: code that "
    "sets out to can report another number there, so look at the code before you rely on these points."
)


@dataclass(frozen=True)
class Mistake:
    """One way to fail one exercise, and who did.

    Attributes:
        exercise: The exercise's column.
        about: The mistake, in the words of the bank; otherwise the message.
        known: "same code" or "same failure" as one of the bank; "" for a group of its own.
        students: Who failed so.
        example: One of them, whose message is `reason`.
    """

    exercise: str
    about: str
    known: str
    students: tuple[str, ...]
    example: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """A class's results and what they say.

    Attributes:
        mistakes: The most frequent first.
        not_tried: Exercise -> how many left it as released.
        pairs: Near-identical submissions, the rarest coincidence first.
        lower_trust: The checks whose verdict rests on a number from the student's process.
        bank: How wrong answers were known: "graded", "by code", or "" without a bank.
    """

    report: ClassReport
    mistakes: tuple[Mistake, ...]
    not_tried: Mapping[str, int]
    pairs: tuple[Pair, ...]
    lower_trust: tuple[str, ...]
    bank: str


def analyse(
    output: Path,
    bank: Path | None = None,
    *,
    grade_bank: bool = True,
    on_step: Callable[[str], None] = lambda text: None,
) -> Analysis:
    """Analyse a graded class.

    Args:
        output: The folder that `grade` wrote.
        bank: A folder with wrong solutions, `ASSIGNMENT/PIECE.py`; None for none.
        grade_bank: Grade the bank, once, to know mistakes by how they fail; otherwise by their code alone.
        on_step: Told what happens.

    Raises:
        GradingError: The folder holds no graded class.
    """
    on_step("reading the class")
    report = read_report(output)
    checks, answers, given, written = _read_notebooks(output, report)
    trusted_less = lower_trust(checks)
    known: dict[str, list[banks.Verdict]] = {}
    for assignment in report.assignments if bank else ():
        found = (
            banks.verdicts(output, assignment, bank, on_step=on_step)
            if grade_bank
            else banks.without_grading(assignment, bank)
        )
        for verdict in found:
            known.setdefault(_column(report, assignment, verdict.solution.piece), []).append(verdict)
    mistakes, not_tried = find_mistakes(report, answers, known, trusted_less)
    on_step("comparing submissions")
    pairs = similar_pairs(answers, given, written)
    how = ("graded" if grade_bank else "by code") if known else ""
    return Analysis(report, tuple(mistakes), not_tried, tuple(pairs), tuple(trusted_less), how)


def read_report(output: Path) -> ClassReport:
    """The results of the last run, with the marks that the gradebook has now.

    Raises:
        GradingError: The folder holds no graded class.
    """
    try:
        data = json.loads((output / "report.json").read_text(encoding="utf-8"))
        students = [_student(one) for one in data["students"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GradingError(
            f"{output} holds no report.json of a graded class: run `llmcourse grade` first ({error})"
        ) from error
    if (output / "gradebook.db").is_file():
        with Gradebook(f"sqlite:///{(output / 'gradebook.db').resolve()}") as gradebook:
            students = [
                replace(s, exercises=tuple(_as_marked(gradebook, s.student, e) for e in s.exercises)) for s in students
            ]
    return ClassReport(
        tuple(data["assignments"]), tuple(students), tuple(data["ignored"]), data["seconds"], data.get("unsafe", False)
    )


def _student(data: Mapping[str, object]) -> StudentResult:
    known = {f.name: data[f.name] for f in fields(StudentResult) if f.name in data}
    exercises = tuple(ExerciseResult(**one) for one in data["exercises"])  # type: ignore[attr-defined]
    return StudentResult(**{**known, "exercises": exercises, "problems": tuple(data["problems"])})  # type: ignore[arg-type]


def _as_marked(gradebook: Gradebook, student: str, exercise: ExerciseResult) -> ExerciseResult:
    """An exercise's result with the mark that somebody gave by hand since."""
    try:
        grade = gradebook.find_grade(exercise.grade_id, exercise.notebook, exercise.assignment, student)
    except MissingEntry:
        return exercise
    unmarked = grade.manual_score is None and grade.auto_score is None
    return replace(exercise, points=None if unmarked else float(grade.score))


def _column(report: ClassReport, assignment: str, name: str) -> str:
    return f"{assignment}/{name}" if len(report.assignments) > 1 else name


def lower_trust(checks: Mapping[str, str]) -> list[str]:
    """The checks whose verdict rests on a number that the student's process reports.

    Args:
        checks: A check's name -> its cell's source.

    Example:
        >>> lower_trust({"sort": "%%check m:sort\\nassert count_steps(sort, [2, 1]) < 9", "add": "assert add(1, 2) == 3"})
        ['sort']
    """  # noqa: E501
    return [name for name, source in checks.items() if _names(source) & set(COUNTED_BY_THE_STUDENT)]


def _names(source: str) -> set[str]:
    body = source.partition("\n")[2] if source.startswith("%%") else source
    try:
        return names_reached(body)
    except SyntaxError:
        return set(re.findall(r"\w+", body))


def _read_notebooks(
    output: Path, report: ClassReport
) -> tuple[dict[str, str], dict[str, dict[str, str]], dict[str, list[str]], list[str]]:
    """By column: the checks' sources, each student's answers, what everybody was given, and which are prose."""
    columns = {(e.assignment, e.notebook, e.grade_id): report.column(e) for s in report.students for e in s.exercises}
    checks: dict[str, str] = {}
    given: dict[str, list[str]] = {}
    written: list[str] = []
    for assignment in report.assignments:
        for step in ("release", "source"):
            for name, notebook in _notebooks(output / step / assignment):
                for column, cell in _answered(assignment, name, notebook, columns):
                    given.setdefault(column, []).append(cell.source)
                    if kind_of(cell) == "written" and column not in written:
                        written.append(column)
                if step == "source":
                    checks |= _checks(assignment, name, notebook, columns)
    answers: dict[str, dict[str, str]] = {student.student: {} for student in report.students}
    for student, own in answers.items():
        for assignment in report.assignments:
            for name, notebook in _notebooks(output / "autograded" / student / assignment):
                own |= {column: cell.source for column, cell in _answered(assignment, name, notebook, columns)}
    blank = {column: {texts[0]} for column, texts in given.items()}
    answers = {
        who: {c: text for c, text in own.items() if text not in blank.get(c, ())} for who, own in answers.items()
    }
    return checks, answers, given, written


def _notebooks(folder: Path) -> Iterator[tuple[str, NotebookNode]]:
    for path in sorted(folder.glob("*.ipynb")):
        yield path.stem, nbformat.read(path, as_version=4)


def _checks(
    assignment: str, name: str, notebook: NotebookNode, columns: Mapping[tuple[str, str, str], str]
) -> dict[str, str]:
    found = {}
    for cell in notebook.cells:
        key = (assignment, name, marks_of(cell).get("grade_id", ""))
        if key in columns and kind_of(cell) == "check":
            found[columns[key]] = cell.source
    return found


def _answered(
    assignment: str, name: str, notebook: NotebookNode, columns: Mapping[tuple[str, str, str], str]
) -> Iterator[tuple[str, NotebookNode]]:
    """Each column's answer cell: the exercise of a check, a written answer itself."""
    exercises = {facts_of(c).get("piece"): c for c in notebook.cells if kind_of(c) == "exercise"}
    for cell in notebook.cells:
        key = (assignment, name, marks_of(cell).get("grade_id", ""))
        if key not in columns:
            continue
        if kind_of(cell) == "written":
            yield columns[key], cell
        elif kind_of(cell) == "check" and (exercise := exercises.get(facts_of(cell).get("piece"))):
            yield columns[key], exercise


def find_mistakes(
    report: ClassReport,
    answers: Mapping[str, Mapping[str, str]],
    known: Mapping[str, Iterable[banks.Verdict]],
    counted: Iterable[str] = (),
) -> tuple[list[Mistake], dict[str, int]]:
    """Group a class's wrong answers.

    Args:
        report: The class.
        answers: Student -> exercise's column -> their cell; one that is as it was released is not in it.
        known: Exercise's column -> the bank's wrong solutions of it.
        counted: The columns whose messages hold counts of steps.

    Returns:
        The mistakes, the most frequent first, and how often each exercise was not tried.
    """
    counted, not_tried = set(counted), dict[str, int]()
    groups: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    books = {column: _Book(verdicts, column in counted) for column, verdicts in known.items()}
    for student in report.students:
        for exercise in student.exercises:
            column = report.column(exercise)
            if exercise.kind != "check" or exercise.points is None or exercise.points >= exercise.max_points:
                continue
            own = answers.get(student.student)
            if _is_not_tried(exercise.reason) or (own is not None and column not in own):
                not_tried[column] = not_tried.get(column, 0) + 1
                continue
            source = (own or {}).get(column, "")
            about, how = books[column].find(source, exercise) if column in books else ("", "")
            key = (column, about or _group(exercise.reason, column in counted), how)
            groups.setdefault(key, []).append((student.student, exercise.reason))
    mistakes = _joined(groups)
    return sorted(mistakes, key=lambda m: (-len(m.students), m.exercise, m.about)), not_tried


def _joined(groups: Mapping[tuple[str, str, str], list[tuple[str, str]]]) -> Iterator[Mistake]:
    """One mistake for each group; those of the bank that are the same code and those that fail the same way are one."""
    merged: dict[tuple[str, str, bool], list[tuple[str, list[tuple[str, str]]]]] = {}
    for (column, about, how), people in groups.items():
        merged.setdefault((column, about, bool(how)), []).append((how, people))
    for (column, about, is_known), parts in merged.items():
        people = sorted(one for _, several in parts for one in several)
        how = " or ".join(sorted(how for how, _ in parts)) if is_known else ""
        shown = (
            about if is_known else people[0][1].strip().split("\n")[0].removeprefix(f"{column.rpartition('/')[2]}: ")
        )
        yield Mistake(column, shown, how, tuple(who for who, _ in people), *people[0])


def _is_not_tried(reason: str) -> bool:
    return "is not written yet" in reason or "is not built yet" in reason


class _Book:
    """The bank's wrong solutions of one exercise, by their code and by how they fail."""

    def __init__(self, verdicts: Iterable[banks.Verdict], counted: bool):
        self.counted = counted
        self.by_code: dict[tuple[str, ...], str] = {}
        self.by_failure: dict[str, list[str]] = {}
        for verdict in verdicts:
            if tokens := code_tokens(verdict.solution.source, numbered=True):
                self.by_code.setdefault(tokens, verdict.solution.about)
            if verdict.reason and not _is_not_tried(verdict.reason):
                found = self.by_failure.setdefault(_group(verdict.reason, counted), [])
                found += [verdict.solution.about] if verdict.solution.about not in found else []

    def find(self, source: str, exercise: ExerciseResult) -> tuple[str, str]:
        """The mistake of a wrong answer and how it is known; empty when the bank does not have it."""
        tokens = code_tokens(source, numbered=True)
        if tokens and tokens in self.by_code:
            return self.by_code[tokens], "same code"
        if exercise.by_grader:
            return "", ""
        found = self.by_failure.get(_group(exercise.reason, self.counted), [])
        return " / or: ".join(found[:3]), "same failure" if found else ""


def _group(reason: str, counted: bool) -> str:
    """What a failure is known by: the message and the check's own line, without the lines of the student's cell."""
    lines = [line for line in reason.splitlines() if not re.match(r"\s+in .* of its cell", line)]
    text = "\n".join(line.rstrip() for line in lines)
    if text.startswith(("the exercise cell failed", "no answer", "the process died", "not run")):
        text = text.splitlines()[0]
        return re.sub(r"line \d+|[\d.]+ s\b", "…", text)
    return re.sub(r"\d[\d,]*(?:\.\d+)?", "…", text) if counted else text
