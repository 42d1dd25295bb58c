"""The pictures that a student's notebook may bring along: what they are is read from their bytes, not their names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""The pictures that are kept, with the bytes that they begin with."""
MAX_PICTURES = 20
MAX_PICTURE_CHARACTERS = 8 * 2**20
"""How long the base64 text of all the pictures of one cell may be."""
KEPT = f"PNG and JPEG are kept, up to {MAX_PICTURES} and {MAX_PICTURE_CHARACTERS * 3 // 4 // 2**20} MB in a cell"


def is_picture(data: Any, start: bytes) -> bool:
    """Whether something is the base64 text of bytes that begin so."""
    if not isinstance(data, str):
        return False
    try:
        return base64.b64decode("".join(data.split()), validate=True).startswith(start)
    except (binascii.Error, ValueError):
        return False


def pasted_pictures(attachments: Any) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The pictures pasted into a Markdown cell.

    Args:
        attachments: A cell's `attachments`, as its student's notebook has them: name -> type -> base64 text.

    Returns:
        Those that are kept, each with its one type, and the names of those that are not.
    """
    kept: dict[str, dict[str, str]] = {}
    dropped = []
    left = MAX_PICTURE_CHARACTERS
    for name, data in attachments.items() if isinstance(attachments, Mapping) else ():
        kind = _kind(data, left) if isinstance(name, str) and len(kept) < MAX_PICTURES else ""
        if kind:
            kept[name] = {kind: "".join(data[kind].split())}
            left -= len(data[kind])
        else:
            dropped.append(str(name)[:100])
    return kept, dropped


def _kind(data: Any, limit: int) -> str:
    """The type under which an attachment is a picture; empty where it is none, or too large."""
    for kind, start in PICTURES.items() if isinstance(data, Mapping) else ():
        text = data.get(kind)
        if isinstance(text, str) and len(text) <= limit and is_picture(text, start):
            return kind
    return ""
