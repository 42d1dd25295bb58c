"""Frequencies for longer contexts, against the tables of transformers and closed forms."""

import math

import pytest
import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from llmcourse.positional import (
    RAMPS,
    RopeScaling,
    linear_frequencies,
    llama3_frequencies,
    ntk_frequencies,
    rotary_frequencies,
    scaled_frequencies,
    untruncated_yarn_frequencies,
    yarn_attention_factor,
    yarn_frequencies,
)

SHAPES = [(64, 10000.0), (128, 500000.0), (96, 1000000.0), (8, 10000.0)]


def theirs(kind, d_head, theta, trained, seq_len=None, **parameters):
    """The table and attention factor that transformers computes, in float32."""
    config = LlamaConfig(
        hidden_size=2 * d_head,
        num_attention_heads=2,
        max_position_embeddings=trained,
        rope_parameters={"rope_type": kind, "rope_theta": theta, **parameters},
    )
    return ROPE_INIT_FUNCTIONS[kind](config, torch.device("cpu"), seq_len=seq_len)


def same(ours, reference):
    # Powers in float32 are good to about 1e-6 relative; the ramps subtract numbers of size 1.
    return ours.dtype == torch.float64 and torch.allclose(ours.float(), reference, rtol=2e-5, atol=0)


@pytest.mark.parametrize("d_head, theta", SHAPES)
@pytest.mark.parametrize("factor", [1.0, 2.0, 8.0, 40.0])
def test_linear_equals_transformers(d_head, theta, factor):
    assert same(
        linear_frequencies(d_head, theta, factor=factor), theirs("linear", d_head, theta, 2048, factor=factor)[0]
    )


@pytest.mark.parametrize("d_head, theta", SHAPES)
@pytest.mark.parametrize("growth", [1.0, 2.0, 8.0])
def test_ntk_equals_the_dynamic_table_of_transformers(d_head, theta, growth):
    # "dynamic" with its own factor 2, at `growth` times the trained length, uses the fixed factor 2 * growth - 1
    reference = theirs("dynamic", d_head, theta, 2048, seq_len=int(2048 * growth), factor=2.0)[0]
    assert same(ntk_frequencies(d_head, theta, factor=2 * growth - 1), reference)


def test_ntk_keeps_the_fastest_pair_and_interpolates_the_slowest():
    frequencies, scaled = rotary_frequencies(64), ntk_frequencies(64, factor=4)
    ratio = frequencies / scaled
    assert ratio[0] == 1 and ratio[-1].item() == pytest.approx(4)
    assert (ratio.diff() > 0).all()


@pytest.mark.parametrize("d_head, theta", SHAPES)
@pytest.mark.parametrize("factor", [1.0, 2.0, 16.0])
@pytest.mark.parametrize("trained", [256, 4096])
def test_yarns_dimension_ramp_equals_transformers(d_head, theta, factor, trained):
    reference, attention_factor = theirs(
        "yarn", d_head, theta, trained, factor=factor, original_max_position_embeddings=trained
    )
    ours = yarn_frequencies(d_head, theta, factor=factor, original_max_seq_len=trained, ramp="dimensions")
    assert same(ours, reference)
    assert yarn_attention_factor(factor) == pytest.approx(attention_factor)


# The last shape is that of gpt-oss.
@pytest.mark.parametrize("d_head, theta, trained", [(*shape, 256) for shape in SHAPES] + [(64, 150000.0, 4096)])
@pytest.mark.parametrize("factor", [1.0, 4.0, 32.0])
def test_untruncated_yarn_equals_transformers(d_head, theta, trained, factor):
    parameters = {"factor": factor, "original_max_position_embeddings": trained, "truncate": False}
    reference, attention_factor = theirs("yarn", d_head, theta, trained, **parameters)
    scaling = RopeScaling("yarn", factor, original_max_seq_len=trained, ramp="dimensions", truncate=False)
    ours, our_factor = scaled_frequencies(d_head, theta, scaling)
    assert same(ours, reference) and our_factor == pytest.approx(attention_factor)
    assert torch.equal(ours, untruncated_yarn_frequencies(d_head, theta, factor=factor, original_max_seq_len=trained))


def test_equal_factors_of_llama3_are_a_step_also_on_its_edge():
    settings = {"factor": 8.0, "original_max_seq_len": 8192}
    scaling = RopeScaling("llama3", low_freq_factor=1.0, high_freq_factor=1.0, **settings)
    frequencies, (scaled, _) = rotary_frequencies(128, 500000.0), scaled_frequencies(128, 500000.0, scaling)
    band = {"low_freq_factor": 1.0, "high_freq_factor": 1.0, "original_max_position_embeddings": 8192}
    assert same(scaled, theirs("llama3", 128, 500000.0, 8192, factor=8.0, **band)[0])
    assert set((frequencies / scaled).round(decimals=9).tolist()) == {1.0, 8.0}
    # The first pair turns exactly this often.
    turns = 8192 / (2 * math.pi)
    edge = llama3_frequencies(128, 500000.0, low_freq_factor=turns, high_freq_factor=turns, **settings)
    assert edge[0] == frequencies[0] and torch.allclose(edge[1:] * 8, frequencies[1:])


def test_yarns_rotation_ramp_is_the_papers_closed_form():
    scaled = yarn_frequencies(64, factor=8, original_max_seq_len=4096)
    for i, got in enumerate(scaled.tolist()):
        wavelength = 2 * math.pi * 10000 ** (2 * i / 64)
        r = 4096 / wavelength
        gamma = 0 if r < 1 else 1 if r > 32 else (r - 1) / 31
        w = 10000 ** (-2 * i / 64)
        assert got == pytest.approx((1 - gamma) * w / 8 + gamma * w, rel=1e-12)


