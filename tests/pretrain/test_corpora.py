"""What a run reads: which texts its sources are, and how much of them."""

import json

from llmcourse.distributed.group import ALONE
from llmcourse.pretrain.data.corpora import run_tokenizer, training_tokens
from llmcourse.pretrain.settings.config import parse
from tests.pretrain import SMALL

LINES = [f"line {number} of a text about nothing much" for number in range(2_000)]


def tokens_of(folder, **source):
    config = parse(SMALL | {"data": SMALL["data"] | {"sources": [{"name": "own", **source}]}})
    tokenizer = run_tokenizer(config, folder, ALONE, lambda line: None)
    return training_tokens(config, tokenizer, folder, ALONE, lambda line: None)["own"]


def test_a_limit_holds_for_files_as_for_corpora(tmp_path):
    text = tmp_path / "own.jsonl"
    text.write_text("".join(json.dumps({"text": line}) + "\n" for line in LINES))
    files = {"files": [str(text)]}
    whole, part = tokens_of(tmp_path / "a", **files), tokens_of(tmp_path / "b", **files, limit_mb=0.02)
    assert 0.15 < len(part) / len(whole) < 0.25  # 20 of 100 kB
    assert part[:].tolist() == whole[: len(part)].tolist()


def test_another_limit_is_another_folder(tmp_path):
    for limit_mb in (0.02, 0.03, 0.02):
        tokens_of(tmp_path, corpus="toy", limit_mb=limit_mb)
    assert len(list((tmp_path / "data").iterdir())) == 2
