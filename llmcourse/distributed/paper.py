"""A run on a thousand ranks, on paper: PyTorch's own sharding with nobody at the other end of the wire (chapter 4).

The fake process group answers every message at once, with nothing in it. Together with tensors that have a shape and no
memory, the program of a large run goes through on a laptop, and everything in it that is a shape or a count is as it
would be: which bytes a rank holds, which messages it sends. Every *number* in it is wrong, though it may look real:
a gathered weight is whatever lay in memory, a sum is one's own part. So nothing here returns a number from a tensor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.tensor import DTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from llmcourse.distributed.fsdp2 import FSDP2
from llmcourse.distributed.group import Group
from llmcourse.distributed.traffic import Traffic
from llmcourse.model.config import ModelConfig
from llmcourse.model.transformer import Transformer


@contextmanager
def fake_ranks(n_ranks: int, rank: int = 0) -> Iterator[Group]:
    """A context in which this process believes that it is one of many.

    Args:
        n_ranks: How many there would be.
        rank: Which of them this is.

    Raises:
        RuntimeError: `torch.distributed` has been started in this process already.

    Example:
        >>> with fake_ranks(1024, rank=7) as group:
        ...     group
        Group(rank=7, size=1024, device=device(type='cpu'))
    """
    from torch.testing._internal.distributed.fake_pg import FakeStore

    if dist.is_initialized():
        raise RuntimeError("torch.distributed is started in this process; it must not be for ranks that are not there")
    dist.init_process_group("fake", store=FakeStore(), rank=rank, world_size=n_ranks)
    try:
        yield Group.of_everybody()
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True)
class PaperRun:
    """What one rank of a run on paper holds and sends.

    Attributes:
        parameters: Numbers of the whole model.
        shard: Numbers of this rank's shards.
        traffic: What it takes part in, in one step, in order; bytes are those of the whole tensors, padding included.
    """

    parameters: int
    shard: int
    traffic: Traffic

    def bytes_of(self, kind: str) -> int:
        """The bytes of all events of one kind."""
        return sum(event.n_bytes for event in self.traffic.of(kind))


def shard_on_paper(config: ModelConfig, n_ranks: int, rank: int = 0, seq_len: int = 64, **options: Any) -> PaperRun:
    """Shard a model over ranks that are not there, and let one of them go through a forward and a backward pass.

    Args:
        config: The model; its weights take no memory here.
        n_ranks: How many ranks.
        rank: Which one is looked at.
        seq_len: Tokens of the one sequence that it reads; what is sent does not depend on it.
        options: As for `FSDP2`.

    Example:
        >>> tiny = ModelConfig(64, 32, 2, 4, 64, tie_embeddings=False)
        >>> run = shard_on_paper(tiny, n_ranks=8)
        >>> run.shard * 8 == run.parameters, [len(run.traffic.of(kind)) for kind in ("all_gather", "reduce_scatter")]
        (True, [5, 3])
    """
    with torch.device("meta"):
        model = Transformer(config)
    with fake_ranks(n_ranks, rank) as group:
        parallel = FSDP2(model, group, **options)
        # On the meta device FSDP2 refuses to run; fake tensors say that they are on a CPU, and have no memory either.
        with FakeTensorMode(allow_non_fake_inputs=True), _Count() as count:
            model.to_empty(device="cpu")
            hidden = _without_looking_at_ids(model, seq_len)
            hidden.float().square().mean().backward()
        shards = [p.to_local() if isinstance(p, DTensor) else p for p in parallel.parameters()]
    return PaperRun(sum(p.numel() for p in model.parameters()), sum(s.numel() for s in shards), count.traffic)


def _without_looking_at_ids(model: Transformer, seq_len: int) -> Tensor:
    """The logits of some tokens whose ids nobody can look up."""
    model._check = lambda *_: None  # type: ignore[method-assign]
    return model(torch.zeros(1, seq_len, dtype=torch.int64))


_KINDS = {
    "_allgather_base_": "all_gather", "_reduce_scatter_base_": "reduce_scatter", "allreduce_": "all_reduce",
}  # fmt: skip


class _Count(TorchDispatchMode):
    """Notes what is handed to the process group."""

    def __init__(self) -> None:
        super().__init__()
        self.traffic = Traffic()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.name().split("::")[-1].split(".")[0]
        if function.namespace == "c10d" and name in _KINDS:
            tensors = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
            self.traffic.start(_KINDS[name], max(tensors, key=Tensor.numel))
        return function(*args, **(kwargs or {}))


def padded_parameters(shapes: list[tuple[int, ...]], n_ranks: int) -> int:
    """How many numbers travel when parameters of these shapes are gathered: FSDP2 cuts the first axis, and pads it.

    Example:
        >>> padded_parameters([(32000, 2), (8,)], 1024)  # 31.25 rows a rank become 32; 8 rows become 1,024
        66560
    """
    return sum(math.ceil(shape[0] / n_ranks) * n_ranks * math.prod(shape[1:]) for shape in shapes)


def fsdp_bytes_per_step(parameters: int, weight_bytes: int = 2, gradient_bytes: int = 4) -> dict[str, int]:
    """The ledger: two gathers of all weights, one reduce-scatter of all gradients, where nothing is padded.

    The outermost unit is gathered once only, as it is still there when its backward pass begins.

    Example:
        >>> fsdp_bytes_per_step(70_000_000_000)
        {'all_gather': 280000000000, 'reduce_scatter': 280000000000}
    """
    return {"all_gather": 2 * weight_bytes * parameters, "reduce_scatter": gradient_bytes * parameters}
