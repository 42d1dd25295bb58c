"""An import that takes a second and gives nothing that is used here."""

from __future__ import annotations

import sys


def spare_imports() -> None:
    """Do without the grammar of international addresses, which jsonschema has a parser built for when it is imported.

    nbformat imports jsonschema, and asks it for no address. With the grammar a worker needs 1.6 s to be there, without
    it 0.3 s. For a process of our own only, and before anything is imported that reads notebooks.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # so Python marks what is not to be found
