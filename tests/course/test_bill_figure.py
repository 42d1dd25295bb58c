"""The figure of a run's cost against the library's counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import run_bill
from llmcourse.course.notebook.interactive.bill import (
    BEST_UTILIZATION,
    DEVICES,
    LENGTHS,
    PRICES,
    PUE,
    RATES,
    VOCABULARIES,
    WIDTHS,
    of_one_shape,
    shape_of,
)
from llmcourse.model.accounting import count_parameters
from llmcourse.scaling_laws.budgets import (
    CONVENTIONS,
    PUBLISHED_HOURS,
    cost,
    device_hours,
    energy_kwh,
    training_flops,
)
from tests.course.figures import core

js = core("bill", needs=("numbers",))
models = st.tuples(st.sampled_from(WIDTHS), st.sampled_from(VOCABULARIES), st.sampled_from(LENGTHS))
DEVICE = {"peak": PUBLISHED_HOURS[0].peak_flops, "watts": PUBLISHED_HOURS[0].watts, "pue": PUE, "price": PRICES[0]}


@settings(max_examples=150, deadline=None)
@given(models)
def test_the_figure_counts_as_the_library_does(js, model):
    width, vocab_size, seq_len = model
    config = of_one_shape(width, vocab_size, seq_len)
    got = js("counts", shape_of(width), vocab_size, seq_len)
    assert got == {way: training_flops(config, 1, seq_len, convention=way) for way in CONVENTIONS}
    assert sum(js("parts", shape_of(width), vocab_size, seq_len).values()) == got["exact"]
    assert shape_of(width)["inside"] + vocab_size * width == count_parameters(config)


@settings(max_examples=100, deadline=None)
@given(st.floats(1e12, 1e27), st.sampled_from(RATES), st.sampled_from(DEVICES))
def test_hours_energy_and_cost_are_the_library_s(js, flops, mfu, n_devices):
    got, hours = js("sums", flops, DEVICE, mfu, n_devices), device_hours(flops, DEVICE["peak"], mfu)
    assert got["hours"] == pytest.approx(hours)
    assert got["days"] == pytest.approx(hours / n_devices / 24)
    assert got["gwh"] == pytest.approx(energy_kwh(hours, DEVICE["watts"], PUE) / 1e6)
    assert got["cost"] == pytest.approx(cost(hours, PRICES[0]))


def largest(js, width, vocab_size, seq_len, mfu=0.4):
    utilizations = (min(run.mfu for run in PUBLISHED_HOURS), BEST_UTILIZATION)
    return js("widest", js("doubts", shape_of(width), vocab_size, seq_len, mfu, utilizations, PRICES))


def test_the_count_is_the_doubt_of_small_models_and_the_utilization_that_of_large_ones(js):
    small, large = largest(js, 64, 8_192, 512), largest(js, 4096, 128_256, 8192)
    assert small["name"] == "count" and small["from"] < 0.3
    assert large["name"] == "utilization" and large["to"] == pytest.approx(0.4 / PUBLISHED_HOURS[0].mfu)


def test_attention_is_as_much_as_the_matrices_at_six_widths(js):
    parts = js("parts", shape_of(4096), 256, 6 * 4096)
    assert parts["attention"] == pytest.approx(parts["matrices"], rel=0.01)


@pytest.mark.parametrize(
    ("days", "told"),
    [(3040, "3.04K days"), (23.4, "23.4 days"), (0.5, "12 hours"), (0.001, "1.44 minutes"), (1e-5, "0.86 s")],
)
def test_times_have_a_unit_that_suits_them(js, days, told):
    assert js("lasting", days) == told


def test_without_javascript_there_is_a_table():
    config = of_one_shape(64, 8192, 512)
    flops = training_flops(config, 10**8, 512)
    assert f"<td>0.6M, 100M tokens</td><td>{count_parameters(config):,}</td><td>{flops:.2e}</td>" in run_bill().data
    with pytest.raises(ValueError, match="n_devices is 3; it must be a power of 2"):
        run_bill(3)
