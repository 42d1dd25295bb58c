import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from llmcourse.model import POSITIONS, PRESETS, KVCache, ModelConfig, Transformer, init_weights, next_token_loss
from llmcourse.positional import make_positions

BASE = ModelConfig(vocab_size=97, d_model=32, n_layers=2, n_heads=4, max_seq_len=32)
VARIANTS = {
    **{name: replace(BASE, positions=name) for name in POSITIONS},
    "alibi, one head": replace(BASE, positions="alibi", n_kv_heads=1),
    "gqa, qk-norm": replace(BASE, n_kv_heads=2, qk_norm=True),
    "post": replace(BASE, norm_position="post", norm="layernorm", bias=True, activation="gelu"),
    "gpt2": replace(BASE, positions="learned", norm="layernorm", bias=True, activation="gelu_tanh"),
    "untied, wide heads": replace(BASE, tie_embeddings=False, d_head=16, rope_layout="interleaved"),
    "mup": replace(BASE, logit_scale=0.25, attention_scale=1 / 8, activation="relu"),
}


def make(config):
    model = Transformer(config).double().eval()
    # Weights of standard deviation 0.02 make a model that hardly mixes positions; larger ones show mistakes.
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.15)
    return model


def ids_for(config, batch_size=2, length=20):
    return torch.randint(config.vocab_size, (batch_size, length))


@pytest.fixture(params=VARIANTS)
def model(request):
    return make(VARIANTS[request.param])


def test_training_lowers_the_loss_from_ln_v():
    model, ids = Transformer(BASE), ids_for(BASE, 4, 21)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = next_token_loss(model(ids[:, :-1]), ids[:, 1:])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert abs(losses[0] - math.log(97)) < 0.1 and losses[-1] < 1.0


def test_a_later_token_changes_no_earlier_logit(model):
    ids = ids_for(model.config)
    changed = ids.clone()
    changed[:, 12:] = (ids[:, 12:] + 1) % 97
    assert_close(model(changed)[:, :12], model(ids)[:, :12])
    assert (model(changed)[:, 12] - model(ids)[:, 12]).abs().max() > 1e-3


@pytest.mark.parametrize("chunks", [[20], [1] * 20, [7, 1, 12], [19, 1]])
def test_cache_gives_the_logits_of_recomputation(model, chunks):
    ids = ids_for(model.config)
    cache = KVCache(model.config, 2, 20, dtype=torch.float64)
    got = torch.cat([model(part, cache=cache) for part in ids.split(chunks, dim=1)], dim=1)
    assert_close(got, model(ids))
    assert cache.length == 20


def test_a_truncated_cache_goes_on_from_there():
    model, ids, other = make(BASE), ids_for(BASE), ids_for(BASE)
    cache = KVCache(BASE, 2, 32, dtype=torch.float64)
    model(ids, cache=cache)
    cache.truncate(5)
    got = model(other, cache=cache)
    assert_close(got, model(torch.cat([ids[:, :5], other], dim=1))[:, 5:])
    cache.reset()
    assert_close(model(ids, cache=cache), model(ids))
    with pytest.raises(ValueError, match="length is 21; .* from 0 to 20"):
        cache.truncate(21)


def test_a_full_cache_says_so_and_stays_as_it_was():
    model, ids = make(BASE), ids_for(BASE)
    cache = KVCache(BASE, 2, 24, dtype=torch.float64)
    model(ids, cache=cache)
    with pytest.raises(ValueError, match="room for 24 positions; it must have room for 25"):
        model(ids[:, :5], cache=cache)
    with pytest.raises(ValueError, match="ids_BT has 1 rows; it must have 2"):
        model(ids[:1, :1], cache=cache)
    assert cache.length == 20


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_cache_has_the_dtype_of_the_model_that_fills_it(dtype):
    model, ids = make(BASE).to(dtype), ids_for(BASE)
    cache = KVCache(BASE, 2, 24)
    assert_close(model(ids, cache=cache), model(ids), atol=0.05, rtol=0.05)
    assert cache.keys_LBKSC.dtype == dtype
    cache.reset()
    assert model.float()(ids, cache=cache).dtype == torch.float32


