"""What every test shares: the checkout on the path, what under `tests/` is no test, and what is done without walls.

Tests with the mark `walls` need a machine on which processes can be shut in. Where that is not so they are left out,
and one line of the summary says why; with CI=true in the environment they run all the same, and fail. Other tests that
grade then do it without walls; see `open_where_needed`.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # `tests.classroom` and others are imported here and in the processes that tests start

from tests.walls import why_no_walls  # noqa: E402 - found only now

collect_ignore_glob = ["mutants/[0-9]*", "submissions/*"]


LONG = (
    "tests/test_checks_of_checks.py",
    "tests/course/grading/test_restart.py",
    "tests/course/sandbox/test_situations.py",
    "tests/course/grading/test_options.py",
    "tests/attacks/test_attacks.py",
    "tests/course/sandbox/test_limits.py",
    "tests/course/test_release.py",
    "tests/pretrain/safety/test_killed.py",
    "tests/browser/test_light.py",
    "tests/browser/test_pages.py",
    "tests/browser/test_other_pages.py",
    "tests/browser/test_figures.py",
    "tests/course/sandbox/test_life_of_a_process.py",
    "tests/pretrain/safety/test_failures.py",
    "tests/browser/test_lab.py",
    "tests/distributed/test_learners_code.py",
    "tests/course/test_learner.py",
    "tests/course/grading/test_grade.py",
    "tests/course/grading/test_exports.py",
    "tests/course/grading/test_similarity.py",
    "tests/distributed/test_watch.py",
    "tests/course/grading/test_courtroom.py",
    "tests/course/grading/test_processes.py",
)
"""The files that take a minute or more, the longest first: begun last, one of them would leave the other core idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; the others keep their order."""
    places = {Path(ROOT, name): place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a test of the walls out where there are none."""
    if item.get_closest_marker("walls") and (reason := why_no_walls()):
        pytest.skip(f"tests of the walls are left out: nothing can be shut in here: {reason}")


@pytest.fixture(scope="session")
def open_where_needed() -> Iterator[None]:
    """Let tests that say nothing of walls grade without them where nothing can be shut in."""
    with pytest.MonkeyPatch.context() as patched:
        if why_no_walls():
            from llmcourse.course.grading.options import GradeOptions
            from llmcourse.course.grading.trial.rooms import Rooms

            patched.setattr(GradeOptions, "__init__", _unless_said(GradeOptions.__init__, unsafe=True))
            patched.setattr(Rooms, "__init__", _unless_said(Rooms.__init__, way="unsafe"))
        yield


def _unless_said(make: Callable[..., None], **usual: object) -> Callable[..., None]:
    """A constructor with other defaults."""
    names = list(inspect.signature(make).parameters)

    def making(self: object, *given: object, **named: object) -> None:
        left = {name: value for name, value in usual.items() if name not in names[1 : 1 + len(given)]}
        make(self, *given, **(left | named))

    return making