def test_the_two_ramps_agree_outside_their_band_and_differ_inside():
    settings = {"factor": 8, "original_max_seq_len": 4096}
    rotations, dimensions = (yarn_frequencies(128, ramp=ramp, **settings) for ramp in RAMPS)
    frequencies = rotary_frequencies(128)
    turns = 4096 * frequencies / (2 * math.pi)
    assert torch.equal(rotations[turns > 40], dimensions[turns > 40])
    assert torch.allclose(rotations[turns < 0.8], dimensions[turns < 0.8], rtol=1e-12)
    inside = (turns > 2) & (turns < 30)
    assert ((rotations - dimensions).abs() > 0.02 * frequencies)[inside].any()


@pytest.mark.parametrize("d_head, theta, trained", [(128, 500000.0, 8192), (64, 500000.0, 8192), (64, 10000.0, 256)])
@pytest.mark.parametrize("factor", [1.0, 8.0, 32.0])
def test_llama3_equals_transformers(d_head, theta, trained, factor):
    band = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    reference = theirs(
        "llama3", d_head, theta, trained, factor=factor, original_max_position_embeddings=trained, **band
    )
    assert same(llama3_frequencies(d_head, theta, factor=factor, original_max_seq_len=trained), reference[0])


def test_llama3_is_the_papers_ramp_of_yarn_with_a_narrower_band():
    settings = {"factor": 8.0, "original_max_seq_len": 8192}
    ours = yarn_frequencies(128, 500000.0, beta_fast=4.0, beta_slow=1.0, **settings)
    assert torch.allclose(llama3_frequencies(128, 500000.0, **settings), ours, rtol=1e-12)


@pytest.mark.parametrize("name", ["linear", "ntk", "yarn", "llama3"])
def test_a_factor_of_one_changes_nothing(name):
    frequencies, attention_factor = scaled_frequencies(64, 10000.0, RopeScaling(name, 1.0, original_max_seq_len=512))
    assert torch.allclose(frequencies, rotary_frequencies(64), rtol=1e-12) and attention_factor == 1.0


@pytest.mark.parametrize("name", ["linear", "ntk", "yarn", "llama3"])
def test_every_setting_reaches_the_table(name):
    settings = {
        "beta_fast": 20.0,
        "beta_slow": 2.0,
        "ramp": "dimensions",
        "low_freq_factor": 1.5,
        "high_freq_factor": 3.0,
    }
    scaling = RopeScaling(name, 4.0, original_max_seq_len=512, **settings)
    expected = {
        "linear": lambda: linear_frequencies(32, 5000.0, factor=4.0),
        "ntk": lambda: ntk_frequencies(32, 5000.0, factor=4.0),
        "yarn": lambda: yarn_frequencies(
            32, 5000.0, factor=4.0, original_max_seq_len=512, beta_fast=20.0, beta_slow=2.0, ramp="dimensions"
        ),
        "llama3": lambda: llama3_frequencies(
            32, 5000.0, factor=4.0, original_max_seq_len=512, low_freq_factor=1.5, high_freq_factor=3.0
        ),
    }[name]()
    frequencies, attention_factor = scaled_frequencies(32, 5000.0, scaling)
    assert torch.equal(frequencies, expected)
    assert attention_factor == (yarn_attention_factor(4.0) if name == "yarn" else 1.0)
    fixed = RopeScaling(name, 4.0, original_max_seq_len=512, attention_factor=1.25)
    assert scaled_frequencies(32, 5000.0, fixed)[1] == 1.25


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"name": "dynamic-ish", "factor": 2}, "'dynamic-ish'"),
        ({"name": "linear", "factor": 0.5}, "0.5"),
        ({"name": "linear", "factor": float("nan")}, "nan"),
        ({"name": "yarn", "factor": 2}, "original_max_seq_len is None"),
        ({"name": "llama3", "factor": 2, "original_max_seq_len": 0}, "original_max_seq_len is 0"),
        ({"name": "yarn", "factor": 2, "original_max_seq_len": 64, "ramp": "steep"}, "'steep'"),
        ({"name": "yarn", "factor": 2, "original_max_seq_len": 64, "beta_slow": 40.0}, "beta_slow is 40.0"),
        ({"name": "llama3", "factor": 2, "original_max_seq_len": 64, "low_freq_factor": 5.0}, "low_freq_factor is 5.0"),
        ({"name": "yarn", "factor": 2, "original_max_seq_len": 64, "truncate": False}, "truncate is False"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(ValueError, match=says):
        RopeScaling(**settings)


def test_wrong_arguments_of_the_tables_are_named():
    for table in (linear_frequencies, ntk_frequencies):
        with pytest.raises(ValueError, match="0.9"):
            table(8, factor=0.9)
    for table in (yarn_frequencies, llama3_frequencies):
        with pytest.raises(ValueError, match="0.9"):
            table(8, factor=0.9, original_max_seq_len=64)
    with pytest.raises(ValueError, match="'curved'"):
        yarn_frequencies(8, factor=2, original_max_seq_len=64, ramp="curved")
    with pytest.raises(ValueError, match="d_head is 2"):
        ntk_frequencies(2, factor=2)
    with pytest.raises(ValueError, match="0.5"):
        yarn_attention_factor(0.5)
