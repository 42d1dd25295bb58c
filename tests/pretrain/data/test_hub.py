"""A corpus of the hub is tokenized by several processes, a file of it each: the same bytes however many there are.

Nothing here has a network. The hub is a folder: behind a stand-in for `datasets`, and behind `datasets` itself where it
is installed.
"""

import json
import os
import re
import sys

import pytest

from llmcourse.data import corpora, corpus, open_shards, tokenize_corpus
from llmcourse.data.corpora import CorpusUnavailableError, hub_file, hub_files
from llmcourse.pretrain.data.corpora import run_tokenizer, training_tokens
from llmcourse.pretrain.data.prepare import main, prepare
from llmcourse.pretrain.safety.waiting import Waiting
from llmcourse.pretrain.settings.config import parse
from llmcourse.tokenization import BPETokenizer
from tests.pretrain import SMALL

END = "<|endoftext|>"
TEXTS = corpus("toy", limit_mb=0.3)
TRAINED = BPETokenizer.train(TEXTS[:300], 400, special_tokens=[END])
NAME = "tinystories"
STAND_IN = """
import json, os, pathlib

class Files:
    def __init__(self, files):
        self.files, self.num_shards = files, len(files)
    def shard(self, num_shards, index):
        assert num_shards == self.num_shards
        return Files(self.files[index : index + 1])
    def __iter__(self):
        for file in self.files:
            for line in file.read_text().splitlines():
                yield json.loads(line)

def load_dataset(path, split, streaming):
    assert (path, split, streaming) == ("roneneldan/TinyStories", "train", True)
    if os.environ["NO_ROUTE"]:
        raise ConnectionError("no route")
    return Files(sorted(pathlib.Path(os.environ["HUB_FILES"]).glob("*.jsonl")))
"""
ELSEWHERE = """
import sys
if any("workers import work" in a for a in sys.orig_argv):
    import llmcourse.data.corpora
    llmcourse.data.corpora.HUB[{name!r}] = {where!r}
"""


@pytest.fixture(params=["stand-in", "datasets"])
def hub(request, tmp_path, monkeypatch):
    """A corpus of five files, of which the third is empty, and a text that stands in two of them."""
    files, path = tmp_path / "hub", tmp_path / "path"
    files.mkdir(), path.mkdir()
    for number in range(5):
        texts = [] if number == 2 else [*TEXTS[number * 100 : number * 100 + 100], *TEXTS[:1]]
        lines = "".join(json.dumps({"text": text + "\r\n"}) + "\n" for text in texts)
        (files / f"{number}.jsonl").write_text(lines)
    if request.param == "datasets":
        pytest.importorskip("datasets")
        (files / "2.jsonl").write_text(json.dumps({"text": ""}) + "\n")
        where = {"path": "json", "data_files": [str(files / f"{number}.jsonl") for number in range(5)]}
        monkeypatch.setitem(corpora.HUB, NAME, where)
        (path / "sitecustomize.py").write_text(ELSEWHERE.format(name=NAME, where=where))
    else:
        (path / "datasets.py").write_text(STAND_IN)
        monkeypatch.delitem(sys.modules, "datasets", raising=False)
        monkeypatch.syspath_prepend(str(path))
    monkeypatch.setenv("PYTHONPATH", str(path), prepend=os.pathsep)
    monkeypatch.setenv("HUB_FILES", str(files))
    monkeypatch.setenv("NO_ROUTE", "")
    yield files
    if request.param == "stand-in":
        sys.modules.pop("datasets", None)


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ready(folder, **more):
    return prepare(folder, NAME, TRAINED, END, **({"progress": False} | more))


def test_the_files_of_a_corpus_are_the_corpus_but_for_texts_that_two_of_them_have(hub):
    files = [list(hub_file(NAME, number)) for number in range(hub_files(NAME))]
    assert len(files) == 5 and files[2] == []
    assert list(dict.fromkeys(text for texts in files for text in texts)) == corpus(NAME)
    for texts in files:
        assert len(texts) == len(set(texts)), "each text once in a file"
    held_out = [text for number in range(5) for text in hub_file(NAME, number, "validation")]
    assert not set(held_out) & set(corpus(NAME)) and held_out


