"""Texts come out of every kind of file as they went in, however the files are cut, and what is damaged is named."""

import gzip
import json
import os
import random
import tracemalloc

import pytest

from llmcourse.pretrain.data.documents import PIECE_BYTES, read_documents, read_span
from llmcourse.pretrain.data.sources import cut_into_parts, list_files

WORDS = ["the", "of", "naïve", "日本語", "\u3000", "\xa0", "x=1;", "'quoted'", "12345", "emoji🙂", "a", "", "b\t"]


def some_text(n_bytes, seed=0, between=(" ", "\n", "\n\n", "  ", "\r\n")):
    rng, parts, size = random.Random(seed), [], 0
    while size < n_bytes:
        parts += [rng.choice(WORDS), rng.choice(between)]
        size += len((parts[-1] + parts[-2]).encode())
    return "".join(parts)


def joined(sources, part_bytes=1 << 26, limit_bytes=None):
    """The documents, read part by part as many processes would."""
    texts, held = [], ""
    for part in cut_into_parts(list_files(sources), part_bytes, limit_bytes):
        for span in part:
            for piece, is_end in read_span(span):
                held += piece
                if is_end:
                    texts.append(held)
                    held = ""
    assert not held
    return texts


def as_lines(texts):
    return "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts))


@pytest.mark.parametrize("part_bytes", [1, 2, 7, 100, 3000, 10**6])
def test_a_text_is_the_same_however_it_is_cut(tmp_path, part_bytes):
    text = some_text(5000)
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert joined(tmp_path / "a.txt", part_bytes) == [text]


@pytest.mark.parametrize("text", ["x", "\n", " ", "a b", "a\nb", "日本語" * 400, "a" * 3000, "\n" * 3000, "a \n" * 700])
@pytest.mark.parametrize("part_bytes", [1, 5, 1000])
def test_texts_without_a_place_to_cut_are_whole(tmp_path, text, part_bytes):
    (tmp_path / "a.md").write_bytes(text.encode())
    assert joined(tmp_path / "a.md", part_bytes) == [text]


@pytest.mark.parametrize("part_bytes", [1, 2, 7, 100, 3000, 10**6])
def test_lines_are_the_same_however_they_are_cut(tmp_path, part_bytes):
    texts = [some_text(random.Random(i).randrange(1, 300), i) for i in range(40)]
    (tmp_path / "a.jsonl").write_text(as_lines(texts), encoding="utf-8")
    assert joined(tmp_path / "a.jsonl", part_bytes) == texts
    (tmp_path / "b.jsonl").write_text("\n" + as_lines(texts).rstrip("\n").replace("\n", "\r\n\n"), newline="")
    assert joined(tmp_path / "b.jsonl", part_bytes) == texts


def test_large_texts_come_in_pieces_of_a_megabyte(tmp_path):
    text = some_text(4 * PIECE_BYTES)
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "b.jsonl").write_text(as_lines([text, "short"]))
    for name, texts in (("a.txt", [text]), ("b.jsonl", [text, "short"])):
        spans = [span for part in cut_into_parts(list_files(tmp_path / name)) for span in part]
        pieces = [piece for span in spans for piece, _ in read_span(span)]
        assert max(len(piece.encode()) for piece in pieces) <= 2 * PIECE_BYTES and len(pieces) >= 4
        assert joined(tmp_path / name) == texts


