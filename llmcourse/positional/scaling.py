"""Rotary frequencies for contexts longer than the trained one: four ways to slow the clocks (chapter 2).

N is the number of pairs of channels, d_head / 2. All four take the frequencies of `rotary_frequencies` and a `factor`
by which the context is to grow, and return N new frequencies, float64.

Source: linear: Chen et al., "Extending Context Window of Large Language Models via Positional Interpolation" (2023);
NTK-aware and YaRN: Peng et al., "YaRN: Efficient Context Window Extension of Large Language Models" (2023), section 3;
llama3: the code that Meta released with Llama 3.1 (2024).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from llmcourse.positional.rotary import rotary_frequencies
from llmcourse.values import take_fields

SCALINGS = ("linear", "ntk", "yarn", "llama3")
RAMPS = ("rotations", "dimensions")


def _check_factor(factor: float) -> None:
    if not factor >= 1:
        raise ValueError(f"the scaling factor is {factor!r}; it must be at least 1")


def linear_frequencies(d_head: int, theta: float = 10000.0, *, factor: float) -> Tensor:
    """Linear interpolation: every pair turns `factor` times slower, so that position factor * p looks like p did.

    Args:
        d_head: The number of channels of a head; even.
        theta: The rotary base.
        factor: How many times longer the context gets, at least 1.

    Returns:
        (N,), float64.

    Raises:
        ValueError: The factor is below 1; the message names it.

    Example:
        >>> linear_frequencies(4, factor=4)
        tensor([0.2500, 0.0025], dtype=torch.float64)

    Source: Chen et al. (2023), section 2.3.
    """
    _check_factor(factor)
    return rotary_frequencies(d_head, theta) / factor


def ntk_frequencies(d_head: int, theta: float = 10000.0, *, factor: float) -> Tensor:
    """NTK-aware scaling: a larger base, chosen so that the fastest pair is left alone and the slowest interpolated.

    The base becomes theta * factor ** (d_head / (d_head - 2)). The first frequency stays 1, the last becomes exactly
    `factor` times smaller, and those between change the more the slower they are.

    Args:
        d_head: The number of channels of a head; even and at least 4.
        theta: The rotary base.
        factor: How many times longer the context gets, at least 1.

    Returns:
        (N,), float64.

    Raises:
        ValueError: The factor is below 1, or d_head is 2 (its only pair cannot be both); the message names the number.

    Example:
        >>> ntk_frequencies(8, factor=4)
        tensor([1.0000e+00, 6.2996e-02, 3.9685e-03, 2.5000e-04], dtype=torch.float64)

    Source: Peng et al. (2023), section 3.1.
    """
    _check_factor(factor)
    if d_head == 2:
        raise ValueError("d_head is 2; it must be at least 4, as one pair cannot be both the fastest and the slowest")
    return rotary_frequencies(d_head, theta * factor ** (d_head / (d_head - 2)))


def yarn_frequencies(
    d_head: int,
    theta: float = 10000.0,
    *,
    factor: float,
    original_max_seq_len: int,
    beta_fast: float = 32.0,
    beta_slow: float = 1.0,
    ramp: str = "rotations",
) -> Tensor:
    """YaRN: pairs that turn often within the trained context stay, those that turn less than once are interpolated.

    A pair with the frequency w makes r = original_max_seq_len * w / (2 pi) rotations in the trained context. Its new
    frequency is keep * w + (1 - keep) * w / factor, where `keep` goes from 1 (fast pairs) to 0 (slow pairs):

    - ramp "rotations", as in the paper: linear in r, keep = (r - beta_slow) / (beta_fast - beta_slow), cut to 0 ... 1.
    - ramp "dimensions", as in the authors' code: linear in the pair's index. The index at which a pair makes r
      rotations is index(r) = d_head * ln(original_max_seq_len / (2 pi r)) / (2 ln theta). With low =
      floor(index(beta_fast)), but at least 0, and high = ceil(index(beta_slow)), but at most d_head - 1, pair i has
      keep = 1 - (i - low) / (high - low), cut to 0 ... 1. If low and high are equal, high is 0.001 more.

    Args:
        d_head: The number of channels of a head; even.
        theta: The rotary base.
        factor: How many times longer the context gets, at least 1.
        original_max_seq_len: The length that the model was trained with.
        beta_fast: Rotations in the trained context from which on a pair is left alone.
        beta_slow: Rotations up to which a pair is fully interpolated.
        ramp: "rotations" or "dimensions".

    Returns:
        (N,), float64, and computed in float64. The attention factor is separate: `yarn_attention_factor`.

    Raises:
        ValueError: The factor is below 1, or another ramp; the message names it.

    Example:
        >>> settings = dict(factor=4, original_max_seq_len=2048)
        >>> rotary_frequencies(8) / yarn_frequencies(8, **settings)
        tensor([1.0000, 1.0000, 3.2823, 4.0000], dtype=torch.float64)
        >>> rotary_frequencies(8) / yarn_frequencies(8, ramp="dimensions", **settings)
        tensor([1.0000, 1.0000, 1.6000, 4.0000], dtype=torch.float64)

    Source: Peng et al. (2023), section 3.2; the other ramp from the authors' released code.
    """
    _check_factor(factor)
    frequencies_N = rotary_frequencies(d_head, theta)
    if ramp == "rotations":
        # A pair that turned often within the trained length knows its neighbours by it: keep it. One that never turned
        # once has shown only a part of its angles: slow it down.
        rotations_N = original_max_seq_len * frequencies_N / (2 * math.pi)
        keep_N = (rotations_N - beta_slow) / (beta_fast - beta_slow)
    elif ramp == "dimensions":
        # The same two bounds, as places in the row of pairs: where a pair makes beta_fast, and where beta_slow turns.
        index = [
            d_head * math.log(original_max_seq_len / (2 * math.pi * r)) / (2 * math.log(theta))
            for r in (beta_fast, beta_slow)
        ]
        low, high = max(math.floor(index[0]), 0), min(math.ceil(index[1]), d_head - 1)
        # A ramp of width 0 would divide by 0; the reference implementation widens it by this much.
        high = high if high != low else low + 0.001
        keep_N = 1 - (torch.arange(d_head // 2, dtype=torch.float64) - low) / (high - low)
    else:
        raise ValueError(f"ramp is {ramp!r}; it must be one of {', '.join(map(repr, RAMPS))}")
    keep_N = keep_N.clamp(0, 1)
    return keep_N * frequencies_N + (1 - keep_N) * frequencies_N / factor


def untruncated_yarn_frequencies(
    d_head: int,
    theta: float = 10000.0,
    *,
    factor: float,
    original_max_seq_len: int,
    beta_fast: float = 32.0,
    beta_slow: float = 1.0,
) -> Tensor:
    """YaRN with the ramp "dimensions" whose ends lie where they fall, between two pairs: `truncate: false` of gpt-oss.

    `yarn_frequencies` takes floor(index(beta_fast)) and ceil(index(beta_slow)); here both indices stay as they are.

    Args:
        d_head, theta, factor, original_max_seq_len, beta_fast, beta_slow: As for `yarn_frequencies`.

    Returns:
        (N,), float64.

    Raises:
        ValueError: The factor is below 1; the message names it.

    Example:
        >>> rotary_frequencies(8) / untruncated_yarn_frequencies(8, factor=4, original_max_seq_len=2048)
        tensor([1.0000, 1.0000, 1.9775, 4.0000], dtype=torch.float64)

    Source: OpenAI's released code for gpt-oss (2025).
    """
    _check_factor(factor)
    plain_N = rotary_frequencies(d_head, theta)
    first, last = (
        d_head / 2 * math.log(original_max_seq_len / turns / math.tau, theta) for turns in (beta_fast, beta_slow)
    )
    first, last = max(first, 0.0), min(last, d_head - 1.0)
    pair_N = torch.arange(len(plain_N), dtype=torch.float64)
    slowed_N = ((pair_N - first) / ((last - first) or 0.001)).clamp(0, 1)
    return torch.lerp(plain_N, plain_N / factor, slowed_N)


def yarn_attention_factor(factor: float) -> float:
    """What YaRN multiplies rotated queries and keys by, so that attention over a longer context stays as sharp.

    It is 0.1 ln(factor) + 1; a score, the product of a query and a key, grows by its square.

    Example:
        >>> round(yarn_attention_factor(4), 4)
        1.1386

    Source: Peng et al. (2023), section 3.4.
    """
    _check_factor(factor)
    return 0.1 * math.log(factor) + 1


def llama3_frequencies(
    d_head: int,
    theta: float = 500000.0,
    *,
    factor: float = 8.0,
    original_max_seq_len: int = 8192,
    low_freq_factor: float = 1.0,
    high_freq_factor: float = 4.0,
) -> Tensor:
    """Llama 3's scaling: fast pairs stay, slow ones are interpolated, and the ramp between is narrow.

    A pair of frequency w makes r = original_max_seq_len * w / (2 pi) rotations in the trained context. At
    `high_freq_factor` rotations or more it stays as it is; at `low_freq_factor` or fewer it becomes w / factor; between
    them a share (r - low_freq_factor) / (high_freq_factor - low_freq_factor) of w is kept and the rest interpolated.

    Args:
        d_head: The number of channels of a head; even.
        theta: The rotary base.
        factor: How many times slower the slow pairs get, at least 1.
        original_max_seq_len: The length that the model was trained with.
        low_freq_factor: Rotations up to which a pair is fully interpolated.
        high_freq_factor: Rotations from which on a pair is left alone; if the two are equal, the ramp is a step.

    Returns:
        (N,), float64.

    Raises:
        ValueError: The factor is below 1; the message names it.

    Example:
        >>> rotary_frequencies(8, 500000.0) / llama3_frequencies(8)
        tensor([1.0000, 1.0000, 2.6945, 8.0000], dtype=torch.float64)

    Source: `apply_scaling` in Meta's released code for Llama 3.1 (2024).
    """
    _check_factor(factor)
    frequencies_N = rotary_frequencies(d_head, theta)
    rotations_N = original_max_seq_len * frequencies_N / (2 * math.pi)
    if low_freq_factor == high_freq_factor:
        keep_N = (rotations_N >= high_freq_factor).double()
    else:
        keep_N = ((rotations_N - low_freq_factor) / (high_freq_factor - low_freq_factor)).clamp(0, 1)
    return keep_N * frequencies_N + (1 - keep_N) * frequencies_N / factor


@dataclass(frozen=True)
class RopeScaling:
    """How a model's rotary frequencies are changed for a longer context.

    Attributes:
        name: "linear", "ntk", "yarn" or "llama3".
        factor: How many times longer the context gets, at least 1.
        original_max_seq_len: The length trained with; "yarn" and "llama3" need it.
        beta_fast, beta_slow, ramp: See `yarn_frequencies`.
        truncate: Whether the ends of YaRN's ramp "dimensions" are whole pairs; False for gpt-oss, see
            `untruncated_yarn_frequencies`.
        low_freq_factor, high_freq_factor: See `llama3_frequencies`.
        attention_factor: Multiplies rotated queries and keys; None: `yarn_attention_factor` for "yarn", else 1.

    Example:
        >>> RopeScaling("ntk", factor=4).attention_factor is None
        True
        >>> RopeScaling("ntkk", factor=4)
        Traceback (most recent call last):
        ...
        ValueError: the rotary scaling is 'ntkk'; it must be one of 'linear', 'ntk', 'yarn', 'llama3'
    """

    name: str
    factor: float
    original_max_seq_len: int | None = None
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    ramp: str = "rotations"
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    attention_factor: float | None = None
    truncate: bool = True

    def __post_init__(self) -> None:
        take_fields(self)
        if self.name not in SCALINGS:
            raise ValueError(f"the rotary scaling is {self.name!r}; it must be one of {', '.join(map(repr, SCALINGS))}")
        _check_factor(self.factor)
        if self.ramp not in RAMPS:
            raise ValueError(f"ramp is {self.ramp!r}; it must be one of {', '.join(map(repr, RAMPS))}")
        needs_length = self.name in ("yarn", "llama3")
        if needs_length and (self.original_max_seq_len is None or self.original_max_seq_len < 1):
            raise ValueError(
                f"original_max_seq_len is {self.original_max_seq_len!r}; it must be at least 1, the trained length, "
                f"for {self.name!r}"
            )
        if not self.truncate and (self.name, self.ramp) != ("yarn", "dimensions"):
            raise ValueError("truncate is False; it must be True but for 'yarn' with the ramp 'dimensions'")
        for low, high in (("beta_slow", "beta_fast"), ("low_freq_factor", "high_freq_factor")):
            is_step = low == "low_freq_factor" and self.low_freq_factor == self.high_freq_factor > 0  # as in Llama 4
            if not is_step and not 0 < getattr(self, low) < getattr(self, high):
                raise ValueError(
                    f"{low} is {getattr(self, low)!r} and {high} is {getattr(self, high)!r}; "
                    f"they must satisfy 0 < {low} < {high}"
                )


def scaled_frequencies(d_head: int, theta: float = 10000.0, scaling: RopeScaling | None = None) -> tuple[Tensor, float]:
    """The rotary frequencies under a scaling, and its attention factor (1 for all but YaRN).

    Args:
        d_head: The number of channels of a head; even.
        theta: The rotary base.
        scaling: None leaves the frequencies as they are.

    Returns:
        (N,) frequencies, float64, and the factor for rotated queries and keys.

    Example:
        >>> scaled_frequencies(4, scaling=RopeScaling("linear", factor=2))
        (tensor([0.5000, 0.0050], dtype=torch.float64), 1.0)
    """
    if scaling is None:
        return rotary_frequencies(d_head, theta), 1.0
    factor, length = scaling.factor, scaling.original_max_seq_len
    attention_factor = 1.0
    if scaling.name == "linear":
        frequencies_N = linear_frequencies(d_head, theta, factor=factor)
    elif scaling.name == "ntk":
        frequencies_N = ntk_frequencies(d_head, theta, factor=factor)
    elif scaling.name == "yarn":
        ramp = {"beta_fast": scaling.beta_fast, "beta_slow": scaling.beta_slow, "original_max_seq_len": length}
        if scaling.truncate:
            frequencies_N = yarn_frequencies(d_head, theta, factor=factor, ramp=scaling.ramp, **ramp)
        else:
            frequencies_N = untruncated_yarn_frequencies(d_head, theta, factor=factor, **ramp)
        attention_factor = yarn_attention_factor(factor)
    else:
        band = {"low_freq_factor": scaling.low_freq_factor, "high_freq_factor": scaling.high_freq_factor}
        frequencies_N = llama3_frequencies(d_head, theta, factor=factor, original_max_seq_len=length, **band)
    return frequencies_N, attention_factor if scaling.attention_factor is None else scaling.attention_factor
