"""The interactive figures, driven with the keyboard and the mouse."""

from __future__ import annotations

import re
from typing import Any

import pytest

PAGES = {
    "stepper": "notebooks/01_tokenization/01_tokenization.html",
    "rotator": "notebooks/02_positional_encoding/02_positional_encoding.html",
    "stretch": "notebooks/02_positional_encoding/02_positional_encoding.html",
    "valley": "notebooks/03_recipes/2_optimization.html",
    "sampler": "notebooks/03_recipes/4_training.html",
    "allreduce": "notebooks/04_fsdp/1_collectives.html",
    "memory": "notebooks/04_fsdp/3_sharding.html",
    "pipeline": "notebooks/04_fsdp/4_parallelism.html",
    "checkpoints": "notebooks/04_fsdp/5_failures.html",
    "bill": "notebooks/05_scaling_laws/1_budgets.html",
    "scaling": "notebooks/05_scaling_laws/4_planning.html",
    "gate": "notebooks/06_moe/1_gate.html",
    "serving": "notebooks/05_scaling_laws/3_choices.html",
    "valleys": "notebooks/05_scaling_laws/2_fitting.html",
    "routing": "notebooks/06_moe/2_balance.html",
    "mesh": "notebooks/07_pretraining/1_plan.html",
    "alarm": "notebooks/07_pretraining/2_run.html",
    "queues": "notebooks/06_moe/3_dispatch.html",
    "exchange": "notebooks/06_moe/4_expert_parallel.html",
    "buckets": "notebooks/04_fsdp/2_data_parallel.html",
    "four bits": "notebooks/04_fsdp/6_finetuning.html",
    "race": "notebooks/06_moe/5_practice.html",
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


@of("stretch", "stretch")
def test_context_stretch_trades_new_angles_for_blurred_neighbours(figure):
    told, chart = figure.locator(".told"), figure.locator("svg").first
    assert told.text_content().startswith("4 of 8 pairs come to angles that training never showed, most of all pair 3")
    figure.get_by_label("way", exact=True).select_option("linear interpolation")
    assert told.text_content().startswith("None of the 8 pairs") and "3 of the 3" in told.text_content()
    length = figure.get_by_label("length to read", exact=True)
    length.press("End")
    assert "come to angles" in told.text_content() and told.text_content() in chart.get_attribute("aria-label")
    assert figure.get_by_label("base", exact=True).is_hidden()
    figure.get_by_label("way", exact=True).select_option("a larger base")
    assert (
        figure.get_by_label("base", exact=True).is_visible() and figure.get_by_label("factor", exact=True).is_hidden()
    )
    about, pair = figure.locator(".about"), figure.get_by_label("pair", exact=True)
    pair.press("Home")
    assert about.text_content().startswith("Pair 0 "), "with the keyboard"
    place = chart.bounding_box()
    figure.page.mouse.click(place["x"] + place["width"] * 0.95, place["y"] + place["height"] / 3)
    assert about.text_content().startswith("Pair 7 "), "with the mouse, in the chart"


@of("sampler", "sampler")
def test_token_sampler_keeps_fewer_tokens_with_a_smaller_p(figure):
    told, top_p = figure.locator(".told"), figure.get_by_label("top-p", exact=True)
    figure.get_by_role("button", name="the model's own").click()
    whole = told.text_content()
    top_p.press("Home")
    assert told.text_content() != whole and "top-p: 0.05" in top_p.get_attribute("aria-valuetext")
    figure.get_by_label("top-k", exact=True).press("Home")
    assert told.text_content().count("keep 1 token") == 1 and figure.locator("tr.out").count() > 0
    figure.get_by_role("button", name="top-k of 20").press("Enter")
    assert told.text_content().count(" 20 tokens after") == 2
    drawn = figure.locator(".chips").first.text_content()
    figure.get_by_role("button", name="draw again").click()
    assert figure.locator(".chips").first.text_content() != drawn


@of("bill", "bill")
def test_run_bill_names_another_doubt_for_a_small_model(figure):
    told, facts = figure.locator(".told"), figure.locator(".facts strong")
    assert "The largest doubt is the utilization" in told.text_content()
    cost = facts.nth(4).text_content()
    figure.get_by_label("utilization", exact=True).press("ArrowLeft")
    assert facts.nth(4).text_content() != cost, "with the keyboard"
    figure.get_by_role("button", name="0.6M, 100M tokens").click()
    assert "The largest doubt is how the operations are counted" in told.text_content()
    before = told.text_content()
    figure.get_by_label("length of a sequence", exact=True).press("End")
    assert told.text_content() != before


@of("valley", "valley")
def test_valley_walk_breaks_at_the_limit_and_not_before(figure):
    told, rate = figure.locator(".told"), figure.get_by_label("rate", exact=True)
    before = told.text_content()
    rate.press("ArrowRight")
    assert told.text_content() != before, "with the keyboard"
    figure.get_by_role("button", name="Just too large").click()
    assert "this one is above it" in told.text_content()
    figure.get_by_role("button", name="Best rate").click()
    assert "this one is above it" not in told.text_content()
    figure.get_by_label("rule", exact=True).select_option("momentum")
    assert figure.locator("svg").first.get_attribute("aria-label").endswith("by momentum of 100 steps")
    figure.get_by_label("rule", exact=True).select_option("Adam")
    assert told.text_content().startswith("Adam") and figure.get_by_role("button", name="Best rate").is_disabled()


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


@of("valleys", "isoflop")
def test_isoflop_valleys_changes_the_exponent_with_the_runs(figure):
    told, seen = figure.locator(".told"), figure.locator("p.soft").first
    before = told.text_content()
    chip = figure.locator(".chip").nth(-1)
    chip.press("Space")
    assert chip.get_attribute("aria-pressed") == "false" and "22 runs" in told.text_content() != before
    chip.press("Enter")
    assert told.text_content() == before
    figure.get_by_role("button", name="800 steps or more").click()
    assert told.text_content() != before and " to " in seen.text_content(), "two exponents have been seen"
    figure.locator("svg g.run:not(.out)").first.click()
    assert figure.locator(".chip[aria-pressed=false]").count() == figure.locator("svg g.run.out").count() == 13
    assert told.text_content() in figure.locator("svg").get_attribute("aria-label")


@of("serving", "serving")
def test_serving_cost_moves_the_best_model_and_the_reader_s(figure):
    served, size = figure.locator("input[type=range]").nth(0), figure.locator("input[type=range]").nth(1)
    told, soft = figure.locator(".told"), figure.locator("p.soft").nth(1)
    best = lambda: number(re.search(r"The best has ([\d.]+B)", soft.text_content())[1])  # noqa: E731
    before = best()
    for _ in range(10):
        served.press("ArrowRight")
    assert best() < before, "the more is served, the smaller the best model"
    assert served.get_attribute("aria-valuetext").endswith("tokens served")
    figure.get_by_role("button", name="take the best").click()
    assert "the least there is" in told.text_content()
    size.press("Home")
    assert number(told.text_content()) > 10, "near the wall"
    place, mouse = figure.locator("svg").bounding_box(), figure.page.mouse
    mine = size.get_attribute("aria-valuetext")
    mouse.move(place["x"] + place["width"] * 0.7, place["y"] + place["height"] * 0.5)
    mouse.down()
    mouse.up()
    assert size.get_attribute("aria-valuetext") != mine, "with the mouse, in the chart"
    figure.get_by_label("constants of").select_option("1")
    assert told.text_content() in figure.locator("svg").get_attribute("aria-label")


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


@of("mesh", "mesh")
def test_mesh_explorer_shows_who_talks_with_whom(figure):
    told, ranks = figure.locator(".told"), figure.locator(".ranks button")
    assert ranks.count() == 64 and figure.locator(".ranks .tokens").count() == 7
    ranks.nth(0).press("ArrowDown")
    assert told.text_content().startswith("Rank 8 "), "arrow keys go from machine to machine"
    ranks.nth(19).click()
    assert told.text_content().startswith("Rank 19 ") and ranks.nth(19).get_attribute("aria-pressed") == "true"
    verdict = figure.locator(".verdict").text_content()
    figure.get_by_label("sequences of a micro-batch").select_option("4")
    assert figure.locator(".verdict").text_content() != verdict
    figure.get_by_label("copies of the model").select_option("8")
    assert figure.locator(".ranks .copy").count() == 7 and "does not fit" in figure.locator(".verdict").text_content()
    figure.get_by_label("experts over").select_option("64 ranks")
    assert "8 copies are not possible here" in figure.locator(".note").text_content()


@of("alarm", "alarm")
def test_alarm_rings_earlier_where_its_threshold_is_lower(figure):
    told, threshold = figure.locator(".told"), figure.get_by_role("slider", name="threshold")
    figure.get_by_label("watch").select_option("busiest expert, in multiples of an even load")
    assert "leaves “well” alone" in told.text_content()
    threshold.press("Home")
    assert "A false alarm" in told.text_content()
    threshold.press("End")
    assert "says nothing of A and B and C" in told.text_content()
    figure.get_by_label("step of training").press("Home")
    assert told.text_content().startswith("By step 5.")


@of("gate", "gate")
def test_gate_explorer_learns_as_its_gate_allows(figure):
    told, steps = figure.locator(".told"), figure.get_by_role("button", name="50 steps")
    gates, first = figure.get_by_label("gate of"), figure.get_by_role("slider", name="logit of expert 1")
    assert told.text_content().startswith("Chosen: expert 2 with 0.60, expert 3 with 0.40.")
    steps.click()
    assert "is 1.81. No logit moves" in told.text_content(), "the two come to rest, and nobody asks expert 6"
    figure.get_by_role("button", name="Start again").click()
    gates.select_option("Switch")
    steps.click()
    assert told.text_content().startswith("Chosen: expert 6")
    gates.select_option("one, normalised")
    assert "No logit moves" in told.text_content()
    before = number(first.get_attribute("aria-valuenow"))
    first.press("ArrowUp")
    assert number(first.get_attribute("aria-valuenow")) == pytest.approx(before + 0.1, abs=0.011)
    first.press("End")
    assert told.text_content().startswith("Chosen: expert 1"), "with the keyboard"
    place, mouse = first.bounding_box(), figure.page.mouse
    mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    mouse.down()
    mouse.move(place["x"] + place["width"] / 2, place["y"] + 400)
    mouse.up()
    assert number(first.get_attribute("aria-valuenow")) == -4, "dragged, and not further than it may"
    assert not told.text_content().startswith("Chosen: expert 1")


@of("queues", "queues")
def test_expert_queues_drop_fewer_with_a_larger_capacity(figure):
    told, factor = figure.locator(".told"), figure.get_by_label("capacity factor")
    dropped = lambda: number(re.search(r"choices (\d+) find", told.text_content())[1])  # noqa: E731
    factor.press("Home")
    many = dropped()
    factor.press("End")
    assert dropped() == 0 < many and factor.get_attribute("aria-valuetext") == "4.00"
    figure.get_by_label("unevenness").press("End")
    assert dropped() > 0 or "rows" in told.text_content()
    figure.get_by_label("first half").press("Space")
    assert "Of 24 choices" in told.text_content()
    figure.locator("g.place").first.click()
    assert "Token " in told.text_content() and figure.locator("g.followed").count() == 2


@of("exchange", "exchange")
def test_token_exchange_brings_rows_to_experts_and_home(figure):
    told, rows, chart = figure.locator(".told"), figure.locator("g.row"), figure.locator("svg")
    forward, home = figure.get_by_role("button", name="Next step"), chart.get_attribute("aria-label")
    for _ in range(3):
        forward.press("ArrowRight")
    assert told.text_content().startswith("Step 4 of 7, arrived") and chart.get_attribute("aria-label") != home
    forward.click()
    assert figure.locator("g.answer").count() == rows.count() == 18
    for _ in range(2):
        forward.click()
    assert told.text_content().startswith("Step 7 of 7") and chart.get_attribute("aria-label") == home
    assert forward.get_attribute("aria-disabled") == "true"
    figure.get_by_role("button", name="Back").click()
    figure.get_by_label("follow a token").select_option("B2")
    assert figure.locator("g.faint").count() == 16
    figure.get_by_label("routers").select_option("all alike")
    assert figure.locator("g.faint").count() == 0


@of("buckets", "bucket")
def test_the_best_bucket_grows_with_the_price_of_a_message(figure):
    told, limit = figure.locator(".told"), figure.get_by_role("slider", name="limit of a bucket")
    take = figure.get_by_role("button", name="take the best limit")
    best = lambda: number(re.search(r"Best: ([^,]+),", told.text_content())[1])  # noqa: E731
    take.click()
    assert limit.get_attribute("aria-valuetext") == "16 MiB" and take.get_attribute("aria-disabled") == "true"
    limit.press("ArrowRight")
    assert limit.get_attribute("aria-valuetext") == "25 MiB" and "131 ms" in told.text_content()
    for _ in range(10):
        figure.get_by_role("slider", name="a message costs").press("ArrowRight")
    assert best() > 16
    figure.get_by_label("buckets leave").select_option("after the backward pass")
    assert "Sent during the backward pass they would" in figure.locator(".told + .soft").text_content()
    figure.get_by_label("vocabulary").select_option("1,024")
    place = figure.locator("svg.curves").bounding_box()
    figure.page.mouse.click(place["x"] + place["width"] * 0.98, place["y"] + place["height"] / 2)
    assert limit.get_attribute("aria-valuetext") == "all in one bucket", "with the mouse, in the chart"
    assert told.text_content().startswith("1 message:")


@of("four bits", "four-bits")
def test_a_large_weight_harms_its_neighbours_and_with_one_byte_the_others(figure):
    told, size = figure.locator(".told"), figure.get_by_role("slider", name="one weight")
    errors = lambda: [float(e) for e in re.findall(r"([\d.]+)%", told.text_content())]  # noqa: E731
    beside, elsewhere = errors()
    size.press("End")
    assert size.get_attribute("aria-valuetext") == "1000 times the standard deviation"
    assert errors() == [100, elsewhere] and beside < 20, "no other block is harmed"
    figure.get_by_label("scales").select_option("one byte each")
    assert errors()[1] > 3 * elsewhere
    before = figure.locator(".figure svg").first.get_attribute("aria-label")
    figure.get_by_label("shown").select_option("another block")
    assert figure.locator(".figure svg").first.get_attribute("aria-label") != before
    figure.get_by_label("weights in a block").select_option("512")
    assert "there is no other block" in told.text_content()


@of("race", "race")
def test_a_dearer_step_lets_the_mixture_fall_behind(figure):
    told, soft = figure.locator(".told"), figure.locator(".told + .soft")
    price, spent = figure.get_by_role("slider", name="mixture's price"), figure.get_by_role("slider", name="spent")
    assert "it is behind" in soft.text_content() and "level when 2,201 are spent" in soft.text_content()
    figure.get_by_role("button", name="a step").press("Enter")
    assert "it is ahead" in soft.text_content() and price.get_attribute("aria-valuetext") == "1.00"
    price.press("End")
    assert "behind in every run" in soft.text_content()
    spent.press("Home")
    assert "The mixture has no run of this length" in soft.text_content()
    assert told.text_content() == "With 480 spent: large dense 3.301, dense 3.374."
    place = figure.locator("svg.chart").bounding_box()
    figure.page.mouse.click(place["x"] + place["width"] * 0.99, place["y"] + place["height"] / 2)
    assert told.text_content() == "With 4,600 spent: mixture 2.835.", "with the mouse, in the chart"


def test_an_arrow_key_in_a_figure_does_not_turn_the_page(open_page):
    page, _ = open_page(PAGES["stepper"])
    address = page.url
    page.locator("[data-llm-figure*=bpe] button.primary").press("ArrowRight")
    page.wait_for_timeout(200)
    assert page.url == address


SMALL_PHONE, LEAST = (320, 640), 9
WITH_FIGURES = sorted({*PAGES.values(), "notebooks/03_recipes/1_architecture.html", "notebooks/03_recipes/3_data.html"})
WORDS = """host => {
  const seen = [...host.shadowRoot.querySelectorAll("svg text")].filter(
    (text) => text.textContent.trim() && text.getClientRects().length);
  return seen.map((text) => {
    // Letters fill three fifths of a line's height.
    const box = text.getBBox(), of = text.getScreenCTM(), corners = [];
    for (const x of [box.x, box.x + box.width]) {
      for (const y of [box.y + 0.2 * box.height, box.y + 0.8 * box.height]) {
        corners.push(new DOMPoint(x, y).matrixTransform(of));
      }
    }
    const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
    const chart = text.ownerSVGElement.getBoundingClientRect();
    return {
      words: text.textContent, size: parseFloat(getComputedStyle(text).fontSize) * Math.hypot(of.a, of.b),
      box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
      chart: [chart.left, chart.top, chart.right, chart.bottom],
    };
  });
}"""


MOVE = """(host, [i, last]) => {
  const control = host.shadowRoot.querySelectorAll("select, input[type=range]")[i];
  if (control.type === "range") control.value = last ? control.max : control.min;
  else control.selectedIndex = last ? control.options.length - 1 : 0;
  control.dispatchEvent(new Event(control.type === "range" ? "input" : "change", { bubbles: true }));
}"""


@pytest.mark.parametrize("name", WITH_FIGURES)
def test_words_in_charts_are_read_on_the_smallest_phone(open_page, name):
    """They are not too small, do not lie on one another, and none leaves its chart, wherever controls stand."""
    page, told = open_page(name, size=SMALL_PHONE)
    hosts = page.locator("[data-llm-figure][data-ready]").all()
    assert hosts
    for host in hosts:
        _judge_words(host.evaluate(WORDS))
        for i in range(host.locator("select, input[type=range]").count()):
            for last in (False, True):
                host.evaluate(MOVE, [i, last])
                _judge_words(host.evaluate(WORDS))
    assert told.faults == []


def _judge_words(words: list[dict[str, Any]]) -> None:
    assert [word["words"] for word in words if word["size"] < LEAST] == []
    assert [word["words"] for word in words if not _inside(word["box"], word["chart"])] == []
    assert [(a["words"], b["words"]) for n, a in enumerate(words) for b in words[:n] if _meet(a, b)] == []


def _inside(box: list[float], chart: list[float]) -> bool:
    return box[0] >= chart[0] - 1 and box[1] >= chart[1] - 1 and box[2] <= chart[2] + 1 and box[3] <= chart[3] + 1


def _meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    a, b = one["box"], other["box"]
    return min(a[2], b[2]) - max(a[0], b[0]) > 0.5 and min(a[3], b[3]) - max(a[1], b[1]) > 0.5
