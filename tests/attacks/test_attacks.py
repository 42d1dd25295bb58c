"""No attack gets more than it deserves, harms anybody, stops the run, or leaves anything behind."""

from __future__ import annotations

import csv
import hashlib
import html
import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook

from llmcourse.course.grading.results.report import ClassReport, StudentResult
from llmcourse.course.grading.run import grade
from llmcourse.course.sandbox import available
from tests import classroom
from tests.attacks import formats, harm, reading, verdict
from tests.attacks.attack import POSITIONS, RECIPES, TOKENIZATION, Attack, Place, full_points, right

pytestmark = [pytest.mark.walls, pytest.mark.timeout(1800), pytest.mark.xdist_group("attacks")]

ATTACKS = [*verdict.ATTACKS, *reading.ATTACKS, *harm.ATTACKS, *formats.ATTACKS]
FAMILIES = ("verdict", "reading", "writing", "neighbours", "leftovers", "resources", "archive", "notebook", "names")
HONEST = "honest"
CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")


class Active(HTMLParser):
    """Finds what runs or is fetched when a page is shown."""

    TAGS = ("script", "iframe", "img", "svg", "object", "embed", "link", "base", "form", "video", "audio")

    def __init__(self, text: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = [
            name
            for name, value in attrs
            if name.startswith("on") or (name in ("src", "href") and not (value or "").startswith("#"))
        ]
        self.found += [tag] * (tag in self.TAGS) + told


@dataclass(frozen=True)
class Class:
    """A class that is graded in one run: attackers of one assignment, and honest students between them."""

    assignment: str
    attacks: list[Attack]
    place: Place
    graded: Future[tuple[ClassReport, list[str]]]
    before: dict[str, dict[str, str]]

    @cached_property
    def report(self) -> ClassReport:
        return self.graded.result()[0]

    def of(self, attack: Attack) -> StudentResult:
        return self.report[attack.graded_as]

    def handed_over(self) -> dict[str, Path]:
        """The folders that grading reads."""
        return {"submissions": self.place.submissions, "source": self.place.source}

    def output_files(self, step: str, ending: str) -> list[Path]:
        """The files that grading wrote for its students in one step."""
        assert self.report
        return sorted((self.place.output / step).rglob(f"*{ending}"))


def digests(folder: Path) -> dict[str, str]:
    """Every regular file below a folder, by what it holds."""
    paths = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    files = [path for path in paths if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def hidden(notebook: NotebookNode) -> list[str]:
    """The lines of a notebook's hidden tests that say something."""
    lines, inside = [], False
    for line in (
        line.strip() for cell in classroom.cells(notebook, "check").values() for line in cell.source.splitlines()
    ):
        inside = line == "### BEGIN HIDDEN TESTS" or (inside and line != "### END HIDDEN TESTS")
        if inside and len(line) > 40 and "HIDDEN TESTS" not in line:
            lines.append(re.sub(r"\s+", " ", line))
    return lines


def start(pool: ProcessPoolExecutor, root: Path, assignment: str, attacks: list[Attack], timeout_s: float) -> Class:
    """Hand in the attacks and start to grade them."""
    place = Place(root / "submissions", root / "grades", root / "solutions", f"left-{uuid.uuid4().hex}")
    place.submissions.mkdir(parents=True)
    classroom.write_source(assignment, place.source)
    for attack in attacks:
        attack.hand_in(place)
    perfect = classroom.keep_graded(classroom.submission(assignment, classroom.reference(assignment)))
    classroom.hand_in(place.submissions, HONEST, perfect)
    before = {"submissions": digests(place.submissions), "source": digests(place.source)}
    return Class(assignment, attacks, place, pool.submit(graded, place, assignment, timeout_s), before)


def graded(place: Place, assignment: str, timeout_s: float) -> tuple[ClassReport, list[str]]:
    """Grade a class, then say which of this process's children are left."""
    from llmcourse.course.grading.trial.rooms import close_rooms

    report = grade(place.submissions, place.output, assignment, place.source, timeout_s, workers=1)
    close_rooms()
    return report, [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Class]]:
    """All classes, graded side by side: tests wait for the one that they ask for."""
    assert available().ways, f"the attacks need a sandbox, and there is none: {available().reason}"
    quick = [a for a in ATTACKS if a.assignment == TOKENIZATION and not a.hangs]
    slow = [a for a in ATTACKS if a.assignment == TOKENIZATION and a.hangs]
    rest = [(name, [a for a in ATTACKS if a.assignment == name]) for name in (RECIPES, POSITIONS)]
    os.environ["OMP_NUM_THREADS"] = "1"
    roots = iter(tmp_path_factory.mktemp("class") for _ in range(9))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = [start(pool, next(roots), TOKENIZATION, slow, 5.0)]
        found += [start(pool, next(roots), TOKENIZATION, part, 60.0) for part in (quick[::2], quick[1::2])]
        found += [start(pool, next(roots), name, attacks, 60.0) for name, attacks in rest if attacks]
        yield found
        pool.shutdown(cancel_futures=True)


def class_of(classes: list[Class], attack: Attack) -> Class:
    return next(c for c in classes if attack in c.attacks)


def points(result: StudentResult) -> dict[str, float | None]:
    """A student's points by piece."""
    return {exercise.name: exercise.points for exercise in result.exercises if exercise.kind == "check"}


def test_every_family_has_attacks_and_their_names_are_unique() -> None:
    assert len(ATTACKS) >= 60 and len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.family for attack in ATTACKS} == set(FAMILIES)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.family}-{attack.name}")
