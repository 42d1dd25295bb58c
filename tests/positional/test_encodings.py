"""The one interface: what each encoding adds, rotates and biases, and what it refuses."""

import math

import pytest
import torch

from llmcourse.positional import (
    ENCODINGS,
    RopeScaling,
    apply_rotary,
    make_positions,
    rotary_cos_sin,
    rotary_frequencies,
    scaled_frequencies,
    sinusoidal_table,
)
from llmcourse.positional.rotary import float64_device

SIZES = {"d_model": 32, "n_heads": 4, "d_head": 8, "max_seq_len": 16}


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("batched", [False, True])
def test_every_encoding_answers_all_three_questions(name, batched):
    encoding = make_positions(name, **SIZES)
    positions = torch.tensor([[0, 1, 2, 0, 1], [0, 1, 2, 3, 4]]) if batched else torch.arange(5)
    x, q = random(2, 5, 32), random(2, 4, 5, 8)
    added = encoding.add(x, positions)
    assert added.shape == x.shape and added.dtype == x.dtype
    assert torch.equal(added, x) == (name in ("none", "rope", "alibi"))
    rotate = encoding.rotation(positions)
    assert (rotate is not None) == (name == "rope")
    if rotate:
        assert rotate(q).shape == q.shape and not torch.equal(rotate(q), q)
    bias = encoding.bias(positions, positions)
    assert (bias is not None) == (name == "alibi")
    if bias is not None:
        assert bias.shape == ((2, 4, 5, 5) if batched else (4, 5, 5)) and bias.dtype == torch.float32


@pytest.mark.parametrize("name", ["learned", "sinusoidal", "rope", "alibi"])
def test_batched_positions_equal_each_row_alone(name):
    encoding = make_positions(name, **SIZES)
    positions = torch.tensor([[0, 1, 2, 0, 1], [7, 8, 9, 10, 11]])
    x, q = random(2, 5, 32), random(2, 4, 5, 8, seed=1)
    for row in range(2):
        assert torch.equal(encoding.add(x, positions)[row], encoding.add(x[row : row + 1], positions[row])[0])
        if name == "rope":
            alone = encoding.rotation(positions[row])(q[row : row + 1])[0]
            assert torch.equal(encoding.rotation(positions)(q)[row], alone)
        if name == "alibi":
            assert torch.equal(encoding.bias(positions, positions)[row], encoding.bias(positions[row], positions[row]))


def test_rope_scores_do_not_change_when_all_positions_move():
    encoding = make_positions("rope", **SIZES)
    q, k = random(1, 4, 6, 8), random(1, 4, 6, 8, seed=1)
    scores = [(rotate := encoding.rotation(torch.arange(6) + offset))(q) @ rotate(k).mT for offset in (0, 1000)]
    assert torch.allclose(*scores, atol=1e-4)


def test_a_cached_step_equals_the_whole_sequence():
    rope, alibi = make_positions("rope", **SIZES), make_positions("alibi", **SIZES)
    positions, q = torch.arange(9), random(1, 4, 9, 8)
    assert torch.equal(rope.rotation(positions)(q)[:, :, 8:], rope.rotation(positions[8:])(q[:, :, 8:]))
    assert torch.equal(alibi.bias(positions, positions)[:, 8:], alibi.bias(positions[8:], positions))


@pytest.mark.parametrize("layout", ["half", "interleaved"])
def test_theta_layout_and_scaling_reach_the_rotation(layout):
    scaling = RopeScaling("yarn", 4.0, original_max_seq_len=16)
    encoding = make_positions("rope", **SIZES, rope_theta=500.0, rope_layout=layout, rope_scaling=scaling)
    q, positions = random(1, 4, 6, 8), torch.arange(6)
    cos, sin = rotary_cos_sin(positions, *scaled_frequencies(8, 500.0, scaling))
    assert torch.equal(encoding.rotation(positions)(q), apply_rotary(q, cos, sin, layout))
    assert (cos[0] == pytest.approx(1 + 0.1 * math.log(4))) and not torch.equal(cos, cos.clamp(max=1))


