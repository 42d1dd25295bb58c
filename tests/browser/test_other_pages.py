"""Every second page, as in `test_pages.py`: the files of tests are shared out between the workers, not their tests."""

import pytest

from tests.browser.test_pages import PAGES, look_at


@pytest.mark.parametrize("name", PAGES[1::2])
def test_page_is_whole_on_every_screen_and_open_to_everybody(name, open_page, pages):
    look_at(name, open_page, pages)
