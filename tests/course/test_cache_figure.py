"""The figure of attention's cache against the library's masks and accounting."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcourse.course.notebook.interactive import cache_reader
from llmcourse.course.notebook.interactive.cache import MODEL, shape
from llmcourse.model.accounting import kv_cache_bytes, windowed_cache_bytes
from llmcourse.model.attention import causal_mask, grouped_query_attention
from tests.course.figures import core

js = core("cache")


@settings(max_examples=100, deadline=None)
@given(length=st.integers(1, 24), window=st.integers(0, 30))
def test_the_figure_s_mask_is_the_library_s(js, length, window):
    mask = causal_mask(length, length)
    if window:
        mask = mask.triu(1 - window)
    got = [[js("cell", query, key, window) == "seen" for key in range(length)] for query in range(length)]
    assert got == mask.tolist()
    assert [js("firstKey", query, window) for query in range(length)] == mask.int().argmax(1).tolist()


@settings(max_examples=200, deadline=None)
@given(
    n_layers=st.integers(1, 99),
    n_kv_heads=st.sampled_from([1, 2, 4, 8]),
    length=st.integers(1, 10**6),
    window=st.integers(1, 10**5),
    n_global=st.integers(0, 99),
)
def test_the_figure_has_the_library_s_bytes(js, n_layers, n_kv_heads, length, window, n_global):
    config, n_global = replace(MODEL, n_layers=n_layers, n_kv_heads=n_kv_heads), min(n_global, n_layers)
    assert js("bytes", shape(config), length, window, n_global) == windowed_cache_bytes(
        config, length, window, n_global
    )
    assert js("bytes", shape(config), length, 0, n_global) == kv_cache_bytes(config, length)


@pytest.mark.parametrize(("n_heads", "n_kv_heads"), [(8, 8), (8, 2), (4, 1), (1, 1)])
def test_query_heads_share_as_the_library_s_do(js, n_heads, n_kv_heads):
    values = torch.arange(n_kv_heads).view(1, n_kv_heads, 1, 1).float()
    got = grouped_query_attention(torch.zeros(1, n_heads, 1, 1), torch.zeros_like(values), values)
    assert [js("kvHead", head, n_heads, n_kv_heads) for head in range(n_heads)] == got.flatten().int().tolist()


def test_layers_without_a_window_are_counted(js):
    assert [js("globalLayers", 12, n_local) for n_local in (0, 1, 5, -1)] == [12, 6, 2, 0]


def test_bytes_are_told_in_the_unit_that_fits(js):
    told = [js("told", n) for n in (12, 2048, 1536, 49152, 3 * 2**30, 5 * 2**40)]
    assert told == ["12 bytes", "2 KiB", "1.50 KiB", "48 KiB", "3 GiB", "5120 GiB"]


def test_without_javascript_there_are_a_picture_and_a_table():
    page = cache_reader().data
    assert page.count('fill="#3e92db"/>') == 1 + 2 + 3 + 9 * 4
    gib = windowed_cache_bytes(replace(MODEL, n_kv_heads=2), 131_072, 1024, n_global=2) / 2**30
    assert (
        f"<td>2</td><td>{kv_cache_bytes(replace(MODEL, n_kv_heads=2), 131_072) / 2**30:.2f}</td><td>{gib:.2f}" in page
    )
