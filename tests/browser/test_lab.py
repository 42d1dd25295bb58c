"""A learner's first hour in JupyterLab: `llmcourse start`, `llmcourse lab`, an exercise answered wrong and then right.

Without JupyterLab this test is left out and one line of the summary says why; with CI=true it fails.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest

from llmcourse.course.author.book import solution_bodies
from llmcourse.course.environment import SMALL_VARIABLE, WORKSPACE_VARIABLE
from llmcourse.course.notebooks import facts_of
from tests.browser.browsing import ROOT, Told, why_no_driver

CHAPTER, PIECE = "02_positional_encoding", "llmcourse.positional.absolute:sinusoidal_table"
NOTEBOOK = f"{CHAPTER}/{CHAPTER}.ipynb"
RIGHT, SWAPPED = "(angles.sin(), angles.cos())", "(angles.cos(), angles.sin())"
INSTRUCTORS = ("Formgrader", "Create Assignment", "Assignment List", "Course List", "Validate")
PATIENCE_S = 60


def why_left_out() -> str:
    """Why JupyterLab cannot be opened here; empty where it can be."""
    if importlib.util.find_spec("jupyterlab") is None:
        return "the package jupyterlab is not installed"
    return why_no_driver()


def run(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from llmcourse.course.cli import main; main()", *arguments]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """A learner's: a home and a workspace of their own, and no settings of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("learner")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "LLMCOURSE", "PYTHONST"))}
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {
        **kept, "HOME": str(folder / "home"), WORKSPACE_VARIABLE: str(folder / "work"), SMALL_VARIABLE: "1",
        "PYTHONPATH": paths,
    }  # fmt: skip


@pytest.fixture(scope="module")
def workspace(environment) -> Path:
    """What `llmcourse start 2` makes."""
    made = subprocess.run(run("start", "2"), env=environment, cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return Path(environment[WORKSPACE_VARIABLE])


@pytest.fixture(scope="module")
def lab(environment, workspace) -> Iterator[str]:
    """The address of `llmcourse lab`, which asks for no token; the server ends with its kernels, come what may."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--port-retries=0", "--IdentityProvider.token="]
    log = workspace.with_name("lab.log")
    with log.open("w") as told:
        server = subprocess.Popen(run("lab", *options), env=environment, cwd=ROOT, stdout=told, stderr=told)
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_for(address, server, log)
        yield address
        assert "nbgrader" not in log.read_text(), "what is for instructors complains in the learner's terminal"
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            urlopen(f"{address}api/status").close()
            return
        except URLError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab has not started:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page(browser, lab) -> Iterator[Any]:
    """JupyterLab's window; nothing in it may fail or be asked from elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_S * 1000)
    page, told = context.new_page(), Told(lab)
    told.watch(page)
    page.goto(lab)
    yield page
    context.close()
    assert told.faults == []


def cell_of(page: Any, kind: str) -> Any:
    """A cell of the open notebook by what the released notebook says of it."""
    cells = nbformat.read(ROOT / "notebooks" / NOTEBOOK, as_version=4).cells
    facts = [facts_of(cell) for cell in cells]
    piece = "" if kind == "setup" else PIECE
    place = next(i for i, fact in enumerate(facts) if fact.get("kind") == kind and fact.get("piece", "") == piece)
    cell = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell").nth(place)
    cell.scroll_into_view_if_needed()
    return cell


def write(page: Any, cell: Any, source: str) -> None:
    """Type a cell anew, as a learner does."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)


def run_cell(page: Any, cell: Any) -> str:
    """Run a cell with the keyboard; what it shows when it has ended."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    cell.locator(".jp-InputPrompt", has_text="[*]").wait_for(state="detached")
    cell.locator(".jp-InputPrompt:not(:text-is('[ ]:'))").wait_for()
    return "\n".join(cell.locator(".jp-OutputArea-output").all_text_contents())


def test_learner_starts_answers_wrong_and_then_right(page, workspace):
    guide = page.locator(".jp-MarkdownViewer")
    guide.locator("h1", has_text="Start here").wait_for()
    assert "Open a chapter's first notebook" in guide.text_content()
    shown = page.locator("body").text_content()
    assert not [words for words in INSTRUCTORS if words in shown]
    page.locator(".jp-DirListing-item", has_text=CHAPTER).dblclick()
    page.locator(".jp-DirListing-item", has_text=f"{CHAPTER}.ipynb").dblclick()
    page.locator(".jp-NotebookPanel h1").first.wait_for()
    exercise = cell_of(page, "exercise")
    assert exercise.locator(".cm-line").first.text_content() == f"%%build {PIECE}"

    assert run_cell(page, cell_of(page, "setup")) == ""
    right = solution_bodies(ROOT / "solutions" / NOTEBOOK)["sinusoidal_table"]
    assert RIGHT in right
    write(page, exercise, right.replace(RIGHT, SWAPPED))
    assert "sinusoidal_table built into llmcourse.positional.absolute" in run_cell(page, exercise)
    told = run_cell(page, cell_of(page, "check"))
    assert "✗ sinusoidal_table" in told and "sine and cosine are swapped" in told
    assert "Traceback" not in told and "workspace.py" not in told

    write(page, exercise, right)
    run_cell(page, exercise)
    assert run_cell(page, cell_of(page, "check")).strip() == "✓ sinusoidal_table: all checks passed"
    assert "angles.sin()" in (workspace / "my-llmcourse/positional/absolute.py").read_text()
