"""What a run reads: which texts its sources are, and how much of them."""

import json
import os

import pytest

from llmcourse.data.shards import ShardError
from llmcourse.pretrain.data.corpora import run_tokenizer, training_tokens
from llmcourse.pretrain.data.prepare import told
from llmcourse.pretrain.data.sources import END_BYTES, fingerprint, list_files
from llmcourse.pretrain.safety.waiting import Waiting
from llmcourse.pretrain.settings.config import ConfigError, parse
from tests.pretrain import SMALL

LINES = [f"line {number} of a text about nothing much" for number in range(2_000)]


def tokens_of(folder, **source):
    config = parse(SMALL | {"data": SMALL["data"] | {"sources": [{"name": "own", **source}]}})
    tokenizer = run_tokenizer(config, folder, Waiting(), lambda line: None)
    return training_tokens(config, tokenizer, folder, Waiting(), lambda line: None, progress=False)["own"]


def test_a_limit_holds_for_files_as_for_corpora(tmp_path):
    text = tmp_path / "own.jsonl"
    text.write_text("".join(json.dumps({"text": line}) + "\n" for line in LINES))
    files = {"files": [str(text)]}
    whole, part = tokens_of(tmp_path / "a", **files), tokens_of(tmp_path / "b", **files, limit_mb=0.02)
    assert 0.15 < len(part) / len(whole) < 0.25  # 20 of 100 kB
    assert part[:].tolist() == whole[: len(part)].tolist()


def test_tokens_written_ahead_of_a_run_are_read_where_they_lie(tmp_path):
    text, tokenizer = tmp_path / "own.txt", tmp_path / "own" / "tokenizer.json"
    text.write_text("one two three " * 100)
    from_text = tokens_of(tmp_path / "own", files=[str(text)])
    told(["toy"], str(tokenizer), str(tmp_path / "other"), 1, limit_mb=0.01)
    said = told([str(text)], str(tokenizer), str(tmp_path / "shards"), 2)
    assert str(tmp_path / "shards") in said
    sources = [{"name": "ahead", "shards": str(tmp_path / "shards")}]
    settings = SMALL | {"data": SMALL["data"] | {"sources": sources}, "tokenizer": {"file": str(tokenizer)}}
    config = parse(settings)
    run = tmp_path / "run"
    named = run_tokenizer(config, run, Waiting(), lambda line: None)
    read = training_tokens(config, named, run, Waiting(), lambda line: None, progress=False)["ahead"]
    assert read[:].tolist() == from_text[:].tolist() and not (run / "data").exists()
    with pytest.raises(ShardError, match="nowhere"):
        away = parse(
            settings | {"data": SMALL["data"] | {"sources": [{"name": "a", "shards": str(tmp_path / "nowhere")}]}}
        )
        training_tokens(away, named, run, Waiting(), lambda line: None)
    with pytest.raises(ConfigError, match=r"tokenizer.file is None; it must name .* shards of ahead"):
        parse(settings | {"tokenizer": {}})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"shards": "a", "files": ["b"]}, "one of them must be given, and no other"),
        ({}, "corpus is None, files is None, shards is None"),
        ({"shards": "a", "limit_mb": 1}, "limit_mb is 1; it must be left out where shards are named"),
    ],
)
def test_a_source_is_one_thing(source, message):
    with pytest.raises(ConfigError, match=message):
        parse(SMALL | {"data": SMALL["data"] | {"sources": [{"name": "own", **source}]}, "tokenizer": {"file": "t"}})


def test_another_limit_is_another_folder(tmp_path):
    for limit_mb in (0.02, 0.03, 0.02):
        tokens_of(tmp_path, corpus="toy", limit_mb=limit_mb)
    assert len(list((tmp_path / "data").iterdir())) == 2


def test_a_changed_file_is_not_read_as_the_old_tokens(tmp_path):
    text = tmp_path / "own.txt"
    text.write_text("one two three " * 100)
    before = tokens_of(tmp_path, files=[str(text)])[:].tolist()
    os.utime(text, ns=(5, 5))
    assert tokens_of(tmp_path, files=[str(text)])[:].tolist() == before
    assert len(list((tmp_path / "data").iterdir())) == 1  # small files are known by their bytes alone
    text.write_text("one two thrEE " * 100)
    os.utime(text, ns=(5, 5))
    assert tokens_of(tmp_path, files=[str(text)])[:].tolist() != before
    assert len(list((tmp_path / "data").iterdir())) == 2


def test_tokens_whose_files_are_gone_are_read_if_it_is_clear_which(tmp_path):
    text, other = tmp_path / "own.txt", tmp_path / "elsewhere.txt"
    text.write_text("one two three " * 100)
    before = tokens_of(tmp_path, files=[str(text)])[:].tolist()
    text.rename(other)
    assert tokens_of(tmp_path, files=[str(text)])[:].tolist() == before
    text.write_text("another text " * 100)
    tokens_of(tmp_path, files=[str(text)])
    text.unlink()
    with pytest.raises(FileNotFoundError, match="own.txt"):
        tokens_of(tmp_path, files=[str(text)])


SIZE = 3 * END_BYTES


@pytest.mark.parametrize(
    ("change", "is_seen"),
    [
        (lambda b: b, False),
        (lambda b: b"x" + b[1:], True),
        (lambda b: b[:-1] + b"x", True),
        (lambda b: b + b"x", True),
        (lambda b: b[:-1], True),
        (lambda b: b[: SIZE // 2] + b"x" + b[SIZE // 2 + 1 :], False),  # as its docstring says: the times are alike
    ],
)
def test_what_a_fingerprint_promises_of_a_large_file(tmp_path, change, is_seen):
    path, content = tmp_path / "large.txt", b"o" * SIZE

    def found(content, time):
        path.write_bytes(content)
        os.utime(path, ns=(time, time))
        return fingerprint(list_files(path))

    assert (found(change(content), 7) != found(content, 7)) == is_seen
    assert found(content, 8) != found(content, 7)


@pytest.mark.parametrize("size", [0, 1, END_BYTES, END_BYTES + 1, 2 * END_BYTES])
def test_a_small_file_is_read_whole(tmp_path, size):
    path, found = tmp_path / "small.txt", set()
    for place in {0, size // 2, size - 1} if size else {0}:
        content = bytearray(b"o" * size)
        content[place : place + 1] = b"x" * bool(size)
        path.write_bytes(content)
        found.add(fingerprint(list_files(path)))
    assert len(found) == len({0, size // 2, size - 1} if size else {0})
