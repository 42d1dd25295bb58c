"""A corpus is prepared to the same bytes by any number of workers, through any number of kills, in constant memory."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from llmcourse.data import Batches, corpus, open_shards, tokenize_corpus, tokenizer_hash, write_shards
from llmcourse.pretrain.data.prepare import main, prepare
from llmcourse.tokenization import BASE_VOCAB, GPT4_PATTERN, BPETokenizer

END = "<|endoftext|>"
ROOT = Path(__file__).resolve().parents[3]
TEXTS = corpus("toy", limit_mb=0.3)
TRAINED = BPETokenizer.train(TEXTS[:300], 400, special_tokens=[END])
PART = 20_000
SMALL = 3_000


def write_lines(path, texts):
    data = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts)).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def sources(tmp_path):
    """A folder with two kinds of files, and the documents in order."""
    folder = tmp_path / "texts"
    folder.mkdir()
    write_lines(folder / "a.jsonl", TEXTS[:500])
    write_lines(folder / "b.jsonl.gz", TEXTS[500:650])
    long = "\n".join(TEXTS[650:850])
    (folder / "c.txt").write_text(long)
    for number in range(20):
        (folder / f"d{number:02d}.md").write_text(TEXTS[850 + number])
    return folder, [*TEXTS[:650], long, *TEXTS[850:870]]


def content(folder):
    """What is in a folder, as bytes by name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ready(folder, sources, tokenizer=TRAINED, mark=END, **more):
    return prepare(folder, sources, tokenizer, mark, **({"part_bytes": PART, "progress": False} | more))


def test_shards_hold_the_tokens_of_the_texts(tmp_path, sources):
    folder, texts = sources
    manifest = ready(tmp_path / "out", folder)
    opened, tokens = open_shards(tmp_path / "out", TRAINED), tokenize_corpus(texts, TRAINED, END)
    assert np.array_equal(opened[:], tokens)
    assert manifest["n_documents"] == len(texts) and manifest["n_bytes"] == sum(len(t.encode()) for t in texts)
    assert manifest == opened.manifest and len(manifest["shards"]) > 5
    assert Batches(opened, 64, 4).batch(3).inputs.equal(Batches(tokens, 64, 4).batch(3).inputs)
    assert tokenizer_hash(BPETokenizer.load(tmp_path / "out" / "tokenizer.json")) == manifest["tokenizer"]
    assert not list((tmp_path / "out").glob("*.unfinished")) and not (tmp_path / "out" / "parts").exists()


def test_the_manifest_is_that_of_write_shards(tmp_path, sources):
    folder, texts = sources
    ours, theirs = ready(tmp_path / "out", folder), write_shards(tmp_path / "plain", texts, TRAINED, END)
    assert ours.keys() == theirs.keys()
    assert {k: v for k, v in ours.items() if k != "shards"} == {k: v for k, v in theirs.items() if k != "shards"}


@pytest.mark.parametrize("pattern", ["gpt2", "gpt4"])
def test_a_text_of_many_spans_has_the_tokens_of_the_whole(tmp_path, pattern):
    text = "\n".join(corpus("python", limit_mb=0.2))
    more = {"pattern": GPT4_PATTERN} if pattern == "gpt4" else {}
    tokenizer = BPETokenizer.train([text[:50_000]], 500, special_tokens=[END], **more)
    (tmp_path / "a.txt").write_text(text, newline="")
    ready(tmp_path / "out", tmp_path / "a.txt", tokenizer, part_bytes=3000)
    assert np.array_equal(open_shards(tmp_path / "out")[:], tokenize_corpus([text], tokenizer, END))


def test_the_number_of_workers_changes_no_byte(tmp_path, sources):
    folder, _ = sources
    ready(tmp_path / "one", folder)
    ready(tmp_path / "three", folder, n_workers=3)
    assert content(tmp_path / "one") == content(tmp_path / "three")


def test_a_finished_folder_is_found_finished(tmp_path, sources):
    folder, _ = sources
    manifest = ready(tmp_path / "out", folder)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.bin")}
    assert ready(tmp_path / "out", folder, n_workers=2) == manifest
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.bin")} == times


