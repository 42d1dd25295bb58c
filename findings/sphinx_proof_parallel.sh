#!/usr/bin/env bash
# sphinx-proof 0.4.0 with Sphinx 7.4.7: an extension that says it may be read in parallel, and ends every build that is.
#
# `sphinx-build -j 2` asks each extension whether pages may be read side by side, and refuses politely where one does not
# say so. sphinx-proof says so (`parallel_read_safe`), but its domain cannot be put together from two processes: it has
# no `merge_domaindata`, which Sphinx misses only when the first process has come back. So a book whose pages do not use
# it at all, but load it, as Jupyter Books with theorems do, cannot be built with -j as soon as it has more than five
# pages. And the error that is shown is another one: while Sphinx clears up after the real error it removes the process
# twice, and what ends the build is "KeyError: 1"; the real reason stands below it, as the exception before.
#
# Seen: "one by one: built; five pages, -j 2: built; six pages, -j 2: KeyError, after NotImplementedError".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet sphinx==7.4.7 sphinx-proof==0.4.0
    PYTHON="$folder/env/bin/python"
fi
cd "$folder"
"$PYTHON" - <<'PYTHON'
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

assert version("sphinx") == "7.4.7" and version("sphinx-proof") == "0.4.0"


def build(n_pages: int, *options: str) -> str:
    """What becomes of a book without a single theorem."""
    source = Path(f"pages-{n_pages}")
    source.mkdir(exist_ok=True)
    (source / "conf.py").write_text("extensions = ['sphinx_proof']\n")
    names = [f"page{number}" for number in range(n_pages - 1)]
    for name in names:
        (source / f"{name}.rst").write_text(f"{name}\n=====\n\nWords.\n")
    contents = "".join(f"   {name}\n" for name in names)
    (source / "index.rst").write_text(f"Book\n====\n\n.. toctree::\n\n{contents}")
    command = [sys.executable, "-m", "sphinx", "-T", "-E", *options, str(source), f"out{n_pages}"]
    done = subprocess.run(command, capture_output=True, text=True)
    errors = re.findall(r"^(\w+Error)\b", done.stderr, re.MULTILINE)
    return "built" if not done.returncode else f"{errors[-1]}, after {errors[0]}"


seen = f"one by one: {build(6)}; five pages, -j 2: {build(5, '-j', '2')}; six pages, -j 2: {build(6, '-j', '2')}"
print(seen)
wanted = "one by one: built; five pages, -j 2: built; six pages, -j 2: KeyError, after NotImplementedError"
assert seen == wanted, "changed since this was written"
PYTHON
