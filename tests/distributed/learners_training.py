"""A small training run in shards, as a learner's cell: its source goes to a notebook, to `torchrun` and to a room.

`trained` looks for everything inside itself, as a cell of a notebook does whose ranks know nothing of its imports.
"""

from __future__ import annotations

from typing import Any


def trained(group: Any) -> dict[str, Any]:
    """Train with FSDP on this rank, and use the pieces that no training calls.

    Returns:
        "steps": loss and norm of each. "weights": the sum of all squares at the end. "moved": a parameter after one
        `sharded_adamw_step`. "told": what the ledger, the plan and the cost say. "calls": how often each piece of the
        learner's was called here, as it counts itself; 0 for one of the library's.
    """
    import torch

    from llmcourse.distributed import failures, flat, memory, resharding, sharded_optimizers, units
    from llmcourse.distributed.parallelize import parallelize
    from llmcourse.model import ModelConfig, Transformer
    from llmcourse.model.losses import Batch
    from llmcourse.training import parallel_step

    torch.set_num_threads(1)
    torch.manual_seed(0)
    strategy = parallelize(Transformer(ModelConfig(17, 16, 2, 2, 16)), "fsdp", group)
    # Plain SGD: Adam would make the same steps of gradients that are all too large by one factor.
    optimizer = torch.optim.SGD(strategy.parameters(), lr=0.5, momentum=0.9)
    steps = []
    for number in range(3):
        ids = torch.randint(17, (4, 9), generator=torch.Generator().manual_seed(number)).chunk(group.size)[group.rank]
        batch = Batch(ids[:, :-1], ids[:, 1:])
        steps.append(list(parallel_step(strategy.model, optimizer, [batch], 0.1, parallel=strategy)))
    weights = sum(float(weight.double().square().sum()) for weight in strategy.full_weights().values())
    moved, size = torch.ones(3), -(-3 // group.size)
    grad = torch.tensor([1.0, -2.0, 3.0]) * (group.rank + 1)
    moments = torch.zeros(size), torch.zeros(size)
    sharded_optimizers.sharded_adamw_step([moved], [grad], *moments, 1, 0.1, (0.9, 0.99), 1e-8, 0.0, group)
    told = [
        list(memory.training_memory(10, 4, 3)),
        resharding.rows_to_read([3, 3], 2),
        round(failures.lost_share(100.0, 1.0, 1000.0, 10.0), 6),
    ]
    pieces = [
        flat.shard, flat.unshard, flat.sharded_norm, units.gather_unit, units.free_unit, memory.training_memory,
        sharded_optimizers.sharded_adamw_step, resharding.rows_to_read, failures.lost_share,
    ]  # fmt: skip
    calls = {piece.__name__: getattr(piece, "calls", 0) for piece in pieces}
    return {"steps": steps, "weights": weights, "moved": moved.tolist(), "told": told, "calls": calls}
