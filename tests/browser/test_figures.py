"""The interactive figures, driven with the keyboard and the mouse."""

from __future__ import annotations

import re
from typing import Any

import pytest

PAGES = {
    "stepper": "notebooks/01_tokenization/01_tokenization.html",
    "rotator": "notebooks/02_positional_encoding/02_positional_encoding.html",
    "allreduce": "notebooks/04_fsdp/1_collectives.html",
    "memory": "notebooks/04_fsdp/3_sharding.html",
    "pipeline": "notebooks/04_fsdp/4_parallelism.html",
    "checkpoints": "notebooks/04_fsdp/5_failures.html",
    "scaling": "notebooks/05_scaling_laws/4_planning.html",
    "routing": "notebooks/06_moe/2_balance.html",
}


@pytest.fixture
def figure(request, open_page):
    """The figure's shadow root is looked through by Playwright; the test sees the host."""
    page, told = open_page(PAGES[request.param[0]])
    host = page.locator(f"[data-llm-figure*={request.param[1]}]").first
    host.scroll_into_view_if_needed()
    yield host
    assert told.faults == []


def of(name: str, host: str) -> Any:
    return pytest.mark.parametrize("figure", [(name, host)], indirect=True, ids=[name])


def number(text: str) -> float:
    return float(re.search(r"-?[\d.]+", text.replace("−", "-").replace(",", ""))[0])


@of("stepper", "bpe")
def test_bpe_stepper_merges_and_takes_back_by_mouse_and_keys(figure):
    merges, merge = figure.locator(".merges li"), figure.locator("button.primary")
    tokens = lambda: number(figure.locator(".text").get_attribute("aria-label"))  # noqa: E731
    before = tokens()
    merge.click()
    assert merges.count() == 1 and tokens() < before
    merge.press("ArrowRight")
    assert merges.count() == 2
    figure.locator("td button").nth(1).press("Enter")
    assert merges.count() == 3, "the reader's own choice"
    merge.press("ArrowLeft")
    figure.get_by_role("button", name="Undo").click()
    assert merges.count() == 1
    assert re.match(
        r"Merge .+ and .+, found (once|\d+ times)$", re.sub(r"\s+", " ", merge.evaluate("b => b.textContent"))
    )
    figure.locator("textarea").fill("aaaa aaaa")
    assert figure.locator(".text .token").count() == 9 and merges.count() <= 1
    assert "New text, 9 bytes" in figure.locator("[role=status]").text_content()


@of("rotator", "rope")
def test_rope_rotator_keeps_the_score_when_both_positions_move(figure):
    facts = figure.locator(".verdict .fact strong")
    query, both = figure.locator("input.at-m"), figure.locator("input.at-both")
    distance = number(facts.nth(0).text_content())
    query.press("ArrowRight")
    assert number(facts.nth(0).text_content()) == distance + 1
    kept, dial = [facts.nth(i).text_content() for i in (0, 1)], figure.locator("button.dial").first
    hand = dial.text_content()
    both.press("ArrowRight")
    assert [facts.nth(i).text_content() for i in (0, 1)] == kept, "both moved: distance and score stay"
    assert dial.text_content() != hand, "and yet every dial turned"
    dial.click()
    assert dial.get_attribute("aria-pressed") == "true"
    dial.press("Enter")
    assert dial.get_attribute("aria-pressed") == "false"


@of("memory", "memory")
def test_memory_ledger_shrinks_from_stage_to_stage(figure):
    needs = [float(gb) for gb in re.findall(r": ([\d.]+) GB", figure.locator("svg").get_attribute("aria-label"))]
    assert needs == sorted(needs, reverse=True) and needs[0] > 2 * needs[3]
    stage, told = figure.get_by_label("stage", exact=True), figure.locator(".told")
    stage.select_option("0")
    assert told.text_content().startswith("Stage 0")
    stage.press("ArrowDown")
    assert told.text_content().startswith("Stage 1"), "with the keyboard"
    figure.locator("svg g.bar").nth(3).click()
    assert told.text_content().startswith("Stage 3") and stage.input_value() == "3", "with the mouse, on the bar"
    before = figure.locator("svg").get_attribute("aria-label")
    figure.get_by_label("recompute").press("Space")
    assert figure.locator("svg").get_attribute("aria-label") != before


