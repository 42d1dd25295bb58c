"""One server for all tests of the pages in a process, and one browser for each file of them.

Without a browser, or without built pages, these tests are left out and one line of the summary says why; with CI=true
in the environment they fail.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browsing import Told, find_browser, find_pages, serve, why_no_browser

WIDE, PHONE, NARROW = (1280, 800), (390, 800), (360, 740)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a test of the pages out where none can be opened; with CI=true it fails instead.

    A file of tests that needs something else than the pages says so with a function `why_left_out` of its own.
    """
    if reason := getattr(item.module, "why_left_out", why_no_browser)():  # type: ignore[attr-defined]
        if os.environ.get("CI") == "true":
            pytest.fail(f"this test in a browser cannot run: {reason}", pytrace=False)
        pytest.skip(f"tests in a browser are left out: {reason}")


@pytest.fixture(scope="session")
def pages() -> Path:
    """The folder of the built pages."""
    return find_pages()  # type: ignore[return-value]


@pytest.fixture(scope="session")
def site(pages: Path) -> Iterator[str]:
    """The address of the pages, over http."""
    with serve(pages) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium, without a window; closed after each file.

    While it is open, playwright's event loop counts as running in this thread, and no other test could run one.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, site: str) -> Iterator[Callable[..., tuple[Any, Told]]]:
    """Open a page as a new visitor does; gives the page and what it tells."""
    contexts = []

    def open_one(name: str, size: tuple[int, int] = WIDE, base: str = site, scheme: str = "light") -> tuple[Any, Told]:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page, told = context.new_page(), Told(base)
        told.watch(page)
        page.goto(base + name, wait_until="load")
        return page, told

    yield open_one
    for context in contexts:
        context.close()
