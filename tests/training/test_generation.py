"""Sampling: the filters against `transformers` and brute force, the cache against recomputation."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.model.generation import choose_next, generate, top_k_filter, top_p_filter


def nucleus(probabilities, p):
    """The ids that stay, by the definition, in plain Python."""
    kept, total = [], 0.0
    for token in sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], i)):
        if total >= p and kept:
            break
        kept.append(token)
        total += probabilities[token]
    return sorted(kept)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_the_nucleus_is_the_one_of_the_definition(values, p):
    logits = torch.tensor(values, dtype=torch.float64)
    probabilities = logits.softmax(0).tolist()
    sums = torch.tensor(sorted(probabilities, reverse=True)).cumsum(0)
    if (sums - p).abs().min() < 1e-6:  # on the threshold rounding decides
        return
    assert top_p_filter(logits, p).isfinite().nonzero().flatten().tolist() == nucleus(probabilities, p)


def test_top_p_agrees_with_transformers():
    warper = pytest.importorskip("transformers").TopPLogitsWarper
    logits = torch.randn(50, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3
    for p in (0.1, 0.5, 0.9, 0.99):
        assert torch.equal(top_p_filter(logits, p), warper(p)(None, logits))


def test_top_k_agrees_with_transformers():
    warper = pytest.importorskip("transformers").TopKLogitsWarper
    logits = torch.randn(50, 100, generator=torch.Generator().manual_seed(0))
    for k in (1, 5, 100, 200):
        assert torch.equal(top_k_filter(logits, k), warper(k)(None, logits))


def test_filters_keep_shape_dtype_and_input():
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        logits = torch.randn(2, 3, 5).to(dtype)
        before = logits.clone()
        for got in (top_p_filter(logits, 0.5), top_k_filter(logits, 2), top_p_filter(logits, 1)):
            assert got.shape == logits.shape
            assert got.dtype == dtype
        assert torch.equal(logits, before)


def test_a_certain_token_is_all_there_is():
    assert top_p_filter(torch.tensor([0.0, 500.0, 0.0]), 0.9999).isfinite().tolist() == [False, True, False]


def test_frequencies_of_choices_are_the_filtered_probabilities():
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().expand(20000, 4)
    chosen = choose_next(logits, temperature=0.5, top_p=0.9, generator=torch.Generator().manual_seed(0))
    want = torch.tensor([0.25, 0.09, 0.0225, 0.0025])
    want = want / want.sum() * (torch.arange(4) < 2)  # 0.685 + 0.247 reach 0.9
    got = torch.bincount(chosen, minlength=4) / 20000
    assert torch.allclose(got, want / want.sum(), atol=0.015)  # four standard errors


@pytest.mark.parametrize("positions", ["none", "learned", "sinusoidal", "rope", "alibi"])
@pytest.mark.parametrize("n_kv_heads", [1, 2])
def test_the_cache_gives_what_recomputing_gives(make_model, positions, n_kv_heads):
    model = make_model(positions=positions, n_kv_heads=n_kv_heads, max_seq_len=32).double()
    prompt = torch.randint(16, (3, 5), generator=torch.Generator().manual_seed(1))
    for settings in ({"temperature": 0}, {"temperature": 0.8, "top_k": 8, "top_p": 0.9}):
        got, want = (
            generate(model, prompt, 20, use_cache=c, generator=torch.Generator().manual_seed(2), **settings)
            for c in (True, False)
        )
        assert torch.equal(got, want)
        assert torch.equal(got[:, :5], prompt)


def test_greedy_takes_the_largest_logit_of_each_step(make_model):
    model = make_model()
    ids = generate(model, torch.tensor([3]), 10, temperature=0)
    logits = model(ids[None, :-1])[0]
    assert torch.equal(ids[1:], logits.argmax(-1))


def test_each_sequence_stops_by_itself(make_model):
    model = make_model()
    prompt = torch.tensor([[1], [2], [3]])
    free = generate(model, prompt, 12, generator=torch.Generator().manual_seed(0))
    stop = int(free[0, 4])
    got = generate(model, prompt, 12, generator=torch.Generator().manual_seed(0), stop=stop)
    for row, full in zip(got.tolist(), free.tolist()):
        end = full.index(stop, 1) if stop in full[1:] else len(full)
        assert row[: end + 1] == full[: len(row)][: end + 1]
        assert set(row[end + 1 :]) <= {stop}
    one = generate(model, prompt[0], 12, temperature=0, stop=range(16))
    assert len(one) == 2


def test_generating_leaves_the_model_as_it_was(make_model):
    model = make_model(dropout=0.5).train()
    first, second = (generate(model, torch.tensor([1]), 5, temperature=0) for _ in range(2))
    assert model.training
    assert torch.equal(first, second)
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"max_new_tokens": -1}, "max_new_tokens is -1"),
        ({"ids": torch.zeros(1, 0).long()}, "(1, 0); it must have rows of at least one token"),
        (
            {"max_new_tokens": 17},
            "max_new_tokens is 17 and the prompt has 1 tokens; all but the last must fit into the 16",
        ),
    ],
)
def test_a_wrong_request_is_named(make_model, arguments, says):
    arguments = {"ids": torch.tensor([[1]]), "max_new_tokens": 2} | arguments
    with pytest.raises(ValueError, match=re.escape(says)):
        generate(make_model(positions="learned"), **arguments)


def test_a_model_without_a_cache_can_generate():
    model = torch.nn.Embedding(8, 8)
    assert generate(model, torch.tensor([[1, 2]]), 3, use_cache=False).shape == (1, 5)


def test_a_tiny_temperature_is_greedy_and_not_infinite():
    logits = torch.tensor([[0.0, 200.0, 1.0]])
    assert choose_next(logits, temperature=1e-38).tolist() == [1]


def test_tokens_that_end_a_sequence_may_be_numbers_of_any_kind(make_model):
    model = make_model()
    free = generate(model, torch.tensor([3]), 10, temperature=0)
    stop = int(free[4])
    want = generate(model, torch.tensor([3]), 10, temperature=0, stop=stop)
    for kind in (np.int64(stop), np.uint8(stop), torch.tensor(stop), [np.int32(stop)], np.array([stop, 99]), {stop}):
        assert torch.equal(generate(model, torch.tensor([3]), np.int64(10), temperature=0, stop=kind), want)
    assert torch.equal(generate(model, torch.tensor([3]), 10, temperature=0, stop=[]), free)
    for wrong in ("3", 2.5, ["3"], [None]):
        with pytest.raises(ValueError, match="stop is"):
            generate(model, torch.tensor([3]), 10, stop=wrong)
    with pytest.raises(ValueError, match="max_new_tokens is 2.5"):
        generate(model, torch.tensor([3]), 2.5)


@pytest.mark.parametrize("use_cache", [True, False])
def test_the_last_token_needs_no_row_of_a_learned_table(make_model, use_cache):
    model = make_model(positions="learned")
    assert generate(model, torch.tensor([1]), 16, use_cache=use_cache).shape == (17,)
