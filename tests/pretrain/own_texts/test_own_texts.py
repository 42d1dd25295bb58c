"""`llmcourse train FOLDER`: texts in, a model out that writes; what is wrong is said; what was stopped goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from llmcourse.course.cli import app
from llmcourse.course.training import run_on_ranks
from llmcourse.model import Transformer
from llmcourse.pretrain.own_texts import starter
from llmcourse.pretrain.own_texts.starter import SIZES, Wish, plan_run, seconds_a_step, settings_file, vocabulary
from llmcourse.pretrain.own_texts.texts import HELD_OUT, TRAIN, Texts, hold_out
from llmcourse.pretrain.safety.folder import read_outcome
from llmcourse.pretrain.settings.config import load
from llmcourse.tokenization import BPETokenizer

ROOT = Path(__file__).resolve().parents[3]
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "one", "lazy", "dog", "and", "runs", "home", "again"]


def a_text(seed, n_bytes=2_000):
    drawn = random.Random(seed)
    text = ""
    while len(text) < n_bytes:
        text += " ".join(drawn.choices(WORDS, k=8)) + ".\n"
    return text


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    (folder / "more").mkdir(parents=True)
    for number in range(40):
        (folder / ("more" if number % 2 else "") / f"{number:02d}.txt").write_text(a_text(number))
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    return folder


def typed(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output.replace("\n", " ")


def lines(path):
    return [json.loads(line)["text"] for line in path.read_text().splitlines()]


def test_from_a_folder_to_a_model_that_writes(texts, tmp_path):
    out = tmp_path / "runs" / "mine"
    code, told = typed("train", texts, "--out", out, "--tokens", 20_000, "--size", "tiny")
    assert code == 0, told
    assert "40 files, 1 of other kinds left out: 0.08 MB to learn from" in told
    assert "bits a byte" in told and "talks to it" in told
    model, tokenizer = Transformer.from_pretrained(out / "model"), BPETokenizer.load(out / "model")
    assert model.config.d_model == 64 and len(tokenizer) <= 512
    config = load(tmp_path / "runs" / "mine.toml")
    per_step = config.data.batch_size * config.data.seq_len
    assert config.training.steps == round(20_000 / per_step)
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < losses[0] - 0.3
    # The same folder, the run or its export, by both names.
    said = [
        typed(name, folder, "--prompt", "the", "--tokens", 8, "--temperature", 0)
        for name, folder in [("generate", out), ("generate", out / "model"), ("sample", out)]
    ]
    assert said[0] == said[1] == said[2] and said[0][0] == 0 and said[0][1].startswith("the")
    code, told = typed("train", texts, "--out", out, "--tokens", 20_000)
    assert code == 1 and "holds a run that is finished" in told and "generate" in told


def test_a_twentieth_is_held_out_and_nothing_is_lost(texts, tmp_path):
    found = hold_out(texts, tmp_path / "held")
    train, held_out = lines(tmp_path / "held" / TRAIN), lines(tmp_path / "held" / HELD_OUT)
    assert len(held_out) == 2 and found.n_documents == len(train) == 38
    assert sorted(train + held_out) == sorted(path.read_text() for path in texts.rglob("*.txt"))
    assert (found.n_bytes, found.n_held_out) == (sum(map(len, train)), sum(map(len, held_out)))
    assert hold_out(texts, tmp_path / "held") == found
    with pytest.raises(ValueError, match="holds the texts of .*; they must be those of"):
        hold_out(texts / "more", tmp_path / "held")


def test_of_a_single_text_the_end_is_held_out_from_a_new_line_on(tmp_path):
    (tmp_path / "book.txt").write_text(a_text(1, 100_000))
    hold_out(tmp_path / "book.txt", tmp_path / "held")
    [train], [held_out] = lines(tmp_path / "held" / TRAIN), lines(tmp_path / "held" / HELD_OUT)
    assert train + held_out == (tmp_path / "book.txt").read_text()
    assert train.endswith(".\n") and 0.04 < len(held_out) / len(train) < 0.06


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (lambda folder: None, (), "is not there; it must be a folder of text, or a file"),
        (lambda folder: folder.mkdir(), (), "has no file to read; it must have one of .txt"),
        (lambda folder: (folder.mkdir(), (folder / "a.jpg").write_bytes(b"x")), (), "has no file to read"),
        (lambda folder: (folder.mkdir(), (folder / "a.txt").write_text("a few words")), (), "has 11 bytes of text"),
        (
            lambda folder: (folder.mkdir(), (folder / "a.txt").write_bytes(b"text" * 9000 + b"\xff\x00" * 99)), (),
            "a.txt has the byte 0xff at offset 36000; it must be UTF-8",
        ),
        (
            lambda folder: (folder.mkdir(), (folder / "a.txt").write_text(a_text(0, 50_000))), ("--vocab-size", 8192),
            "vocab_size is 8192; it must be at most",
        ),
        (lambda folder: folder.write_text(a_text(0, 50_000)), (), "the suffix of"),
        (lambda folder: folder.mkdir(), ("--size", "huge"), "size is 'huge'; it must be one of 'auto', 'tiny'"),
        (lambda folder: folder.mkdir(), ("--minutes", 0), "minutes is 0.0; it must be finite and above 0"),
        (lambda folder: folder.mkdir(), ("--gpus", 99), "gpus is 99; it must be from 0 to"),
        (lambda folder: folder.mkdir(), ("--minutes", 1, "--tokens", 9), "one of them must be given"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_sentence_and_leaves_nothing_in_the_way(make, options, says, tmp_path):
    make(tmp_path / "texts")
    code, told = typed("train", tmp_path / "texts", "--out", tmp_path / "run", *options)
    assert code == 1 and says in told and "Traceback" not in told
    assert not (tmp_path / "run.toml").exists()
    assert {path.name for path in (tmp_path / "run").glob("*")} <= {"texts"}


def test_a_folder_with_something_else_in_it_is_left_alone(texts, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("ten years of work")
    code, told = typed("train", texts, "--out", tmp_path / "thesis")
    assert code == 1 and "holds something else already" in told
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]


def test_ctrl_c_saves_and_the_same_command_goes_on(texts, tmp_path):
    words = [sys.executable, "-c", "from llmcourse.course.cli import main; main()", "train", str(texts)]
    words += ["--out", str(tmp_path / "run"), "--size", "tiny", "--tokens", "3000000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    history = tmp_path / "run" / "history.jsonl"

    def start_and_stop(log):
        """Interrupt it some steps later; returns what it said, and after how many steps it has left."""
        rows = history.read_text().count("\n") if history.exists() else 0
        with log.open("w") as file:
            started = subprocess.Popen(words, env=environment, stdout=file, stderr=file)
        end = time.monotonic() + 200
        while not (history.exists() and history.read_text().count("\n") > rows + 2):
            assert started.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        started.send_signal(signal.SIGINT)
        assert started.wait(timeout=100) == 75
        outcome = read_outcome(tmp_path / "run")
        assert outcome["outcome"] == "stopped"
        return " ".join(log.read_text().split()), outcome["step"]

    told, first = start_and_stop(tmp_path / "first.log")
    assert "asked to leave: saved as" in told and "Traceback" not in told
    assert "goes on, and so does python -m llmcourse.pretrain" in told
    told, second = start_and_stop(tmp_path / "second.log")
    assert f"goes on after step {first}," in told.replace(f"{first:,}", str(first)) and second > first


def test_the_settings_run_on_two_ranks_too(texts, tmp_path):
    held = tmp_path / "run" / "texts"
    found = hold_out(texts, held)
    config = plan_run(Wish(tmp_path / "run", None, 6_000, "tiny", n_ranks=2, device="cpu"), found, held)
    (tmp_path / "run.toml").write_text(settings_file(config, found))
    assert run_on_ranks(tmp_path / "run.toml", 2) == 0
    assert read_outcome(tmp_path / "run")["outcome"] == "finished"


def some(n_bytes):
    return Texts("/texts", 100, n_bytes, n_bytes // 19, 100, 0)


def test_more_time_gives_a_larger_model_and_few_texts_shorter_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(starter, "seconds_a_step", lambda *_: 0.1)

    def planned(n_bytes=10**9, **wish):
        return plan_run(Wish(tmp_path / "run", device="cpu", **wish), some(n_bytes), tmp_path)

    short, long = planned(minutes=1), planned(minutes=600)
    assert short.model.d_model < long.model.d_model
    assert long.training.steps == 360_000
    widths = [planned(minutes=None, tokens=tokens).model.d_model for tokens in (10**6, 10**8, 10**10)]
    assert widths == sorted(widths) and widths[0] == SIZES["tiny"].d_model and len(set(widths)) == 3
    few = planned(n_bytes=30_000, minutes=60, size="tiny")
    assert few.data.batch_size * few.data.seq_len * 5 <= 30_000 // 19
    read = few.training.steps * few.data.batch_size * few.data.seq_len
    assert read <= 16 * 30_000 / 5  # not longer than the texts are worth
    assert few.model.vocab_size == vocabulary(30_000) == 512


def test_a_step_is_timed_without_touching_the_random_numbers_of_others():
    wish = Wish(Path("run"), None, 1000, "tiny", device="cpu")
    config = plan_run(wish, some(10**6), ".")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert 0 < seconds_a_step(config, n_steps=1) < 60
    assert torch.equal(torch.get_rng_state(), before)
