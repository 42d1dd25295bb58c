"""Small models and data, the same for every test of training."""

import numpy as np
import pytest
import torch

from llmcourse.data import Batches
from llmcourse.model import ModelConfig, Transformer

CONFIG = ModelConfig(vocab_size=16, d_model=32, n_layers=2, n_heads=2, max_seq_len=16)


@pytest.fixture
def make_model():
    def make(seed=0, **changes):
        torch.manual_seed(seed)
        return Transformer(ModelConfig(**{**{f: getattr(CONFIG, f) for f in FIELDS}, **changes}))

    return make


FIELDS = ("vocab_size", "d_model", "n_layers", "n_heads", "max_seq_len")


@pytest.fixture
def batches():
    """A row that counts up modulo 16, with noise: easy to learn, and not in one step."""
    rng = np.random.default_rng(0)
    tokens = np.where(rng.random(2000) < 0.1, rng.integers(0, 16, 2000), np.arange(2000) % 16)
    return Batches(tokens.astype(np.uint16), seq_len=16, batch_size=8)
