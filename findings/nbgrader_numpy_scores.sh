#!/usr/bin/env bash
# nbgrader 0.9.6 with NumPy 2.4.6: half of the points, computed by NumPy, are full points.
#
# A test cell whose last line is a number gives that many points, so that a test can give part of them. nbgrader reads
# the number from what the cell shows. Since NumPy 2 a NumPy number shows as `np.float64(0.5)`, which is no number to
# read, and what cannot be read counts as full credit, with one line in the log of the instructor. So does a tensor, a
# Fraction, False and a negative number: a test that computes `points * np.mean(passed)` gave half the points under
# NumPy 1 and gives all of them now, also for an answer with nothing right. Too much is noticed (4.5 of 4
# is an error), this is not.
#
# Seen, of 4 points: "0.5 -> 0.5, np.float64(0.5) -> 4.0, np.mean([0, 0]) -> 4.0, np.int64(2) -> 4.0, False -> 4.0, -1.0
# -> 4.0, np.float64(0.5).item() -> 0.5, float(np.mean([0, 0])) -> 0.0".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet nbgrader==0.9.6 numpy==2.4.6
    PYTHON="$folder/env/bin/python"
fi
cd "$folder"
"$PYTHON" -W ignore - <<'PYTHON'
import logging
from importlib.metadata import version

import nbformat
from nbclient import NotebookClient
from nbgrader.utils import determine_grade

logging.disable(logging.CRITICAL)
assert version("nbgrader") == "0.9.6" and version("numpy") == "2.4.6"
seen = {
    "0.5": 0.5, "np.float64(0.5)": 4.0, "np.mean([0, 0])": 4.0, "np.int64(2)": 4.0, "False": 4.0, "-1.0": 4.0,
    "np.float64(0.5).item()": 0.5, "float(np.mean([0, 0]))": 0.0,
}
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import numpy as np")])
for number, line in enumerate(seen):
    cell = nbformat.v4.new_code_cell(line)
    cell.metadata["nbgrader"] = {
        "grade": True, "solution": False, "locked": True, "task": False, "points": 4, "schema_version": 3,
        "grade_id": f"test{number}", "cell_type": "code",
    }
    notebook.cells.append(cell)
NotebookClient(notebook, kernel_name="python3").execute()
found = {cell.source: float(determine_grade(cell)[0]) for cell in notebook.cells[1:]}
print(", ".join(f"{line} -> {score}" for line, score in found.items()))
assert found == seen, "changed since this was written"
PYTHON
