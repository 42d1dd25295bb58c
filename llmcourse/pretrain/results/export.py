"""A trained model as a folder for `transformers`, read back and compared before it is called done (chapter 7)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from llmcourse.files import CheckpointError, write_atomically
from llmcourse.model import Transformer
from llmcourse.model.folders import INDEX, WEIGHTS, read_folder, write_folder
from llmcourse.model.huggingface import from_huggingface, to_files
from llmcourse.model.weights import named_weights
from llmcourse.moe.config import ExpertsConfig
from llmcourse.pretrain.results.card import model_card
from llmcourse.pretrain.results.trained import TOKENIZER, Trained, model_with, read_trained
from llmcourse.tokenization import BPETokenizer

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
LAYOUTS = ("auto", "mixtral", "qwen3_moe", "olmoe", "llama", "gpt2")
TEXTS = (
    "def add(a, b):\n    return a + b\n",
    "The quick brown fox jumps over the lazy dog.",
    "class Point:\n\n\t# naïve: 3.14 × 10²\n    x = 0  \r\n",
    "", " ", "\n\n\n", "汉字 and 🙂, then <|endoftext|>",
)  # fmt: skip
"""Texts whose ids are compared: indentation, blank lines, digits, accents, what looks like a mark."""
N_GREEDY, LONGEST = 24, 64


@dataclass(frozen=True)
class Comparison:
    """What an export was held against.

    Attributes:
        n_tensors: Tensors read back from the files, bit for bit the ones that were to be written.
        logit_error: The largest difference to the logits of `transformers`, in float32, relative to the largest logit;
            None if `transformers` was not asked.
        n_greedy: Tokens that both chose, greedily.
        n_texts: Texts to which both tokenizers gave the same ids.
    """

    n_tensors: int
    logit_error: float | None = None
    n_greedy: int = 0
    n_texts: int = 0


def weight_map(sizes: Mapping[str, int], max_shard_bytes: int) -> dict[str, str]:
    """Say which file each weight of a model goes to, by the rule of `transformers`.

    The weights are taken in the order of `sizes`. One file is open at a time; at first it is empty.

    - A weight that is larger than `max_shard_bytes` by itself gets a file of its own, which is closed at once. The file
      that was open stays open, as full as it was, for the weights that come after.
    - Any other weight goes to the open file if that file then has at most `max_shard_bytes`. If it would have more, the
      open file is closed, a new one is opened, and the weight is the first in it.
    - After the last weight the open file is closed, if there is any weight in it.

    If only one file was closed, its name is `model.safetensors`, whatever its size. Else the files are numbered from 1
    on in the order in which they were closed, and named after their number and how many there are, both with five
    digits at least: `model-00001-of-00003.safetensors` is the first of three.

    Args:
        sizes: The bytes of each weight, by name; 0 is a size like any other. Not changed.
        max_shard_bytes: How large a file may be, in bytes; at least 1.

    Returns:
        The name of the file of each weight, with the weights in the order of `sizes`; empty if there are none.

    Raises:
        ValueError: `max_shard_bytes` is below 1, or a size is below 0; the message names `max_shard_bytes` with its
            value, or the weight with its size.

    Example:
        >>> weight_map({"a": 4, "b": 3}, max_shard_bytes=7)
        {'a': 'model.safetensors', 'b': 'model.safetensors'}
        >>> list(weight_map({"a": 4, "b": 3, "c": 1}, max_shard_bytes=7).values())[1:]
        ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
        >>> files = weight_map({"a": 4, "large": 9, "b": 3, "c": 2}, max_shard_bytes=7)
        >>> [file.removeprefix("model-")[:5] for file in files.values()]  # the large one's was closed first
        ['00002', '00001', '00002', '00003']
    """
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes!r}; it must be at least 1")
    closed: list[list[str]] = []
    opened: list[str] = []
    filled = 0
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name!r} is {size!r}; it must be at least 0")
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    files = {name: number for number, names in enumerate(closed, start=1) for name in names}
    return {name: f"model-{files[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


def export(
    run: str | Path | Trained,
    out: str | Path,
    *,
    checkpoint: int | None = None,
    dtype: str = "bf16",
    max_shard_bytes: int = 5_000_000_000,
    layout: str = "auto",
    compare: bool | None = None,
    overwrite: bool = False,
) -> Comparison:
    """Write a model as a folder that `transformers` loads, then read it back and compare it.

    The folder has the weights in files of at most `max_shard_bytes`, with an index if they are several, `config.json`,
    `generation_config.json`, the tokenizer's files and a model card, `README.md`. It is written beside `out` under
    another name, and gets its own when everything in it has been found to be right.

    All weights get one dtype: `from_pretrained` would make them one anyway. Comparisons with `transformers` are made in
    float32 with the weights that are in the files, so that they tell of the export and not of rounding.

    A bias that balances the choice of experts is no part of these models. One that is zero everywhere is left out; any
    other decides which experts a token meets, so that the model without it would be another one: it is refused.

    Args:
        run: The folder of a run; or a model with its tokenizer.
        out: The folder to be made.
        checkpoint: Of a run: after how many steps. None takes the last one that is whole.
        dtype: Of the weights, "bf16" or "fp32".
        max_shard_bytes: How large a file of weights may be, see `weight_map`.
        layout: "auto", or which kind of model it must become: "mixtral", "qwen3_moe", "olmoe", "llama" or "gpt2". A
            model has the layout that computes what it does, at most one.
        compare: Whether logits, greedy text and ids of `transformers` are compared; None does so where it is installed.
        overwrite: Whether `out` may be a model's folder that is there already; it is replaced as a whole.

    Returns:
        What it was held against.

    Raises:
        ValueError: `out` is there already, no layout has the model's shape (the message names the field), a weight is
            not finite, the tokenizer has more tokens than the model, or an argument is not allowed. Nothing is written.
        CheckpointError: There is no whole checkpoint (see `read_trained`), or what was read back is not what was to be
            written; the message says what differs, and nothing is left.
        ModuleNotFoundError: `compare` is True and `transformers` is not installed.
    """
    out = Path(out)
    _require_free(out, overwrite)
    for name, value, allowed in (("dtype", dtype, tuple(DTYPES)), ("layout", layout, LAYOUTS)):
        if value not in allowed:
            raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}")
    if compare and find_spec("transformers") is None:
        raise ModuleNotFoundError("transformers is not installed; pip install transformers, or leave compare out")
    trained = run if isinstance(run, Trained) else read_trained(run, checkpoint)
    _require_fitting_tokenizer(trained)
    model = _in_dtype(_without_bias(trained.model), DTYPES[dtype])
    theirs, weights = to_files(model, trained.end_of_text)
    _require_layout(layout, theirs["model_type"])
    places = weight_map({name: weight.numel() * weight.element_size() for name, weight in weights.items()},
                        max_shard_bytes)  # fmt: skip
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        write_folder(unfinished, theirs, weights, trained.tokenizer, places=places)
        write_atomically(unfinished / "README.md", model_card(trained, theirs, dtype, out.name))
        found = _read_back(unfinished, theirs, weights, places, model, trained.tokenizer)
        if compare or (compare is None and find_spec("transformers")):
            found = compare_with_transformers(unfinished, model, trained.tokenizer, found)
        _put_in_place(unfinished, out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return found


def _require_free(out: Path, overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise ValueError(f"out is {str(out)!r}, which is there already; it must be a new folder, or overwrite True")
    if not (out / "config.json").exists():
        raise ValueError(f"out is {str(out)!r}, which is no model's folder; it must be one to be overwritten")


def _require_fitting_tokenizer(trained: Trained) -> None:
    if trained.tokenizer is not None and len(trained.tokenizer) > trained.model.config.vocab_size:
        raise ValueError(
            f"the tokenizer has {len(trained.tokenizer)} tokens; it must have at most the model's vocab_size, "
            f"{trained.model.config.vocab_size}"
        )


def _require_layout(wanted: str, found: str) -> None:
    if wanted not in ("auto", found):
        raise ValueError(f"layout is {wanted!r}; it must be {found!r} for this model, or 'auto': no other computes it")


def _without_bias(model: Transformer) -> Transformer:
    """The model without the bias of its experts' choice, if that is zero."""
    experts = model.config.feed_forward
    if not isinstance(experts, ExpertsConfig) or not experts.bias_rate:
        return model
    weights = named_weights(model)
    for name in [f"blocks.{number}.feed_forward.bias" for number in range(model.config.n_layers)]:
        if largest := float(weights.pop(name).abs().max()):
            raise ValueError(
                f"{name} is up to {largest:.3g}; it must be 0 for this export, as no layout has a bias for the choice "
                "of experts (train with bias_rate = 0 and a balance_weight instead)"
            )
    return model_with(replace(model.config, feed_forward=replace(experts, bias_rate=0.0)), weights)


