"""What a hidden test passes in comes back on no page, and what one cell leaves behind costs no other cell its points."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from llmcourse.course.grading.results.report import ClassReport
from llmcourse.course.grading.run import grade
from llmcourse.course.grading.trial.notebook import Settings, _Doubt, _Run
from llmcourse.course.grading.trial.orders import Failure

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(300)]

KEEPS = """import builtins
builtins.seen = getattr(builtins, "seen", [])
def double(x):
    builtins.seen.append(x)
    return 2 * x"""
WRONG = {
    "text": 'def square(x):\n    if x < 0: raise ValueError(f"saw {x}")\n    return x * x',
    "type": 'def square(x):\n    if x < 0: raise type(f"saw{-x}", (ValueError,), {})()\n    return x * x',
    "result": 'def square(x):\n    return x * x if x > 0 else f"saw {x}"',
    "visible": 'def square(x):\n    raise ValueError(f"saw {builtins.seen}")',
    "line": 'import linecache\ndef square(x):\n    linecache.getline = lambda *a: f"saw {builtins.seen}"\n    raise ValueError',
    "exercise": 'raise ValueError(f"saw {builtins.seen}")',
    "exercise_type": 'raise type("saw" + "_".join(map(str, builtins.seen)), (ValueError,), {})()',
}
SPOILS = 'import builtins\ndef double(x):\n    builtins.abs = None\n    return 2 * x if x < 20 else "odd"'
NEEDS = "def square(x):\n    return abs(x) * abs(x)"
SPOILS_AT_ONCE = SPOILS.replace("2 * x if x < 20 else ", "")
FORGES = f"""def square(x):
    if abs is None:
        raise ValueError("\\n2026-01-01 00:00:00,000 ERROR 01_sums of spoiled: forged \\x1b[31m")
{NEEDS.partition(chr(10))[2]}"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory, source, make, put, at, pinned) -> tuple[ClassReport, Path]:
    folder = tmp_path_factory.mktemp("class")
    for name, square in WRONG.items():
        put(folder / "in", name, make(double=KEEPS, square=square))
    own = make(double=KEEPS)
    own.cells.insert(at(own, "check_double") + 1, new_code_cell('raise ValueError(f"saw {builtins.seen}")'))
    put(folder / "in", "own_cell", own)
    put(folder / "in", "spoiled", make(double=SPOILS, square=NEEDS))
    put(folder / "in", "spoiled_cell", make(double=SPOILS_AT_ONCE, square=f"ONE = abs(-1)\n{NEEDS}"))
    put(folder / "in", "forges", make(double=SPOILS, square=FORGES))
    late = make(double=KEEPS, square=WRONG["result"])
    late.cells.insert(at(late, "check_square") + 1, new_code_cell("def square(x):\n    return x * x"))
    put(folder / "in", "mended_late", late)
    return grade(folder / "in", folder / "out", source=source, workers=2), folder / "out"


def reason(report: ClassReport, student: str, exercise: str) -> str:
    return next(e.reason for e in report[student].exercises if e.name == exercise)


@pytest.mark.parametrize("student", [*WRONG, "own_cell"])
def test_no_page_and_no_reason_says_what_a_hidden_test_passed_in(graded, student: str) -> None:
    report, output = graded
    assert report[student].exercises[0].points == 3
    page = (output / "feedback" / student / "01_sums" / "01_sums.html").read_text(encoding="utf-8")
    told = " ".join(re.findall(r'<pre class="told">(.*?)</pre>', page, re.DOTALL))
    told += " ".join(re.findall(r"✗ (.*?)</td>", page)) + reason(report, student, "square")
    assert not re.search(r"saw.{0,3}-?(4|21)|\b21\b", told), told


def test_what_is_said_before_any_hidden_test_ran_is_told(graded) -> None:
    report, _ = graded
    assert reason(report, "visible", "square") == "ValueError: saw []"
    assert reason(report, "exercise", "square") == "the exercise cell failed: ValueError: saw []"
    assert reason(report, "result", "square") == "your code: the sign? (a hidden test)"
    assert reason(report, "text", "square").startswith("your code raised ValueError in a hidden test")


def test_a_right_answer_is_not_lost_to_what_a_neighbouring_cell_did(graded) -> None:
    points = {e.name: e.points for e in graded[0]["spoiled"].exercises}
    assert points["double"] == 0 and points["square"] == 2


def test_an_exercise_cell_is_not_lost_to_a_check_that_failed_before_its_hidden_part(graded) -> None:
    points = {e.name: e.points for e in graded[0]["spoiled_cell"].exercises}
    assert points["double"] == 0 and points["square"] == 2


