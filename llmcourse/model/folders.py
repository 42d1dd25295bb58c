"""A folder as `transformers` writes it: configuration, weights in one file or several, tokenizer (chapter 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor

from llmcourse.files import write_atomically
from llmcourse.tokenization import BPETokenizer
from llmcourse.values import whole

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"


def read_folder(folder: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The configuration and the weights of a folder, as they stand in its files.

    Weights lie in `model.safetensors`, or in several files, of which `model.safetensors.index.json` says what lies
    where; where both are, the first counts, as it does for `transformers`. The package `safetensors` is needed.

    Args:
        folder: Where `config.json` and the weights are.

    Returns:
        The dictionary of `config.json` and the tensors by name.

    Raises:
        ValueError: A file is missing or cannot be read, or a file does not hold what the index says; the message names
            it.
        ModuleNotFoundError: `safetensors` is not installed.
    """
    folder = Path(folder)
    config = _read_json(folder / "config.json")
    if (folder / WEIGHTS).exists():
        return config, _read_weights(folder / WEIGHTS)
    if not (folder / INDEX).exists():
        raise ValueError(f"{folder} has no weights; it must have {WEIGHTS}, or {INDEX} and the files that it names")
    places = _read_json(folder / INDEX).get("weight_map")
    if not isinstance(places, dict):
        raise ValueError(f"weight_map is {places!r} in {folder / INDEX}; it must say which file each weight is in")
    weights: dict[str, Tensor] = {}
    for file in sorted(set(places.values())):
        if Path(file).name != file:
            raise ValueError(f"{folder / INDEX} names the file {file!r}; it must be one of the same folder")
        found, wanted = _read_weights(folder / file), {name for name, place in places.items() if place == file}
        if missing := sorted(wanted - found.keys()):
            raise ValueError(f"{folder / file} lacks {missing[0]!r}; the index says that it is there")
        weights |= {name: found[name] for name in wanted}
    return config, weights


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; a folder of a model must have it") from None
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds {type(content).__name__}; it must hold an object")
    return content


def _read_weights(path: Path) -> dict[str, Tensor]:
    safetensors = _safetensors()
    if not path.exists():
        raise ValueError(f"{path} is missing; the index names it")
    try:
        return safetensors.load_file(path)
    except Exception as error:  # the package's own kind derives from nothing more narrow
        raise ValueError(f"{path} cannot be read: {error}") from error


def _safetensors() -> ModuleType:
    try:
        import safetensors.torch
    except ImportError:
        raise ModuleNotFoundError("safetensors is not installed; pip install safetensors") from None
    return safetensors.torch


def write_folder(
    folder: str | Path,
    theirs: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    tokenizer: BPETokenizer | None = None,
    *,
    places: Mapping[str, str] | None = None,
) -> Path:
    """Write a folder from which `transformers` loads a model, and a tokenizer if there is one.

    Args:
        folder: Made where there is none; files of these names in it are replaced, and weights of a model that was there
            before are deleted: a reader would take them for this one's.
        theirs: For `config.json`: with `max_position_embeddings` or `n_positions`, and the marks.
        weights: By the names that their files have.
        tokenizer: The one that the model was trained with.
        places: The name of the file that each weight goes to; None puts all into one.

    Returns:
        The folder.

    Raises:
        ModuleNotFoundError: `safetensors` is not installed; nothing is written.
    """
    safetensors, folder, mark = _safetensors(), Path(folder), theirs["eos_token_id"]
    files: dict[str, dict[str, Any]] = {
        "config.json": {**theirs, "dtype": str(weights[next(iter(weights))].dtype).removeprefix("torch.")},
        # The mark is put behind shorter texts of a batch, too. `config.json` does not say so: an embedding with a row
        # for padding does not train it, and this row is the mark's.
        "generation_config.json": {"bos_token_id": mark, "eos_token_id": mark, "pad_token_id": mark},
    }
    if tokenizer is not None:
        spelling = None if mark is None else tokenizer.token_bytes(mark).decode(errors="replace")
        files["tokenizer_config.json"] = {
            # The class that reads nothing but tokenizer.json: a model's own would put its pattern in the place of ours.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": theirs.get("max_position_embeddings", theirs.get("n_positions")),
            "bos_token": spelling, "eos_token": spelling, "pad_token": spelling, "clean_up_tokenization_spaces": False,
        }  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(folder / "tokenizer.json")
    places = dict.fromkeys(weights, WEIGHTS) if places is None else places
    for file in dict.fromkeys(places.values()):
        part = {name: weights[name].cpu().contiguous() for name, place in places.items() if place == file}
        write_atomically(folder / file, safetensors.save(part, metadata={"format": "pt"}))
    if set(places.values()) != {WEIGHTS}:
        size = sum(weight.numel() * weight.element_size() for weight in weights.values())
        files[INDEX] = {"metadata": {"total_size": size}, "weight_map": dict(places)}
    for old in (*folder.glob("model-*-of-*.safetensors"), folder / WEIGHTS, folder / INDEX):
        if old.name not in {*places.values(), *files}:
            old.unlink(missing_ok=True)
    for name, content in files.items():
        write_atomically(folder / name, json.dumps(content, indent=2) + "\n")
    return folder


def end_mark(end_of_text: int | str | None, tokenizer: BPETokenizer | None, vocab_size: int) -> int | None:
    """The id of the mark between the documents that a model was trained on, given as an id or as its spelling.

    Raises:
        ValueError: The tokenizer has no such special token, or more tokens than the model.

    Example:
        >>> end_mark(3, None, vocab_size=16)
        3
    """
    if tokenizer is not None and len(tokenizer) > vocab_size:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens; it must have at most the model's {vocab_size}")
    if end_of_text is None:
        return None
    special_tokens = {} if tokenizer is None else tokenizer.special_tokens
    if isinstance(end_of_text, str):
        if end_of_text not in special_tokens:
            raise ValueError(f"end_of_text is {end_of_text!r}; it must be one of {sorted(special_tokens)}")
        return special_tokens[end_of_text]
    mark = whole("end_of_text", end_of_text)
    if tokenizer is not None and mark not in special_tokens.values():
        raise ValueError(f"end_of_text is {mark}; it must be a special token, one of {sorted(special_tokens.values())}")
    if not 0 <= mark < vocab_size:
        raise ValueError(f"end_of_text is {mark}; it must be at least 0 and below vocab_size, {vocab_size}")
    return mark
