"""Rotary embedding: the relative property, both layouts, and parity with transformers and complex numbers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from llmcourse.positional import LAYOUTS, apply_rotary, layout_permutation, rotary_cos_sin, rotary_frequencies


def rotated(x, position, layout, d_head=None, theta=10000.0):
    frequencies = rotary_frequencies(d_head or x.shape[-1], theta)
    return apply_rotary(x, *rotary_cos_sin(position, frequencies, dtype=torch.float64), layout=layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(q=st.integers(0, 100_000), k=st.integers(0, 100_000), shift=st.integers(0, 1_000_000), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_scores_depend_on_the_difference_of_positions_alone(layout, q, k, shift, seed):
    vectors = torch.randn(2, 1, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    positions = torch.tensor([[q], [k]])
    here = rotated(vectors, positions, layout)
    there = rotated(vectors, positions + shift, layout)
    assert torch.allclose(here[0] @ here[1].T, there[0] @ there[1].T, atol=1e-6, rtol=0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_lengths_are_kept_and_position_zero_changes_nothing(layout):
    x = torch.randn(5, 7, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    turned = rotated(x, torch.arange(7), layout)
    assert torch.allclose(turned.norm(dim=-1), x.norm(dim=-1), atol=1e-12)
    assert torch.equal(turned[:, 0], x[:, 0])
    assert not torch.allclose(turned[:, 1], x[:, 1])


def test_interleaved_is_multiplication_of_complex_numbers():
    x = torch.randn(3, 9, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    positions = torch.arange(100, 109)
    turns = torch.polar(torch.ones(9, 8, dtype=torch.float64), positions[:, None] * rotary_frequencies(16))
    expected = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (8, 2))) * turns).flatten(-2)
    assert torch.allclose(rotated(x, positions, "interleaved"), expected, atol=1e-12)


@pytest.mark.parametrize("to", LAYOUTS)
@pytest.mark.parametrize("d_head", [2, 6, 64])
def test_the_permutation_carries_one_layout_into_the_other(to, d_head):
    source = next(layout for layout in LAYOUTS if layout != to)
    x = torch.randn(4, 5, d_head, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    order = layout_permutation(d_head, to)
    positions = torch.arange(5)
    assert torch.equal(rotated(x, positions, source)[..., order], rotated(x[..., order], positions, to))
    back = layout_permutation(d_head, source)
    assert torch.equal(order[back], torch.arange(d_head))


@pytest.mark.parametrize("theta", [10000.0, 500000.0])
def test_half_layout_equals_transformers_llama(theta):
    config = LlamaConfig(
        hidden_size=128, num_attention_heads=4, rope_parameters={"rope_type": "default", "rope_theta": theta}
    )
    q, k = torch.randn(2, 2, 4, 50, 32, generator=torch.Generator().manual_seed(3))
    positions = torch.arange(50)
    cos, sin = LlamaRotaryEmbedding(config)(q, positions[None])
    expected = apply_rotary_pos_emb(q, k, cos, sin)
    ours = rotary_cos_sin(positions, rotary_frequencies(32, theta))
    for x, want in zip((q, k), expected):
        # transformers multiplies angles in float32: an angle of 50 is off by up to 50 * 6e-8
        assert torch.allclose(apply_rotary(x, *ours), want, atol=2e-5)


def test_low_precision_is_rotated_in_float32_and_rounded_once():
    x = torch.randn(6, 32, generator=torch.Generator().manual_seed(4)).to(torch.bfloat16)
    cos_sin = rotary_cos_sin(torch.arange(6), rotary_frequencies(32))
    turned = apply_rotary(x, *cos_sin)
    assert turned.dtype == torch.bfloat16
    assert torch.equal(turned, apply_rotary(x.float(), *cos_sin).to(torch.bfloat16))


def test_rotation_passes_gradcheck_and_leaves_its_input_alone():
    x = torch.randn(3, 8, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(5))
    before = x.detach().clone()
    for layout in LAYOUTS:
        assert torch.autograd.gradcheck(lambda x, name=layout: rotated(x, torch.arange(3), name), (x,))
    assert torch.equal(before, x)


def test_far_positions_keep_their_angle():
    cos, sin = rotary_cos_sin(torch.tensor([1_000_003]), rotary_frequencies(4))
    exact = torch.tensor(1_000_003.0, dtype=torch.float64)
    assert abs(cos[0, 0].item() - exact.cos().item()) < 1e-7
    assert abs(sin[0, 0].item() - exact.sin().item()) < 1e-7


@pytest.mark.parametrize("d_head", [7, 1, 0, -2])
def test_odd_or_missing_channels_are_refused_by_number(d_head):
    with pytest.raises(ValueError, match=f"d_head is {d_head};"):
        rotary_frequencies(d_head)
    with pytest.raises(ValueError, match=f"d_head is {d_head};"):
        layout_permutation(d_head)


def test_wrong_layouts_bases_and_sizes_are_named():
    cos_sin = rotary_cos_sin(torch.arange(2), rotary_frequencies(8))
    with pytest.raises(ValueError, match="'halves'"):
        apply_rotary(torch.zeros(2, 8), *cos_sin, layout="halves")
    with pytest.raises(ValueError, match="10 channels"):
        apply_rotary(torch.zeros(2, 10), *cos_sin)
    with pytest.raises(ValueError, match="-1"):
        rotary_frequencies(8, theta=-1)
    with pytest.raises(ValueError, match="'both'"):
        layout_permutation(8, to="both")
