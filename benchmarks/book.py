"""The cold book, its notebooks side by side, beside the way without: one after another, with PyTorch's own threads.

Both ways build the whole book in a copy of this checkout, into an empty `_build`; the copies differ in one Sphinx
extension, which takes the handler away that executes the notebooks beforehand, so that myst-nb runs each when it reads
its page, and lets Sphinx read and write one page at a time. Of the chapters the copies have those that `CHAPTERS`
names: what is compared are two ways, and hours of later chapters would say nothing more about them; links that lead to
those are let be. Then a paragraph is added to a chapter, and `llmcourse build` and `llmcourse book` make its page
again.

This is long, so `make bench` only names it: run it by name, with LLMCOURSE_SMALL=1 for the small experiments of the
tests. Both ways must have the machine to themselves: two notebooks get more of a busy machine than one does.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from llmcourse.course.environment import ONE_THREAD, cores

ON_DEMAND = True
"""Runs only when it is named."""
ROOT = Path(__file__).resolve().parents[1]
PARTS = ("_config.yml", "_toc.yml", "pyproject.toml", "book", "llmcourse", "notebooks", "solutions")
CHAPTERS = ("01_tokenization", "02_positional_encoding", "03_recipes")
CHAPTER = "book/chapters/03_recipes/3_data.md"
PROSE = "One more sentence, which no cell depends on."
TARGET, PROSE_TARGET_S = 0.6, 20.0
ONE_AFTER_ANOTHER = """
from llmcourse.course.author.execution import execute_pages


def setup(app):
    app.connect("builder-inited", wait_for_myst)
    app.parallel = 1
    return {"parallel_read_safe": True}


def wait_for_myst(app):
    listeners = app.events.listeners
    listeners["env-before-read-docs"] = [x for x in listeners["env-before-read-docs"] if x.handler is not execute_pages]
"""


def copy_course(folder: Path, side_by_side: bool) -> None:
    """Copy what makes the book; without the handler that runs notebooks side by side unless that is asked for."""
    folder.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    keep_chapters(folder / "_toc.yml")
    sphinx = (config := yaml.safe_load((folder / "_config.yml").read_text(encoding="utf-8")))["sphinx"]
    sphinx["config"].setdefault("suppress_warnings", []).extend(["myst.xref_missing", "ref"])
    if not side_by_side:
        (folder / "one_after_another.py").write_text(ONE_AFTER_ANOTHER)
        sphinx["extra_extensions"].append("one_after_another")
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


def keep_chapters(contents: Path) -> None:
    """Take the other chapters' pages out of a table of contents."""
    toc = yaml.safe_load(contents.read_text(encoding="utf-8"))
    for part in toc["parts"]:
        part["chapters"] = [entry for entry in part["chapters"] if _is_kept(entry)]
    contents.write_text(yaml.safe_dump(toc), encoding="utf-8")


def _is_kept(entry: dict) -> bool:
    pages = [page["file"] for page in (entry, *entry.get("sections", []))]
    chapters = {page.split("/")[1] for page in pages if page.startswith("notebooks/")}
    return chapters <= set(CHAPTERS)


def processor_seconds() -> float:
    """Of all processes that this one has waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(folder: Path, *command: str) -> tuple[float, str]:
    """Seconds of an `llmcourse` command in a copy, with that copy's library, and what it printed."""
    environment = {key: value for key, value in os.environ.items() if key not in ONE_THREAD}
    environment["PYTHONPATH"] = str(folder)
    code = "import sys; from llmcourse.course.cli import main; sys.argv[0] = 'llmcourse'; main()"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"llmcourse {' '.join(command)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return seconds, done.stdout


def book(folder: Path) -> tuple[float, list[str]]:
    """Seconds of `llmcourse book`, and its lines about notebooks that it executed."""
    small = ["--small"] if os.environ.get("LLMCOURSE_SMALL") == "1" else []
    seconds, printed = run(folder, "book", *small)
    return seconds, [line for line in printed.splitlines() if "Executed " in line]


def row(name: str, seconds: float, target: str, met: bool | None = None) -> None:
    verdict = "" if met is None else f": {'met' if met else 'MISSED'}"
    print(f"{name:<44}{seconds:>10.1f}   {target}{verdict}", flush=True)


def edit_prose(folder: Path) -> None:
    path = folder / CHAPTER
    text = path.read_text(encoding="utf-8")
    head, fence, rest = text.partition("\n```{code-cell}")
    assert fence, f"{CHAPTER} has no code cell"
    path.write_text(f"{head}\n{PROSE}\n{fence}{rest}", encoding="utf-8")


def cold(folder: Path) -> float:
    """Seconds of a book from nothing; prints what each notebook took."""
    seconds, executed = book(folder)
    print("\n".join(f"    {line}" for line in executed), flush=True)
    return seconds


def main() -> bool:
    """Print the table; return whether both targets were met."""
    setting = "small" if os.environ.get("LLMCOURSE_SMALL") == "1" else "full"
    print(f"the book at the {setting} setting on {cores()} cores, seconds", flush=True)
    with tempfile.TemporaryDirectory(prefix="book-benchmark-") as name:
        before, after = Path(name, "before"), Path(name, "after")
        copy_course(before, side_by_side=False)
        copy_course(after, side_by_side=True)
        processor = processor_seconds()
        old = cold(before)
        busy = (processor_seconds() - processor) / old  # of forked kernels, those of the other way, nobody is told
        row("cold, one notebook after another", old, f"{busy:.2f} cores busy on average")
        new = cold(after)
        row("cold, side by side", new, f"ratio {new / old:.2f}, at most {TARGET:g}", new <= TARGET * old)
        run(after, "build")
        edit_prose(after)
        build_s, _ = run(after, "build")
        book_s, executed = book(after)
        assert PROSE in next(after.glob("_build/html/notebooks/*/3_data.html")).read_text(encoding="utf-8")
    warm = build_s + book_s
    note = f"{len(executed)} notebooks executed, at most {PROSE_TARGET_S:g} s"
    row("after a prose edit: build, then book", warm, note, warm <= PROSE_TARGET_S and not executed)
    return new <= TARGET * old and warm <= PROSE_TARGET_S and not executed