def test_the_number_of_workers_changes_no_byte(hub, tmp_path):
    told = []
    manifest = ready(tmp_path / "one", on_read=lambda *far: told.append(far))
    ready(tmp_path / "three", n_workers=3)
    assert content(tmp_path / "one") == content(tmp_path / "three")
    texts = [text for number in range(5) for text in hub_file(NAME, number)]
    assert open_shards(tmp_path / "one")[:].tolist() == tokenize_corpus(texts, TRAINED, END).tolist()
    assert len(manifest["shards"]) == 4 and manifest["n_documents"] == len(texts)
    assert told[-1] == (manifest["n_bytes"], 0), "how much it will be nobody knows"


def test_a_limit_is_shared_out_over_the_files(hub, tmp_path):
    manifest = ready(tmp_path / "out", limit_mb=0.01, n_workers=2)
    assert manifest["n_bytes"] == 4 * 2_000, "the empty one has nothing to give"
    texts = [text for number in range(5) for text in hub_file(NAME, number, limit_mb=0.002)]
    assert open_shards(tmp_path / "out")[:].tolist() == tokenize_corpus(texts, TRAINED, END).tolist()


def test_what_was_stopped_goes_on(hub, tmp_path):
    def stop(n_done, n_in_all):
        if len(list((tmp_path / "out/parts").glob("0*.json"))) == 2:
            raise KeyboardInterrupt

    ready(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        ready(tmp_path / "out", on_read=stop)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("0*.bin")}
    assert len(kept) == 2
    ready(tmp_path / "out", n_workers=2)
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())
    assert content(tmp_path / "out") == content(tmp_path / "whole")


@pytest.mark.parametrize("hub", ["stand-in"], indirect=True)
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_hub_that_cannot_be_reached_is_told_and_what_is_done_stays(hub, tmp_path, monkeypatch, n_workers):
    (hub / "3.jsonl").write_text("cut off in the m")
    with pytest.raises(CorpusUnavailableError, match=f"the corpus '{NAME}' could not be reached"):
        ready(tmp_path / "out", n_workers=n_workers)
    assert list((tmp_path / "out" / "parts").glob("0*.json"))
    monkeypatch.setenv("NO_ROUTE", "yes")
    with pytest.raises(CorpusUnavailableError, match="could not be reached"):
        ready(tmp_path / "out")


@pytest.mark.parametrize("hub", ["stand-in"], indirect=True)
def test_the_command_takes_a_corpus_of_the_hub(hub, tmp_path, capsys):
    TRAINED.save(tmp_path / "tokenizer.json")
    arguments = ["--tokenizer", str(tmp_path / "tokenizer.json"), "--out", str(tmp_path / "out"), "--workers", "2"]
    assert main([NAME, *arguments]) == 0
    assert re.search(r"[\d,]+ tokens of \d+ documents .* in 4 shards", capsys.readouterr().out)


@pytest.mark.parametrize("hub", ["stand-in"], indirect=True)
def test_a_run_has_as_many_processes_as_it_says_and_asks_the_hub_once(hub, tmp_path, monkeypatch):
    source = {"name": "stories", "corpus": NAME, "limit_mb": 0.03}
    config = parse(SMALL | {"data": SMALL["data"] | {"sources": [source], "workers": 2}})
    lines = []

    def read():
        tokenizer = run_tokenizer(config, tmp_path, Waiting(), lines.append)
        return training_tokens(config, tokenizer, tmp_path, Waiting(), lines.append, progress=False)["stories"]

    first = read()[:].tolist()
    assert len(list((tmp_path / "data").glob("stories-*/0*.bin"))) == 4
    monkeypatch.setenv("NO_ROUTE", "yes")
    assert read()[:].tolist() == first and len(lines) == 2
