"""What the README says to type works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_lines_without_the_course_train_write_and_save_what_transformers_loads(tmp_path, monkeypatch, capsys):
    transformers = pytest.importorskip("transformers")
    [lines] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
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
    assert capsys.readouterr().out.startswith("def ")
    model = transformers.AutoModelForCausalLM.from_pretrained("saved")
    tokenizer = transformers.AutoTokenizer.from_pretrained("saved")
    assert model.config.vocab_size == len(tokenizer) == len(names["tokenizer"])
    assert tokenizer("def f(x):").input_ids == names["tokenizer"].encode("def f(x):")
