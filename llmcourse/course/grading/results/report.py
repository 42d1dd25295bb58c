"""A class's results: the data, a CSV for the grade book, JSON for programs, a table for the terminal."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from llmcourse.course.grading.results.pages import plain
from llmcourse.files import write_atomically

NEEDS_MANUAL_GRADE = "needs manual grade"
UNSAFE = "graded without walls"


@dataclass(frozen=True)
class ExerciseResult:
    """One graded cell of one student.

    Attributes:
        name: The piece, or the cell's id where a piece has several checks; a written question's id.
        kind: "check" or "written".
        points: None until a written answer is marked by hand.
        reason: Why points are missing, in one or a few lines; empty when none are.
        by_grader: The cell did not run to its end (a fault of the notebook, a dead kernel, no answer in time).
        look_again: It was marked by hand, and what was marked has changed since.
    """

    assignment: str
    notebook: str
    grade_id: str
    name: str
    kind: str
    points: float | None
    max_points: float
    reason: str = ""
    by_grader: bool = False
    look_again: bool = False


@dataclass(frozen=True)
class StudentResult:
    """One student: points an exercise, and what was wrong with the submission itself.

    Attributes:
        origin: The folder's or archive's name, or several where they belong together.
        graded_now: Whether this run ran the submission; otherwise it had not changed.
        seconds: What grading it took, when it was graded.
        penalty: Points taken off for being late.
    """

    student: str
    origin: str
    exercises: tuple[ExerciseResult, ...]
    problems: tuple[str, ...] = ()
    graded_now: bool = True
    seconds: float = 0.0
    penalty: float = 0.0

    @property
    def score(self) -> float:
        """The points so far, less the penalty; an answer not yet marked by hand counts 0."""
        return max(0.0, sum(exercise.points or 0.0 for exercise in self.exercises) - self.penalty)

    @property
    def max_score(self) -> float:
        """What there was to earn."""
        return sum(exercise.max_points for exercise in self.exercises)


@dataclass(frozen=True)
class ClassReport:
    """A class's results.

    Attributes:
        assignments: What was graded.
        students: By student id.
        ignored: Entries of the submissions folder that were no submissions, and what else is odd about the folder.
        seconds: What the whole run took.
        unsafe: Nothing shut the submissions in.
    """

    assignments: tuple[str, ...]
    students: tuple[StudentResult, ...]
    ignored: tuple[str, ...] = ()
    seconds: float = 0.0
    unsafe: bool = False

    def __getitem__(self, student: str) -> StudentResult:
        """One student's result by id."""
        for result in self.students:
            if result.student == student:
                return result
        raise KeyError(student)

    def column(self, exercise: ExerciseResult) -> str:
        """An exercise's column in the CSV: its name, with its assignment where there are several."""
        return f"{exercise.assignment}/{exercise.name}" if len(self.assignments) > 1 else exercise.name

    def to_json(self) -> str:
        """The report as JSON text, each student with score and max_score."""
        students = [{**asdict(s), "score": s.score, "max_score": s.max_score} for s in self.students]
        data = {**asdict(self), "students": students}
        text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        return text.encode("utf-8", "replace").decode()  # a file's name need not be UTF-8


def write_csv(report: ClassReport, path: Path) -> None:
    """One row a student: student, score, max_score, one column an exercise, problems."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = [report.column(exercise) for exercise in report.students[0].exercises] if report.students else []
    writer.writerow([safe_cell(text) for text in ("student", "score", "max_score", *columns, "problems")])
    for student in report.students:
        points = [NEEDS_MANUAL_GRADE if e.points is None else f"{e.points:g}" for e in student.exercises]
        problems = safe_cell("; ".join((*student.problems, *([UNSAFE] if report.unsafe else []))))
        writer.writerow([safe_cell(student.student), f"{student.score:g}", f"{student.max_score:g}", *points, problems])
    write_atomically(path, stream.getvalue())


def safe_cell(text: str) -> str:
    """A text that a spreadsheet shows and does not compute: a formula's first character gets an apostrophe before it.

    Line breaks become spaces, and characters that cannot be seen are left out.

    Example:
        >>> safe_cell("=1+1"), safe_cell("Ada"), safe_cell("two\\nlines")
        ("'=1+1", 'Ada', 'two lines')
    """
    seen = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    line = " ".join(seen.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")) else line


def print_summary(report: ClassReport, console: Console | None = None, why_unsafe: str = "") -> None:
    """Print what an instructor wants first: every exercise's mean, the distribution of totals, and the problems.

    Args:
        report: The class's results.
        console: Where to.
        why_unsafe: Why nothing shut the submissions in, where that was not asked for.
    """
    console = console or Console()
    graded = sum(student.graded_now for student in report.students)
    head = f"{', '.join(report.assignments)}: {len(report.students)} students, {graded} graded now"
    console.print(Text(f"{head}, {report.seconds:.0f} s", style="bold"))
    if report.unsafe:
        told = f"{UNSAFE}: a submission could read and change what this account can, scores included"
        if why_unsafe:
            told = f"graded without walls, since nothing can be shut in here: {plain(why_unsafe, 500)}"
        console.print(Text(told, "red"), soft_wrap=True)
    if report.students:
        console.print(exercise_table(report))
        console.print(Text(histogram(report)))
    for student in report.students:
        for problem in student.problems:
            console.print(Text(plain(f"{student.student}: {problem}", 500), style="yellow"))
    for line in report.ignored:
        console.print(Text(plain(line, 500), style="dim"))


def exercise_table(report: ClassReport) -> Table:
    """Each exercise's mean and share of full marks; the hardest one is marked."""
    table = Table()
    for name in ("exercise", "points", "mean", "full marks", ""):
        table.add_column(name, justify="right" if name in ("points", "mean", "full marks") else "left")
    columns = list(zip(*(student.exercises for student in report.students)))
    hardest = min((c for c in columns if c[0].kind == "check"), key=lambda c: _mean(c) / c[0].max_points, default=None)
    for column in columns:
        marked, first = _marked(column), column[0]
        full = sum(result.points >= result.max_points for result in marked)
        waiting = f"{len(column) - len(marked)} need a manual grade" if len(marked) < len(column) else ""
        note = "hardest" if column is hardest and _mean(column) < first.max_points else waiting
        mean, rate = (f"{_mean(column):.2f}", f"{full / len(marked):.0%}") if marked else ("-", "-")
        table.add_row(Text(report.column(first)), f"{first.max_points:g}", mean, rate, note)
    return table


def _marked(column: Iterable[ExerciseResult]) -> list[ExerciseResult]:
    return [result for result in column if result.points is not None]


def _mean(column: Iterable[ExerciseResult]) -> float:
    marked = _marked(column)
    return sum(result.points for result in marked) / len(marked)


def histogram(report: ClassReport, width: int = 40) -> str:
    """The distribution of totals in ten bins, as text, highest first."""
    counts = bins(report)
    top = max(counts) or 1
    lines = []
    for low in reversed(range(10)):
        bar = "█" * round(counts[low] / top * width)
        lines.append(f"{low * 10:3d}-{low * 10 + (10 if low == 9 else 9):3d}%  {bar} {counts[low] or ''}".rstrip())
    return "\n".join(lines)


def bins(report: ClassReport) -> list[int]:
    """How many students have 0 to 9% of all points, 10 to 19%, and so on; 100% counts with the last."""
    counts = [0] * 10
    for student in report.students:
        share = student.score / student.max_score if student.max_score else 0.0
        counts[max(0, min(9, int(share * 10 + 1e-9)))] += 1
    return counts