def test_a_cache_that_was_made_for_another_dtype_says_so():
    model, ids = make(BASE).float(), ids_for(BASE)
    cache = KVCache(BASE, 2, 24, dtype=torch.float64)
    with pytest.raises(ValueError, match="torch.float64; .* torch.float32"):
        model(ids, cache=cache)
    with torch.autocast("cpu", torch.bfloat16):
        model(ids, cache=KVCache(BASE, 2, 24, dtype=torch.bfloat16))


def test_a_model_can_be_mapped_over_a_new_dimension():
    model, ids = make(BASE), ids_for(BASE)
    assert_close(torch.vmap(model)(ids[:, None])[:, 0], model(ids))


def test_documents_are_as_if_each_were_alone(model):
    ids = ids_for(model.config)
    documents = torch.tensor([[0] * 8 + [1] * 12, [3] * 1 + [0] * 14 + [3] * 5])
    logits = model(ids, documents_BT=documents)
    for row, cuts in enumerate([(0, 8, 20), (0, 1, 15, 20)]):
        for start, end in pairwise(cuts):
            assert_close(logits[row, start:end], model(ids[row : row + 1, start:end])[0])


def test_one_document_is_no_documents(model):
    ids = ids_for(model.config)
    assert_close(model(ids, documents_BT=torch.zeros_like(ids)), model(ids))


def test_documents_and_cache_do_not_go_together():
    ids = ids_for(BASE)
    with pytest.raises(ValueError, match="do not go together"):
        make(BASE)(ids, documents_BT=torch.zeros_like(ids), cache=KVCache(BASE, 2, 32))


@pytest.mark.parametrize("wrong", [-1, 97, 1000])
def test_a_token_out_of_range_is_named_with_the_vocabulary(wrong):
    ids = ids_for(BASE)
    ids[1, 3] = wrong
    with pytest.raises(ValueError, match=f"token id is {wrong}; .* vocab_size, 97"):
        Transformer(BASE)(ids)


def test_a_sequence_beyond_a_learned_table_is_refused_and_others_go_on():
    ids = ids_for(BASE, 1, 40)
    with pytest.raises(ValueError, match="32"):
        Transformer(replace(BASE, positions="learned"))(ids)
    assert Transformer(BASE)(ids).shape == (1, 40, 97)


@pytest.mark.parametrize("name", VARIANTS)
def test_meta_device_then_real_equals_built_at_once(name):
    config = VARIANTS[name]
    with torch.device("meta"):
        empty = Transformer(config)
    assert all(p.is_meta for p in empty.parameters())
    model = empty.to_empty(device="cpu")
    for parameter in model.parameters():
        parameter.data.fill_(math.nan)
    model.init_weights(torch.Generator().manual_seed(3))
    direct = Transformer(config)
    direct.init_weights(torch.Generator().manual_seed(3))
    assert_close(model.state_dict(), direct.state_dict(), rtol=0, atol=0)
    assert (model.lm_head.weight is model.embedding.weight) == config.tie_embeddings


def test_initialisation_has_the_standard_deviations_asked_for():
    config = replace(BASE, d_model=128, n_layers=8, bias=True, norm="layernorm", init_std=0.03, d_head=32)
    model = Transformer(config)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            assert (parameter == (1.0 if name.endswith("weight") else 0.0)).all(), name
        else:
            want = 0.03 / 4 if name.endswith(("out.weight", "down.weight")) else 0.03
            assert abs(parameter.std().item() / want - 1) < 0.04, name
    plain = Transformer(replace(config, scale_residual_init=False))
    assert abs(plain.blocks[0].attention.out.weight.std().item() / 0.03 - 1) < 0.04


def test_initialisation_takes_its_numbers_from_the_generator_alone():
    model = Transformer(BASE)
    state = torch.get_rng_state()
    init_weights(model, 0.02, 0.01, torch.Generator().manual_seed(1))
    first = model.blocks[0].attention.out.weight.clone()
    assert torch.equal(torch.get_rng_state(), state)
    init_weights(model, 0.02, 0.01, torch.Generator().manual_seed(1))
    assert torch.equal(first, model.blocks[0].attention.out.weight)


