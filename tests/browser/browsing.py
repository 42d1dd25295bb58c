"""What the tests in a browser share: where the pages and the browser are, a server for them, and what a page told.

The pages are those of the small book, which `make test` builds before; another folder of pages is named by
LLMCOURSE_PAGES. The browser is the Chromium of the system.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BUILT = (ROOT / "_build" / "small" / "_build" / "html", ROOT / "_build" / "html")
SQUEEZED = {".html", ".css", ".js", ".svg", ".json", ".txt"}
"""What servers send compressed."""


def find_browser() -> str | None:
    """The program of the system's Chromium."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def find_pages() -> Path | None:
    """The folder of the built pages."""
    named = os.environ.get("LLMCOURSE_PAGES")
    return next(
        (path for path in ([Path(named).resolve()] if named else BUILT) if (path / "search.html").is_file()), None
    )


def why_no_driver() -> str:
    """Why no browser can be driven here; empty where one can be."""
    if find_browser() is None:
        return "no Chromium is installed"
    if importlib.util.find_spec("playwright") is None:
        return "the package playwright is not installed"
    return ""


def why_no_browser() -> str:
    """Why no page of the book can be opened here; empty where one can be."""
    if reason := why_no_driver():
        return reason
    if find_pages() is None:
        return "no pages are built: run `llmcourse book --small`"
    return ""


def page_names() -> list[str]:
    """The addresses of all pages."""
    pages = find_pages()
    found = sorted(pages.rglob("*.html")) if pages else []
    return [path.relative_to(pages).as_posix() for path in found if "_static" not in path.parts]  # type: ignore[arg-type]


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback interface; yields its address, which ends in a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()


@dataclass
class Told:
    """What a page asked for and complained of since it was opened."""

    base: str
    faults: list[str] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)

    def watch(self, page: Any) -> None:
        """Take down the page's requests, failures, errors and warnings."""
        page.on(
            "console", lambda said: said.type in ("error", "warning") and self.faults.append(f"console: {said.text}")
        )
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("response", lambda reply: reply.status >= 400 and self.faults.append(f"{reply.status}: {reply.url}"))

    def _asked(self, address: str) -> None:
        if address.startswith(self.base):
            self.loaded.add(unquote(urlsplit(address[len(self.base) :]).path))
        elif not address.startswith(("data:", "blob:")):
            self.faults.append(f"asks another host for {address}")

    def weight(self, folder: Path) -> int:
        """The bytes of all files that were loaded, those of text as a server compresses them."""
        return sum(_sent(folder / name) for name in self.loaded if (folder / name).is_file())


@functools.cache
def _sent(path: Path) -> int:
    raw = path.read_bytes()
    return len(gzip.compress(raw, 6)) if path.suffix in SQUEEZED else len(raw)