def test_there_may_be_no_mark_and_a_large_vocabulary(tmp_path, sources):
    folder, texts = sources
    large = BPETokenizer([*BASE_VOCAB, *(b"w" + number.to_bytes(3) for number in range(65_400))])
    manifest = ready(tmp_path / "out", folder, large, None, n_workers=2)
    assert manifest["dtype"] == "uint32" and manifest["end_of_text"] is None
    assert np.array_equal(open_shards(tmp_path / "out", large)[:], tokenize_corpus(texts, large))


def test_a_limit_reads_the_beginning(tmp_path, sources):
    folder, texts = sources
    manifest = ready(tmp_path / "out", folder / "a.jsonl", limit_mb=0.05)
    assert 40_000 < manifest["n_bytes"] < 50_000
    assert np.array_equal(
        open_shards(tmp_path / "out")[:], tokenize_corpus(texts[: manifest["n_documents"]], TRAINED, END)
    )
    assert ready(tmp_path / "toy", "toy", limit_mb=0.02)["n_bytes"] == 20_000


# Killed for real: a process of its own, and signal 9.


SLOWLY = """
import sys, time
if any("import work" in word or "import prepare" in word for word in sys.orig_argv):
    import llmcourse.pretrain.data.parts as parts
    read = parts.read_span
    parts.read_span = lambda *asked: time.sleep(0.1) or read(*asked)
"""
"""What a process of `start`, and its workers, run first: whoever is to kill them must not come too late."""


def start(out, sources, tokenizer, n_workers):
    program = (
        "import sys; from llmcourse.tokenization import BPETokenizer\n"
        "from llmcourse.pretrain.data.prepare import prepare\n"
        f"prepare({str(out)!r}, {str(sources)!r}, BPETokenizer.load({str(tokenizer)!r}), {END!r}, "
        f"n_workers={n_workers}, part_bytes={SMALL}, progress=False)"
    )
    (out.parent / "slowly").mkdir(exist_ok=True)
    (out.parent / "slowly" / "sitecustomize.py").write_text(SLOWLY)
    environment = {**os.environ, "PYTHONPATH": f"{out.parent / 'slowly'}{os.pathsep}{ROOT}"}
    return psutil.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE)


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


def n_records(out):
    return len(list((out / "parts").glob("0*.json")))


@pytest.mark.timeout(900)
def test_kills_at_any_moment_change_no_byte(tmp_path, sources):
    folder, _ = sources
    TRAINED.save(tmp_path / "tokenizer.json")
    ready(tmp_path / "whole", folder, part_bytes=SMALL)
    rng, out = random.Random(0), tmp_path / "out"
    for n_workers, n_more in ((2, 0), (1, 3), (3, 5)):
        killed_after(out, n_records(out) + n_more, start(out, folder, tmp_path / "tokenizer.json", n_workers), rng)
        assert not (out / "manifest.json").exists()
    finished = [path for path in out.glob("*.bin") if (out / "parts" / f"{path.stem}.json").exists()]
    kept = {path: path.stat().st_mtime_ns for path in finished}
    assert len(kept) >= 8
    ready(out, folder, n_workers=2, part_bytes=SMALL)
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items()), "finished parts were done again"
    assert content(out) == content(tmp_path / "whole")


def killed_after(out, n_parts, process, rng):
    """Kill a preparation some time after so many parts, and see that its workers end by themselves."""
    wait_until(lambda: (out / "parts").exists() and n_records(out) >= n_parts or process.poll() is not None)
    time.sleep(rng.random() * 0.02)
    workers = process.children()
    process.kill()
    process.wait()
    wait_until(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))


@pytest.mark.timeout(600)
def test_a_worker_that_is_killed_is_replaced(tmp_path, sources):
    folder, _ = sources
    TRAINED.save(tmp_path / "tokenizer.json")
    ready(tmp_path / "whole", folder, part_bytes=SMALL)
    out = tmp_path / "out"
    process = start(out, folder, tmp_path / "tokenizer.json", 2)
    wait_until(lambda: n_records(out) >= 1 or process.poll() is not None)
    process.children()[0].send_signal(signal.SIGKILL)
    assert process.wait(300) == 0, process.stderr.read().decode()
    assert content(out) == content(tmp_path / "whole")