def test_tied_models_share_one_table_and_its_gradient():
    model, ids = Transformer(BASE), ids_for(BASE)
    assert sum(p.numel() for p in model.parameters()) + 97 * 32 == sum(
        p.numel() for p in Transformer(replace(BASE, tie_embeddings=False)).parameters()
    )
    next_token_loss(model(ids), ids).backward()
    unused = torch.ones(97, dtype=torch.bool)
    unused[ids.flatten()] = False
    # The rows of tokens that are not in the input get gradient through the output layer.
    assert (model.embedding.weight.grad[unused].abs().sum(dim=1) > 0).all()


def test_dropout_is_off_in_evaluation():
    config = replace(BASE, dropout=0.3)
    model, ids = Transformer(config), ids_for(config)
    assert not torch.equal(model(ids), model(ids))
    model.eval()
    assert torch.equal(model(ids), model(ids))


def test_positions_are_those_of_the_interface():
    model = Transformer(replace(BASE, positions="learned"))
    same = make_positions("learned", d_model=32, n_heads=4, d_head=8, max_seq_len=32)
    assert type(model.positions) is type(same)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_bfloat16_is_near_float32(dtype):
    model, ids = make(BASE).float(), ids_for(BASE)
    want = model(ids)
    with torch.autocast("cpu", torch.bfloat16):
        autocast = model(ids)
    low = model.to(torch.bfloat16)(ids)
    assert low.dtype == torch.bfloat16
    for got in (autocast, low):
        assert (got.float() - want).abs().max() < 0.1 * want.abs().max()


def test_loss_equals_torch_and_leaves_out_ignored_targets():
    logits, targets = torch.randn(2, 5, 11, dtype=torch.float64), torch.randint(11, (2, 5))
    targets[0, :3] = -100
    kept = targets != -100
    nats = -torch.log_softmax(logits, -1)[kept].gather(1, targets[kept][:, None])
    assert_close(next_token_loss(logits, targets), nats.mean())
    assert_close(next_token_loss(logits, targets, "sum"), nats.sum())
    low = next_token_loss(logits.bfloat16(), targets)
    assert low.dtype == torch.float32
    assert_close(low, F.cross_entropy(logits.bfloat16().float().flatten(0, 1), targets.flatten()))
    with pytest.raises(ValueError, match="reduction is 'median'; .* 'mean', 'sum', 'none'"):
        next_token_loss(logits, targets, "median")
    each = next_token_loss(logits, targets, "none")
    assert_close(each[kept], nats[:, 0])
    assert not each[~kept].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_heads": 5}, "n_heads is 5; .* 32"),
        ({"n_kv_heads": 3}, "n_kv_heads is 3; .* 4"),
        ({"positions": "fourier"}, "positions is 'fourier'; it must be one of 'none', "),
        ({"norm": "batchnorm"}, "norm is 'batchnorm'; .* 'rmsnorm', 'layernorm'"),
        ({"norm_position": "mid"}, "norm_position is 'mid'; .* 'pre', 'post'"),
        ({"activation": "tanh"}, "activation is 'tanh'"),
        ({"dropout": 1.0}, "dropout is 1.0; .* below 1"),
        ({"n_layers": 0}, "n_layers is 0; it must be a whole number of at least 1"),
        ({"vocab_size": 10.0}, "vocab_size is 10.0"),
        ({"d_ff": -4}, "d_ff is -4"),
        ({"n_kv_heads": 0}, "n_kv_heads is 0"),
    ],
)
def test_a_bad_configuration_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        replace(BASE, **change)


def test_sizes_that_follow_follow_anew():
    wide = replace(BASE, d_model=64, n_heads=8)
    assert (wide.n_kv_heads, wide.d_head, wide.d_ff) == (8, 8, 176)
    assert replace(wide, activation="relu").d_ff == 256
    given = replace(replace(BASE, d_ff=100, n_kv_heads=2, d_head=8), d_model=64, n_heads=8)
    assert (given.d_ff, given.n_kv_heads, given.d_head) == (100, 2, 8)


def test_presets_can_be_built_without_memory():
    for config in PRESETS.values():
        with torch.device("meta"):
            Transformer(config)


def test_tied_weights_stay_tied_when_a_state_is_assigned():
    config = ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=8)
    state = Transformer(config).state_dict()
    model = Transformer(config)
    model.load_state_dict(state, assign=True)
    assert model.lm_head.weight is model.embedding.weight
    assert_close(model.embedding.weight, state["embedding.weight"])