def test_an_attack_gets_what_it_deserves(classes: list[Class], attack: Attack) -> None:
    result = class_of(classes, attack).of(attack)
    assert points(result) == attack.deserved(), "\n".join(
        f"{e.name}: {e.points} {e.reason[:300]}" for e in result.exercises
    )
    reasons = {exercise.name: exercise.reason for exercise in result.exercises}
    for piece, text in attack.says.items():
        assert text in reasons[piece], f"{piece}: {reasons[piece]}"
    for problem in result.problems:
        assert "the grader itself failed" not in problem, problem


def test_honest_students_keep_full_marks(classes: list[Class]) -> None:
    for graded_class in classes:
        assert points(graded_class.report[HONEST]) == full_points(graded_class.assignment)


def test_every_submission_is_in_the_report_once_and_only_they(classes: list[Class]) -> None:
    for graded_class in classes:
        found = [student.student for student in graded_class.report.students]
        assert sorted(found) == sorted([HONEST, *(attack.graded_as for attack in graded_class.attacks)])


def test_the_gradebook_holds_what_the_report_says_and_nothing_by_hand(classes: list[Class]) -> None:
    for graded_class in classes:
        with Gradebook(f"sqlite:///{graded_class.place.output / 'gradebook.db'}") as gradebook:
            kept = {s.student.id: s.score for s in gradebook.assignment_submissions(graded_class.assignment)}
            grades = [
                grade
                for s in gradebook.assignment_submissions(graded_class.assignment)
                for nb in s.notebooks
                for grade in nb.grades
            ]
            assert all(grade.manual_score is None and not grade.extra_credit for grade in grades)
            full = sum(full_points(graded_class.assignment).values())
            assert (
                sum(
                    cell.max_score
                    for cell in gradebook.find_assignment(graded_class.assignment).notebooks[0].grade_cells
                )
                < full + 20
            )
        assert kept == {student.student: student.score for student in graded_class.report.students}


def test_submissions_and_sources_are_as_they_were(classes: list[Class]) -> None:
    for graded_class in classes:
        assert graded_class.report
        assert {name: digests(folder) for name, folder in graded_class.handed_over().items()} == graded_class.before


def test_nothing_is_left_behind(classes: list[Class]) -> None:
    for graded_class in classes:
        left = graded_class.graded.result()[1]
        assert not left, f"processes of the grader are left: {left}"
        marker = graded_class.place.marker
        running = [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if marker in " ".join(process.info["cmdline"] or [])
        ]
        assert not running, f"processes of a submission are left: {running}"
        roots = (
            graded_class.place.output,
            graded_class.place.submissions,
            graded_class.place.source,
            Path.home(),
            Path(tempfile.gettempdir()),
        )
        assert not [path for root in roots for path in root.glob(f"**/{marker}" if root in roots[:3] else marker)]


def test_no_page_shows_a_hidden_test_or_holds_anything_that_runs(classes: list[Class]) -> None:
    for graded_class in classes:
        released = json.dumps(
            [cell.source for nb in classroom.notebooks(graded_class.assignment).values() for cell in nb.cells]
        )
        notebooks = classroom.notebooks(graded_class.assignment, classroom.ROOT / "solutions").values()
        secret = [line for notebook in notebooks for line in hidden(notebook) if json.dumps(line)[1:-1] not in released]
        assert len(secret) > 20
        for page in graded_class.output_files("feedback", ".html"):
            text = html.unescape(page.read_text(encoding="utf-8"))
            shown = re.sub(r"\s+", " ", text)
            assert not [line for line in secret if line in shown], page
            assert not Active(page.read_text(encoding="utf-8")).found, page
            assert not CONTROL.search(text), page


def test_no_page_and_no_reason_shows_what_was_lent(classes: list[Class]) -> None:
    """Of the one who tells it; others have written the same themselves."""
    (teller,) = (attack for attack in ATTACKS if attack.name == "tells_what_it_was_lent")
    graded_class = class_of(classes, teller)
    lent = [line.strip() for piece in ("count_pairs", "pop_most_frequent") for line in right(piece).splitlines()]
    secret = [
        line for line in lent if line.startswith(("negative_count, pair =", "counts[pair] +=", "for pair in zip"))
    ]
    (page,) = (path for path in graded_class.output_files("feedback", ".html") if teller.name in str(path))
    shown = html.unescape(page.read_text(encoding="utf-8"))
    reasons = " ".join(exercise.reason for exercise in graded_class.of(teller).exercises)
    assert len(secret) == 3 and not [line for line in secret if line in shown or line in reasons]


def test_results_hold_no_formula_no_terminal_code_and_no_hidden_test(classes: list[Class]) -> None:
    for graded_class in classes:
        table, report = (graded_class.place.output / name for name in ("scores.csv", "report.json"))
        rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))
        assert len(rows) == len(graded_class.report.students) + 1
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert not CONTROL.search(table.read_text(encoding="utf-8"))
        results = json.loads(report.read_text(encoding="utf-8"))
        reasons = [exercise["reason"] for student in results["students"] for exercise in student["exercises"]]
        assert not [reason for reason in reasons if CONTROL.search(reason.replace("\n", " "))]


def test_what_the_formgrader_shows_runs_nothing(classes: list[Class]) -> None:
    for graded_class in classes:
        for path in graded_class.output_files("autograded", ".ipynb"):
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                kinds = {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}
                assert kinds <= {"text/plain", "image/png", "image/jpeg"}, (path, kinds)
                if cell["cell_type"] == "markdown" and cell["metadata"].get("llmcourse", {}).get("kind") in (
                    "student",
                    "written",
                ):
                    assert not re.search(r"<[a-zA-Z/!]|!\[", "".join(cell["source"])), path
                    links = re.findall(r"\][(:]\s*(\S*)", "".join(cell["source"]))
                    assert not [x for x in links if not x.startswith(("https://", "http://", "mailto:", "#"))], path
