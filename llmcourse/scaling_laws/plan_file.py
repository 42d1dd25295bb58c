"""A plan as a file that a program runs (chapter 5).

The file is JSON, an object with these fields:

    format      "llmcourse plan", and `version`, 1
    model       the fields of a `ModelConfig`; `feed_forward` is null, or for a mixture of experts an object with
                "kind": "experts", "n_experts", "top_k" and "d_expert"
    training    the fields of a `TrainingConfig`: steps, lr, warmup_steps, grad_accum_steps, precision and the others
    data        "seq_len", "batch_size" (sequences of all devices together in a step) and "tokens" (of the whole run)
    devices     "gpu" (a key of `HARDWARE`), "gpus", "strategy" (as `parallelize` names it), "stage", "recompute"
                (whether blocks keep their inputs alone) and "micro_batch_size" (sequences of a device at a time).
                The memory is that of 2-byte weights and gradients and a float32 copy, in shards from stage 1 on
    expected    "loss", "loss_low" and "loss_high" in nats a token, "hours" and "flops": to be held against the run
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmcourse.files import write_atomically
from llmcourse.model.config import ModelConfig
from llmcourse.scaling_laws.candidates import ExpertsOnPaper
from llmcourse.scaling_laws.planning import Plan
from llmcourse.training.settings import TrainingConfig


def write_config(planned: Plan, path: str | Path) -> None:
    """Write the file that a program runs; the module's docstring has its fields."""
    write_atomically(Path(path), json.dumps(planned.as_config(), indent=2) + "\n")


def read_config(path: str | Path) -> tuple[ModelConfig, TrainingConfig, dict[str, Any]]:
    """A plan's file: the model, the settings of the loop, and all fields as they stand there.

    Raises:
        ValueError: It is no plan's file, or a field is not allowed; the message names it.
    """
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(fields, dict) or (fields.get("format"), fields.get("version")) != ("llmcourse plan", 1):
        raise ValueError(f"{path} is no plan: its format must be 'llmcourse plan' and its version 1")
    try:
        model = dict(fields["model"])
        if (experts := model["feed_forward"]) is not None:
            kind = experts["kind"]
            if kind != "experts":
                raise ValueError(f"kind is {kind!r}; it must be 'experts'")
            model["feed_forward"] = ExpertsOnPaper(experts["d_expert"], experts["n_experts"], experts["top_k"])
        return ModelConfig(**model), TrainingConfig(**fields["training"]), fields
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is no plan's configuration: {error}") from error
