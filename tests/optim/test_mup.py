"""muP: the same model at the base width, and updates of the same size at every other."""

import pytest
import torch

from llmcourse.data import Batches
from llmcourse.model import ModelConfig, Transformer
from llmcourse.optim import hidden_matrices, make_optimizer
from llmcourse.optim.gradients import accumulate_gradients
from llmcourse.optim.mup import build_mup, mup_config, mup_parameter_groups

BATCHES = Batches(torch.randint(64, (4000,), generator=torch.Generator().manual_seed(0)), 16, 8)


def config(width, **kwargs):
    return ModelConfig(vocab_size=64, d_model=width, n_layers=2, n_heads=width // 16, max_seq_len=16, **kwargs)


def change_of_logits(model, optimizer, steps=3):
    """Root mean square of what a few steps change in the logits of one batch."""
    inputs = BATCHES.batch(99).inputs
    with torch.no_grad():
        before = model(inputs)
    for step in range(steps):
        optimizer.zero_grad()
        accumulate_gradients(model, [BATCHES.batch(step)])
        optimizer.step()
    with torch.no_grad():
        return (model(inputs) - before).square().mean().sqrt().item()


def test_at_the_base_width_nothing_changes():
    torch.manual_seed(0)
    plain = Transformer(config(32))
    optimizer = make_optimizer(plain, "adamw", lr=0.01)
    torch.manual_seed(0)
    model, mup_optimizer = build_mup(config(32), 32, lr=0.01)
    assert change_of_logits(plain, optimizer) == change_of_logits(model, mup_optimizer)


def test_updates_grow_with_width_without_mup_and_not_with_it():
    sizes = {}
    for width in (32, 256):
        torch.manual_seed(0)
        plain = Transformer(config(width))
        torch.manual_seed(0)
        sizes[width] = (
            change_of_logits(plain, make_optimizer(plain, "adamw", lr=0.01)),
            change_of_logits(*build_mup(config(width), 32, lr=0.01)),
        )
    assert sizes[256][0] > 2.5 * sizes[32][0]
    assert 0.5 * sizes[32][1] < sizes[256][1] < 1.5 * sizes[32][1]


@pytest.mark.parametrize("tied", [True, False])
def test_groups_hold_each_parameter_once_with_the_rates_of_table_8(tied):
    model = Transformer(config(64, tie_embeddings=tied, positions="learned"))
    groups = mup_parameter_groups(model, 16, lr=0.4, weight_decay=0.1)
    assert sorted(id(p) for g in groups for p in g["params"]) == sorted(id(p) for p in model.parameters())
    hidden, matrices, gains = groups
    assert (hidden["lr"], matrices["lr"], gains["lr"]) == (0.1, 0.4, 0.4)
    assert hidden["lr"] * hidden["weight_decay"] == pytest.approx(matrices["lr"] * matrices["weight_decay"])
    assert any(p is model.embedding.weight for p in matrices["params"])
    assert any(p is model.lm_head.weight for p in matrices["params"]) and gains["weight_decay"] == 0.0


def test_hidden_matrices_start_smaller_and_the_embedding_does_not():
    torch.manual_seed(0)
    wide, _ = build_mup(config(256), 64, lr=0.01)
    assert wide.blocks[0].attention.query.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert wide.embedding.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert wide.config.logit_scale == 0.25
    assert all(p.ndim == 2 for p in hidden_matrices(wide)) and len(hidden_matrices(wide)) == 2 * 7


def test_wider_heads_are_divided_by_their_width():
    wide = mup_config(config(64, d_head=64), 16, base_d_head=16)
    assert wide.attention_scale == pytest.approx(16**0.5 / 64)
    assert mup_config(config(64), 16).attention_scale == pytest.approx(16**-0.5)


def test_bad_widths_are_named():
    with pytest.raises(ValueError, match="base_width is 0"):
        mup_config(config(32), 0)
