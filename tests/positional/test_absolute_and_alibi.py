"""The sinusoidal table and its shift; ALiBi's published slopes and its bias."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.bloom.modeling_bloom import _get_alibi_slopes

from llmcourse.positional import alibi_bias, alibi_slopes, shift_matrix, sinusoidal_table


def test_table_is_the_papers_formula():
    table = sinusoidal_table(torch.arange(20), 12)
    for position in range(20):
        for i in range(6):
            angle = position / 10000 ** (2 * i / 12)
            assert table[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-12)
            assert table[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-12)


def test_table_takes_positions_of_any_shape_and_dtype():
    positions = torch.tensor([[0, 5], [7, 100_003]])
    table = sinusoidal_table(positions, 8)
    assert table.shape == (2, 2, 8) and table.dtype == torch.float64
    assert torch.equal(table, sinusoidal_table(positions.double(), 8))
    assert torch.equal(table[1, 1], sinusoidal_table(torch.tensor(100_003), 8))


@given(position=st.integers(-1000, 100_000), k=st.integers(-5000, 5000), pairs=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_the_shift_matrix_moves_every_position_alike(position, k, pairs):
    d_model = 2 * pairs
    moved = shift_matrix(k, d_model) @ sinusoidal_table(torch.tensor(position), d_model)
    assert torch.allclose(moved, sinusoidal_table(torch.tensor(position + k), d_model), atol=1e-9, rtol=0)


def test_shift_matrices_are_rotations_that_add_up():
    a, b = shift_matrix(5, 16), shift_matrix(-12, 16)
    assert torch.allclose(a @ b, shift_matrix(-7, 16), atol=1e-12)
    assert torch.allclose(a @ a.T, torch.eye(16, dtype=torch.float64), atol=1e-12)
    blocks = torch.block_diag(*torch.ones(8, 2, 2))
    assert not a[blocks == 0].any()


def test_the_dot_product_depends_on_the_distance_and_is_a_sum_of_cosines():
    table = sinusoidal_table(torch.arange(64), 32)
    products = table @ table.T
    frequencies = 10000 ** (-torch.arange(0, 32, 2, dtype=torch.float64) / 32)
    distance = (torch.arange(64)[:, None] - torch.arange(64)).double()
    expected = (distance[..., None] * frequencies).cos().sum(-1)
    assert torch.allclose(products, expected, atol=1e-10)


@pytest.mark.parametrize("d_model", [5, 1, 0])
def test_odd_dimensions_are_refused_by_number(d_model):
    with pytest.raises(ValueError, match=f"d_model is {d_model};"):
        sinusoidal_table(torch.arange(3), d_model)
    with pytest.raises(ValueError, match=f"d_model is {d_model};"):
        shift_matrix(1, d_model)


def test_slopes_are_the_published_ones():
    # Press et al. (2021), section 3: for 8 heads 1/2, 1/4 ... 1/256; for 16 heads 1/2 ** 0.5, 1/2, ... 1/256
    assert alibi_slopes(8).tolist() == [2.0**-h for h in range(1, 9)]
    assert torch.allclose(alibi_slopes(16), 2.0 ** -(torch.arange(1, 17) / 2).double(), rtol=1e-15)


@pytest.mark.parametrize("n_heads", [*range(1, 34), 40, 112])
def test_slopes_equal_blooms_for_every_number_of_heads(n_heads):
    slopes = alibi_slopes(n_heads)
    assert slopes.shape == (n_heads,)
    assert torch.allclose(slopes.float(), _get_alibi_slopes(n_heads, torch.device("cpu")), rtol=1e-5)


def test_bias_is_the_distance_times_the_slope():
    slopes = alibi_slopes(6).float()
    bias = alibi_bias(slopes, torch.arange(4, 7), torch.arange(7))
    assert bias.shape == (6, 3, 7) and bias.dtype == torch.float32
    for h in range(6):
        for t in range(3):
            for s in range(7):
                assert bias[h, t, s].item() == pytest.approx(-slopes[h].item() * abs(4 + t - s))


def test_batched_positions_give_each_row_its_own_bias():
    positions = torch.tensor([[0, 1, 2, 0], [5, 6, 7, 8]])
    slopes = alibi_slopes(2)
    batched = alibi_bias(slopes, positions, positions)
    assert batched.shape == (2, 2, 4, 4)
    for row in range(2):
        assert torch.equal(batched[row], alibi_bias(slopes, positions[row], positions[row]))


@pytest.mark.parametrize("n_heads", [0, -3])
def test_no_heads_are_refused_by_number(n_heads):
    with pytest.raises(ValueError, match=f"n_heads is {n_heads};"):
        alibi_slopes(n_heads)
