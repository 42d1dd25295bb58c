"""One door to all ways of training one model on many processes (chapter 4)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import nn

from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.strategy import Strategy

STRATEGIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ddp": ("llmcourse.distributed.data_parallel", "DataParallel", {}),
    "zero1": ("llmcourse.distributed.zero", "Zero", {"stage": 1}),
    "zero2": ("llmcourse.distributed.zero", "Zero", {"stage": 2}),
    "fsdp": ("llmcourse.distributed.fsdp", "FullySharded", {}),
    "torch_ddp": ("llmcourse.distributed.fsdp2", "TorchDDP", {}),
    "fsdp2": ("llmcourse.distributed.fsdp2", "FSDP2", {}),
    "expert_parallel": ("llmcourse.moe.sharded_experts", "ExpertParallel", {}),
}
"""Each strategy's module, its class there, and what is always the same in it."""


def parallelize(model: nn.Module, strategy: str, group: Group = ALONE, **options: Any) -> Strategy:
    """Put a model on many processes.

    Args:
        model: The same on every process; it may be changed in place. Train `parallelize(...).model`.
        strategy: "ddp", "zero1", "zero2" or "fsdp", as this chapter writes them, or PyTorch's "torch_ddp" or "fsdp2";
            "expert_parallel" for a model with experts.
        group: Who takes part.
        options: What the strategy's class takes besides; "precision" and "units" mean the same in all that have them.

    Returns:
        The strategy. An optimizer steps its `parameters()`, and `parallel_step` trains with it.

    Raises:
        ValueError: The strategy is unknown, or cannot work with the group.
        TypeError: The strategy has no such option.

    Example:
        >>> parallelize(nn.Linear(1, 1), "telepathy")
        Traceback (most recent call last):
        ...
        ValueError: strategy is 'telepathy'; it must be one of 'ddp', 'zero1', 'zero2', 'fsdp', 'torch_ddp', ...
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy is {strategy!r}; it must be one of {', '.join(map(repr, STRATEGIES))}")
    # Looked up by name when it is asked for: what a learner has built by then is what is found.
    module, name, fixed = STRATEGIES[strategy]
    return getattr(import_module(module), name)(model, group, **fixed, **options)
