"""The figure of pipelines against the library's schedules and clock."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import pipeline_schedule
from llmcourse.course.notebook.interactive.pipelines import GROUPS, orders_of
from llmcourse.distributed.interleaved import group_task_times, kept_micro_batches
from llmcourse.distributed.pipeline import bubble_fraction, kept_at_once, one_forward_one_backward, task_times
from tests.course.figures import core

JS_NAMES = {"GPipe": "gpipe", "1F1B": "oneForwardOneBackward"}


js = core("pipeline")


def shown(js, name, p, m):
    if GROUPS[name] > 1:
        return js("interleaved", p, m, GROUPS[name])
    return js(JS_NAMES[name], p, m)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(list(GROUPS)),
    p=st.integers(1, 6),
    turns=st.integers(1, 3),
    slow=st.sampled_from([1, 1.5, 3]),
)
def test_the_figure_has_the_library_s_schedules_and_clock(js, name, p, turns, slow):
    m, v = p * turns, GROUPS[name]
    orders, forward = orders_of(name, p, m), [1.0] * (p - 1) + [slow]
    backward = [2 * seconds for seconds in forward]
    assert shown(js, name, p, m) == [[list(task) for task in tasks] for tasks in orders]
    times = group_task_times(orders, forward, backward)
    got = js("times", orders, forward, backward, v)
    assert [end for stage in got for end in stage] == [pytest.approx(pair) for stage in times for pair in stage]
    assert js("bubble", got) == pytest.approx(bubble_fraction(times))
    assert [js("kept", tasks, v) for tasks in orders] == [kept_micro_batches(tasks, v) for tasks in orders]


@settings(max_examples=40, deadline=None)
@given(p=st.integers(1, 5), m=st.integers(1, 9))
def test_with_one_group_a_stage_it_is_the_clock_of_the_exercise(js, p, m):
    orders = one_forward_one_backward(p, m)
    times = task_times(orders, [1] * p, [2] * p)
    got = js("times", shown(js, "1F1B", p, m), [1] * p, [2] * p, 1)
    assert [[tuple(pair) for pair in stage] for stage in got] == times
    moments = sorted({moment for stage in times for pair in stage for moment in pair})
    for stage, tasks in enumerate(orders):
        shown_tasks = [[*task, 0] for task in tasks]
        now = [js("keptAt", shown_tasks, times[stage], moment, 1) for moment in moments]
        assert max(now) == kept_at_once(tasks) and now[-1] == 0


def test_without_javascript_there_are_a_picture_and_a_table():
    page = pipeline_schedule().data
    assert page.count('fill="#b88300"/>') == page.count('fill="#3e92db"/>') == 32
    assert "<td>interleaved, 2 groups</td><td>28.5</td><td>16%</td><td>5.5</td><td>14</td>" in page
    assert "<td>GPipe</td><td>33</td><td>27%</td><td>8</td><td>6</td>" in page