def test_a_part_that_kills_its_workers_is_told_by_its_file(tmp_path, sources, monkeypatch):
    folder, _ = sources
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\n"
        "if any('workers import work' in a for a in sys.orig_argv):\n"
        "    import llmcourse.pretrain.data.parts as parts\n"
        "    read = parts.read_span\n"
        "    def deadly(span, field):\n"
        "        if span.file.path.endswith('b.jsonl.gz'): os.kill(os.getpid(), 9)\n"
        "        return read(span, field)\n"
        "    parts.read_span = deadly\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(
        RuntimeError, match=r"b.jsonl.gz: a worker was ended by signal 9 \(.*memory.*\), for the second time"
    ):
        ready(tmp_path / "out", folder, n_workers=2)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_worker_that_fails_says_at_which_file_and_the_rest_is_kept(tmp_path, sources, n_workers):
    folder, texts = sources
    broken = folder / "b.jsonl.gz"
    good = broken.read_bytes()
    broken.write_bytes(good[:-20])
    with pytest.raises(ValueError, match=r"b.jsonl.gz is damaged or cut off"):
        ready(tmp_path / "out", folder, n_workers=n_workers)
    assert not (tmp_path / "out" / "manifest.json").exists() and n_records(tmp_path / "out") >= 1
    broken.write_bytes(good)
    with pytest.raises(ValueError, match=r"b.jsonl.gz has changed"):
        ready(tmp_path / "out", folder)


def change_size(folder):
    with (folder / "a.jsonl").open("a") as file:
        file.write('{"text": "more"}\n')


def change_time(folder):
    os.utime(folder / "d03.md", ns=(1, 1))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (change_size, r"a.jsonl has changed: it has \d+ bytes .* must have \d+ bytes"),
        (change_time, r"d03.md has changed: it has \d+ bytes and the time 1;"),
        (lambda folder: (folder / "d05.md").unlink(), r"d05.md is missing"),
        (lambda folder: (folder / "new.txt").write_text("x"), r"new.txt is none of the files"),
    ],
)
def test_a_changed_input_is_refused_by_name(tmp_path, sources, change, says):
    folder, _ = sources
    ready(tmp_path / "out", folder)
    change(folder)
    with pytest.raises(ValueError, match=says):
        ready(tmp_path / "out", folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text_field": "body"}, "text_field is 'body'; it must be 'text', with which .*out was begun"),
        ({"mark": None}, f"end_of_text is None; it must be {len(TRAINED) - 1}"),
        ({"part_bytes": 999}, "part_bytes is 999; it must be 20000"),
        ({"limit_mb": 1}, "limit_bytes is 1000000; it must be None"),
        ({"tokenizer": BPETokenizer([*BASE_VOCAB, END.encode()], special_tokens={END: 256})}, "tokenizer is '"),
    ],
)
def test_another_option_is_refused_by_name(tmp_path, change, says):
    (tmp_path / "a.txt").write_text("hello")
    ready(tmp_path / "out", tmp_path / "a.txt")
    with pytest.raises(ValueError, match=says):
        ready(tmp_path / "out", tmp_path / "a.txt", **change)


def test_sources_that_hold_no_text_are_named(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "blank.jsonl").write_text('\n\n{"text": ""}\n')
    with pytest.raises(ValueError, match="the source .*empty.txt has no text"):
        ready(tmp_path / "one", [tmp_path / "a.txt", tmp_path / "empty.txt"])
    with pytest.raises(ValueError, match="the source .*blank.jsonl has no text"):
        ready(tmp_path / "two", [tmp_path / "a.txt", tmp_path / "blank.jsonl"])
    with pytest.raises(ValueError, match="the source toy lies behind the limit"):
        ready(tmp_path / "three", [tmp_path / "a.txt", "toy"], limit_mb=5e-6)
    assert not (tmp_path / "one").exists()


def test_a_file_without_text_makes_no_shard(tmp_path):
    (tmp_path / "in").mkdir()
    write_lines(tmp_path / "in" / "a.jsonl", [""] * 300)
    write_lines(tmp_path / "in" / "b.jsonl", ["hello"])
    manifest = ready(tmp_path / "out", tmp_path / "in", part_bytes=1000)
    assert len(manifest["shards"]) == 1 and manifest["n_documents"] == 1
    assert len(open_shards(tmp_path / "out")) == manifest["n_tokens"]
    assert len(list((tmp_path / "out").glob("*.bin"))) == 1


