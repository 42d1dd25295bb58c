"""What the README says to type works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_lines_without_the_course_train_write_and_save_what_transformers_loads(tmp_path, monkeypatch, capsys):
    transformers = pytest.importorskip("transformers")
    [lines] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in lines.splitlines() if line and not line.startswith("from ")]) <= 10
    for usual, small in {
        "limit_mb=0.5": "limit_mb=0.05",
        "steps=60": "steps=3",
        "warmup_steps=10": "warmup_steps=1",
    }.items():
        assert usual in lines
        lines = lines.replace(usual, small)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(lines, names)
    assert capsys.readouterr().out.startswith("def")
    model = transformers.AutoModelForCausalLM.from_pretrained("saved")
    tokenizer = transformers.AutoTokenizer.from_pretrained("saved")
    assert model.config.vocab_size == len(tokenizer) == len(names["tokenizer"])
    assert tokenizer.eos_token == "<|endoftext|>"
    assert tokenizer("def f(x):").input_ids == names["tokenizer"].encode("def f(x):")


def test_the_two_commands_make_a_model_of_a_folder_of_text_and_talk_to_it(tmp_path, monkeypatch):
    from llmcourse.course.cli import app

    [train, generate] = [
        shlex.split(line, comments=True)[1:]
        for line in README.read_text(encoding="utf-8").splitlines()
        if line.startswith(("llmcourse train my_texts/", "llmcourse generate runs/mine"))
    ]
    (tmp_path / "my_texts").mkdir()
    (tmp_path / "my_texts" / "a.md").write_text(README.read_text(encoding="utf-8") * 2)
    monkeypatch.chdir(tmp_path)
    place = train.index("--minutes")
    done = CliRunner().invoke(app, [*train[:place], "--tokens", "3000", "--size", "tiny"])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, [*generate, "--tokens", "9"])
    assert done.exit_code == 0 and done.output.startswith("Once upon"), done.output
