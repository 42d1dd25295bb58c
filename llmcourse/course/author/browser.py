"""A Chromium without a window: it prints a page as PDF, and tells what a page has become."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSER_VARIABLE = "LLMCOURSE_BROWSER"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_S = 900
"""Seconds that a browser may take; a book has some thousand pages and formulas."""


class BrowserError(RuntimeError):
    """There is no browser, or it did not do what it was asked; the message says how to mend it."""


def find_browser() -> str:
    """The program: what LLMCOURSE_BROWSER names, or the first of the usual names that is found.

    Raises:
        BrowserError: There is none.
    """
    named = os.environ.get(BROWSER_VARIABLE)
    for name in [named] if named else BROWSERS:
        if found := shutil.which(name):
            return found
    tried = f"{BROWSER_VARIABLE} is {named!r}" if named else f"none of {', '.join(BROWSERS)}"
    raise BrowserError(f"no Chromium found ({tried}): install one, or name its program in {BROWSER_VARIABLE}")


def print_pdf(page: Path, target: Path) -> None:
    """Print a local page as PDF, with an outline of its headings.

    Raises:
        BrowserError: There is no browser, or no PDF came out.
    """
    target.unlink(missing_ok=True)
    said = _run([f"--print-to-pdf={target}", "--no-pdf-header-footer", "--generate-pdf-document-outline"], page)
    if not target.is_file():
        raise BrowserError(f"the browser printed nothing: {said.strip()[-300:]}")


def read_page(page: Path) -> str:
    """A local page as HTML, after its scripts have run.

    Raises:
        BrowserError: There is no browser, or it failed.
    """
    return _run(["--dump-dom"], page)


def _run(options: list[str], page: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="llmcourse-browser-") as profile:
        command = [
            find_browser(), "--headless=new", "--disable-gpu", f"--user-data-dir={profile}", "--disable-extensions",
            "--allow-file-access-from-files", "--virtual-time-budget=600000", "--run-all-compositor-stages-before-draw",
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []), *options, page.as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise BrowserError(f"the browser has not answered for {PATIENCE_S} s") from error
    if done.returncode != 0:
        raise BrowserError(f"the browser ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout or done.stderr