def _in_dtype(model: Transformer, dtype: torch.dtype) -> Transformer:
    """A copy on the CPU with all weights in one dtype; the model that was given stays as it is."""
    weights = {name: weight.detach().to("cpu", dtype, copy=True) for name, weight in named_weights(model).items()}
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise ValueError(f"{name} has values that are not finite; all of them must be for this export")
    return model_with(model.config, weights)


def _put_in_place(unfinished: Path, out: Path) -> None:
    """Give the folder its name; what has it already is moved aside first, and deleted last."""
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    unfinished.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _read_back(
    folder: Path,
    theirs: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    places: Mapping[str, str],
    model: Transformer,
    tokenizer: BPETokenizer | None,
) -> Comparison:
    """Hold what is in the files against what was to be written."""
    files = {path.name for path in folder.glob("*.safetensors")}
    if files != set(places.values()) or (folder / INDEX).exists() == (files == {WEIGHTS}):
        raise CheckpointError(f"{folder} has the files {sorted(files)}; it must have {sorted(set(places.values()))}")
    config, found = read_folder(folder)
    if wrong := [key for key, value in theirs.items() if config.get(key) != value]:
        raise CheckpointError(f"{wrong[0]} is {config.get(wrong[0])!r} in config.json; it must be {theirs[wrong[0]]!r}")
    _require_same("the files", found, weights)
    _require_same("the model read back", named_weights(from_huggingface(config, found)), named_weights(model))
    if tokenizer is not None and BPETokenizer.load(folder / TOKENIZER) != tokenizer:
        raise CheckpointError(f"{TOKENIZER} was read back as another tokenizer than the one that was written")
    return Comparison(len(found))


