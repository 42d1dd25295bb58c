"""What a run costs: operations, hours of a device, energy and money (chapter 5).

Three ways to count the operations of a training run are in use, and papers that differ in this differ in their laws.
N are parameters, D tokens, C operations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmcourse.model.accounting import model_costs
from llmcourse.model.config import ModelConfig

CONVENTIONS = ("exact", "6ND", "6ND without embeddings")


def training_flops(config: ModelConfig, n_tokens: int, seq_len: int, *, convention: str = "exact") -> int:
    """The floating-point operations of training a model on some tokens, counted in one of three ways.

    - "exact": every matrix product of the forward pass, attention's own included, and twice as many in the backward
      pass;
    - "6ND": 6 operations for each parameter and token. Of a mixture of experts the parameters that one token meets
      count, no others;
    - "6ND without embeddings": the same, but the tables do not count: the embedding, an output matrix that is not tied
      to it, and learned positions.

    `llmcourse.model.accounting.model_costs` knows parameters, active parameters and operations of a forward pass,
    whatever stands in the place of the feed-forward networks.

    Args:
        config: The model.
        n_tokens: Tokens D that it reads, all epochs together; 0 is a run that costs nothing.
        seq_len: The length of the sequences that they come in. Only the exact count depends on it.
        convention: One of `CONVENTIONS`.

    Returns:
        Operations, a whole number.

    Raises:
        ValueError: The convention is unknown, `n_tokens` is below 0, or `seq_len` below 1; the message names the value.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> gpt2 = PRESETS["gpt2"]
        >>> [training_flops(gpt2, 1, 1024, convention=name) for name in CONVENTIONS]
        [854438400, 746638848, 510336000]

    Source: Kaplan et al. (2020), section 2.1; Hoffmann et al. (2022), appendix F.
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {', '.join(map(repr, CONVENTIONS))}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r} and seq_len is {seq_len!r}; they must be at least 0 and 1")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n_parameters = costs.active_parameters
    if convention == "6ND without embeddings":
        n_parameters -= embedding_parameters(config)
    return 6 * n_parameters * n_tokens


def embedding_parameters(config: ModelConfig) -> int:
    """The parameters in a model's tables: the embedding, an output matrix of its own, learned positions.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> embedding_parameters(PRESETS["gpt2"]), embedding_parameters(PRESETS["llama-2-7b"])
        (39383808, 262144000)
    """
    rows = config.vocab_size * (1 if config.tie_embeddings else 2)
    return (rows + (config.max_seq_len if config.positions == "learned" else 0)) * config.d_model


def device_hours(flops: float, peak_flops: float, mfu: float) -> float:
    """How many hours of a device a run takes, all devices together.

    A device makes `peak_flops` operations a second at best, and spends the share `mfu` (model FLOPs utilization) of
    that on what the model needs. So 100 device-hours are one hour of 100 devices, or 100 hours of one.

    Args:
        flops: Operations of the run, at least 0.
        peak_flops: Operations a second of one device, by its vendor's number for dense products; above 0.
        mfu: Above 0, at most 1.

    Returns:
        Hours, a float.

    Raises:
        ValueError: A number is out of range; the message names it.

    Example:
        >>> round(device_hours(6 * 7e9 * 2e12, peak_flops=312e12, mfu=0.5))  # 7e9 parameters, 2e12 tokens, an A100
        149573

    Source: Chowdhery et al., "PaLM" (2022), appendix B, for the utilization.
    """
    if not (math.isfinite(flops) and flops >= 0):
        raise ValueError(f"flops is {flops!r}; it must be finite and at least 0")
    if not (math.isfinite(peak_flops) and peak_flops > 0):
        raise ValueError(f"peak_flops is {peak_flops!r}; it must be finite and above 0")
    if not 0 < mfu <= 1:
        raise ValueError(f"mfu is {mfu!r}; it must be above 0 and at most 1: a share, not per cent")
    return flops / (peak_flops * mfu) / 3600


def implied_mfu(flops: float, peak_flops: float, hours: float) -> float:
    """The utilization that follows from the hours a run took: what was repeated, lost or waited for lowers it.

    Example:
        >>> hours = device_hours(1e21, 989e12, 0.4)
        >>> round(implied_mfu(1e21, 989e12, hours), 6)
        0.4
    """
    if not hours > 0:
        raise ValueError(f"hours is {hours!r}; it must be above 0")
    return flops / (peak_flops * hours * 3600)


def energy_kwh(hours: float, watts: float, pue: float = 1.0) -> float:
    """The energy of a run in kWh.

    Args:
        hours: Device-hours.
        watts: Of one device. Its thermal design power is what it draws at most: hosts and network are not in it, and
            few runs keep a device there all the time.
        pue: Power usage effectiveness: what the building draws for each watt that arrives at its computers.

    Raises:
        ValueError: A number is out of range; the message names it.

    Example:
        >>> energy_kwh(1000, watts=700, pue=1.5)
        1050.0
    """
    if not (hours >= 0 and watts >= 0):
        raise ValueError(f"hours is {hours!r} and watts is {watts!r}; they must be at least 0")
    if not pue >= 1:
        raise ValueError(f"pue is {pue!r}; it must be at least 1: a building draws no less than its computers")
    return hours * watts / 1000 * pue


def cost(hours: float, price: float) -> float:
    """What a run costs at a price for each device-hour, in the currency of the price.

    Example:
        >>> cost(2_788_000, price=2.0)  # DeepSeek-V3, at the price that its report assumes
        5576000.0
    """
    if not (hours >= 0 and price >= 0):
        raise ValueError(f"hours is {hours!r} and price is {price!r}; they must be at least 0")
    return float(hours * price)


@dataclass(frozen=True)
class PublishedHours:
    """A run of which its authors have said how many device-hours it took.

    Attributes:
        name: Which.
        active_parameters: What a token meets.
        n_tokens: Tokens read.
        hours: Device-hours.
        peak_flops: Of the device, dense bfloat16.
        watts: Of the device, by its vendor's thermal design power.
        source: Where.
    """

    name: str
    active_parameters: float
    n_tokens: float
    hours: float
    peak_flops: float
    watts: float
    source: str

    @property
    def flops(self) -> float:
        """6ND, with the active parameters."""
        return 6 * self.active_parameters * self.n_tokens

    @property
    def mfu(self) -> float:
        """The utilization that follows."""
        return implied_mfu(self.flops, self.peak_flops, self.hours)


_LLAMA = "Llama 3.1 model card (hours, 700 W); Grattafiori et al. (2024) for the tokens"
PUBLISHED_HOURS = (
    PublishedHours("Llama 3.1 8B", 8.03e9, 15e12, 1.46e6, 989e12, 700, _LLAMA),
    PublishedHours("Llama 3.1 70B", 70e9, 15e12, 7.0e6, 989e12, 700, _LLAMA),
    PublishedHours("Llama 3.1 405B", 405e9, 15.6e12, 30.84e6, 989e12, 700, _LLAMA),
    PublishedHours(
        "DeepSeek-V3 (671B, 37B active)", 37e9, 14.8e12, 2.664e6, 989e12, 700,
        "DeepSeek-AI (2024), table 1: H800 hours of pretraining. The peak is the H100's in 16 bits; most of its "
        "products are in 8 bits, so that the share is only for comparison",
    ),
)  # fmt: skip
"""The model card says "15T+" tokens of the smaller two, and not what else the hours were spent on."""
