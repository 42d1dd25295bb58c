"""Take a class's marks into another system: nbgrader's export plugins, for spreadsheets, Canvas and Moodle.

`llmcourse export` uses them, and so can nbgrader itself:
`nbgrader export --exporter=llmcourse.course.grading.results.exports.CanvasExporter --to canvas.csv`.

What the other systems read: Canvas takes the columns Student, ID, SIS User ID, SIS Login ID and Section, then one a
assignment, and a second row that starts with "Points Possible"; it finds a student by ID, then SIS User ID, then SIS
Login ID, then name, and an assignment by `Title (number)`, then by its title. Moodle takes any columns, asks which of
them says who a student is (ID number, username or email address) and which is which grade item, and refuses the whole
file for one student whom it does not know. Both take an empty grade for none: Canvas "", Moodle "-".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Dict, List, Unicode

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.results import lateness
from llmcourse.course.grading.results.report import safe_cell
from llmcourse.course.grading.results.roster import Person, read_roster, recognized, told_strangers
from llmcourse.files import write_atomically

CANVAS_OWN_COLUMNS = (
    "Current Score",
    "Current Points",
    "Current Grade",
    "Final Score",
    "Final Points",
    "Final Grade",
    "Override",
)


class _ClassExporter(ExportPlugin):
    """What the exporters share: who is in the class, what they have earned, and a file that computes nothing."""

    roster = Unicode("", help="a CSV file with a row a student: what other systems call them").tag(config=True)
    partial = Bool(False, help="export although answers are not marked yet; they count 0").tag(config=True)
    without = List(help="students who are left out").tag(config=True)
    titles = Dict({}, help="assignment -> what the other system calls it").tag(config=True)
    destination = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that `to` names.

        Raises:
            GradingError: A student or an assignment is unknown, or answers are not marked; the message says what to do.
        """
        assignments = self._assignments(gradebook)
        people = self._people(gradebook)
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(self.rows(gradebook, assignments, people))
        path = Path(self.to or self.destination)
        write_atomically(path, stream.getvalue())
        self.log.info("Exported %d students to %s", len(people), path)

    def rows(self, gradebook: Gradebook, assignments: list[str], people: list[Person]) -> Iterator[list[str]]:
        """The file's rows."""
        raise NotImplementedError

    def _assignments(self, gradebook: Gradebook) -> list[str]:
        known = sorted(one.name for one in gradebook.assignments)
        wanted = [str(name) for name in self.assignment] or known
        if unknown := sorted(set(wanted) - set(known)):
            raise GradingError(
                f"no assignment {', '.join(unknown)} in the gradebook: there are {', '.join(known) or 'none'}"
            )
        return wanted

    def _people(self, gradebook: Gradebook) -> list[Person]:
        graded = {one.id: one for one in gradebook.students}
        wanted = {str(name) for name in self.student}
        if unknown := sorted(wanted - graded.keys()):
            raise GradingError(f"no student {', '.join(unknown)} in the gradebook")
        left_out = {str(name) for name in self.without}
        if unknown := sorted(left_out - graded.keys()):
            raise GradingError(f"no student {', '.join(unknown)} in the gradebook to leave out")
        wanted_of = {name for name in graded if (not wanted or name in wanted) and name not in left_out}
        chosen = {name: graded[name] for name in wanted_of}
        if not self.roster:
            return [Person(name, _facts_of(one)) for name, one in sorted(chosen.items())]
        people = read_roster(Path(self.roster))
        found = recognized(graded, people)
        if strangers := sorted(name for name in chosen if name not in found):
            raise GradingError(told_strangers(strangers, [person.student for person in people], self.roster))
        names = {person.student: name for name, person in found.items()}
        listed = [Person(names.get(person.student, person.student), person.facts) for person in people]
        return [p for p in listed if (not wanted or p.student in wanted) and p.student not in left_out]

    def _points(self, gradebook: Gradebook, assignment: str, person: Person, none: str) -> str:
        """A student's points in an assignment, with the late penalty; `none` when nothing was handed in."""
        try:
            submission = gradebook.find_submission(assignment, person.student)
        except MissingEntry:
            return none
        return f"{max(0.0, submission.score - (submission.late_submission_penalty or 0.0)):.10g}"

    def _refuse_unmarked(self, gradebook: Gradebook, assignments: Iterable[str], people: Iterable[Person]) -> None:
        if self.partial:
            return
        ids = {person.student for person in people}
        waiting = [
            f"{submission.student_id} ({name})"
            for name in assignments
            for submission in gradebook.assignment_submissions(name)
            if submission.needs_manual_grade and submission.student_id in ids
        ]
        if waiting:
            shown = ", ".join(waiting[:5]) + (" and more" if len(waiting) > 5 else "")
            raise GradingError(
                f"{len(waiting)} submissions have answers that nobody has marked, or that changed since: {shown}. Mark "
                "them in the formgrader, or export with --partial: what was never marked counts 0 there."
            )


