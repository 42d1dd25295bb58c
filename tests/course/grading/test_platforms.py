"""One made-up class as Moodle, Canvas, mail and browsers hand it over: who is who, what is read, what people are told."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat.notebooknode import NotebookNode

from llmcourse.course.grading.intake.names import handed_in
from llmcourse.course.grading.intake.received import Received, assignments_held, read_notebooks
from llmcourse.course.grading.intake.submissions import Submission, find_submissions
from llmcourse.course.grading.run import grade

NAME = "01_sums"
FILE = f"{NAME}.ipynb"
CHAPTERS = [NAME, "02_products"]


@pytest.fixture
def notebook(make: Callable[..., NotebookNode]) -> Callable[[str], bytes]:
    """A worked-on notebook as bytes, told apart by its written answer."""
    return lambda why: json.dumps(make(why=why)).encode()


@pytest.fixture
def blank(released: Callable[[], NotebookNode]) -> bytes:
    return json.dumps(released()).encode()


def zipped(*entries: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return stream.getvalue()


def submitted(data: bytes, chapter: str = NAME) -> bytes:
    """What `llmcourse submit` writes."""
    return zipped((f"{chapter}/{chapter}.ipynb", data))


def laid_out(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def found(folder: Path) -> dict[str, Submission]:
    return {submission.student: submission for submission in find_submissions(folder, assignments=CHAPTERS)[0]}


def received(submission: Submission, skeleton: NotebookNode | None = None) -> Received:
    return read_notebooks(submission, NAME, {NAME: skeleton})[NAME]


def moodle(who: str, number: int, file: str = "") -> str:
    return f"{who}_{number}_assignsubmission_file_{file}"


def the_class(folder: Path, notebook: Callable[[str], bytes]) -> Path:
    """Everybody is right; each came another way."""
    return laid_out(
        folder,
        {
            # by mail, as `llmcourse submit` named them
            f"{NAME}-ada.zip": submitted(notebook("ada")),
            "02_products-ada.zip": submitted(b"{}", "02_products"),
            f"{NAME}-bob (1).zip": submitted(notebook("bob")),
            # Moodle, with and without a folder a student
            f"{moodle('Cyd Lee', 4711)}/{NAME}-cyd.zip": submitted(notebook("cyd")),
            f"{moodle('Dan O’Hara', 4712)}/{FILE}": notebook("dan"),
            "Dan O’Hara_4712_assignsubmission_onlinetext_/onlinetext.html": b"<p>Please be kind.</p>",
            moodle("Eve Roe", 4713, f"{NAME}-eve.zip"): submitted(notebook("eve")),
            moodle("Fay Roe", 4714, FILE): notebook("fay"),
            # Canvas, with attempts
            f"gusy_31_90001_{NAME}-gus.zip": submitted(notebook("gus")),
            f"hal_32_90002_{NAME}.ipynb": notebook("hal at first"),
            f"hal_LATE_32_90010_{NAME}-1.ipynb": notebook("hal"),
            # people
            f"ivy/{NAME} (1).ipynb": notebook("ivy"),
            f"joe/{NAME}-Copy1.ipynb": notebook("joe"),
            f"kim/{NAME.upper()}.IPYNB": notebook("kim"),
            f"liv/{FILE}.txt": notebook("liv"),
            "max/my homework.ipynb": notebook("max"),
            "ned.zip": zipped((f"ned/{NAME}-ned.zip", submitted(notebook("ned")))),
        },
    )


WHO = {
    "ada": "ada", "bob": "bob", "Cyd_Lee": "cyd", "Dan_O_Hara": "dan", "Eve_Roe": "eve", "Fay_Roe": "fay",
    "gusy_31": "gus", "hal_32": "hal", "ivy": "ivy", "joe": "joe", "kim": "kim", "liv": "liv", "max": "max", "ned": "ned",
}  # fmt: skip


def test_everybody_of_the_class_is_known_and_read(tmp_path: Path, notebook) -> None:
    everybody = found(the_class(tmp_path, notebook))
    assert set(everybody) == set(WHO)
    for student, why in WHO.items():
        one = received(everybody[student])
        assert one.data == notebook(why), (student, one.reason)
    assert not any(submission.problems for submission in everybody.values())
    renamed = {student for student in WHO if received(everybody[student]).notes}
    assert renamed == {"hal_32", "ivy", "joe", "kim", "liv", "max"}
    attempts = f"hal_LATE_32_90010_{NAME}-1.ipynb", f"hal_32_90002_{NAME}.ipynb"
    assert received(everybody["hal_32"]).notes == (
        f"{attempts[0]} was graded as {FILE}",
        f"2 copies of {FILE}: graded {attempts[0]}, not {attempts[1]}",
    )
    assert received(everybody["max"]).notes == (f"my homework.ipynb was graded as {FILE}",)


def test_chapters_of_one_student_are_one_student(tmp_path: Path, notebook) -> None:
    ada = found(the_class(tmp_path, notebook))["ada"]
    assert [path.name for path in ada.origins] == [f"{NAME}-ada.zip", "02_products-ada.zip"]
    names = {chapter: [chapter] for chapter in (*CHAPTERS, "03_quotients")}
    assert assignments_held(ada, names) == set(CHAPTERS)
    assert (
        received(Submission("ada", ada.origins[1])).reason == f"{FILE} is missing; found 02_products/02_products.ipynb"
    )


def test_files_of_one_attempt_are_all_read_and_of_two_attempts_the_last_counts(tmp_path: Path, notebook) -> None:
    """A number behind a name may be Canvas' or the student's own, so what is inside decides."""
    old, new = submitted(notebook("old")), submitted(notebook("new"))
    other = json.loads(notebook("x"))
    other["metadata"]["llmcourse"]["notebook"] = "01_more"
    laid_out(
        tmp_path,
        {
            "doe_1_901_nb-1.ipynb": notebook("mine"),
            "doe_1_902_nb-2.ipynb": json.dumps(other).encode(),
            "roe_2_903_hw.zip": old,
            "roe_LATE_2_1004_hw-1.zip": new,
        },
    )
    everybody = found(tmp_path)
    both = read_notebooks(everybody["doe_1"], NAME, [NAME, "01_more"])
    assert [both[name].data for name in (NAME, "01_more")] == [notebook("mine"), json.dumps(other).encode()]
    one = received(everybody["roe_2"])
    inside = f"{NAME}/{FILE}"
    assert one.data == notebook("new")
    assert one.notes == (
        f"2 copies of {FILE}: graded {inside} in roe_LATE_2_1004_hw-1.zip, not {inside} in roe_2_903_hw.zip",
    )


def test_what_the_system_refuses_costs_one_student_only(tmp_path: Path, notebook, monkeypatch) -> None:
    laid_out(tmp_path, {f"ada/{FILE}": notebook("mine")})
    ada = found(tmp_path)["ada"]

    def refuse(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_symlink", refuse)
    assert received(ada).reason == "cannot be read: Permission denied"
    assert assignments_held(ada, {NAME: [NAME]}) == set()


def test_two_of_one_name_stay_two(tmp_path: Path, notebook) -> None:
    """Nobody gets, or keeps, what is another's: two of one platform's name both get its number."""
    laid_out(tmp_path, {f"{moodle('Jo Doe', 1)}/{FILE}": b"1", f"{moodle('Jo Doe', 2)}/{FILE}": b"2"})
    assert set(found(tmp_path)) == {"Jo_Doe-1", "Jo_Doe-2"}
    laid_out(
        tmp_path,
        {f"{NAME}-ada.zip": b"", f"{NAME}-ada (1).zip": b"", f"doe_1_777_{FILE}": b"", f"doe_2_778_{FILE}": b""},
    )
    everybody = found(tmp_path)
    assert {"ada", "doe_1", "doe_2"} < set(everybody) and len(everybody) == 6
    assert (
        "2 submissions of one name" in everybody["ada"].problems[0]
        and everybody["ada"].origin.name == f"{NAME}-ada.zip"
    )


@pytest.mark.parametrize(
    ("name", "is_file", "student"),
    [
        ("ada.zip", True, "ada"),
        ("01_sums-Ada_Lovelace.zip", True, "Ada_Lovelace"),
        ("01_sums-.zip", True, "01_sums-"),
        ("01_sums", False, "01_sums"),
        ("03_recipes-ada.zip", True, "03_recipes-ada"),
        ("Jo_Doe_12_assignsubmission_file", False, "Jo_Doe"),
        ("Participant_12_assignsubmission_file_", False, "Participant_12"),
        ("doe_1_22_assignsubmission_file_", False, "doe_1"),
        ("ada_2026_1", False, "ada_2026_1"),
        ("ada_2026_1234_x.zip", False, "ada_2026_1234_x.zip"),
        ("doejane_LATE_1234_56789_a_1_222_b.zip", True, "doejane_1234"),
        ("o_hara_LATE_1234_56789_b.pdf", True, "o_hara_1234"),
    ],
)
def test_whose_a_name_is(name: str, is_file: bool, student: str) -> None:
    assert handed_in(name, is_file, CHAPTERS).student == student


def test_a_copy_that_was_worked_on_counts_before_an_untouched_one(tmp_path: Path, notebook, blank, released) -> None:
    laid_out(tmp_path, {f"ada/{FILE}": blank, f"ada/{NAME}-Copy1.ipynb": notebook("mine")})
    ada = found(tmp_path)["ada"]
    one = received(ada, released())
    assert one.data == notebook("mine")
    assert one.notes == (
        f"{NAME}-Copy1.ipynb was graded as {FILE}",
        f"2 copies of {FILE}: graded {NAME}-Copy1.ipynb, not {FILE}",
    )
    laid_out(tmp_path, {f"ada/{FILE}": notebook("mine too")})
    one = received(ada, released())
    assert one.data == notebook("mine too")
    assert one.notes == (f"2 copies of {FILE}: graded {FILE}, not {NAME}-Copy1.ipynb",)


def test_what_is_there_instead_is_named(tmp_path: Path, notebook) -> None:
    other = json.loads(notebook("x"))
    other["metadata"]["llmcourse"]["assignment"] = "02_products"
    laid_out(
        tmp_path,
        {
            "ada/hw.rar": b"Rar!",
            "ada/essay.ipynb": json.dumps(other).encode(),
            "bob/broken.zip": b"PK",
            "cyd.zip": zipped(("a.zip", zipped(("b.zip", zipped(("c.zip", b"")))))),
            **{f"dan/{n}.py": b"" for n in range(9)},
            "eve/.DS_Store": b"",
            "fay_1_2345_homework.7z": b"7z",
        },
    )
    reasons = {student: received(submission).reason for student, submission in found(tmp_path).items()}
    assert reasons["ada"] == f"{FILE} is missing; found essay.ipynb, hw.rar"
    assert reasons["bob"].startswith(f"{FILE} is missing; found broken.zip (broken.zip is not a readable zip archive")
    assert reasons["cyd"] == f"{FILE} is missing; found a.zip/b.zip/c.zip (more than 3 archives in each other)"
    assert reasons["dan"] == f"{FILE} is missing; found 0.py, 1.py, 2.py, 3.py, 4.py and 4 more"
    assert reasons["eve"] == f"{FILE} is missing"
    assert reasons["fay_1"] == f"{FILE} is missing; found homework.7z"


def test_hidden_folders_are_not_read_and_not_counted(tmp_path: Path, notebook, monkeypatch) -> None:
    monkeypatch.setattr("llmcourse.course.grading.intake.archives.MAX_ENTRIES", 4)
    hidden = {f"{folder}/{n}": b"" for folder in (".git/objects", ".venv/lib", "__MACOSX") for n in range(9)}
    hidden[f".ipynb_checkpoints/{NAME}-checkpoint.ipynb"] = hidden[f".trash/{FILE}"] = notebook("old")
    files = {**hidden, FILE: notebook("mine")}
    laid_out(tmp_path / "ada", files)
    laid_out(tmp_path, {"bob.zip": zipped(*files.items())})
    for student in ("ada", "bob"):
        assert received(found(tmp_path)[student]) == Received(notebook("mine"))


def test_two_entries_of_one_name_are_both_named(tmp_path: Path, notebook) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped((FILE, notebook("first")), (FILE, notebook("last")))
    laid_out(tmp_path, {"ada.zip": data})
    one = received(found(tmp_path)["ada"])
    assert one.data == notebook("last"), "as unpacking leaves it"
    assert one.notes == (
        f"2 copies of {FILE}: graded {FILE}, entry 2 of 2 of that name, not {FILE}, entry 1 of 2 of that name",
    )


@pytest.mark.xdist_group("grading")
@pytest.mark.timeout(240)
def test_a_class_from_platforms_is_graded(tmp_path: Path, source: Path, notebook) -> None:
    folder = the_class(tmp_path / "in", notebook)
    (folder / "timestamps.csv").mkdir()  # somebody's hand-in, not the list
    (folder / "02_products-ada.zip").unlink()
    report = grade(folder, tmp_path / "out", source=source, due="02.10.2026 18:00 UTC+2")
    assert {s.student: s.score for s in report.students} == {**dict.fromkeys(WHO, 5.0), "timestamps.csv": 0.0}
    assert report["timestamps.csv"].problems[0] == f"{FILE} is missing"
    assert f"no timestamps.csv in {folder.resolve()}: nobody's time is known, so nobody is late" in report.ignored
