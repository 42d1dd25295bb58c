"""What stands behind `llmcourse status`: where a learner's notebooks, as saved, stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat

from llmcourse.course.answers import rebuild
from llmcourse.course.notebooks import (
    Exercise,
    answer_digest,
    body_of,
    check_name,
    exercises,
    facts_of,
    kind_of,
    piece_of,
)
from llmcourse.course.progress import Progress


@dataclass(frozen=True)
class Standing:
    """One exercise as the notebook stands, as last saved.

    Attributes:
        state: `passed` or `failed` in its last check; `changed` since, or as it was not checked; `open`, never checked.
    """

    exercise: Exercise
    state: str


def standing(root: Path, workspace: Path, assignment: str) -> list[Standing]:
    """What a chapter's exercises stand at: a pass counts as long as what passed is what grading would read now."""
    progress = Progress(workspace)
    passed, judged = progress.passed(), progress.judged()
    found = []
    for release in sorted((root / "notebooks" / assignment).glob("*.ipynb")):
        now = _digests(release, workspace / assignment / release.name)
        for exercise in exercises(release):
            name = exercise.check
            if name not in passed:
                state = "open"
            elif not passed[name]:
                state = "failed"
            else:
                was = judged.get(name) or now.get(name)  # an old record does not say what it was about
                state = "passed" if name in now and now[name] == was else "changed"
            found.append(Standing(exercise, state))
    return found


def _digests(release: Path, mine: Path) -> dict[str, str]:
    """Check -> the digest of what it would judge in a learner's notebook; checks that would not run are left out."""
    if not mine.exists():
        return {}
    counted = rebuild(nbformat.read(release, as_version=4), mine.read_bytes())
    answers: dict[str, str] = {}
    found = {}
    for cell in counted.notebook.cells if not counted.fault else ():
        if facts_of(cell).get("fault"):
            continue
        if kind_of(cell) == "exercise":
            answers[piece_of(cell)] = body_of(cell)
        elif kind_of(cell) == "check" and piece_of(cell) in answers:
            found[check_name(cell)] = answer_digest(answers[piece_of(cell)], body_of(cell))
    return found
