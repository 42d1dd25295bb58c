"""What a run measures besides its loss: speed, utilization, memory, spikes, and where it will end (chapter 7)."""

from __future__ import annotations

import collections
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from llmcourse.distributed.group import Group
from llmcourse.distributed.planning import HARDWARE
from llmcourse.distributed.sharded_checkpoint import last_good
from llmcourse.model.accounting import model_costs
from llmcourse.pretrain.run.sampling import python_share
from llmcourse.pretrain.safety.stopping import Stopping
from llmcourse.pretrain.safety.watchdog import Watchdog
from llmcourse.pretrain.settings.config import RunConfig
from llmcourse.training.history import Row
from llmcourse.training.steps import StepResult

SPIKE_WINDOW, SPIKE_DEVIATIONS = 64, 6.0


def model_flops_utilization(
    tokens_per_second: float, flops_per_token: float, n_devices: int, peak_flops: float
) -> float:
    """The share of what the devices could do at best that the model's own training needs.

    A training step needs three times the operations of a forward pass: one forward, and two in the backward pass, for
    the gradients of inputs and of weights. What is computed again to save memory is work for the device, and not for
    the model: it does not count. Of a mixture of experts the experts count that a token meets, no others.

    Args:
        tokens_per_second: Of all devices together.
        flops_per_token: Operations of a *forward* pass for one token.
        n_devices: How many devices.
        peak_flops: Operations a second of one device at best.

    Returns:
        The utilization, from 0 on; above 1 a number that was given is wrong.

    Raises:
        ValueError: A number is not finite, `tokens_per_second` is below 0, or another is not above 0; the message names
            it.

    Example:
        >>> model_flops_utilization(1e6, 1e9, n_devices=8, peak_flops=1e15)
        0.375

    Source: Chowdhery et al., "PaLM" (2022), appendix B.
    """
    named = {"flops_per_token": flops_per_token, "n_devices": n_devices, "peak_flops": peak_flops}
    if not 0 <= tokens_per_second < math.inf:
        raise ValueError(f"tokens_per_second is {tokens_per_second!r}; it must be at least 0, and finite")
    for name, value in named.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value!r}; it must be above 0, and finite")
    return tokens_per_second * 3 * flops_per_token / (n_devices * peak_flops)


def is_spike(losses: Sequence[float], loss: float) -> bool:
    """Whether a loss stands out above those before it: by more than 6 of their deviations, and by a twentieth.

    Deviations are estimated by the median of the distances from the median, which a few spikes do not move.

    Example:
        >>> is_spike([3.0, 3.1, 2.9, 3.0, 3.05] * 4, 3.2), is_spike([3.0, 3.1, 2.9, 3.0, 3.05] * 4, 4.5)
        (False, True)
    """
    if len(losses) < 16:
        return False
    middle = statistics.median(losses)
    deviation = 1.4826 * statistics.median(abs(other - middle) for other in losses)
    return loss > middle + max(SPIKE_DEVIATIONS * deviation, 0.05 * abs(middle))


