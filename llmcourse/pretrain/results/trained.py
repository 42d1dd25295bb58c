"""A model out of training: from a run's folder, or from a folder that was exported (chapter 7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from llmcourse.data.shards import tokenizer_hash
from llmcourse.distributed.sharded_checkpoint import (
    ABOUT,
    ShardedCheckpoints,
    all_sharded_checkpoints,
    read_weights,
    sharded_checkpoint_path,
)
from llmcourse.files import CheckpointError
from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.folders import end_mark, read_folder
from llmcourse.model.huggingface import from_huggingface
from llmcourse.pretrain.settings.config import FILE, RunConfig, read_run
from llmcourse.tokenization import BPETokenizer
from llmcourse.training.history import Row, read_history

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Trained:
    """A model out of training, and what belongs to it.

    Attributes:
        model: In evaluation mode.
        tokenizer: The one that it was trained with, if it is known.
        end_of_text: The id of the mark between documents: texts begin behind it and end with it. None if there is none.
        name: What to call it.
        run: The settings of its run, if it comes from one.
        rows: What the run had measured until then.
        step: After how many steps; None if that is not known.
    """

    model: Transformer
    tokenizer: BPETokenizer | None = None
    end_of_text: int | None = None
    name: str = "model"
    run: RunConfig | None = None
    rows: list[Row] = field(default_factory=list)
    step: int | None = None


def read_trained(folder: str | Path, checkpoint: int | None = None) -> Trained:
    """The model of a folder.

    Args:
        folder: Of a run, or of a model that was exported.
        checkpoint: Of a run: after how many steps; None takes the last checkpoint that is whole, and warns if a newer
            one is damaged.

    Raises:
        ValueError: The folder is neither, or what is in it does not fit together.
        CheckpointError: There is no such checkpoint, it is damaged, or it is of another model or tokenizer; the message
            names it.
    """
    folder = Path(folder)
    if (folder / FILE).exists():
        return _of_run(folder, checkpoint)
    if not (folder / "config.json").exists():
        raise ValueError(
            f"{folder} holds no model; it must be the folder of a run, with a {FILE}, or an exported one, with a "
            "config.json"
        )
    if checkpoint is not None:
        raise ValueError(f"checkpoint is {checkpoint}; it must be left out, as {folder} is no run and has no other")
    theirs, weights = read_folder(folder)
    tokenizer = BPETokenizer.load(folder / TOKENIZER) if (folder / TOKENIZER).exists() else None
    end = theirs.get("eos_token_id")
    end = end[0] if isinstance(end, list) else end  # some end texts with any of several
    return Trained(from_huggingface(theirs, weights), tokenizer, end, folder.resolve().name)


def _of_run(folder: Path, step: int | None) -> Trained:
    run, checkpoint = read_run(folder), find_checkpoint(folder, step)
    about = json.loads((checkpoint / ABOUT).read_text())
    if not (folder / TOKENIZER).exists():
        raise ValueError(f"{folder / TOKENIZER} is missing; a run must have the tokenizer that it reads with")
    tokenizer = BPETokenizer.load(folder / TOKENIZER)
    own, theirs = tokenizer_hash(tokenizer), about.get("belongs_to", {}).get("tokenizer")
    if theirs not in (None, own):
        raise CheckpointError(f"{checkpoint} is of another tokenizer: {theirs}, and {folder / TOKENIZER} is {own}")
    end = end_mark(run.tokenizer.end_of_text, tokenizer, run.model.vocab_size)
    model = model_with(run.model, read_weights(checkpoint), checkpoint)
    rows = [row for row in read_history(folder) if row["step"] <= about["step"]]
    return Trained(model, tokenizer, end, folder.resolve().name, run, rows, int(about["step"]))


def find_checkpoint(run: str | Path, step: int | None = None) -> Path:
    """The checkpoint of a run after so many steps, or the last one that is whole.

    Raises:
        CheckpointError: There is none; the message names those that are there.
    """
    there = all_sharded_checkpoints(run)
    if not there:
        raise CheckpointError(f"{run} has no checkpoint; a run must have saved one before its model can be used")
    if step is None:
        latest = ShardedCheckpoints(run).latest()
        assert latest is not None  # it raises where there are some and none is whole
        return latest
    if (wanted := sharded_checkpoint_path(run, step)) not in there:
        raise CheckpointError(f"{wanted} is not there; it must be one of {', '.join(path.name for path in there)}")
    return wanted


def model_with(config: ModelConfig, weights: Mapping[str, Tensor], where: object = "the weights") -> Transformer:
    """A model with weights that are there, in evaluation mode.

    Args:
        config: Its shape.
        weights: By the model's own names; they become its parameters, without a copy.
        where: What they come from, for messages.

    Raises:
        CheckpointError: They are of another model; the message names a weight, and both shapes.

    Example:
        >>> config = ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32)
        >>> weights = Transformer(config).state_dict()
        >>> torch.equal(model_with(config, weights).lm_head.weight, weights["embedding.weight"])
        True
    """
    with torch.device("meta"):
        model = Transformer(config)
    ours = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    theirs = {name: tuple(weight.shape) for name, weight in weights.items()}
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            raise CheckpointError(
                f"{where} is of another model: {name} is {theirs.get(name, 'not there')} in it and "
                f"{ours.get(name, 'not there')} in the model"
            )
    head, embedding = weights["lm_head.weight"], weights["embedding.weight"]
    if config.tie_embeddings and not torch.equal(head, embedding):
        raise CheckpointError(f"{where} has an lm_head.weight of its own; it must be the embedding's, as both are tied")
    model.load_state_dict(dict(weights), assign=True)
    return model.eval()
