"""What a reader does with a page: searches, opens folds, prints, reads it from a folder."""

from __future__ import annotations

import re

import pytest

CHAPTER = "notebooks/06_moe/2_balance.html"


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_parts_of_pages_and_marks_the_words_there(scheme, open_page, site, pages):
    base = site if scheme == "http" else pages.as_uri() + "/"
    page, told = open_page("search.html?q=rotary", base=base)
    found = page.locator("ol.search > li")
    found.first.wait_for()
    assert found.count() > 5
    assert re.search(
        r"\d+ parts of the book with “rotary”", page.locator("#search-results [role=status]").text_content()
    )
    for excerpt in found.locator("p").all_text_contents():
        assert not re.search(r"Exercise notebook|\.pdf|Contents", excerpt)
    assert found.locator("mark").count() >= found.count()
    first = found.filter(has=page.locator("a[href*='#']")).first.locator("a")
    first.click()
    page.wait_for_load_state()
    assert "#" in page.url and page.evaluate("() => CSS.highlights.get('searched').size") > 0
    assert told.faults == []


def test_search_finds_an_exercise_by_its_piece_and_says_when_there_is_nothing(open_page):
    page, told = open_page("search.html?q=balancing+loss")
    assert "Exercise 6." in " ".join(page.locator("ol.search > li > a").all_text_contents()[:8])
    field = page.locator("main form.bd-search input").first
    assert field.input_value() == "balancing loss"
    field.fill("xyzzyq")
    field.press("Enter")
    page.wait_for_load_state()
    assert "No part of the book" in page.locator("#search-results").text_content()
    assert told.faults == []


@pytest.mark.parametrize("name", ["book/intro.html", CHAPTER, "book/references.html"])
def test_page_works_from_a_folder(name, open_page, pages):
    page, told = open_page(name, base=pages.as_uri() + "/")
    page.evaluate("async () => { await (window.MathJax?.startup?.promise ?? null); }")
    assert told.faults == []
    assert page.locator("mjx-container").count() == 0 or page.locator("mjx-merror").count() == 0


@pytest.fixture
def chapter(open_page):
    """A chapter's page."""
    page, told = open_page(CHAPTER)
    yield page
    assert told.faults == []


def test_solutions_open_on_demand_and_do_not_repeat_the_docstring(chapter):
    solution, stub = chapter.locator(".tag_solution").first, chapter.locator("div.stub").first
    assert not solution.locator("pre").is_visible()
    solution.locator("summary").press("Enter")
    shown = solution.locator("pre").text_content()
    assert shown.startswith("%%build ") and "\ndef " in shown and '"""' not in shown
    assert (
        '"""' in stub.text_content() and max(map(len, re.findall(r"(?m)^ +[A-Z][a-z].*$", stub.text_content()))) <= 88
    )


def test_printing_opens_the_hints_and_no_solution(chapter):
    chapter.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    chapter.emulate_media(media="print")
    hints, folds = chapter.locator("div.exercise details"), chapter.locator("article details.hide")
    assert hints.count() > 2 and folds.count() > 5
    assert all(hints.evaluate_all("(all) => all.map((hint) => hint.open)"))
    assert not any(folds.evaluate_all("(all) => all.map((fold) => fold.open || fold.getClientRects().length > 0)"))
    assert chapter.locator("#jb-print-docs-body h1").text_content().startswith("6.2. ")
    chapter.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert not any(hints.evaluate_all("(all) => all.map((hint) => hint.open)"))


def test_exercises_are_headings_and_stand_in_the_contents(chapter):
    titles = chapter.locator("div.exercise > h3").all_text_contents()
    assert titles and all(re.match(r"Exercise 6\.\d+ \S", title) for title in titles)
    listed = chapter.locator(".bd-sidebar-secondary a", has_text="Exercise").all_text_contents()
    assert [entry.replace(":", "") for entry in listed] == [title.removesuffix("#") for title in titles]


def test_what_only_draws_is_folded_and_says_what_it_is(chapter):
    folds = {fold.strip() for fold in chapter.locator("article details.hide > summary").all_text_contents()}
    assert {"Show the code of this figure", "Show the set-up", "Show solution", "Show the check"} <= {
        re.split(r"\s*Hide ", fold)[0] for fold in folds
    }