@of("allreduce", "allreduce")
def test_allreduce_ends_with_all_sums_complete(figure):
    chart, step = figure.locator("svg"), figure.get_by_role("button", name="next step")
    complete = lambda: number(re.search(r"(\d+) of 16 parts", chart.get_attribute("aria-label"))[0])  # noqa: E731
    assert complete() == 0
    for _ in range(3):
        step.click()
    assert complete() == 4, "half way: each rank has one"
    slider = figure.locator("input[type=range]")
    slider.press("End")
    assert complete() == 16 and step.get_attribute("aria-disabled") == "true"
    figure.get_by_label("way", exact=True).select_option("tree")
    assert complete() == 0 and chart.get_attribute("aria-label").startswith("tree")
    assert slider.get_attribute("aria-valuetext") == "step 0 of 4"


@of("pipeline", "pipeline")
def test_pipeline_tells_what_the_stages_do_at_a_moment(figure):
    chart, told = figure.locator(".figure svg"), figure.locator(".told")
    assert "idle 27%" in chart.get_attribute("aria-label")
    figure.get_by_label("schedule", exact=True).select_option("interleaved, 2 groups")
    assert "idle 16%" in chart.get_attribute("aria-label")
    figure.get_by_label("micro-batches", exact=True).select_option("2")
    assert "multiple of 4" in told.text_content(), "two are no multiple of the stages"
    figure.get_by_label("schedule", exact=True).select_option("GPipe")
    assert "idle 60%" in chart.get_attribute("aria-label")
    moment = figure.locator("input[type=range]")
    moment.press("Home")
    assert "stage 1 forward 1, stage 2 waits" in told.text_content()
    place = chart.bounding_box()
    figure.page.mouse.click(place["x"] + place["width"] * 0.7, place["y"] + place["height"] / 2)
    assert "backward" in told.text_content(), "with the mouse, on the chart"


@of("checkpoints", "checkpoint")
def test_failures_take_more_at_ten_times_the_best_interval(figure):
    days = figure.locator("svg").first
    lost = lambda: number(re.search(r"[\d.]+% lost", days.get_attribute("aria-label"))[0])  # noqa: E731
    figure.get_by_role("button", name="the best").click()
    best = lost()
    figure.get_by_role("button", name="ten times it").click()
    assert lost() > 3 * best
    slider, before = figure.locator("input[type=range]"), days.get_attribute("aria-label")
    slider.press("ArrowLeft")
    assert days.get_attribute("aria-label") != before
    assert slider.get_attribute("aria-valuetext") in figure.locator(".choice b").text_content()
    figure.get_by_role("button", name="other luck").press("Enter")
    assert days.get_attribute("aria-label") != before


@of("scaling", "scaling")
def test_scaling_optimum_moves_with_the_budget(figure):
    budget, output, chart = figure.locator("input[type=range]"), figure.locator("output"), figure.locator("svg")
    best = lambda: figure.locator(".scroll tbody tr").first.locator("td").first.text_content()  # noqa: E731
    before, least = output.text_content(), best()
    for _ in range(10):
        budget.press("ArrowRight")
    assert output.text_content() != before and best() != least
    assert budget.get_attribute("aria-valuetext") == output.text_content()
    figure.locator("button").first.click()
    preset = output.text_content()
    place = chart.bounding_box()
    mouse = figure.page.mouse
    mouse.move(place["x"] + place["width"] * 0.5, place["y"] + place["height"] * 0.5)
    mouse.down()
    mouse.move(place["x"] + place["width"] * 0.8, place["y"] + place["height"] * 0.2)
    mouse.up()
    assert output.text_content() != preset, "dragged on the chart"
    assert output.text_content().removesuffix(" operations") in chart.get_attribute("aria-label")


@of("routing", "routing")
def test_routing_heatmap_tells_the_cell_that_is_chosen(figure):
    told, cells = figure.locator(".told"), figure.locator("td.cell")
    whole = told.text_content()
    cells.nth(0).click()
    figure.page.mouse.move(0, 0)  # a cell that is pointed at would be told instead
    first = told.text_content()
    assert first != whole
    cells.nth(0).press("ArrowRight")
    assert told.text_content() != first, "arrow keys go from cell to cell"
    assert figure.locator("td.chosen").count() == 1
    figure.locator("td.chosen").press("Escape")
    assert figure.locator("td.chosen").count() == 0
    slider = figure.locator("input[type=range]")
    slider.press("Home")
    assert told.text_content() != whole and "step" in slider.get_attribute("aria-valuetext")
    run = figure.locator("input[type=radio]").nth(1)
    run.check()
    assert "step" in figure.locator("table[role=grid]").get_attribute("aria-label") and run.is_checked()


def test_an_arrow_key_in_a_figure_does_not_turn_the_page(open_page):
    page, _ = open_page(PAGES["stepper"])
    address = page.url
    page.locator("[data-llm-figure*=bpe] button.primary").press("ArrowRight")
    page.wait_for_timeout(200)
    assert page.url == address