def _require_same(what: str, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Compare tensors by name: dtype, shape, and every bit, so that -0.0 is not 0.0."""
    if unlike := sorted(found.keys() ^ wanted.keys()):
        raise CheckpointError(f"{what} and what was to be written differ: {unlike[0]!r} is in one of them only")
    for name, want in wanted.items():
        got = found[name]
        if (got.dtype, got.shape) != (want.dtype, want.shape):
            told = f"{got.dtype} of shape {tuple(got.shape)}; it must be {want.dtype} of shape {tuple(want.shape)}"
            raise CheckpointError(f"{name} is {told} in {what}")
        if not torch.equal(_bits(got), _bits(want)):
            raise CheckpointError(f"{name} has other values in {what} than it must have")


def _bits(tensor: Tensor) -> Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def compare_with_transformers(
    folder: str | Path,
    model: Transformer,
    tokenizer: BPETokenizer | None = None,
    found: Comparison | None = None,
    texts: Sequence[str] = TEXTS,
) -> Comparison:
    """Load a folder with `transformers`, and hold its logits, greedy text and ids against ours.

    Args:
        folder: Of an exported model.
        model: Ours. It is computed with in float32, as theirs is.
        tokenizer: Ours, if the folder has one.
        found: What was compared before; its counts are taken over.
        texts: Whose ids are compared.

    Raises:
        CheckpointError: Something differs; the message says what.
        ModuleNotFoundError: `transformers` is not installed.
    """
    import transformers

    found, bar = found or Comparison(0), transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        their = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    finally:
        if bar:
            transformers.utils.logging.enable_progress_bar()
    ours = model_with(model.config, {name: w.detach().float() for name, w in named_weights(model).items()})
    error, n_greedy = _compare_models(ours, their.eval())
    n_texts = 0
    if tokenizer is not None:
        theirs = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        for text in texts:
            got, want = theirs(text)["input_ids"], tokenizer.encode(text, allowed_special="all")
            if got != want:
                raise CheckpointError(f"transformers reads {text!r} as {got}; it must be {want}, as our tokenizer does")
        n_texts = len(texts)
    return replace(found, logit_error=error, n_greedy=n_greedy, n_texts=n_texts)


@torch.no_grad()
def _compare_models(ours: Transformer, theirs: Any, tolerance: float = 1e-4) -> tuple[float, int]:
    """The largest relative difference of logits, and how many tokens both chose."""
    config = ours.config
    length = min(LONGEST, config.max_seq_len)
    ids = torch.randint(config.vocab_size, (2, length), generator=torch.Generator().manual_seed(0))
    want, got = ours(ids), theirs(ids).logits
    scale = max(1.0, float(want.abs().max()))
    if got.shape != want.shape or not (error := float((got - want).abs().max()) / scale) <= tolerance:
        shown = f"{error:.2g}" if got.shape == want.shape else f"{tuple(got.shape)}, not {tuple(want.shape)}"
        raise CheckpointError(f"the logits of transformers differ by {shown}; it must be at most {tolerance:g}")
    prompt = ids[:, : max(1, length // 4)]
    n_new = min(N_GREEDY, config.max_seq_len - prompt.shape[1])
    if n_new < 1:
        return error, 0
    written = theirs.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=n_new, min_new_tokens=n_new, do_sample=False,
        pad_token_id=0, eos_token_id=None,
    )  # fmt: skip
    logits = ours(written)[:, prompt.shape[1] - 1 : -1]
    chosen = logits.gather(-1, written[:, prompt.shape[1] :, None])[..., 0]
    # Where two tokens are equally good, rounding decides: theirs must be as good as ours.
    if not bool((logits.amax(-1) - chosen <= tolerance * scale).all()):
        raise CheckpointError("transformers writes another greedy text; it must be the one that our model writes")
    return error, chosen.numel()
