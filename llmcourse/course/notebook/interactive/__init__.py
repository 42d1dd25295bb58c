"""Interactive figures: `figure` puts one into an output cell, the other modules are the chapters' figures.

Each is imported when it is asked for: the figure of a mesh of GPUs stands on all that trains, and a notebook on
tokenization must not wait for that.
"""

from importlib import import_module
from typing import Any

_MODULES = {
    "alarm_tuner": "alarms",
    "allreduce_stepper": "allreduce",
    "bpe_stepper": "bpe",
    "bucket_timeline": "overlap",
    "cache_reader": "cache",
    "checkpoint_figure": "checkpoints",
    "context_stretch": "stretch",
    "expert_queues": "queues",
    "four_bits": "fourbits",
    "gate_explorer": "gate",
    "isoflop_valleys": "valleys",
    "memory_ledger": "memory",
    "mesh_explorer": "mesh",
    "minhash_banding": "banding",
    "pipeline_schedule": "pipelines",
    "price_race": "race",
    "rope_rotator": "rope",
    "routing_heatmap": "routing",
    "run_bill": "bill",
    "scaling_optimum": "scaling",
    "serving_cost": "serving",
    "token_exchange": "exchange",
    "token_sampler": "sampling",
    "valley_walk": "valley",
}
"""The module of each figure."""

__all__ = [
    "alarm_tuner",
    "allreduce_stepper",
    "bpe_stepper",
    "bucket_timeline",
    "cache_reader",
    "checkpoint_figure",
    "context_stretch",
    "expert_queues",
    "four_bits",
    "gate_explorer",
    "isoflop_valleys",
    "memory_ledger",
    "mesh_explorer",
    "minhash_banding",
    "pipeline_schedule",
    "price_race",
    "rope_rotator",
    "routing_heatmap",
    "run_bill",
    "scaling_optimum",
    "serving_cost",
    "token_exchange",
    "token_sampler",
    "valley_walk",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
