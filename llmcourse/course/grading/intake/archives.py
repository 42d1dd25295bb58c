"""Read .zip archives of strangers: what comes out of them is bounded, whatever their sizes and compression say.

A size in an archive is a claim, so nothing is believed of it: bytes are counted as they come out, an entry is unpacked
no further than its limit, and all that one submission may cost stands in its `Budget`.
"""

from __future__ import annotations

import bz2
import copy
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

MAX_ZIP_BYTES = 100 * 2**20
MAX_UNPACKED_BYTES = 200 * 2**20
MAX_ENTRIES = 5000
MAX_LISTED = 50_000
"""Entries of archives that are looked at to find those that count: reading millions takes minutes."""
MAX_NESTED = 3
"""How many archives may lie in each other: a platform's folder or archive, and in it the student's."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
CHUNK = 2**16


class Unreadable(Exception):
    """A file of a submission cannot be taken; the message is the reason."""


class TooLarge(Unreadable):
    """A file has more bytes than one of its kind may have."""


class Budget:
    """What reading one submission may cost: bytes that come out of it, and files in it."""

    def __init__(self) -> None:
        self.unpacked = MAX_UNPACKED_BYTES
        self.entries = MAX_ENTRIES
        self.listed = MAX_LISTED

    def count(self, entries: int, what: str) -> None:
        """Take files off. Raises Unreadable when there are more than there may be."""
        self.entries -= entries
        if self.entries < 0:
            raise Unreadable(f"more than {MAX_ENTRIES} {what}")

    def read(self, raw: Callable[[int], bytes], limit: int, kept: int = 0) -> bytes:
        """Read a file, and take off what came out of it, also where that was too much.

        Args:
            raw: Gives at most so many bytes of the file.
            limit: How many bytes the file may have.
            kept: How many bytes must be left afterwards, for what matters more.

        Raises:
            Unreadable: It has more bytes (TooLarge), or more than are left.
        """
        left = max(0, self.unpacked - kept)
        data = raw(min(limit, left) + 1)
        self.unpacked -= min(left, len(data))
        if len(data) > limit:
            raise TooLarge(f"larger than {limit // 2**20} MB")
        if len(data) > left:
            raise Unreadable(f"more than {MAX_UNPACKED_BYTES // 2**20} MB to read in one submission")
        return data


@dataclass(frozen=True)
class Entry:
    """One file in an archive.

    Attributes:
        path: Where it lies in the archive, without what would lead out of it.
        read: Gives at most so many bytes of it; raises Unreadable.
        number, count: Which of how many entries of this name it is, from 1.
    """

    path: PurePosixPath
    read: Callable[[int], bytes]
    number: int = 1
    count: int = 1


def is_hidden(path: PurePosixPath) -> bool:
    """Whether a path leads through a folder that is not read: `.git`, `.venv`, checkpoints, a Mac's `__MACOSX`."""
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in path.parts[:-1])


def entries(data: bytes, name: str, budget: Budget) -> Iterator[Entry]:
    """The files in an archive, but for those in hidden folders, which do not count.

    Args:
        data: The archive's bytes.
        name: What it is called, for messages.
        budget: What its submission may still cost.

    Raises:
        Unreadable: It is no archive, or holds too many files.
    """
    budget.listed -= data.count(b"PK\1\2")
    if budget.listed < 0:
        raise Unreadable(f"more than {MAX_LISTED} entries in the archive")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        listed = [(PurePosixPath(e.filename.replace("\\", "/")), e) for e in archive.infolist() if not e.is_dir()]
    except Exception as error:  # whatever zipfile makes of bytes that are none
        raise Unreadable(f"{name} is not a readable zip archive ({error})") from error
    files = [(path, entry) for path, entry in listed if path.name and not is_hidden(path)]
    budget.count(len(files), "entries in the archive")
    total: dict[PurePosixPath, int] = {}
    for path, _ in files:
        total[path] = total.get(path, 0) + 1
    seen: dict[PurePosixPath, int] = {}
    for path, entry in files:
        seen[path] = seen.get(path, 0) + 1
        inside, read = _reader(archive, path, entry)
        yield Entry(inside, read, seen[path], total[path])


def _reader(
    archive: zipfile.ZipFile, path: PurePosixPath, entry: zipfile.ZipInfo
) -> tuple[PurePosixPath, Callable[[int], bytes]]:
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return PurePosixPath(path.name), refuse("its path leads out of the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return path, refuse("a link, which is not followed")
    return path, lambda limit: _unpacked(archive, entry, limit)


def refuse(reason: str) -> Callable[[int], bytes]:
    """A reader of what is not read."""

    def read(limit: int) -> bytes:
        raise Unreadable(reason)

    return read


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    if entry.flag_bits & 1:
        raise Unreadable("encrypted")
    if entry.compress_type not in METHODS:
        raise Unreadable(f"compressed by method {entry.compress_type}, which is not read: make an ordinary .zip")
    try:
        if entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with archive.open(entry) as stream:
                return stream.read(limit)
        return _by_steps(archive, entry, limit)
    except Exception as error:  # every compression has errors of its own
        raise Unreadable(f"cannot be unpacked ({error or type(error).__name__})") from error


def _by_steps(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """What bzip2 or LZMA unpack to: zipfile would unpack a whole chunk at once, however much comes out of it."""
    packed = copy.copy(entry)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, entry.compress_size
    packed.CRC = None  # type: ignore[assignment]  # that of the unpacked bytes is compared below
    data = bytearray()
    with archive.open(packed) as stream:
        decompressor: Any = (
            bz2.BZ2Decompressor() if entry.compress_type == zipfile.ZIP_BZIP2 else _lzma_decompressor(stream, limit)
        )
        while len(data) < limit and not decompressor.eof:
            chunk = stream.read(CHUNK) if decompressor.needs_input else b""
            if decompressor.needs_input and not chunk:
                break
            data += decompressor.decompress(chunk, limit - len(data))
    if len(data) < limit and zlib.crc32(data) != entry.CRC:
        raise zipfile.BadZipFile("bad CRC-32")
    return bytes(data)


def _lzma_decompressor(stream: IO[bytes], limit: int) -> lzma.LZMADecompressor:
    """A decompressor after the header that an LZMA entry of a .zip begins with.

    The dictionary that the header asks for is memory, up to 4 GiB; one of what may come out is always enough.
    """
    head = stream.read(9)
    if len(head) < 9 or head[2:4] != b"\5\0" or head[4] >= 9 * 5 * 5:
        raise zipfile.BadZipFile("no LZMA header")
    rest, lc = divmod(head[4], 9)
    pb, lp = divmod(rest, 5)
    size = max(4096, min(int.from_bytes(head[5:9], "little"), limit))
    kind = {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[kind])
