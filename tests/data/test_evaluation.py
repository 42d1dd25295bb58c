"""Losses: means over tokens, not over batches, and a unit that does not depend on the tokenizer."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from llmcourse.data import Batch, Batches
from llmcourse.data.evaluation import batch_nats, bits_per_byte, evaluate


class Bigram(torch.nn.Module):
    def __init__(self, vocab_size=11, dropout=0.0):
        super().__init__()
        self.table = torch.nn.Embedding(vocab_size, vocab_size)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, ids_BT, documents_BT=None):
        return self.dropout(self.table(ids_BT)) + (0 if documents_BT is None else documents_BT.unsqueeze(-1) * 0)


def test_a_uniform_model_of_bytes_costs_eight_bits_a_byte():
    assert bits_per_byte(1000 * math.log(256), 1000) == pytest.approx(8)


@pytest.mark.parametrize(("nats", "n_bytes", "message"), [(1.0, 0, "0"), (-0.5, 3, "-0.5"), (math.nan, 3, "nan")])
def test_bits_per_byte_refuses_what_is_no_loss_of_a_text(nats, n_bytes, message):
    with pytest.raises(ValueError, match=message):
        bits_per_byte(nats, n_bytes)


def test_evaluate_weighs_every_token_the_same():
    torch.manual_seed(0)
    model = Bigram()
    ids = torch.randint(11, (6, 9))
    targets = torch.randint(11, (6, 9))
    targets[0], targets[1, 2:] = -100, -100
    want = F.cross_entropy(model(ids).flatten(0, 1), targets.flatten()).item()
    batches = [Batch(ids[i : i + 2], targets[i : i + 2]) for i in (0, 2, 4)]
    assert evaluate(model, batches) == pytest.approx(want, rel=1e-6)
    assert evaluate(model, [Batch(ids, targets, torch.zeros_like(ids))]) == pytest.approx(want, rel=1e-6)
    assert batch_nats(model, batches[0])[1] == 2


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_switches_dropout_off_and_puts_the_mode_back(training):
    torch.manual_seed(0)
    model = Bigram(dropout=0.5).train(training)
    batches = Batches(np.arange(200) % 11, 8, 4)
    assert evaluate(model, batches, 3) == evaluate(model, batches, 3)
    assert model.training is training


def test_evaluate_reads_at_most_one_epoch_and_at_least_one_batch():
    model, batches = Bigram(), Batches(np.arange(100) % 11, 8, 4)
    assert evaluate(model, batches, 1000) == evaluate(model, batches) == evaluate(model, batches, 3)
    with pytest.raises(ValueError, match="0"):
        evaluate(model, batches, 0)
    with pytest.raises(ValueError, match="target"):
        evaluate(model, [Batch(torch.zeros(1, 2).long(), torch.full((1, 2), -100))])
