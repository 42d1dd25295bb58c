"""What ranks run in the tests of exports; a module, so that new processes find it by name."""

from __future__ import annotations

import torch

from llmcourse.distributed.group import Group
from llmcourse.distributed.parallelize import parallelize
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.model import ModelConfig, Transformer
from llmcourse.moe.config import ExpertsConfig


def make_model() -> Transformer:
    torch.manual_seed(0)
    experts = ExpertsConfig(8, n_experts=4, top_k=2, bias_rate=0.01)
    return Transformer(ModelConfig(17, 16, 2, 2, 16, feed_forward=experts))


def save_shards(strategy: str, folder: str, group: Group) -> int:
    """Put a model on the ranks, and save it before any step."""
    parallel = parallelize(make_model(), strategy, group)
    optimizer = torch.optim.AdamW(parallel.parameters())
    ShardedCheckpoints(folder, group).save(1, parallel.model, optimizer, {})
    return 1
