"""Receiving: every odd folder and archive gives a notebook or a reason, never an exception."""

from __future__ import annotations

import io
import os
import random
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from llmcourse.course.grading.errors import GradingError
from llmcourse.course.grading.intake import archives, contents, submissions
from llmcourse.course.grading.intake.contents import exchange_secret
from llmcourse.course.grading.intake.received import Received, read_notebooks
from llmcourse.course.grading.intake.submissions import Submission, find_submissions

NAME = "01_sums"
FILE = f"{NAME}.ipynb"


def received(origin: Path) -> Received:
    return read_notebooks(Submission("ada", origin), NAME, [NAME])[NAME]


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def test_students_are_folders_and_zips_and_the_rest_is_reported(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    zipped(tmp_path / "bob.zip", (FILE, b"{}"))
    (tmp_path / "cyd.ipynb").write_text("{}")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "out").mkdir()
    found, ignored = find_submissions(tmp_path, exclude=[tmp_path / "out"])
    assert [s.student for s in found] == ["ada", "bob"]
    assert ignored == [
        "cyd.ipynb: neither a folder nor a .zip, ignored: put it into a folder named after its student",
        "notes.txt: neither a folder nor a .zip, ignored",
    ]


def test_a_submissions_path_that_is_no_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="is not a folder"):
        find_submissions(tmp_path / "nowhere")


def test_clashing_names_are_both_graded_and_the_ids_do_not_depend_on_the_order(tmp_path: Path) -> None:
    for name in ("a b", "a_b", "A_B"):
        (tmp_path / name).mkdir()
    zipped(tmp_path / "a_b.zip", (FILE, b"{}"))
    found, _ = find_submissions(tmp_path)
    assert len({s.student.casefold() for s in found}) == 4
    assert all("4 submissions of one name" in s.problems[0] for s in found)
    (tmp_path / "a_b.zip").unlink()
    again = {s.origin.name: s.student for s in find_submissions(tmp_path)[0]}
    assert again.items() <= {s.origin.name: s.student for s in found}.items()
    assert again["a_b"] == "a_b", "small letters come first: a name in capitals takes nobody's id"


@pytest.mark.parametrize("name", ["=cmd()", "-rf", "..hidden?", "a\n", "x" * 200, "李雷", "*[?]"])
def test_ids_are_safe_in_paths_globs_and_spreadsheets(name: str) -> None:
    safe = submissions.student_id(name)
    assert safe and len(safe) <= 64
    assert not set(safe) & set("/\\*?[]+=\n ") and safe[0] not in ".-@"


@pytest.mark.parametrize("inside", ["", NAME, f"work/{NAME}", "my homework"])
def test_a_notebook_is_found_wherever_students_put_it(tmp_path: Path, inside: str) -> None:
    folder = tmp_path / inside
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(b"{}")
    assert received(tmp_path) == Received(b"{}")
    archive = zipped(tmp_path / "x.zip", (f"{inside}/{FILE}".lstrip("/"), b"{}"))
    assert received(archive) == Received(b"{}")


def test_of_two_copies_the_one_in_work_is_graded_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "work" / NAME).mkdir(parents=True)
    (tmp_path / "work" / NAME / FILE).write_bytes(b"mine")
    (tmp_path / FILE).write_bytes(b"old")
    one = received(tmp_path)
    assert one.data == b"mine"
    assert one.notes == (f"2 copies of {FILE}: graded work/{NAME}/{FILE}, not {FILE}",)
    (tmp_path / FILE).write_bytes(b"mine")
    assert received(tmp_path).notes == ()


def test_an_empty_folder_and_checkpoints_are_a_missing_notebook(tmp_path: Path) -> None:
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / FILE).write_bytes(b"{}")
    assert received(tmp_path) == Received(None, f"{FILE} is missing")


def test_links_are_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("solution")
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / FILE).symlink_to(secret)
    assert "a link, which is not followed" in received(folder).reason
    (tmp_path / "bob").symlink_to(folder)
    assert "a link" in received(tmp_path / "bob").reason
    (folder / FILE).unlink()
    (folder / "work").symlink_to(tmp_path)
    (tmp_path / FILE).write_bytes(b"{}")
    assert received(folder).reason == f"{FILE} is missing"


