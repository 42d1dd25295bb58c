"""LoRA and 4-bit weights: equal to closed forms and to bitsandbytes; sharded, equal to one process."""

from __future__ import annotations

import copy
import os

import numpy as np
import pytest
import torch
from torch import nn

from llmcourse.data import Batches
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import rehearse
from llmcourse.finetuning import (
    NF4_LEVELS,
    LoRALinear,
    NF4Linear,
    add_lora,
    merge_lora,
    nf4_dequantize,
    nf4_quantize,
    shard_nf4,
)
from llmcourse.finetuning.nf4 import bits_per_weight, dequantize_scales, quantize_scales
from llmcourse.model import ModelConfig, Transformer
from llmcourse.training import TrainingConfig, train

os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")  # bitsandbytes compiles for odd shapes, which takes minutes
LAYERS = ["query", "key", "value", "out", "gate", "up", "down"]


def small_model() -> Transformer:
    torch.manual_seed(0)
    return Transformer(ModelConfig(32, 32, 2, 2, 16, init_std=0.1))


def in_four_bits(model: Transformer, **options) -> Transformer:
    for name, module in list(model.blocks.named_modules()):
        if isinstance(module, nn.Linear):
            parent, _, last = name.rpartition(".")
            setattr(model.blocks.get_submodule(parent), last, NF4Linear.of(module, **options))
    return model


@pytest.mark.parametrize("shape", [(64, 64), (128, 65), (7, 9)])
def test_codes_scales_and_levels_are_those_of_bitsandbytes(shape) -> None:
    functional = pytest.importorskip("bitsandbytes.functional")
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    theirs, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4", compress_statistics=False)
    packed, scales = nf4_quantize(weight)
    torch.testing.assert_close(NF4_LEVELS, state.code, rtol=0, atol=1e-6)
    torch.testing.assert_close(scales, state.absmax, rtol=0, atol=0)
    codes, their_codes = (torch.stack([b >> 4, b & 15], 1).flatten() for b in (packed, theirs.flatten()))
    assert torch.equal(codes[: weight.numel()], their_codes[: weight.numel()])  # what follows an odd last one is free


def test_double_quantization_costs_little_and_is_counted_right() -> None:
    weight = torch.randn(512, 512, generator=torch.Generator().manual_seed(2))
    _, scales = nf4_quantize(weight)
    assert ((dequantize_scales(quantize_scales(scales)) - scales).abs() / scales).max() < 0.02
    for double, want in ((False, bits_per_weight(64, None)), (True, bits_per_weight())):
        layer = NF4Linear(weight, double=double)
        assert 8 * layer.n_bytes() / weight.numel() == pytest.approx(want, abs=1e-3)
        assert 0.08 < (layer.wide_weight() - weight).norm() / weight.norm() < 0.1
    assert not NF4Linear(torch.zeros(4, 4)).wide_weight().any()
    assert nf4_dequantize(*nf4_quantize(torch.zeros(0, 3)), (0, 3)).shape == (0, 3)


def test_no_scale_is_negative_beside_one_that_is_far_above_the_others() -> None:
    scales = torch.tensor([0.001, 0.001, 1.0])
    double = quantize_scales(scales)
    got = dequantize_scales(double)
    assert double.codes[0] / 127 * double.scales[0] + double.mean < 0, "the nearest step lies below 0"
    assert got.min() == 0 and got[-1] == pytest.approx(1.0)


def test_what_float32_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite in float32"):
        nf4_quantize(torch.tensor([1.0, 1e300], dtype=torch.float64))


def test_gradients_flow_through_four_bits_and_the_wide_weight_is_not_kept() -> None:
    torch.manual_seed(0)
    layer = NF4Linear(torch.randn(48, 64), torch.randn(48))
    x = torch.randn(3, 64, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: layer(x), x)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        layer(x)
    assert all(tensor.numel() < 48 * 64 for tensor in kept)
    assert layer(torch.randn(2, 64, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_lora_begins_as_its_base_and_merges_into_it() -> None:
    model = small_model()
    ids = torch.arange(16).reshape(1, 16)
    before = model(ids)
    names = add_lora(model, ["query", "down"], rank=3, alpha=6.0)
    assert len(names) == 4 and torch.equal(model(ids), before)
    assert add_lora(model, ["query", "down"], rank=3, alpha=6.0) == [], "a layer that has one keeps it"
    for layer in (m for m in model.modules() if isinstance(m, LoRALinear)):
        nn.init.normal_(layer.b)
    changed = model(ids)
    assert not torch.allclose(changed, before)
    merged = merge_lora(model)
    torch.testing.assert_close(merged(ids), changed, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(m, LoRALinear) for m in merged.modules())


def test_what_cannot_be_done_is_told_and_changes_nothing() -> None:
    model = small_model()
    with pytest.raises(ValueError, match="names has 'q_proj'; a name must be one of the model's linear layers"):
        add_lora(model, ["query", "q_proj"], 2, 2.0)
    assert all(parameter.requires_grad for parameter in model.parameters())
    small = nn.Sequential(LoRALinear(NF4Linear(torch.randn(4, 4)), 2, 2.0))
    with pytest.raises(TypeError, match="the base of 0 is a NF4Linear; it must be a Linear to be merged"):
        merge_lora(small)


def learned(model: nn.Module, is_sharded: bool, group: Group = ALONE) -> tuple[list[float], int]:
    if is_sharded:
        shard_nf4(model, group)
    batches = Batches(np.random.default_rng(0).integers(0, 32, 2000), seq_len=16, batch_size=12)
    config = TrainingConfig(4, lr=4e-3, warmup_steps=1, weight_decay=0.0)
    rows = train(model, batches, config, group=group, progress=False)
    return [row["loss"] for row in rows], sum(t.numel() * t.element_size() for t in model.blocks.buffers())


@pytest.mark.parametrize("double", [False, True])
def test_sharded_four_bits_train_as_whole_ones_do(double: bool) -> None:
    model = in_four_bits(small_model(), double=double)
    add_lora(model, LAYERS, 2, 4.0)
    losses, n_bytes = learned(copy.deepcopy(model), False)
    for n in (2, 3, 4):
        for theirs, part in rehearse(learned, [(model, True)] * n).results:
            assert theirs == pytest.approx(losses, abs=1e-5)
            assert n_bytes / n <= part <= n_bytes / n + n * 14
    for theirs, _ in run_on_ranks(learned, [(model, True)] * 2):
        assert theirs == pytest.approx(losses, abs=1e-5)
