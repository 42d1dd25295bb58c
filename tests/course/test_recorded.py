from __future__ import annotations

from pathlib import Path

import pytest

from llmcourse.course.notebook import sizes as setting
from llmcourse.course.notebook.recorded import DATA, read_recorded, record, recorded

STUDIES = Path(__file__).resolve().parents[2] / "studies"


def test_a_study_comes_back_as_it_was_recorded(tmp_path):
    record(
        "widths", ["method", "width", "loss (nats)"], [["mup, ours", 64, 1.25], ['"standard"', 128, 3e-05]], tmp_path
    )
    facts, rows = read_recorded("widths", tmp_path)
    assert facts["command"] == "python -m studies.widths" and facts["machine"] and facts["date"]
    assert rows == [
        {"method": "mup, ours", "width": 64, "loss (nats)": 1.25},
        {"method": '"standard"', "width": 128, "loss (nats)": 3e-05},
    ]


def test_the_page_shows_where_a_study_comes_from(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("llmcourse.course.notebook.recorded.display", lambda markdown: shown.append(markdown.data))
    record("widths", ["width"], [[64]], tmp_path)
    recorded("widths", tmp_path)
    assert "python -m studies.widths" in shown[0] and read_recorded("widths", tmp_path)[0]["date"] in shown[0]


def test_a_study_may_write_several_files(tmp_path):
    record("curves", ["width"], [[64]], tmp_path, "widths --curves")
    assert read_recorded("curves", tmp_path)[0]["command"] == "python -m studies.widths --curves"


def test_rows_of_another_length_and_an_empty_study_are_refused(tmp_path):
    with pytest.raises(ValueError, match="columns"):
        record("widths", ["width", "loss"], [[64]], tmp_path)
    with pytest.raises(ValueError, match="0 rows"):
        record("widths", ["width"], [], tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_unknown_study_and_one_without_its_origin_are_refused(tmp_path):
    record("widths", ["width"], [[64]], tmp_path)
    with pytest.raises(ValueError, match="no recorded study 'depths'; there are: widths"):
        read_recorded("depths", tmp_path)
    (tmp_path / "widths.csv").write_text("width\n64\n")
    with pytest.raises(ValueError, match="command, machine, date"):
        read_recorded("widths", tmp_path)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.csv")), ids=lambda path: path.stem)
def test_every_recorded_study_says_where_it_comes_from_and_can_be_made_again(path):
    facts, rows = read_recorded(path.stem)
    module = facts["command"].removeprefix("python -m studies.").split()[0]
    assert rows and module.split("_")[0] == path.stem.split("_")[0]
    assert "def main(" in (STUDIES / f"{module}.py").read_text(encoding="utf-8")


def test_the_setting_chooses_the_size(monkeypatch):
    monkeypatch.setenv("LLMCOURSE_SMALL", "1")
    assert setting.pick(small=1, cpu=2, gpu=3) == 1
    monkeypatch.delenv("LLMCOURSE_SMALL")
    monkeypatch.setattr(setting, "device", lambda: "cpu")
    assert setting.pick(small=1, cpu=2, gpu=3) == 2
    monkeypatch.setattr(setting, "device", lambda: "cuda")
    assert setting.pick(small=1, cpu=2, gpu=3) == 3 and setting.pick(small=1, cpu=2) == 2