def test_things_that_are_not_files_give_a_reason(tmp_path: Path) -> None:
    (tmp_path / "ada" / FILE).mkdir(parents=True)
    assert "a folder, not a file" in received(tmp_path / "ada").reason
    (tmp_path / "bob").mkdir()
    os.mkfifo(tmp_path / "bob" / FILE)
    assert "not a regular file" in received(tmp_path / "bob").reason


def test_an_unreadable_file_gives_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_bytes(b"{}")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(contents.os, "open", refuse)
    assert received(tmp_path).reason == f"{FILE}: cannot be read: Permission denied"


def test_a_huge_file_gives_a_reason_and_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / FILE).open("wb") as stream:
        stream.truncate(2**34)
    assert "larger than 20 MB" in received(tmp_path).reason


def test_more_files_than_anyone_hands_in_give_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    for i in range(6):
        (tmp_path / str(i)).touch()
    assert received(tmp_path).reason == "more than 5 files and folders"


METHODS = {"stored": 0, "deflated": 8, "bzip2": 12, "LZMA": 14}


def one_entry(path: Path, data: bytes, method: int) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(FILE, data)
    return path


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_every_usual_compression_is_read_to_its_end(tmp_path: Path, method: int, size: int) -> None:
    data = random.Random(size).randbytes(size // 2) + b"a" * (size - size // 2)
    assert received(one_entry(tmp_path / "x.zip", data, method)).data == data


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_what_comes_out_of_an_archive_is_bounded(tmp_path: Path, method: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the archive is, and whatever its compression: nothing is unpacked beyond the limit."""
    monkeypatch.setattr(contents, "MAX_NOTEBOOK_BYTES", 2**20)
    archive = one_entry(tmp_path / "x.zip", b"\0" * 2**25, method)
    tracemalloc.start()
    try:
        reason = received(archive).reason
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reason == f"{FILE}: larger than 1 MB: clear its outputs"
    assert peak < archive.stat().st_size + 5 * 2**20


def test_a_whole_submission_is_bounded_and_its_own_notebook_comes_first(tmp_path: Path, monkeypatch) -> None:
    """Data that a student hands in besides takes nothing from the notebook, and copies without end do not either."""
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 2000)
    monkeypatch.setattr(contents, "FOR_NOTEBOOKS", 1000)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("data.bin", bytes(900))
    entries = [(f"{n}.zip", inner.getvalue()) for n in range(3)] + [(FILE, b"mine")]
    assert received(zipped(tmp_path / "x.zip", *entries)) == Received(b"mine")
    copies = [(f"{n}/{FILE}", bytes([n]) * 900) for n in range(5)]
    one = received(zipped(tmp_path / "y.zip", *copies))
    assert one.data == bytes(900)
    assert one.notes[0] == f"2/{FILE}: more than 0 MB to read in one submission"


def test_other_compressions_and_damage_give_a_reason(tmp_path: Path) -> None:
    for method in METHODS.values():
        path = one_entry(tmp_path / "x.zip", random.Random(0).randbytes(5000), method)
        data = bytearray(path.read_bytes())
        data[1000:1100] = bytes(100)
        path.write_bytes(data)
        assert received(path).reason.startswith(f"{FILE}: cannot be unpacked (")
    data[data.rindex(b"PK\x01\x02") + 10] = data[8] = 9
    path.write_bytes(data)
    assert received(path).reason == f"{FILE}: compressed by method 9, which is not read: make an ordinary .zip"


def test_an_archive_of_more_entries_than_anyone_hands_in_gives_a_reason(tmp_path: Path, monkeypatch) -> None:
    path = zipped(tmp_path / "x.zip", *[(f"{n}.txt", b"") for n in range(9)], (FILE, b"{}"))
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    assert received(path).reason == "more than 5 entries in the archive"
    monkeypatch.setattr(archives, "MAX_LISTED", 9)
    assert received(path).reason == "more than 9 entries in the archive"


def test_json_of_more_parts_than_a_notebook_has_is_not_read(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine.ipynb").write_text(
        '{"cells": [], "metadata": {"llmcourse": {"assignment": "01_sums", "notebook": "01_sums"}}}'
    )
    assert received(tmp_path).data
    monkeypatch.setattr(contents, "MAX_JSON_PARTS", 3)
    assert received(tmp_path).reason == f"{FILE} is missing; found mine.ipynb"
    (tmp_path / "mine.ipynb").rename(tmp_path / FILE)
    assert received(tmp_path).reason == f"{FILE}: more than 3 lists and objects in a notebook: clear its outputs"


@pytest.mark.parametrize("name", [f"../{FILE}", f"/etc/{FILE}", f"..\\..\\{FILE}", f"C:/{FILE}"])
def test_a_path_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    assert "leads out of the archive" in received(zipped(tmp_path / "x.zip", (name, b"{}"))).reason


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo(FILE)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "a link" in received(zipped(tmp_path / "x.zip", (entry, b"/etc/passwd"))).reason


def test_broken_archives_give_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK no zip")
    assert "not a readable zip archive" in received(path).reason
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(FILE, os.urandom(5000))
    data = bytearray(stream.getvalue())
    data[100:200] = bytes(100)
    path.write_bytes(data)
    assert "cannot be unpacked" in received(path).reason
    data = bytearray(stream.getvalue())
    for at in (6, data.rindex(b"PK\x01\x02") + 8):
        data[at] |= 1
    path.write_bytes(data)
    assert "encrypted" in received(path).reason


@pytest.mark.parametrize(
    ("text", "secret"), [("a1-_" * 8 + "\n", "a1-_" * 8), ("../../x", ""), ("", ""), ("x" * 300, ""), ("=1+1 <b>", "")]
)
def test_the_exchanges_secret_is_taken_when_it_looks_like_one(tmp_path: Path, text: str, secret: str) -> None:
    (tmp_path / "ada" / "01").mkdir(parents=True)
    (tmp_path / "ada" / "01" / "submission_secret.txt").write_text(text)
    [submission], _ = find_submissions(tmp_path)
    assert exchange_secret(submission) == secret
    (tmp_path / "ada" / "01" / "submission_secret.txt").unlink()
    assert exchange_secret(submission) == ""


def test_an_archive_does_not_say_how_much_memory_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LZMA's header asks for a dictionary of up to 4 GiB; one of what may come out is enough."""
    data = b"abc" * 1000
    path = one_entry(tmp_path / "x.zip", data, zipfile.ZIP_LZMA)
    changed = bytearray(path.read_bytes())
    head = 30 + len(FILE) + 5  # behind the local header, the versions and the first property
    changed[head : head + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(changed)
    asked = []
    make = archives.lzma.LZMADecompressor

    def remember(kind: int, filters: list[dict[str, int]]) -> object:
        asked.append(filters[0]["dict_size"])
        return make(kind, filters=filters)

    monkeypatch.setattr(archives.lzma, "LZMADecompressor", remember)
    assert received(path).data == data
    assert asked == [contents.MAX_NOTEBOOK_BYTES + 1]


def test_hidden_entries_of_archives_in_an_archive_are_counted_together(tmp_path: Path, monkeypatch) -> None:
    inner = zipped(tmp_path / "inner.zip", *[(f".git/{n}", b"") for n in range(4)]).read_bytes()
    path = zipped(tmp_path / "x.zip", ("a.zip", inner), ("b.zip", inner), ("c.zip", inner), (FILE, b"mine"))
    assert received(path) == Received(b"mine")
    monkeypatch.setattr(archives, "MAX_LISTED", 13)
    path = zipped(tmp_path / "y.zip", ("a.zip", inner), ("b.zip", inner), ("c.zip", inner))
    assert received(path).reason == f"{FILE} is missing; found c.zip (more than 13 entries in the archive)"
