"""Three runs of the capstone's engine that went wrong, and one that did not, on the same text.

All have the same model, steps and batches. Run A has a learning rate that is far too large. Run B computes its
balancing loss from the choices of all layers together. Run C has so little text that it is read over and over again.
"""

import contextlib
import copy
import tempfile
from collections import deque
from collections.abc import Iterator
from typing import Any
from unittest import mock

from torch import Tensor

from llmcourse.moe.balance import balancing_loss
from llmcourse.pretrain.run.engine import pretrain
from llmcourse.pretrain.settings.config import parse
from studies import record
from studies.common import one_thread

N_LAYERS = 4
BASE: dict[str, Any] = {
    "run": {"device": "cpu"},
    "tokenizer": {"train_mb": 0.5},
    "data": {"sources": [{"name": "code", "corpus": "python", "limit_mb": 3.0}], "seq_len": 64, "batch_size": 8},
    "model": {
        "vocab_size": 512, "d_model": 64, "n_layers": N_LAYERS, "n_heads": 4, "init_std": 0.07,
        "experts": {"d_expert": 64, "n_experts": 8, "top_k": 2, "balance_weight": 0.01, "z_weight": 0.001,
                    "way": "loop"},
    },
    "training": {"steps": 600, "lr": 8e-3, "warmup_steps": 30, "log_every": 1, "eval_every": 50, "eval_batches": 20},
    "evaluation": {"limit_mb": 0.1},
}  # fmt: skip
CHANGES: dict[str, dict[str, Any]] = {
    "well": {},
    "A": {"training": {"lr": 0.12, "warmup_steps": 300, "schedule": "constant"}},
    "B": {},
    "C": {"data": {"sources": [{"name": "code", "corpus": "python", "limit_mb": 0.06}]}},
}
EVERY = 50
COLUMNS = [
    "run", "steps done", "training loss (nats per token)", "largest training loss since the row above",
    "largest gradient norm since the row above", "validation loss (nats per token)", "balancing loss",
    "router entropy (nats)", "largest load of an expert (even = 1)", "experts without a token (of 32)", "epochs",
]  # fmt: skip
LOOK = 5
LOOKS = [
    "run", "steps done", "training loss (nats per token)", "largest gradient norm since the row above",
    "validation loss (nats per token)", "balancing loss", "largest load of an expert (even = 1)",
    "experts without a token (of 32)", "epochs",
]  # fmt: skip


def merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Settings with some of them changed."""
    result = copy.deepcopy(base)
    for name, value in change.items():
        result[name] = merged(result[name], value) if isinstance(value, dict) else value
    return result


@contextlib.contextmanager
def all_layers_together() -> Iterator[None]:
    """A context in which the balancing loss of a layer counts the choices of the last so many layers in its place."""
    seen: deque[Tensor] = deque(maxlen=N_LAYERS)

    def pooled(probs_SE: Tensor, counts_E: Tensor, top_k: int) -> Tensor:
        seen.append(counts_E.detach().clone())
        return balancing_loss(probs_SE, sum(seen), top_k)

    with mock.patch("llmcourse.moe.layer.balancing_loss", pooled):
        yield


def run(name: str) -> list[dict[str, float]]:
    """Train one model: its history."""
    with tempfile.TemporaryDirectory() as folder, all_layers_together() if name == "B" else contextlib.nullcontext():
        config = parse(merged(BASE, {**CHANGES[name], "run": {"folder": folder}}))
        return pretrain(config, progress=False, tell=lambda line: None).history


def windows(history: list[dict[str, float]], every: int) -> Iterator[tuple[list[dict[str, float]], dict[str, float]]]:
    """The steps since the row before, and the last of them, with the validation loss that is known by then."""
    known: dict[str, float] = {}
    for end in range(every, len(history) + 1, every):
        window = history[end - every : end]
        for row in window:
            known = {"val_loss": row["val_loss"]} if "val_loss" in row else known
        yield window, {**history[end - 1], **known}


def table(name: str, history: list[dict[str, float]]) -> list[list[Any]]:
    """A row each time the model is evaluated."""
    return [
        [
            name, last["step"], sum(row["loss"] for row in window) / EVERY, max(row["loss"] for row in window),
            max(row["grad_norm"] for row in window), last["val_loss"], last["balance_loss"], last["router_entropy"],
            last["expert_load_max"], int(last["dead_experts"]), last["epochs_code"],
        ]
        for window, last in windows(history, EVERY)
    ]  # fmt: skip


def looks(name: str, history: list[dict[str, float]]) -> list[list[Any]]:
    """What a watcher sees every few steps; the validation loss is the latest, the first of all until there is one."""
    first = next(row["val_loss"] for row in history if "val_loss" in row)
    return [
        [
            name, last["step"], sum(row["loss"] for row in window) / LOOK, max(row["grad_norm"] for row in window),
            last.get("val_loss", first), last["balance_loss"], last["expert_load_max"], int(last["dead_experts"]),
            last["epochs_code"],
        ]
        for window, last in windows(history, LOOK)
    ]  # fmt: skip


def main() -> None:
    """Run the study; a few minutes on one core."""
    one_thread()
    histories = {name: run(name) for name in CHANGES}
    for name, history in histories.items():
        print(table(name, history)[-1], flush=True)
    record("three_runs", COLUMNS, [row for name, history in histories.items() for row in table(name, history)])
    found = [row for name, history in histories.items() for row in looks(name, history)]
    record("three_runs_looks", LOOKS, found, study="three_runs")


if __name__ == "__main__":
    main()
