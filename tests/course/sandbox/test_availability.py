"""Where processes cannot be shut in, the reason is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from llmcourse.course.sandbox import Limits, Room, SandboxUnavailable, available, building

pytestmark = [pytest.mark.walls, pytest.mark.xdist_group("sandbox"), pytest.mark.timeout(120)]


@pytest.fixture
def fresh_answer() -> Iterator[None]:
    available.cache_clear()
    yield
    available.cache_clear()


def test_both_ways_work_here() -> None:
    found = available()
    assert found.ways == ("warm", "cold"), found.reason


def test_another_system_than_linux_is_named(fresh_answer: None, monkeypatch: pytest.MonkeyPatch, library: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert available().ways == ()
    for way in ("auto", "warm", "cold"):
        with pytest.raises(SandboxUnavailable, match="Linux only; this is darwin"), Room(library=library, way=way):
            pass


def test_what_the_system_refuses_is_passed_on(fresh_answer: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "ENTRY", "import sys; sys.exit('mount /proc: Operation not permitted')")
    assert "mount /proc: Operation not permitted" in available().reason


def test_a_room_needs_a_library_and_a_known_way(tmp_path: Path, library: Path) -> None:
    with pytest.raises(ValueError, match="package `llmcourse`"):
        Room(library=tmp_path)
    with pytest.raises(ValueError, match="chroot"):
        Room(library=library, way="chroot")


@pytest.mark.parametrize("limit", [field.name for field in fields(Limits)])
def test_a_limit_too_small_for_a_process_is_refused(limit: str) -> None:
    for value in (0, -1, 1.5, True, None)[limit == "cores" :]:  # no bound on cores is a choice
        with pytest.raises(ValueError, match=limit):
            Limits(**{limit: value})
