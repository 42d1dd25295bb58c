"""A small run for somebody's texts: how large a model, how long, and its settings (chapter 7).

The model is the one of a short table that comes nearest to the compute-optimal one for the time there is, by the rule
of twenty tokens a parameter. How long a step takes is measured. What comes out is an ordinary file of settings.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.torchrun import own_device
from llmcourse.model.accounting import model_costs
from llmcourse.model.losses import Batch
from llmcourse.optim.groups import make_optimizer
from llmcourse.pretrain.own_texts.texts import HELD_OUT, TRAIN, Texts
from llmcourse.pretrain.run.engine import build
from llmcourse.pretrain.settings.config import RunConfig, parse
from llmcourse.pretrain.settings.toml import to_toml
from llmcourse.training.steps import train_step

TOKENS_A_PARAMETER = 20.0
"""Source: Hoffmann et al., "Training Compute-Optimal Large Language Models" (2022), section 3."""
MOST_EPOCHS = 16.0
"""How often texts are read at most, where a time is given. Source: Muennighoff et al., "Scaling Data-Constrained
Language Models" (2023): after 4 times a text read again is worth less than a new one, after 40 nothing."""
VOCABULARIES = {300_000: 512, 2_000_000: 1024, 10_000_000: 2048, 100_000_000: 4096}
"""Up to so many bytes of text -> how many tokens are learned; above the last, LARGEST_VOCABULARY."""
LARGEST_VOCABULARY = 8192
BYTES_A_TOKEN = 5.0
"""More than a token of such vocabularies stands for in most texts."""
MIN_STEPS = 20


class Size(NamedTuple):
    """A model of the table, and how it is trained."""

    d_model: int
    n_layers: int
    n_heads: int
    seq_len: int
    batch_size: int
    lr: float


SIZES = {
    "tiny": Size(64, 2, 4, 128, 16, 4e-3),
    "small": Size(128, 4, 4, 128, 16, 3e-3),
    "medium": Size(256, 6, 8, 256, 16, 2e-3),
    "large": Size(512, 8, 8, 512, 32, 1e-3),
    "xl": Size(768, 12, 12, 1024, 64, 6e-4),
}


@dataclass(frozen=True)
class Wish:
    """What somebody wants of a run.

    Attributes:
        out: The folder of the run.
        minutes: How long it may train; or
        tokens: how many tokens it reads.
        size: One of `SIZES`, or "auto".
        vocab_size: Of the tokenizer; by the amount of text without it.
        n_ranks: How many processes train.
        device: "auto", "cpu" or "cuda".
    """

    out: Path
    minutes: float | None = 5.0
    tokens: int | None = None
    size: str = "auto"
    vocab_size: int | None = None
    n_ranks: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.tokens is None):
            raise ValueError(f"minutes is {self.minutes!r} and tokens is {self.tokens!r}; one of them must be given")
        for name in ("minutes", "tokens"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} is {value!r}; it must be finite and above 0")
        if self.size not in ("auto", *SIZES):
            raise ValueError(f"size is {self.size!r}; it must be one of {', '.join(map(repr, ('auto', *SIZES)))}")
        if self.n_ranks < 1:
            raise ValueError(f"n_ranks is {self.n_ranks!r}; it must be at least 1")


def plan_run(wish: Wish, texts: Texts, folder: str | Path) -> RunConfig:
    """The settings of a run on some texts.

    Args:
        wish: What is wanted.
        texts: What there is to read.
        folder: Where it lies, see `hold_out`.

    Raises:
        ValueError: The texts are too few for the vocabulary, or there is no such device; the message names it.
    """
    vocab_size = vocabulary(texts.n_bytes, wish.vocab_size)
    device = "cuda" if wish.device == "auto" and torch.cuda.is_available() else wish.device.replace("auto", "cpu")
    group = Group(device=own_device(device, {}))
    sizes = SIZES if wish.size == "auto" else {wish.size: SIZES[wish.size]}
    drafts = {name: _settings(wish, size, vocab_size, texts, Path(folder), device) for name, size in sizes.items()}
    chosen = _nearest(drafts, wish, group)
    per_step = chosen.data.batch_size * chosen.data.seq_len
    if wish.tokens is not None:
        return _with_steps(chosen, max(1, round(wish.tokens / per_step)))
    steps = int(wish.minutes * 60 * wish.n_ranks / seconds_a_step(chosen, group))
    most = int(MOST_EPOCHS * texts.n_bytes / BYTES_A_TOKEN / per_step)
    return _with_steps(chosen, max(MIN_STEPS, min(steps, most)))