def test_a_text_without_any_break_needs_no_more_than_some_pieces(tmp_path):
    text = "日本" * (PIECE_BYTES * 7)  # 42 MB
    (tmp_path / "a.txt").write_bytes(text.encode())
    [[span]] = cut_into_parts(list_files(tmp_path / "a.txt"), 1 << 30)
    tracemalloc.start()
    sizes = [len(piece) for piece, _ in read_span(span)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) == len(text) and len(sizes) == 3
    assert peak < 4 * 16 * PIECE_BYTES + 2 * 16 * PIECE_BYTES


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_every_kind_of_file_gives_the_same_texts(tmp_path, ending):
    if ending == ".zst":
        zstandard = pytest.importorskip("zstandard")
    pack = {"": bytes, ".gz": gzip.compress, ".zst": lambda data: zstandard.ZstdCompressor().compress(data)}[ending]
    texts = [some_text(2000, seed) for seed in range(20)]
    half = as_lines(texts[:10]).encode(), as_lines(texts[10:]).encode()
    # such files may be put together from several
    (tmp_path / f"lines.jsonl{ending}").write_bytes(pack(half[0]) + pack(half[1]))
    (tmp_path / f"text.txt{ending}").write_bytes(pack(texts[0].encode()))
    assert list(read_documents(tmp_path / f"lines.jsonl{ending}")) == texts
    assert list(read_documents([tmp_path / f"text.txt{ending}"])) == [texts[0]]
    assert joined(tmp_path / f"lines.jsonl{ending}", 100) == texts


def test_a_table_is_cut_by_its_row_groups(tmp_path):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    texts = [some_text(500, seed) for seed in range(50)]
    pq.write_table(pa.table({"id": range(50), "text": texts}), tmp_path / "a.parquet", row_group_size=7)
    assert joined(tmp_path, 1) == joined(tmp_path) == list(read_documents(tmp_path)) == texts
    assert len(cut_into_parts(list_files(tmp_path), 1)) == 8
    with pytest.raises(ValueError, match="a.parquet has no column 'body'; its columns are 'id', 'text'"):
        list(read_documents(tmp_path, text_field="body"))
    with pytest.raises(ValueError, match="a.parquet has int in the column 'id'"):
        list(read_documents(tmp_path, text_field="id"))
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="b.parquet is damaged"):
        list(read_documents(tmp_path / "b.parquet"))