def test_a_reference_may_be_lent_when_no_check_of_its_piece_is_to_come() -> None:
    def check(piece: str) -> NotebookNode:
        return new_code_cell("", metadata={"llmcourse": {"kind": "check", "piece": piece}})

    run = _Run(Settings(), new_notebook(cells=[check("m:a"), check("m:a"), check("m:b")]))
    run.verdicts = {"m:a": {0: False}}
    assert run._settled() == []
    run.verdicts = {"m:a": {0: False, 1: False}}
    run.doubts = [_Doubt(1, 0.1, was_hidden=False)]
    assert run._settled() == ["m:a"], "these processes judge it no more"
    run.is_over = True
    assert run._settled() == [], "here it is judged again, and others where they are right or wrong for good"


def test_doubts_are_judged_apart_by_kind_and_what_takes_long_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in a fork, but for the last; what gives anything else than before, in processes of its own."""
    cells = [new_code_cell("", metadata={"llmcourse": {"kind": "check", "piece": f"m:{name}"}}) for name in "abcd"]
    run = _Run(Settings(), new_notebook(cells=cells))
    same = Failure("CheckFailed", "no")
    run.failures = dict.fromkeys(range(4), same)
    run.verdicts = {f"m:{name}": {place: False} for place, name in enumerate("abcd")}
    took = (0.2, 0.2, 0.1, 0.1)
    run.doubts = [_Doubt(place, took[place], was_hidden=place in (1, 3)) for place in range(4)]
    said: dict[tuple[int, bool], Failure | None] = {(2, False): None, (1, False): Failure("CheckFailed", "otherwise")}
    happened: list[object] = []

    async def judge(index: int, cell: object, *, visible_only: bool = False, apart: bool = False) -> Failure | None:
        is_third = happened[-1] == f"before {index}"
        way = "third" if is_third else "visible" if visible_only else "whole"
        happened.append((index, f"{way} in a fork" if apart else way))
        return said.get((index, is_third), same)

    async def adjourn() -> None:
        happened.append("new processes")

    async def ready(before: int | None = None) -> None:
        happened.extend([f"before {before}"] * (before is not None))

    monkeypatch.setattr(run, "_run", judge)
    monkeypatch.setattr(run, "_adjourn", adjourn)
    monkeypatch.setattr(run, "_ready", ready)
    asyncio.run(run._judge_again())
    new = "new processes"
    third = {place: [new, f"before {place}", (place, "third"), new] for place in (1, 2)}
    visible = [new, (2, "visible in a fork"), *third[2], (0, "visible")]
    assert happened == [*visible, new, (3, "whole in a fork"), (1, "whole"), *third[1]]
    assert run.failures == dict.fromkeys(range(4), same) and not run.overturned, "the third verdict counts"


def test_a_check_that_takes_long_takes_no_time_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [new_code_cell("", metadata={"llmcourse": {"kind": "check", "piece": f"m:{name}"}}) for name in "abcd"]
    run = _Run(Settings(total_timeout_s=400), new_notebook(cells=cells))
    run.doubts = [_Doubt(0, 1.0, was_hidden=False), _Doubt(1, 60.0, was_hidden=False)]
    run.doubts += [_Doubt(2, 90.0, was_hidden=False), _Doubt(3, 1.0, was_hidden=True)]
    judged: list[int] = []

    async def judge(doubt: _Doubt, *, is_last: bool) -> None:
        judged.append(doubt.index)
        run.again_s += doubt.took

    async def nothing() -> None:
        pass

    monkeypatch.setattr(run, "_judge_doubt", judge)
    monkeypatch.setattr(run, "_adjourn", nothing)
    monkeypatch.setattr(run, "_ready", nothing)
    asyncio.run(run._judge_again())
    assert judged == [0, 1, 3]


def test_what_a_later_cell_mends_had_failed_when_its_check_came(graded) -> None:
    points = {e.name: e.points for e in graded[0]["mended_late"].exercises}
    assert points["double"] == 3 and points["square"] == 0
    assert "passed once more" not in reason(graded[0], "mended_late", "square")


def test_a_verdict_that_a_second_one_overturns_is_in_the_log(graded) -> None:
    log = (graded[1] / "grading.log").read_text(encoding="utf-8")
    (line,) = [line for line in log.splitlines() if "WARNING 01_sums of spoiled: " in line]
    assert "the check square failed at first and passed once more: " in line
    assert "'NoneType' object is not callable" in line


def test_what_a_students_code_says_is_no_line_of_the_log(graded) -> None:
    log = (graded[1] / "grading.log").read_text(encoding="utf-8")
    (line,) = [line for line in log.splitlines() if "forged" in line]
    assert "WARNING 01_sums of forges: the check square failed at first and passed once more: ValueError: " in line
    assert not line.startswith("2026-01-01") and "\x1b" not in log