def peak_memory_gb(device: torch.device) -> float:
    """The most memory that this process has held: on the GPU, or of the machine, GB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    kilo = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo / 1e9


def peak_flops(device: torch.device, precision: str) -> tuple[float, str]:
    """Operations a second of a device at best, and where the number comes from.

    A GPU of chapter 4's table has its data sheet's; anything else is timed with a product of matrices, as this process
    may use it.
    """
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device).lower().replace(" ", "")
        for key, hardware in HARDWARE.items():
            if key in name or key.removeprefix("rtx") in name and key.startswith("rtx"):
                return hardware.flops, f"{hardware.name}, data sheet, bfloat16"
    side = 768
    dtype = torch.bfloat16 if precision == "bf16" and device.type == "cuda" else torch.float32
    a = torch.ones(side, side, device=device, dtype=dtype)
    best = math.inf
    for _ in range(6):
        began = time.perf_counter()
        (a @ a).sum().item()
        best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best, f"measured: a product of {side} by {side} matrices, {str(dtype).removeprefix('torch.')}"


class Monitor:
    """The observer of a run: adds to its rows, asks after signals, keeps the watchdog quiet, and tells the console.

    Args:
        config: Of the run.
        group: Who takes part.
        stopping: Who knows of signals.
        watchdog: Who wants to hear that work goes on.
        epochs: From steps done to how often each source has been read.
        bytes_per_token: Of the validation text; None for no bits per byte.
        tell: Gets each line for the console, on the first process.

    Attributes:
        done: Steps done.
        checkpoint: The last one that was asked for.
        is_stopped: Whether the run was ended before its last step.
    """

    def __init__(
        self,
        config: RunConfig,
        group: Group,
        stopping: Stopping,
        watchdog: Watchdog,
        *,
        epochs: Callable[[int], dict[str, float]],
        bytes_per_token: float | None = None,
        tell: Callable[[str], object] = print,
    ) -> None:
        self.config, self.group, self._stopping, self._watchdog = config, group, stopping, watchdog
        self._epochs, self._bytes_per_token = epochs, bytes_per_token
        self._tell = tell if group.is_first else lambda line: None
        self.done, self.checkpoint, self.is_stopped = 0, None, False
        self._losses: collections.deque[float] = collections.deque(maxlen=SPIKE_WINDOW)
        self._flops = model_costs(config.model, config.data.seq_len).flops_per_token
        self._peak, self.peak_source = peak_flops(group.device, config.training.precision)
        self._peak = group.sum(self._peak) / group.size
        self._began, self._is_restarted, self._spikes = time.monotonic(), False, 0

    def begins(self, done: int, checkpoint: Path | None) -> None:
        """Note where the run goes on."""
        self.done, self.checkpoint, self._is_restarted = done, checkpoint, checkpoint is not None
        self._began = time.monotonic()
        self._watchdog.alive()
        if checkpoint is not None:
            self._tell(f"goes on after step {done:,}, from {checkpoint}")

    def step_ends(self, done: int, result: StepResult) -> bool:
        """Note the step, and say whether all are to leave."""
        self.done = done
        self._watchdog.alive()
        if is_spike(self._losses, result.loss):
            self._spikes += 1
            self._tell(f"step {done:,}: the loss jumps to {result.loss:.3f}, gradient norm {result.grad_norm:.2f}")
        if math.isfinite(result.loss):
            self._losses.append(result.loss)
        else:
            self._tell(f"step {done:,}: left out, its loss is {result.loss} and its gradient's norm {result.grad_norm}")
        self.is_stopped = self._stopping.agreed(self.group) and done < self.config.training.steps
        return self.is_stopped

    def adds(self, row: Row) -> Row:
        """Tokens, time, utilization, memory, epochs for a step; bits per byte and parsing for what was looked at."""
        self._watchdog.alive()
        more = Row()
        if "tokens_per_second" in row:
            tokens = self.config.data.batch_size * self.config.data.seq_len
            more |= {
                "tokens": row["step"] * tokens,
                "seconds": round(time.monotonic() - self._began, 2),
                "mfu": model_flops_utilization(row["tokens_per_second"], self._flops, self.group.size, self._peak),
                "memory_gb": max(self.group.gather(round(peak_memory_gb(self.group.device), 3))),
            }
            more |= {f"epochs_{name}": round(value, 4) for name, value in self._epochs(row["step"]).items()}
            if self._spikes:
                more["spikes"], self._spikes = self._spikes, 0
            if self._is_restarted:
                more["restarted"], self._is_restarted = 1, False
        if "val_loss" in row:
            if self._bytes_per_token:
                more["val_bits_per_byte"] = row["val_loss"] / math.log(2) / self._bytes_per_token
            told = f", {more['val_bits_per_byte']:.3f} bits a byte" if self._bytes_per_token else ""
            self._tell(f"step {self.done:,}: validation loss {row['val_loss']:.4f}{told}")
        if "sample" in row:
            more["python_share"] = python_share(row["sample"].split(BETWEEN))
        return more

    def saved(self, done: int, checkpoint: Path) -> None:
        """Note the checkpoint."""
        self.checkpoint = checkpoint
        self._watchdog.alive()

    def where(self) -> str:
        """Where the run stands, in a sentence for whoever has to mend it."""
        return f"{self.done:,} steps are done, and {last_good(self.config.run.folder)}"


BETWEEN = "\n\n----\n\n"
"""What stands between samples in a row of the history."""
