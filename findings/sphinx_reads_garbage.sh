#!/usr/bin/env bash
# Sphinx 7.4.7: to read a page back takes several times as long as it need, and it is the garbage collector.
#
# Sphinx pickles each page's tree and reads it again and again: to number figures, to resolve references, to write. (A
# single `numref` to another page reads that whole page.) A tree has tens of thousands of nodes, each in a cycle with its
# parent, and all of them stay. Python 3.11's collector begins anew with every 700 objects that a pickle makes, and walks
# more of what is there the more pages have been read. With the collector off the same reading takes a fraction of the
# processor time, and nothing is lost: there is no garbage to find before the build ends. A book of 49 pages (docutils,
# autodoc, notebooks) took 88 s of processor time, and 51 s with `gc.disable()` before Sphinx's main; its memory grew
# from 0.53 to 0.91 GB.
#
# Seen: "40 pages, processor seconds: 15.17 with the collector, 1.35 without: 11.2 times as long" (numbers vary; at
# least three times is asserted).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet sphinx==7.4.7
    PYTHON="$folder/env/bin/python"
fi
cd "$folder"
"$PYTHON" - <<'PYTHON'
import gc
import pickle
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

assert version("sphinx") == "7.4.7"
Path("pages").mkdir()
Path("pages/conf.py").write_text("")
paragraph = "A *sentence* with ``code``, `a link <https://example.org>`_ and **more**, as a page has it.\n\n"
Path("pages/index.rst").write_text("Page\n====\n\n" + paragraph.replace("`_", "`__") * 1500)
subprocess.run([sys.executable, "-m", "sphinx", "-q", "pages", "out"], check=True)
pickled = Path("out/.doctrees/index.doctree").read_bytes()


def seconds(n_pages: int) -> float:
    start = time.process_time()
    pages = [pickle.loads(pickled) for _ in range(n_pages)]
    used = time.process_time() - start
    assert len(pages) == n_pages
    return used


pickle.loads(pickled)  # its modules are loaded
with_collector = seconds(40)
gc.collect()
gc.disable()
without = seconds(40)
ratio = with_collector / without
print(
    f"40 pages, processor seconds: {with_collector:.2f} with the collector, {without:.2f} without: "
    f"{ratio:.1f} times as long"
)
assert ratio > 3, "changed since this was written"
PYTHON
