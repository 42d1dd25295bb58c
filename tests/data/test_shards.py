"""Shards: what was written is what is read, and what was damaged is refused by name."""

import json
import pickle

import numpy as np
import pytest

from llmcourse.data import Batches, ShardError, corpus, open_shards, tokenize_corpus, tokenizer_hash, write_shards
from llmcourse.tokenization import BASE_VOCAB, BPETokenizer

MARKED = BPETokenizer([*BASE_VOCAB, b"<|end|>"], special_tokens={"<|end|>": 256})
OTHER = BPETokenizer(list(reversed(BASE_VOCAB)))


@pytest.fixture
def written(tmp_path):
    texts = corpus("toy", limit_mb=0.01)
    manifest = write_shards(tmp_path / "shards", texts, MARKED, "<|end|>", shard_tokens=1000)
    return tmp_path / "shards", texts, manifest


def test_shards_hold_the_tokens_of_the_corpus(written):
    folder, texts, manifest = written
    tokens = tokenize_corpus(texts, MARKED, "<|end|>")
    opened = open_shards(folder, MARKED)
    assert np.array_equal(opened[:], tokens) and opened.shape == tokens.shape and len(opened) == len(tokens)
    assert manifest["n_bytes"] == sum(len(text.encode()) for text in texts)
    assert manifest["n_documents"] == len(texts) and manifest["end_of_text"] == 256
    sizes = [shard["n_tokens"] for shard in manifest["shards"]]
    assert set(sizes[:-1]) == {1000} and 0 < sizes[-1] <= 1000 and sum(sizes) == len(tokens)
    assert sum((folder / shard["file"]).stat().st_size for shard in manifest["shards"]) == 2 * len(tokens)


def test_slices_across_shards_are_those_of_one_array(written):
    folder, texts, _ = written
    tokens, opened = tokenize_corpus(texts, MARKED, "<|end|>"), open_shards(folder)
    rng = np.random.default_rng(0)
    slices = [slice(*sorted(rng.integers(-50, len(tokens) + 50, 2))) for _ in range(300)]
    slices += [slice(0, 1000), slice(1000, 2000), slice(999, 1001), slice(5, 5), slice(None), slice(-3, None)]
    slices += [slice(2000, 1000), slice(len(tokens), None)]
    assert all(np.array_equal(opened[s], tokens[s]) for s in slices)
    assert all(opened[i] == tokens[i] for i in (0, 999, 1000, 1001, -1, -len(tokens)))
    with pytest.raises(IndexError):
        opened[len(tokens)]
    with pytest.raises(ValueError, match="2"):
        opened[::2]


def test_batches_read_shards_like_an_array(written):
    folder, texts, _ = written
    tokens = tokenize_corpus(texts, MARKED, "<|end|>")
    ours, plain = Batches(open_shards(folder), 64, 4, seed=1), Batches(tokens, 64, 4, seed=1)
    for step in range(60):
        assert ours.batch(step).targets.equal(plain.batch(step).targets)


def test_a_large_vocabulary_needs_four_bytes_a_token(tmp_path):
    words = [number.to_bytes(3) for number in range(70_000)]
    large = BPETokenizer([*BASE_VOCAB, *(b"w" + word for word in words)])
    assert write_shards(tmp_path / "a", ["abc"], large)["dtype"] == "uint32"
    assert open_shards(tmp_path / "a", large)[:].tolist() == large.encode("abc")


