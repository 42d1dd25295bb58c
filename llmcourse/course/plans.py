"""`llmcourse plan`: which law, and the plan as rows."""

from __future__ import annotations

from pathlib import Path

from llmcourse.course.ledger import in_gb, number_of_parameters
from llmcourse.distributed.planning import HARDWARE
from llmcourse.scaling_laws.extrapolation import Evidence, evidence_of
from llmcourse.scaling_laws.planning import Plan, plan
from llmcourse.scaling_laws.runs import read_runs


def planned(
    gpus: int, gpu: str, hours: float, moe: bool, parameters: str | None, mfu: float, vocab_size: int, seq_len: int,
    runs: Path | None,
) -> Plan:  # fmt: skip
    """The plan for what was typed.

    Raises:
        ValueError: A value is not allowed, or nothing fits; the message says what.
    """
    size = None if parameters is None else number_of_parameters(parameters)
    law = None if runs is None else law_of(runs)
    return plan(
        gpus, gpu.lower(), hours, moe, mfu=mfu, vocab_size=vocab_size, seq_len=seq_len, n_params=size, evidence=law
    )


def law_of(path: Path) -> Evidence:
    """The law that a table of runs gives.

    Raises:
        ValueError: There is no such file, or no law in it; the message says why.
    """
    if not path.is_file():
        raise ValueError(f"runs is {str(path)!r}; it must be a file, a table of runs")
    runs = read_runs(path)
    return evidence_of(runs, f"fitted to {len(runs.losses)} runs of {path.name}", f"your runs, {path.name}")


def rows(planned: Plan) -> list[tuple[str, str]]:
    """What the plan is, a line each: what it is about, and what to do or expect."""
    config, layout = planned.config, planned.layout
    experts = config.feed_forward
    model = f"{config.n_layers} layers, width {config.d_model:,}, {config.n_heads} heads"
    if experts is not None:
        model += f", {experts.top_k} of {experts.n_experts} experts of width {experts.d_expert:,}"
    else:
        model += f", feed-forward {config.d_ff:,}"
    size = f"{planned.n_params:,}"
    if planned.n_active != planned.n_params:
        size += f", of which a token meets {planned.n_active:,}"
    model += f", vocabulary {config.vocab_size:,}"
    batch_tokens = planned.batch_size * config.max_seq_len
    low, high = planned.loss_low, planned.loss_high
    kept = "recomputed" if layout.recompute else "kept"
    return [
        ("devices", f"{planned.gpus} x {HARDWARE[planned.gpu].name}"),
        ("cost", f"{planned.device_hours:,.6g} device-hours"),
        ("operations", f"{planned.flops:.3g}, at {planned.mfu:.0%} of the peak"),
        ("model", model),
        ("parameters", size),
        ("tokens", f"{planned.n_tokens:,}, {planned.n_tokens / planned.n_active:.1f} a parameter"),
        ("batch", f"{batch_tokens:,} tokens: {planned.batch_size:,} sequences of {config.max_seq_len:,}"),
        ("steps", f"{planned.n_steps:,}"),
        ("learning rate", f"{planned.lr:.2e} at its peak, after {planned.warmup_steps:,} steps"),
        ("sharding", f"stage {layout.stage}, activations {kept}"),
        ("micro-batches", f"{layout.n_micro} x {layout.micro_batch} sequences a step and device"),
        ("memory", _memory(planned)),
        ("expected loss", f"{planned.loss:.3f} nats a token, from {low:.3f} to {high:.3f} in 90% of runs"),
        ("", f"{planned.hoffmann:.3f} by the constants of Hoffmann et al."),
    ]  # fmt: skip


def _memory(planned: Plan) -> str:
    memory, device = planned.layout.memory, HARDWARE[planned.gpu]
    parts = ", ".join(f"{name.replace('_', ' ')} {in_gb(value)}" for name, value in memory._asdict().items())
    return f"{in_gb(memory.total)} of {in_gb(int(device.memory))} GB a device: {parts}"
