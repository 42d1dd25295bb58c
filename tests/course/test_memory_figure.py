"""The memory figure against the ledger in Python."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import memory_ledger
from llmcourse.course.notebook.interactive.memory import options, sizes
from llmcourse.distributed.memory import PRECISIONS, Run, step_memory, training_memory
from llmcourse.model import PRESETS
from tests.course.figures import core

runs = st.builds(
    Run,
    n_ranks=st.integers(1, 4096),
    stage=st.integers(0, 3),
    precision=st.sampled_from(list(PRECISIONS)),
    batch_size=st.integers(1, 9),
    seq_len=st.integers(1, 9000),
    recompute=st.booleans(),
    prefetch=st.integers(0, 3),
)


js = core("memory")


@settings(max_examples=200, deadline=None)
@given(model=st.sampled_from(list(PRESETS)), run=runs)
def test_the_figure_has_the_ledger_s_numbers(js, model, run):
    got = js("step", sizes(PRESETS[model]), options(run), {name: list(each) for name, each in PRECISIONS.items()})
    want = step_memory(PRESETS[model], run)
    names = ("weights", "gradients", "optimizer", "inFlight", "activations", "total")
    # A share of the gradients is rounded down, from a product that one of the two cannot hold exactly.
    assert [got[name] for name in names] == pytest.approx([*want, want.total], rel=1e-9, abs=100)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**12), st.integers(1, 4096), st.integers(0, 3), st.sampled_from(list(PRECISIONS.values())))
def test_what_stays_is_the_ledger_s(js, n, ranks, stage, each):
    assert js("training", n, ranks, stage, list(each)) == list(training_memory(n, ranks, stage, each))


def test_without_javascript_there_is_a_table():
    page = memory_ledger().data
    memory = step_memory(PRESETS["llama-2-7b"], dataclasses.replace(Run(8, 3, "mixed"), seq_len=2048))
    assert f"<td>3</td><td>{memory.weights / 1e9:.1f}</td>" in page
    with pytest.raises(ValueError, match="start is 'gpt9'; it must be one of 'gpt2'"):
        memory_ledger(start="gpt9")