def edit(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_entry(folder, **changes):
    """Change fields of the second shard's entry; None takes a field away."""
    shards = json.loads((folder / "manifest.json").read_text())["shards"]
    entry = shards[1] | changes
    shards[1] = {name: value for name, value in entry.items() if value is not None}
    edit(folder, shards=shards)


def flip(path):
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "no manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "not JSON"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "format None"),
        (lambda folder: edit(folder, format=9), "format 9"),
        (lambda folder: edit(folder, dtype="int8"), "int8"),
        (lambda folder: edit(folder, shards=[]), "0 shards"),
        (lambda folder: edit(folder, n_tokens=5), "add up to 5"),
        (lambda folder: edit(folder, dtype=["uint16"]), r"manifest.json says dtype is \['uint16'\]; .*of type str"),
        (lambda folder: edit(folder, vocab_size="many"), r"manifest.json says vocab_size is 'many'; .*whole number"),
        (lambda folder: edit(folder, n_tokens=True), "says n_tokens is True"),
        (lambda folder: edit(folder, tokenizer=7), "says tokenizer is 7"),
        (lambda folder: edit(folder, shards={"0": 1}), "says shards is "),
        (lambda folder: edit(folder, shards=["00000.bin"]), "manifest.json, entry 0 of shards, is '00000.bin'"),
        (lambda folder: edit_entry(folder, file=None), "manifest.json, entry 1 of shards, does not say its file"),
        (lambda folder: edit_entry(folder, n_tokens=None), "entry 1 of shards, does not say its n_tokens"),
        (lambda folder: edit_entry(folder, sha256=None), "entry 1 of shards, does not say its sha256"),
        (lambda folder: edit_entry(folder, n_tokens=-4), "entry 1 of shards, says n_tokens is -4"),
        (lambda folder: edit_entry(folder, n_tokens=0), "entry 1 of shards, says n_tokens is 0"),
        (lambda folder: edit_entry(folder, file=3), "entry 1 of shards, says file is 3"),
        (lambda folder: (folder / "00001.bin").unlink(), "00001.bin is missing"),
        (lambda folder: (folder / "00002.bin").write_bytes(b"ab"), "00002.bin has 2 bytes; it must have 2000"),
        (lambda folder: flip(folder / "00000.bin"), "00000.bin has another checksum"),
    ],
)
def test_damaged_shards_are_refused_with_the_reason(written, damage, message):
    folder, _, _ = written
    damage(folder)
    with pytest.raises(ShardError, match=message):
        open_shards(folder, MARKED)


def test_a_manifest_cannot_name_files_elsewhere(written):
    folder, _, manifest = written
    manifest["shards"][0]["file"] = "../secret.bin"
    edit(folder, shards=manifest["shards"])
    with pytest.raises(ShardError, match="beside the manifest"):
        open_shards(folder)


def test_shards_of_another_tokenizer_are_refused(written):
    with pytest.raises(ShardError, match="another tokenizer"):
        open_shards(written[0], OTHER)
    assert tokenizer_hash(MARKED) != tokenizer_hash(OTHER)


def test_shards_are_not_overwritten_and_must_hold_something(written, tmp_path):
    with pytest.raises(FileExistsError, match="holds shards already"):
        write_shards(written[0], ["a"], MARKED)
    with pytest.raises(ValueError, match="no text"):
        write_shards(tmp_path / "empty", [], MARKED)
    with pytest.raises(ValueError, match="shard_tokens is 0"):
        write_shards(tmp_path / "empty", ["a"], MARKED, shard_tokens=0)


def test_interrupted_writing_leaves_nothing_that_would_be_read(tmp_path):
    def texts():
        yield "some text " * 500
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shards(tmp_path / "cut", texts(), MARKED, shard_tokens=100)
    with pytest.raises(ShardError, match="interrupted"):
        open_shards(tmp_path / "cut")


def test_one_text_is_not_taken_for_many(tmp_path):
    with pytest.raises(TypeError, match="texts is 'one text'"):
        write_shards(tmp_path / "one", "one text", MARKED)
    assert not (tmp_path / "one").exists()
    with pytest.raises(TypeError, match="texts is 'one text'"):
        tokenize_corpus("one text", MARKED)


def test_the_id_of_a_mark_may_be_a_number_of_numpy(tmp_path):
    manifest = write_shards(tmp_path / "a", ["a text"], MARKED, np.int64(256))
    assert json.loads((tmp_path / "a" / "manifest.json").read_text()) == manifest
    assert open_shards(tmp_path / "a")[-1] == manifest["end_of_text"] == 256
    with pytest.raises(ValueError, match="end_of_text is 2.5"):
        tokenize_corpus(["a text"], MARKED, 2.5)


def test_pickled_shards_are_a_path_and_no_copy_of_the_corpus(written, monkeypatch, tmp_path):
    folder, texts, _ = written
    monkeypatch.chdir(folder.parent)
    tokens = open_shards(folder.name)
    pickled = pickle.dumps(tokens)
    assert len(pickled) < 4000 < tokens[:].nbytes
    monkeypatch.chdir(tmp_path.parent)
    assert np.array_equal(pickle.loads(pickled)[:], tokens[:])
