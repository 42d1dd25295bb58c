"""What a rank needs to train: the figure of chapter 4."""

from collections.abc import Mapping

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.distributed.memory import (
    CARDS_GB,
    GB,
    PRECISIONS,
    STAGES,
    Run,
    block_activations,
    block_parameters,
    step_memory,
)
from llmcourse.model.accounting import model_costs
from llmcourse.model.config import PRESETS, ModelConfig

RANKS = (1, 2, 4, 8, 16, 64, 256, 1024)
SEQ_LENS = (512, 1024, 2048, 4096, 8192)
START = Run(n_ranks=8, stage=0, precision="mixed", seq_len=2048)


def memory_ledger(models: Mapping[str, ModelConfig] = PRESETS, start: str = "llama-2-7b") -> HTML:
    """A figure of the bytes of one rank at the worst moment of a step, for each ZeRO stage.

    The reader chooses model, ranks, stage, precision, tokens and recomputation, and sees what fits on which card. The
    numbers are those of `step_memory`.

    Args:
        models: Configurations by name.
        start: The one that is shown at first.

    Raises:
        ValueError: `start` is none of them.
    """
    if start not in models:
        raise ValueError(f"start is {start!r}; it must be one of {', '.join(map(repr, models))}")
    return embed(
        "memory-ledger",
        scripts=("memory_core.js", "memory_ledger.js"),
        styles=("memory_ledger.css",),
        config={
            "models": {name: sizes(config) for name, config in models.items()},
            "precisions": {name: list(each) for name, each in PRECISIONS.items()},
            "cards": CARDS_GB,
            "ranks": RANKS,
            "seqLens": SEQ_LENS,
            "start": {"model": start} | options(START),
        },
        fallback=_table(models[start], start),
        label="What a rank needs to train",
    )


def sizes(config: ModelConfig) -> dict[str, object]:
    """What the figure has to know of a model."""
    block = block_parameters(config)
    return {
        "block": block,
        "root": model_costs(config, 1).parameters - config.n_layers * block,
        "nLayers": config.n_layers,
        "width": config.d_model,
        "widest": max(config.d_ff or 0, config.d_model),
        "vocabSize": config.vocab_size,
        "kept": {str(width): block_activations(config, 1, width) for width in (2, 4)},
    }


def options(run: Run) -> dict[str, object]:
    """A run's settings under the figure's names."""
    return {
        "ranks": run.n_ranks, "stage": run.stage, "precision": run.precision, "tokens": run.batch_size * run.seq_len,
        "recompute": run.recompute, "prefetch": run.prefetch,
    }  # fmt: skip


def _table(config: ModelConfig, name: str) -> str:
    rows = []
    for stage in STAGES:
        memory = step_memory(config, Run(START.n_ranks, stage, START.precision, 1, START.seq_len))
        fits = ", ".join(f"{card} GB" for card in CARDS_GB if memory.total <= card * GB) or "none"
        cells = [str(stage), *(f"{part / GB:.1f}" for part in (*memory, memory.total)), fits]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["stage", "weights", "gradients", "optimizer", "in flight", "activations", "total (GB)", "fits on"]
    return (
        f"<p>What a rank needs to train {name} on {START.n_ranks} ranks, {START.precision} precision, one sequence of "
        f"{START.seq_len:,} tokens, in GB. With JavaScript this is an interactive figure.</p>\n<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
