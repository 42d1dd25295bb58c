"""A run for given devices and hours, or why there is none (chapter 5).

`plan` goes from what you have, devices and hours, to what you can do with it: a model, tokens, a batch, a learning
rate, how to shard, and the loss to expect. Each step rests on something that may be wrong for your run, and the plan
says on what. `plan_file` writes and reads the part that a program needs.

Units: bytes, seconds, hours, floating-point operations; losses in nats a token.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from llmcourse.distributed.memory import GB
from llmcourse.distributed.planning import HARDWARE, Hardware
from llmcourse.model.accounting import model_costs
from llmcourse.model.config import ModelConfig
from llmcourse.scaling_laws.candidates import Candidate, ExpertsOnPaper, choose_model
from llmcourse.scaling_laws.extrapolation import Evidence, chinchilla
from llmcourse.scaling_laws.laws import HOFFMANN
from llmcourse.scaling_laws.layouts import EFFICIENCY, Layout, attainable_mfu, choose_layout, family
from llmcourse.scaling_laws.transfer import deepseek_batch, deepseek_rate
from llmcourse.training.settings import TrainingConfig

MFU = 0.4
"""Share of the peak that a run is assumed to reach: Llama 3 405B reached 0.38 to 0.43 on H100s."""
RESERVED = 0.1
"""Share of a device's memory that is left to the driver, to messages and to gaps between tensors."""
MIN_STEPS = 100
STRATEGIES = ("torch_ddp", "zero1", "zero2", "fsdp2")
"""Of each stage, as `parallelize` names them."""


class Assumption(NamedTuple):
    """What a plan rests on: what it is about, what is assumed, and whose it is."""

    about: str
    assumed: str
    source: str


@dataclass(frozen=True, eq=False)
class Plan:
    """A run that can be begun.

    Attributes:
        gpu, gpus, hours: What was given.
        mfu: The share of the peak that it counts on.
        flops: Operations of the whole run.
        config, n_params, n_active: The model, its parameters, and those that a token meets.
        n_tokens, batch_size, n_steps: Tokens of the run, sequences of a step, steps.
        lr, warmup_steps: The peak learning rate, and in how many steps it is reached.
        layout: How the model lies on the devices.
        loss, loss_low, loss_high: What the law expects.
        hoffmann: What the constants of Hoffmann et al. expect of the same run.
        warnings: What is unusual about it.
        assumptions: What it rests on.
    """

    gpu: str
    gpus: int
    hours: float
    mfu: float
    flops: float
    config: ModelConfig
    n_params: int
    n_active: int
    n_tokens: int
    batch_size: int
    n_steps: int
    lr: float
    warmup_steps: int
    layout: Layout
    loss: float
    loss_low: float
    loss_high: float
    hoffmann: float
    warnings: tuple[str, ...]
    assumptions: tuple[Assumption, ...]

    @property
    def device_hours(self) -> float:
        """What it costs."""
        return self.gpus * self.hours

    def training(self) -> TrainingConfig:
        """The settings of the loop."""
        return TrainingConfig(
            self.n_steps, self.lr, self.warmup_steps, grad_accum_steps=self.layout.n_micro, precision="bf16"
        )

    def as_config(self) -> dict[str, Any]:
        """The fields of the file, as `plan_file` has them."""
        model = asdict(replace(self.config, feed_forward=None))
        if isinstance(self.config.feed_forward, ExpertsOnPaper):
            model["feed_forward"] = {"kind": "experts"} | asdict(self.config.feed_forward)
        layout = self.layout
        return {
            "format": "llmcourse plan",
            "version": 1,
            "model": model,
            "training": asdict(self.training()),
            "data": {"seq_len": self.config.max_seq_len, "batch_size": self.batch_size, "tokens": self.n_tokens},
            "devices": {
                "gpu": self.gpu, "gpus": self.gpus, "strategy": STRATEGIES[layout.stage], "stage": layout.stage,
                "recompute": layout.recompute, "micro_batch_size": layout.micro_batch,
            },
            "expected": {
                "loss": self.loss, "loss_low": self.loss_low, "loss_high": self.loss_high, "hours": self.hours,
                "flops": self.flops,
            },
        }  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """All of the plan, as values that JSON can hold: the file's fields and what explains them."""
        return self.as_config() | {
            "n_params": self.n_params,
            "n_active": self.n_active,
            "mfu": self.mfu,
            "device_hours": self.device_hours,
            "memory": self.layout.memory._asdict() | {"total": self.layout.memory.total},
            "hoffmann_loss": self.hoffmann,
            "warnings": list(self.warnings),
            "assumptions": [assumption._asdict() for assumption in self.assumptions],
        }