def _facts_of(student: object) -> dict[str, str]:
    names = ("first_name", "last_name", "email")
    return {name: value for name in names if (value := getattr(student, name, None))}


def _identifier(person: Person, name: str) -> str:
    """What another system finds a student by: it must go through as it is, so one that a spreadsheet computes
    is refused."""
    value = person[name]
    if safe_cell(value) != value:
        raise GradingError(
            f"the roster's {name} of {person.student} is {value!r}, which a spreadsheet could take for a formula"
        )
    return value


class CsvExporter(_ClassExporter):
    """nbgrader's own columns and two more: the student's name in the roster, and answers that wait for a mark."""

    def rows(self, gradebook: Gradebook, assignments: list[str], people: list[Person]) -> Iterator[list[str]]:
        """A row for each student and assignment; 0 where nothing was handed in."""
        yield [
            *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
            *("raw_score", "late_submission_penalty", "score", "max_score", "name", "needs_manual_grade"),
        ]
        for name in assignments:
            found = gradebook.find_assignment(name)
            for person in people:
                yield self._row(gradebook, found, person)

    def _row(self, gradebook: Gradebook, assignment: object, person: Person) -> list[str]:
        name = assignment.name  # type: ignore[attr-defined]
        raw = penalty = 0.0
        timestamp: object = ""
        waiting = False
        try:
            submission = gradebook.find_submission(name, person.student)
        except MissingEntry:
            pass
        else:
            raw, penalty = submission.score, submission.late_submission_penalty or 0.0
            timestamp, waiting = submission.timestamp or "", submission.needs_manual_grade
        numbers = [raw, penalty, max(0.0, raw - penalty), assignment.max_score]  # type: ignore[attr-defined]
        due = assignment.duedate or ""  # type: ignore[attr-defined]
        who = [person.student, person["last_name"], person["first_name"], person["email"]]
        texts = [safe_cell(str(text)) for text in (name, due, timestamp, *who)]
        return [*texts, *(f"{value:.10g}" for value in numbers), safe_cell(person["name"]), "yes" if waiting else ""]


class CanvasExporter(_ClassExporter):
    """A file for Canvas: Grades, Import."""

    destination = "canvas.csv"

    def rows(self, gradebook: Gradebook, assignments: list[str], people: list[Person]) -> Iterator[list[str]]:
        """The header, the points possible, a row a student; empty where nothing was handed in."""
        self._refuse_unmarked(gradebook, assignments, people)
        headers = [str(self.titles.get(name, name)) for name in assignments]
        for header in headers:
            if safe_cell(header) != header or any(own in header for own in CANVAS_OWN_COLUMNS):
                raise GradingError(
                    f"Canvas takes a column {header!r} for one of its own, or a spreadsheet for a formula: "
                    "give another title"
                )
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *headers]
        possible = [f"{gradebook.find_assignment(name).max_score:.10g}" for name in assignments]
        yield ["    Points Possible", "", "", "", "", *possible]
        for person in people:
            ids = [_identifier(person, name) for name in ("canvas_id", "sis_user_id", "sis_login_id")]
            if not any(ids):
                ids[2] = person.student
            points = [self._points(gradebook, name, person, none="") for name in assignments]
            yield [safe_cell(person.sortable_name), *ids, safe_cell(person["section"]), *points]


