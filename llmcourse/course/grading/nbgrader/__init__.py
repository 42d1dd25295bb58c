"""The adapter to nbgrader: its steps, its gradebook, its converters."""

import sys

# A grammar of addresses that jsonschema builds at import, for which nothing here asks: two thirds of what nbgrader
# takes to import.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
