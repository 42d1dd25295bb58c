"""A file is whole or not there."""

from __future__ import annotations

import threading

import pytest

from llmcourse.files import write_atomically


def test_a_writer_that_fails_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "kept.bin"
    write_atomically(path, b"old")

    def fails(file):
        file.write(b"half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, fails, sync=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_one_writers_bytes_and_never_a_mixture(tmp_path):
    path = tmp_path / "shared.txt"
    texts = [letter * 200_000 for letter in "abcd"]
    write_atomically(path, texts[0])
    threads = [threading.Thread(target=lambda t=t: [write_atomically(path, t) for _ in range(20)]) for t in texts]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        seen.add(path.read_text())
    assert seen <= set(texts)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["größe\r\n", "größe\r\n".encode(), lambda file: file.write("größe\r\n".encode())])
def test_text_bytes_and_functions_write_the_same(tmp_path, content):
    write_atomically(tmp_path / "new" / "file", content, sync=True)
    assert (tmp_path / "new" / "file").read_bytes() == "größe\r\n".encode()
    assert (tmp_path / "new" / "file").stat().st_mode & 0o777 == 0o644
