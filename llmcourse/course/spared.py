"""What importing need not do: load what is not used here, and look for garbage where there is none."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def spare_imports() -> None:
    """Do without the grammar of international addresses, which jsonschema has a parser built for when it is imported.

    nbformat imports jsonschema, and asks it for no address. With the grammar a worker needs 1.6 s to be there, without
    it 0.3 s. For a process of our own only, and before anything is imported that reads notebooks.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # so Python marks what is not to be found


@contextmanager
def uncollected() -> Iterator[None]:
    """Import many modules without a look for garbage among what they make, now or later: it stays to the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