def plan(
    gpus: int,
    gpu: str,
    hours: float,
    moe: bool = False,
    *,
    mfu: float = MFU,
    vocab_size: int = 32000,
    seq_len: int = 2048,
    n_params: float | None = None,
    evidence: Evidence | None = None,
) -> Plan:
    """The best run that some devices can do in some hours.

    Args:
        gpus: How many devices.
        gpu: Which: a key of `HARDWARE`.
        hours: For how long.
        moe: Whether the feed-forward networks are mixtures of experts.
        mfu: The share of the peak that is counted on; less where the messages do not allow it.
        vocab_size, seq_len: Of the tokenizer and of training.
        n_params: The model is to have about so many parameters, of experts those that a token meets; the best number
            without it.
        evidence: The law, and what it rests on; that of the runs of Hoffmann et al. without it.

    Raises:
        ValueError: A value is not allowed, nothing fits on the devices, or the hours are too few; the message says it.

    Example:
        >>> best = plan(8, "h100", 24)
        >>> best.layout.memory.total < HARDWARE["h100"].memory
        True
    """
    wish = _Wish(gpus, gpu, hours, mfu, moe, vocab_size, seq_len, n_params, evidence or chinchilla())
    planned = _plan(wish)
    if _bound(planned) >= mfu:
        return planned
    planned = _slower(wish)
    told = f"with {_brakes(planned, mfu)} the devices reach {planned.mfu:.0%} of their peak, not {mfu:.0%}"
    return replace(planned, warnings=(told, *planned.warnings))


def _brakes(planned: Plan, mfu: float) -> str:
    """What keeps the devices from the share of their peak that was asked for."""
    brakes = [f"products at {EFFICIENCY:.0%}"] if mfu > EFFICIENCY else []
    brakes += ["messages"] if planned.gpus > 1 else []
    brakes += ["recomputation"] if planned.layout.recompute else []
    return " and ".join(brakes)


def _bound(planned: Plan) -> float:
    return attainable_mfu(planned.config, planned.layout, HARDWARE[planned.gpu], planned.gpus)


def _slower(wish: _Wish) -> Plan:
    """The plan that counts on as much of the peak as it can reach: a smaller share, a smaller model, fewer messages."""
    above, below = wish.mfu, wish.mfu / 2
    while _bound(found := _plan(replace(wish, mfu=below))) < below:
        above, below = below, below / 2
    for _ in range(6):
        middle = (above + below) / 2
        if _bound(planned := _plan(replace(wish, mfu=middle))) >= middle:
            found, below = planned, middle
        else:
            above = middle
    return found


@dataclass(frozen=True, eq=False)
class _Wish:
    """What `plan` was asked for."""

    gpus: int
    gpu: str
    hours: float
    mfu: float
    moe: bool
    vocab_size: int
    seq_len: int
    n_params: float | None
    evidence: Evidence

    def __post_init__(self) -> None:
        if isinstance(self.gpus, bool) or not isinstance(self.gpus, int) or self.gpus < 1:
            raise ValueError(f"gpus is {self.gpus!r}; it must be a whole number of at least 1")
        if self.gpu not in HARDWARE:
            raise ValueError(f"gpu is {self.gpu!r}; it must be one of {', '.join(map(repr, HARDWARE))}")
        if not 0 < self.hours < math.inf:
            raise ValueError(f"hours is {self.hours!r}; it must be above 0, and finite")
        if not 0 < self.mfu <= 1:
            raise ValueError(f"mfu is {self.mfu!r}; it must be above 0 and at most 1")

    @property
    def device(self) -> Hardware:
        return HARDWARE[self.gpu]

    @property
    def flops(self) -> float:
        return self.gpus * self.device.flops * self.mfu * self.hours * 3600

    @property
    def room(self) -> float:
        return self.device.memory * (1 - RESERVED)


