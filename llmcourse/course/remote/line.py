"""The line between two processes: a connected socket on which messages go, each behind its length."""

from __future__ import annotations

import socket
import struct

from llmcourse.course.remote.wire import MAX_FRAME, BadMessage, CannotCross


class LineClosed(ConnectionError):
    """The other side is gone."""

    is_of_the_line = True
    """No error of a piece's own, whatever a check expects of it."""


class Line:
    """A connected socket on which messages go, each behind its length.

    Args:
        connection: The socket.
    """

    def __init__(self, connection: socket.socket):
        self._socket = connection
        self._read = bytearray()

    def send(self, data: bytes) -> None:
        """Send one message.

        Raises:
            CannotCross: It is larger than MAX_FRAME.
            LineClosed: The other side is gone.
        """
        if len(data) > MAX_FRAME:
            raise CannotCross(f"{len(data) / 2**20:.0f} MB at once; at most {MAX_FRAME // 2**20} MB can be passed")
        try:
            self._socket.sendall(struct.pack("!I", len(data)) + data)
        except OSError as error:
            raise LineClosed("the other process has ended") from error

    def receive(self) -> bytes:
        """Receive one message.

        Raises:
            BadMessage: It says that it is larger than MAX_FRAME.
            LineClosed: The other side is gone.
        """
        self._fill(4)
        (size,) = struct.unpack_from("!I", self._read)
        if size > MAX_FRAME:
            raise BadMessage(f"a message of {size} bytes")
        self._fill(4 + size)
        data = bytes(memoryview(self._read)[4 : 4 + size])
        del self._read[: 4 + size]
        return data

    def close(self) -> None:
        """Hang up: the other side notices, and nothing more is sent or received here."""
        self._socket.close()
        self._read.clear()

    def _fill(self, size: int) -> None:
        """Read until that much is there; most messages come whole with the first read."""
        while len(self._read) < size:
            try:
                part = self._socket.recv(max(2**16, min(size - len(self._read), 2**20)))
            except OSError as error:
                raise LineClosed("the other process has ended") from error
            if not part:
                raise LineClosed("the other process has ended")
            self._read += part