def test_sinusoidal_scales_the_embedding_and_adds_the_table():
    x = random(2, 5, 32)
    added = make_positions("sinusoidal", **SIZES).add(x, torch.arange(5))
    assert torch.allclose(added, x * math.sqrt(32) + sinusoidal_table(torch.arange(5), 32).float())


def test_a_device_without_float64_gets_its_tables_from_the_cpu():
    assert float64_device(torch.device("mps")) == torch.device("cpu")
    for kind in ("cpu", "cuda", "meta"):
        assert float64_device(torch.device(kind)) == torch.device(kind)


def test_casting_a_model_does_not_round_its_frequencies():
    encoding = make_positions("rope", **SIZES).to(torch.bfloat16)
    assert not encoding.state_dict()
    q, positions = random(1, 4, 3, 8), torch.arange(100_000, 100_003)
    cos, sin = rotary_cos_sin(positions, rotary_frequencies(8))
    assert torch.equal(encoding.rotation(positions)(q), apply_rotary(q, cos, sin))


def test_only_the_learned_table_has_weights_and_a_seed_decides_them():
    for name in ENCODINGS:
        encoding = make_positions(name, **SIZES)
        assert [tuple(p.shape) for p in encoding.parameters()] == ([(16, 32)] if name == "learned" else [])
        encoding.init_weights(torch.Generator().manual_seed(0))
    one, other = make_positions("learned", **SIZES), make_positions("learned", **SIZES)
    for encoding in (one, other):
        encoding.init_weights(torch.Generator().manual_seed(3), std=0.1)
    assert torch.equal(one.table, other.table) and one.table.std().item() == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize("name", ENCODINGS)
def test_encodings_build_and_run_on_the_meta_device(name):
    with torch.device("meta"):
        encoding = make_positions(name, **SIZES)
        x, q, positions = torch.empty(2, 5, 32), torch.empty(2, 4, 5, 8), torch.arange(5)
        assert encoding.add(x, positions).shape == x.shape
        rotate = encoding.rotation(positions)
        assert rotate is None or rotate(q).shape == q.shape
        bias = encoding.bias(positions, positions)
        assert bias is None or bias.shape == (4, 5, 5)


def test_a_learned_table_ends_and_says_where():
    encoding = make_positions("learned", **SIZES)
    assert encoding.add(torch.zeros(1, 1, 32), torch.tensor([15])).shape == (1, 1, 32)
    for positions, says in [([16], "position is 16;"), ([3, 40], "position is 40;"), ([-1], "position is -1;")]:
        with pytest.raises(ValueError, match=f"{says}.*max_seq_len, 16"):
            encoding.add(torch.zeros(1, len(positions), 32), torch.tensor(positions))


def test_a_cache_offset_past_the_table_is_refused():
    offset, new = 14, torch.arange(3)
    with pytest.raises(ValueError, match="position is 16; .* max_seq_len, 16"):
        make_positions("learned", **SIZES).add(torch.zeros(1, 3, 32), offset + new)


@pytest.mark.parametrize("name", ["none", "sinusoidal", "rope", "alibi"])
def test_the_others_go_on_beyond_the_trained_length(name):
    encoding = make_positions(name, **SIZES)
    positions = torch.arange(64)
    assert torch.isfinite(encoding.add(random(1, 64, 32), positions)).all()
    rotate, bias = encoding.rotation(positions), encoding.bias(positions, positions)
    assert rotate is None or torch.isfinite(rotate(random(1, 4, 64, 8))).all()
    assert bias is None or torch.isfinite(bias).all()


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"name": "relative"}, "'relative'"),
        ({"name": "rope", "d_head": 7}, "d_head is 7"),
        ({"name": "sinusoidal", "d_model": 33}, "d_model is 33"),
        ({"name": "alibi", "n_heads": 0}, "n_heads is 0"),
        ({"name": "rope", "rope_layout": "odd"}, "'odd'"),
        ({"name": "rope", "rope_theta": 0.0}, "theta is 0.0"),
        ({"name": "alibi", "rope_scaling": RopeScaling("ntk", 2.0)}, "'alibi'"),
    ],
)
def test_what_cannot_be_made_is_refused_by_value(changes, says):
    with pytest.raises(ValueError, match=says):
        make_positions(**{**SIZES, **changes})