def test_a_folder_gives_its_files_in_the_order_of_their_names(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ("z.txt", "b/y.md", "a.py", ".hidden.txt", "photo.jpg", ".git/x.txt", "empty.txt"):
        (tmp_path / name).write_text("" if name == "empty.txt" else name)
    assert [os.path.basename(file.path) for file in list_files(tmp_path)] == ["a.py", "empty.txt", "z.txt", "y.md"]
    assert list(read_documents(tmp_path)) == ["a.py", "z.txt", "b/y.md"]
    # small files make a part together, those of two sources do not
    assert [len(part) for part in cut_into_parts(list_files(tmp_path))] == [3]
    assert [len(part) for part in cut_into_parts(list_files([tmp_path / "z.txt", tmp_path / "a.py"]))] == [1, 1]


def test_corpora_are_sources_by_name(tmp_path):
    from llmcourse.data import corpus

    assert joined("toy", limit_bytes=10_000) == corpus("toy", limit_mb=0.01)
    (tmp_path / "a.txt").write_text("hello")
    assert joined([tmp_path / "a.txt", "toy"], limit_bytes=1005) == ["hello", *corpus("toy", limit_mb=0.001)]


def test_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfhello")
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbf")
    (tmp_path / "c.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "there"}')
    assert list(read_documents(tmp_path)) == ["hello", "there"]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.txt.gz", "a.jsonl.gz"])
def test_a_limit_gives_the_beginning(tmp_path, name):
    texts = [some_text(2000, seed, between=(" ",)) for seed in range(400)]
    data = (as_lines(texts) if "jsonl" in name else " ".join(texts)).encode()
    (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith("gz") else data)
    size = (tmp_path / name).stat().st_size
    few, more = (joined(tmp_path / name, 1 << 15, limit) for limit in (size // 4, size // 2))
    if "jsonl" in name:
        assert few == texts[: len(few)] and more == texts[: len(more)] and 0 < len(few) < len(more) < len(texts)
    elif name == "a.txt":
        assert len(few) == len(more) == 1 and more[0].startswith(few[0]) and data.decode().startswith(more[0])
        assert abs(len(few[0].encode()) - size // 4) < 100
    assert sum(span.n_bytes for part in cut_into_parts(list_files(tmp_path), 1 << 15, 5000) for span in part) == 5000


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.txt", b"fine \xff", r"a.txt has the byte 0xff at offset 5; it must be UTF-8"),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n', r"a.jsonl, line 2, is no JSON"),
        ("a.jsonl", b'{"text": "a"}\n\n["b"]\n', r"a.jsonl, line 3, is list; it must be an object"),
        ("a.jsonl", b'{"body": "a", "n": 1}\n', r"a.jsonl, line 1, has no field 'text'; its fields are 'body', 'n'"),
        ("a.jsonl", b'{"text": null}\n', r"a.jsonl, line 1, has the field 'text' of type NoneType"),
        ("a.jsonl", b'{"text": "\\ud800"}\n', r"a.jsonl, line 1, has a text .* lone surrogate"),
        ("a.jsonl", b'{"text": "\xff"}\n', r"a.jsonl, line 1, is no JSON .*utf-8"),
        ("a.txt.gz", b"no gzip at all", r"a.txt.gz is damaged or cut off"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "abc"}\n' * 9, mtime=0)[:-9], r"a.jsonl.gz is damaged or cut off"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "abc"}\n{"text": 3}\n', mtime=0), r"a.jsonl.gz, line 2, has the field"),
        ("a.jsonl.gz", gzip.compress(os.urandom(999), mtime=0)[:500] + b"xx" + gzip.compress(b"a"), r"a.jsonl.gz"),
    ],
    ids=map(str, range(11)),
)
def test_what_cannot_be_read_is_named_with_its_place(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=says):
        list(read_documents(tmp_path))


def test_a_line_is_named_by_its_number_in_every_span(tmp_path):
    lines = [json.dumps({"text": "x" * i}) for i in range(1, 60)]
    (tmp_path / "a.jsonl").write_text("\n".join([*lines, '{"text": 1}']))
    with pytest.raises(ValueError, match="a.jsonl, line 60, has the field"):
        joined(tmp_path, 50)


def test_zstandard_files_that_are_cut_off_are_refused(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    data = zstandard.ZstdCompressor().compress(as_lines([some_text(100, i) for i in range(3000)]).encode())
    for n_bytes in (len(data) // 2, len(data) - 1):
        (tmp_path / "a.jsonl.zst").write_bytes(data[:n_bytes])
        with pytest.raises(ValueError, match=r"a.jsonl.zst"):
            list(read_documents(tmp_path))
    (tmp_path / "a.jsonl.zst").write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"a.jsonl.zst is damaged"):
        list(read_documents(tmp_path))


@pytest.mark.parametrize(("suffix", "package"), [(".jsonl.zst", "zstandard"), (".parquet", "pyarrow")])
def test_a_missing_package_is_named(tmp_path, suffix, package, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    monkeypatch.setitem(__import__("sys").modules, f"{package}.parquet", None)
    (tmp_path / f"a{suffix}").write_bytes(b"x")
    with pytest.raises(ModuleNotFoundError, match=f"needs the package {package}"):
        list(read_documents(tmp_path))


def test_sources_that_are_none_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="the source 'nowhere.txt' is missing; .* 'python', 'toy'"):
        list_files("nowhere.txt")
    with pytest.raises(ValueError, match="sources is empty"):
        list_files([])
    (tmp_path / "a.pdf").write_bytes(b"x")
    with pytest.raises(ValueError, match="has no file to read; it must have one of .txt"):
        list_files(tmp_path)
    with pytest.raises(ValueError, match="the suffix of .*a.pdf is '.pdf'"):
        list_files(tmp_path / "a.pdf")
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(ValueError, match="a.txt is named twice"):
        list_files([tmp_path, tmp_path / "a.txt"])
    with pytest.raises(ValueError, match="part_bytes is 0"):
        cut_into_parts([], 0)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(as_lines(["one", "two"]))
    [[span]] = cut_into_parts(list_files(path))
    reading = read_span(span)
    assert next(reading) == ("one", True)
    with path.open("a") as file:
        file.write(as_lines(["three"]))
    with pytest.raises(ValueError, match="a.jsonl has changed since the files were listed"):
        list(reading)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="a.jsonl is missing"):
        list(read_span(span))