def vocabulary(n_bytes: int, wanted: int | None = None) -> int:
    """How many tokens a tokenizer can learn from so much text, or whether the number that is wanted is one.

    Example:
        >>> vocabulary(1_000_000), vocabulary(10**9)
        (1024, 8192)
        >>> vocabulary(100_000, 8192)
        Traceback (most recent call last):
        ValueError: vocab_size is 8192; it must be at most 2000 for 100,000 bytes of text, 50 bytes a token
    """
    if wanted is None:
        return next((size for limit, size in VOCABULARIES.items() if n_bytes <= limit), LARGEST_VOCABULARY)
    if wanted < 257:
        raise ValueError(f"vocab_size is {wanted}; it must be at least 257: the 256 bytes, and the mark between texts")
    if wanted > n_bytes // 50:
        most = f"at most {n_bytes // 50} for {n_bytes:,} bytes of text, 50 bytes a token"
        raise ValueError(f"vocab_size is {wanted}; it must be {most}")
    return wanted


def _settings(wish: Wish, size: Size, vocab_size: int, texts: Texts, folder: Path, device: str) -> RunConfig:
    """A run of one step; rows are as short and as few as the texts held out need."""
    seq_len, batch_size = size.seq_len, max(size.batch_size, wish.n_ranks)
    while batch_size * seq_len * BYTES_A_TOKEN > min(texts.n_held_out, texts.n_bytes) and seq_len > 32:
        batch_size, seq_len = (batch_size // 2, seq_len) if batch_size > 4 else (batch_size, seq_len // 2)
    batch_size = max(1, round(batch_size / wish.n_ranks)) * wish.n_ranks
    return parse(
        {
            "run": {"folder": str(wish.out), "device": device},
            "tokenizer": {"train_mb": 20.0},
            "data": {
                "sources": [{"name": "texts", "files": [str(folder / TRAIN)]}], "seq_len": seq_len,
                "batch_size": batch_size,
            },
            "model": {
                "vocab_size": vocab_size, "d_model": size.d_model, "n_layers": size.n_layers, "n_heads": size.n_heads,
                "init_std": round(0.02 * math.sqrt(768 / size.d_model), 4),
            },
            "training": {"steps": 1, "lr": size.lr, "precision": "bf16" if device == "cuda" else "fp32"},
            "evaluation": {"files": [str(folder / HELD_OUT)]},
        }
    )  # fmt: skip


def _nearest(drafts: dict[str, RunConfig], wish: Wish, group: Group) -> RunConfig:
    """The model whose parameters are nearest to those that the budget is best spent on."""
    if len(drafts) == 1:
        return next(iter(drafts.values()))
    if wish.tokens is not None:
        best = wish.tokens / TOKENS_A_PARAMETER
    else:
        # The operations of a small model's steps are a fair guess of those of the others: it is only to choose by.
        draft = drafts["small"]
        per_token = 3 * model_costs(draft.model, draft.data.seq_len).flops_per_token
        speed = per_token * draft.data.batch_size * draft.data.seq_len / seconds_a_step(draft, group)
        best = math.sqrt(wish.minutes * 60 * wish.n_ranks * speed / (6 * TOKENS_A_PARAMETER))
    inner = {name: _inner_parameters(draft) for name, draft in drafts.items()}
    return drafts[min(inner, key=lambda name: abs(math.log(inner[name] / best)))]


def _inner_parameters(config: RunConfig) -> int:
    model = config.model
    return model_costs(model, 1).parameters - model.vocab_size * model.d_model


def seconds_a_step(config: RunConfig, group: Group = ALONE, n_steps: int = 3) -> float:
    """How long a step of a run takes on this device: the shortest of some, after one that warms up."""
    model, _ = build(config, group)
    optimizer = make_optimizer(model, config.training.optimizer, lr=1e-4)
    shape = (config.data.batch_size, config.data.seq_len + 1)
    ids = torch.randint(config.model.vocab_size, shape, generator=torch.Generator().manual_seed(0)).to(group.device)
    batch, times = Batch(ids[:, :-1].contiguous(), ids[:, 1:].contiguous()), []
    for _ in range(1 + n_steps):
        began = time.perf_counter()
        train_step(model, optimizer, [batch], precision=config.training.precision)  # its loss waits for the device
        times.append(time.perf_counter() - began)
    return min(times[1:])


def _with_steps(config: RunConfig, steps: int) -> RunConfig:
    often = max(1, steps // 5)
    training = replace(
        config.training, steps=steps, warmup_steps=min(steps // 10, 500), eval_every=often, checkpoint_every=often,
        log_every=max(1, steps // 200),
    )  # fmt: skip
    return replace(config, training=training)


def settings_file(config: RunConfig, texts: Texts) -> str:
    """The file of a run's settings, with how to go on with it."""
    told: dict[str, Any] = config.as_dict()
    out = Path(config.run.folder)
    head = (
        f"# A model of {texts.source}\n"
        f"#   python -m llmcourse.pretrain {out.with_name(out.name + '.toml')}    starts it, or goes on with it\n"
        "#   torchrun --standalone --nproc-per-node 2 -m llmcourse.pretrain ...   the same on two processes or GPUs\n\n"
    )
    return head + to_toml(told)