class MoodleExporter(_ClassExporter):
    """A file for Moodle: Grades, Import, CSV file."""

    destination = "moodle.csv"
    IDENTIFIERS = {"idnumber": "ID number", "username": "Username", "email": "Email address"}

    def rows(self, gradebook: Gradebook, assignments: list[str], people: list[Person]) -> Iterator[list[str]]:
        """The header, a row a student; "-" where nothing was handed in."""
        self._refuse_unmarked(gradebook, assignments, people)
        usable = [name for name in self.IDENTIFIERS if people and all(person[name] for person in people)]
        if not usable and self.roster:
            raise GradingError(
                f"Moodle needs an ID number, a username or an email address of every student: the roster "
                f"{self.roster} has no "
                f"column {', '.join(self.IDENTIFIERS)} that is filled for everybody"
            )
        columns = [self.IDENTIFIERS[name] for name in usable] or ["Username"]
        yield [
            "First name",
            "Last name",
            *columns,
            *(safe_cell(str(self.titles.get(name, name))) for name in assignments),
        ]
        for person in people:
            ids = [_identifier(person, name) for name in usable] or [person.student]
            points = [self._points(gradebook, name, person, none="-") for name in assignments]
            yield [safe_cell(person["first_name"]), safe_cell(person["last_name"] or person["name"]), *ids, *points]


EXPORTERS: dict[str, type[_ClassExporter]] = {"csv": CsvExporter, "canvas": CanvasExporter, "moodle": MoodleExporter}


def export(
    output: Path,
    kind: str,
    to: Path | None = None,
    *,
    roster: Path | None = None,
    assignments: Iterable[str] = (),
    students: Iterable[str] = (),
    without: Iterable[str] = (),
    titles: Mapping[str, str] | None = None,
    partial: bool = False,
) -> Path:
    """Export the marks of a graded class.

    Args:
        output: The folder that `llmcourse grade` wrote.
        kind: csv, canvas or moodle.
        to: The file; in `output` without it.
        roster: What other systems call the students; see `read_roster`.
        assignments: All without it.
        students: All without it.
        without: Students who are left out.
        titles: Assignment -> its title in the other system; for Canvas `Title (number)` names an assignment that
        exists.
        partial: Export although answers are not marked yet.

    Raises:
        GradingError: It cannot be done as asked.
    """
    database = output / "gradebook.db"
    if not database.is_file():
        raise GradingError(f"{output} holds no gradebook.db: name the folder that `llmcourse grade` wrote")
    if kind not in EXPORTERS:
        raise GradingError(f"no format {kind!r}: there are {', '.join(EXPORTERS)}")
    plugin = EXPORTERS[kind](
        to=str(to or output / (EXPORTERS[kind].destination)),
        roster=str(roster or ""),
        assignment=list(assignments),
        student=list(students),
        without=list(without),
        titles=dict(titles or {}),
        partial=partial,
    )
    with Gradebook(f"sqlite:///{database.resolve()}") as gradebook:
        if unknown := sorted(set(plugin.titles) - {one.name for one in gradebook.assignments}):
            raise GradingError(f"a title for {', '.join(unknown)}, which is no assignment in the gradebook")
        _penalise(gradebook, output)
        plugin.export(gradebook)
    return Path(plugin.to)


def _penalise(gradebook: Gradebook, output: Path) -> None:
    """Have the late penalties of the marks as they stand, for this session alone: the next grading writes them down."""
    stale = [
        change
        for name in (one.name for one in gradebook.assignments)
        if (late := lateness.kept(output, name)) is not None
        for change in lateness.changed(gradebook.assignment_submissions(name), lateness.plugin(late))
    ]
    for notebook, penalty in stale:
        notebook.late_submission_penalty = penalty
    if stale:
        gradebook.db.flush()
        gradebook.db.expire_all()
