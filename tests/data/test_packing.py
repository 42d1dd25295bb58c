"""Packing: no token lost, none predicted across a border, and documents that can be told apart."""

import random

import numpy as np
import pytest
import torch

from llmcourse.data import best_fit, pack_documents, pad_documents
from llmcourse.model import ModelConfig, Transformer


def some_documents(seed, n=20, longest=30):
    rng = random.Random(seed)
    return [[rng.randrange(1, 50) for _ in range(rng.randint(0, longest))] for _ in range(n)]


@pytest.mark.parametrize("seq_len", [1, 2, 7, 16, 1000])
@pytest.mark.parametrize("pack", [pack_documents, pad_documents])
def test_every_token_is_there_once_and_predicted_within_its_document(pack, seq_len):
    documents = some_documents(seq_len)
    packed = pack(documents, seq_len)
    inputs, targets, numbers, positions = (column.flatten().tolist() for column in packed)
    for number, document in enumerate(documents):
        places = [i for i, n in enumerate(numbers) if n == number]
        assert [inputs[i] for i in places] == document
        assert [targets[i] for i in places] == ([*document[1:], -100] if document else [])
    filling = [i for i, n in enumerate(numbers) if n == -1]
    assert all((inputs[i], targets[i], positions[i]) == (0, -100, 0) for i in filling)
    assert packed.inputs.shape[1] == seq_len


def test_positions_count_from_the_documents_first_token_in_the_row():
    packed = pack_documents(some_documents(4), 11)
    for numbers, positions in zip(packed.documents, packed.positions):
        for t in range(11):
            first = (numbers == numbers[t]).nonzero()[0].item()
            assert positions[t] == (t - first if numbers[t] >= 0 else 0)


def test_only_the_last_row_is_filled():
    documents = some_documents(5)
    n_tokens = sum(map(len, documents))
    packed = pack_documents(documents, 16)
    assert len(packed.inputs) == -(-n_tokens // 16)
    assert (packed.documents >= 0).sum() == n_tokens and (packed.documents[:-1] >= 0).all()


def test_a_model_gives_packed_documents_the_logits_they_have_alone():
    torch.manual_seed(0)
    model = Transformer(ModelConfig(vocab_size=50, d_model=16, n_layers=2, n_heads=2, max_seq_len=64)).eval()
    documents = some_documents(6, n=5, longest=12)
    packed = pack_documents(documents, 64)
    with torch.no_grad():
        together = model(packed.inputs, documents_BT=packed.documents)
        for number, document in enumerate(documents):
            if document:
                alone = model(torch.tensor([document]))[0]
                torch.testing.assert_close(together[packed.documents == number], alone, rtol=1e-4, atol=1e-5)


def test_rows_of_best_fit_hold_each_document_once_and_no_row_overflows():
    lengths = [random.Random(7).randint(1, 100) for _ in range(300)]
    rows = best_fit(lengths, 100)
    assert sorted(i for row in rows for i in row) == list(range(300))
    assert max(sum(lengths[i] for i in row) for row in rows) <= 100
    assert len(rows) <= 1.25 * sum(lengths) / 100 + 1
    assert best_fit([], 8) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pack_documents([[1]], 0), "seq_len is 0"),
        (lambda: pack_documents([[], []], 4), "2 documents have no token"),
        (lambda: pad_documents([], 4), "0 documents have no token"),
        (lambda: best_fit([3, 9], 8), "9 tokens; it must have at most seq_len, 8"),
    ],
)
def test_nothing_to_pack_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_arrays_are_packed_like_lists():
    documents = some_documents(8)
    arrays = [np.array(document, dtype=np.uint16) for document in documents]
    assert all(torch.equal(a, b) for a, b in zip(pack_documents(arrays, 9), pack_documents(documents, 9)))
