"""What every test shares: the checkout on the path, and what under `tests/` is no test."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # `tests.classroom` and others are imported here and in the processes that tests start

collect_ignore_glob = ["mutants/[0-9]*", "submissions/*"]
