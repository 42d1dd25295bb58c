"""`llmcourse memory`: which model, and the ledger as rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from llmcourse.distributed.memory import CARDS_GB, GB, PRECISIONS, STAGES, Run, step_memory, training_memory
from llmcourse.model.config import PRESETS, ModelConfig
from llmcourse.model.huggingface import config_from_huggingface


def model_named(text: str) -> ModelConfig:
    """A model's configuration: by name, or a JSON file of this library's or Hugging Face's.

    Raises:
        ValueError: There is no such model or file, or the file is none of the two.
    """
    if text in PRESETS:
        return PRESETS[text]
    path = Path(text)
    if not path.is_file():
        known = ", ".join(map(repr, PRESETS))
        raise ValueError(f"the model is {text!r}; it must be one of {known}, or a file")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{text} is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"{text} holds {type(fields).__name__}; it must hold an object, a model's configuration")
    try:
        config = config_from_huggingface(fields) if "model_type" in fields else ModelConfig(**fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{text} is no model's configuration: {error}") from error
    if config.feed_forward is not None:
        told = "as what experts keep for the backward pass is not counted; --parameters counts all else"
        raise ValueError(f"model_type is {fields['model_type']!r}; it must be a dense model's, {told}")
    return config


def number_of_parameters(text: str) -> int:
    """A number such as 7.5e9.

    Raises:
        ValueError: It is none, or below 1.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 1 <= number < math.inf:
        raise ValueError(f"parameters is {text!r}; it must be a number of at least 1")
    return int(number)


def ledger(
    parameters: str | None, model: str | None, n_ranks: int, precision: str,
    batch_size: int, seq_len: int | None, recompute: bool,
) -> dict[str, Any]:  # fmt: skip
    """The ledger of all four stages, as values that JSON can hold; bytes.

    Raises:
        ValueError: A value is not allowed; the message names it.
    """
    if (parameters is None) == (model is None):
        raise ValueError("--parameters or --model must be given, and not both")
    config = None if model is None else model_named(model)
    seq_len = (config.max_seq_len if config else 1) if seq_len is None else seq_len
    runs = [Run(n_ranks, stage, precision, batch_size, seq_len, recompute) for stage in STAGES]
    if config is None:
        count = number_of_parameters(str(parameters))
        states = [training_memory(count, n_ranks, stage, PRECISIONS[precision]) for stage in STAGES]
    else:
        states = [step_memory(config, run) for run in runs]
    rows = []
    for stage, state in zip(STAGES, states):
        fits = [card for card in CARDS_GB if state.total <= card * GB]
        rows.append({"stage": stage} | state._asdict() | {"total": state.total, "fits_on_gb": fits})
    told: dict[str, Any] = {"ranks": n_ranks, "precision": precision, "stages": rows}
    if config is not None:
        told |= {"batch_size": batch_size, "seq_len": seq_len, "recompute": recompute}
    return told


def in_gb(n_bytes: int) -> str:
    """Bytes in GB, to three digits and at least one behind the point.

    Example:
        >>> in_gb(120 * 10**9), in_gb(1_875_000_000), in_gb(31_406_250_000)
        ('120.0', '1.88', '31.4')
    """
    gb = n_bytes / GB
    return f"{gb:.2f}" if gb < 10 else f"{gb:.1f}"