def _plan(wish: _Wish) -> Plan:
    config, n_tokens, warnings = _choice(wish)
    costs, flops = model_costs(config, wish.seq_len), wish.flops
    wanted = float(deepseek_batch(flops)) / wish.seq_len
    per_rank = smooth(wanted / wish.gpus)
    if wish.gpus > 1.5 * wanted:
        warnings += (f"each device gets a sequence, so a batch has {wish.gpus / wanted:.1f} times the rule's tokens",)
    n_steps = n_tokens // (wish.gpus * per_rank * wish.seq_len)
    if n_steps < MIN_STEPS:
        raise ValueError(f"hours is {wish.hours!r}; it must be enough for {MIN_STEPS} steps, and is for {n_steps}")
    n_tokens = n_steps * wish.gpus * per_rank * wish.seq_len
    layout = choose_layout(config, wish.device, wish.gpus, per_rank, wish.room)
    size = costs.active_parameters
    low, middle, high = map(float, wish.evidence.predict([size], [n_tokens])[0])
    if wish.evidence.beyond(size, n_tokens) > 1:
        times = wish.evidence.times_the_largest(size, n_tokens)
        told = " and ".join(f"{factor:.3g} times the {name}" for name, factor in times.items())
        warnings += (f"the law was fitted to smaller runs: this one has {told} of the largest",)
    return Plan(
        wish.gpu, wish.gpus, wish.hours, wish.mfu, flops, config, costs.parameters, size, n_tokens,
        wish.gpus * per_rank, n_steps, float(deepseek_rate(flops)), min(2000, n_steps // 10), layout, middle, low, high,
        float(HOFFMANN.loss(size, n_tokens)), warnings, tuple(_assumptions(wish)),
    )  # fmt: skip


def smooth(number: float) -> int:
    """The nearest of 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: whole numbers that can be halved often; by their ratio.

    Example:
        >>> [smooth(x) for x in (0.01, 1.2, 5.1, 43, 86)]
        [1, 1, 6, 48, 96]
    """
    if number <= 1:
        return 1
    power = 2 ** math.floor(math.log2(number))
    return min((power, power * 3 // 2, 2 * power), key=lambda near: abs(math.log(near / number)))


def _choice(wish: _Wish) -> tuple[ModelConfig, int, tuple[str, ...]]:
    """The configuration, its tokens, and what is unusual about the choice."""
    configs, counted = zip(*_models(wish))
    if (least := min(candidate.rank_bytes for candidate in counted)) > wish.room:
        raise ValueError(
            f"the memory of a device is {wish.device.memory / GB:.0f} GB, of which {wish.room / GB:.1f} can be used; "
            f"it must hold {least / GB:.1f} GB, with all state in shards, recomputation and one sequence at a time"
        )
    place, n_tokens = choose_model(counted, wish.evidence.law, wish.flops, wish.room)
    free, _ = choose_model(counted, wish.evidence.law, wish.flops, math.inf)
    warnings: tuple[str, ...] = ()
    if free != place:
        warnings += (
            f"the best model would have {counted[free].n_params / 1e9:.2f}B parameters and need "
            f"{counted[free].rank_bytes / GB:.0f} GB a device; the best that fits is planned",
        )
    if len(counted) > 1 and place in (0, len(counted) - 1):
        warnings += (f"the model is the {'largest' if place else 'smallest'} that is looked at",)
    return configs[place], n_tokens, warnings


def _models(wish: _Wish) -> tuple[tuple[ModelConfig, Candidate], ...]:
    """What may be chosen: all of the family, or the one of the size that is wanted."""
    models = family(wish.gpus, wish.moe, wish.vocab_size, wish.seq_len)
    if wish.n_params is None:
        return models
    least, most = models[0][1].n_params, models[-1][1].n_params
    if not least / 2 <= wish.n_params <= most * 2:
        raise ValueError(f"n_params is {wish.n_params!r}; it must be about {least:.2g} to {most:.2g}")
    return (min(models, key=lambda model: abs(math.log(model[1].n_params / wish.n_params))),)


def _assumptions(wish: _Wish) -> Iterator[Assumption]:
    device, evidence = wish.device, wish.evidence
    yield Assumption("peak", f"{device.flops / 1e12:,.1f} TFLOP/s a device, dense bfloat16", device.source)
    yield Assumption(
        "utilization", f"{wish.mfu:.0%} of it, in all of the hours: no failure, no evaluation",
        "Grattafiori et al. (2024), table 4: 38 to 43% on H100s; the first minutes of your run tell yours",
    )  # fmt: skip
    yield Assumption(
        "operations", f"counted: three forward passes a token, attention over {wish.seq_len:,} tokens",
        "chapter 3: Chowdhery et al. (2022), appendix B",
    )  # fmt: skip
    yield Assumption(
        "law", f"{evidence.name}; other text and another tokenizer have other losses", evidence.source,
    )  # fmt: skip
    if wish.moe:
        yield Assumption(
            "experts",
            "the law of dense models, with the parameters that a token meets; experts do better than that. Each device "
            "has all of them, whole or in shards: nothing is counted for sending tokens to the experts of others",
            "Muennighoff et al., OLMoE (2024), section 4.1.1: the loss of the dense twin after a third of its tokens, "
            "at 23,600 tokens a second and GPU instead of 37,500",
        )  # fmt: skip
    yield Assumption(
        "text", "no token is read twice", "Muennighoff et al. (2023): up to four epochs cost little",
    )  # fmt: skip
    yield Assumption(
        "batch and learning rate", "0.2920 C^0.3271 tokens and 0.3118 C^-0.1250, fitted to 1e17 to 2e19 operations",
        "DeepSeek-AI, DeepSeek LLM (2024), equation 1",
    )  # fmt: skip
    yield Assumption(
        "memory", f"16 bytes a parameter in mixed precision, and {RESERVED:.0%} of a device left free",
        "chapter 4's ledger: Rajbhandari et al. (2020); the share left free is a choice of this course",
    )  # fmt: skip