def test_folders_of_others_are_left_alone(tmp_path, sources):
    folder, texts = sources
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="holds 'notes.txt', and no preparation.json"):
        ready(tmp_path / "mine", folder)
    write_shards(tmp_path / "shards", ["a"], TRAINED)
    with pytest.raises(FileExistsError, match="holds '00000.bin'"):
        ready(tmp_path / "shards", folder)
    with pytest.raises(ValueError, match="folder is .*; it must lie outside of the source"):
        ready(folder / "out", folder)


def test_two_at_once_are_refused(tmp_path, sources):
    fcntl = pytest.importorskip("fcntl")
    folder, _ = sources
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(FileExistsError, match="out is being prepared by another process"):
            ready(tmp_path / "out", folder)
    ready(tmp_path / "out", folder)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sources": "nowhere.jsonl"}, "the source 'nowhere.jsonl' is missing"),
        ({"sources": "toy", "mark": "<|no|>"}, "end_of_text is '<|no|>'"),
        ({"sources": "toy", "n_workers": 0}, "n_workers is 0"),
        ({"sources": "toy", "part_bytes": 0}, "part_bytes is 0"),
        ({"sources": "toy", "limit_mb": 0}, "limit_mb is 0"),
        ({"sources": []}, "sources is empty"),
    ],
)
def test_bad_arguments_are_named_and_nothing_is_written(tmp_path, arguments, says):
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        ready(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory of a process from /proc")
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    few, many = (peak_memory(tmp_path, name, n_bytes) for name, n_bytes in (("few", 4_000_000), ("many", 44_000_000)))
    assert many - few < 25_000_000, f"{few / 1e6:.0f} MB for 4 MB, {many / 1e6:.0f} MB for 44 MB"


def peak_memory(tmp_path, name, n_bytes):
    """What the process that does all of the work needs at most, in bytes. Spaces are tokenized quickly."""
    line = json.dumps({"text": "a" + " " * 20_000}) + "\n"
    (tmp_path / f"{name}.jsonl").write_text(line * (n_bytes // len(line)))
    program = (
        "import re; from llmcourse.tokenization import BASE_VOCAB, BPETokenizer\n"
        "from llmcourse.pretrain.data.prepare import prepare\n"
        f"prepare({str(tmp_path / name)!r}, {str(tmp_path / name)!r} + '.jsonl', BPETokenizer(BASE_VOCAB), "
        "part_bytes=1 << 30, progress=False)\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return 1024 * int(done.stdout)


def test_the_command_says_what_came_of_it(tmp_path, sources, capsys):
    folder, texts = sources
    TRAINED.save(tmp_path / "tokenizer.json")
    arguments = ["--tokenizer", str(tmp_path / "tokenizer.json"), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert main([str(folder), *arguments]) == 0
    said = capsys.readouterr().out
    assert (
        f"{len(tokenize_corpus(texts, TRAINED, END)):,} tokens of {len(texts):,} documents ({END} after each)" in said
    )
    assert main(["nowhere.txt", *arguments]) == 1
    assert "error: the source 'nowhere.txt' is missing" in capsys.readouterr().err


def test_the_courses_command_does_the_same(tmp_path):
    from typer.testing import CliRunner

    from llmcourse.course.cli import app

    (tmp_path / "a.txt").write_text("hello")
    BPETokenizer(BASE_VOCAB).save(tmp_path / "tokenizer.json")
    arguments = ["--tokenizer", str(tmp_path / "tokenizer.json"), "--out", str(tmp_path / "out"), "--workers", "1"]
    done = CliRunner().invoke(app, ["tokenize", str(tmp_path / "a.txt"), *arguments])
    assert done.exit_code == 0 and "5 tokens of 1 documents (no mark between them)" in done.output
    assert open_shards(tmp_path / "out")[:].tolist() == BPETokenizer(BASE_VOCAB).encode("hello")
    done = CliRunner().invoke(app, ["tokenize", str(tmp_path / "b.txt"), *arguments])
    assert done.exit_code == 1 and "b.txt' is missing" in done.output
