"""Who holds what and talks with whom: the figure of chapter 7."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from IPython.display import HTML
from torch import Tensor

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.distributed.memory import GB
from llmcourse.distributed.planning import HARDWARE, Hardware
from llmcourse.model.accounting import model_costs
from llmcourse.model.transformer import Transformer
from llmcourse.moe.sharded_experts import rank_grid
from llmcourse.pretrain.run.on_paper import paper_rank
from llmcourse.pretrain.settings.config import RunConfig
from llmcourse.scaling_laws.layouts import EFFICIENCY

RANKS, EXPERT_RANKS, REPLICAS, ROWS = (8, 16, 32, 64), (1, 2, 4, 8, 16, 32, 64), (1, 2, 4, 8), (1, 2, 4, 8, 16)


class Layout(NamedTuple):
    """How a run lies on ranks.

    Attributes:
        n_ranks: How many there are.
        n_expert_ranks: Over how many of them the experts of a layer are spread.
        replicas: Copies of the whole model.
        near: Who has neighbouring numbers: ranks with other "experts", as `rank_grid` has it, or with other "shards".
        rows: Sequences of a rank's micro-batch.
    """

    n_ranks: int
    n_expert_ranks: int
    replicas: int
    near: str
    rows: int


def sizes(config: RunConfig, n_ranks: int) -> dict[str, object]:
    """What the figure has to know of a run; `n_ranks` is the number that its file is meant for."""
    with torch.device("meta"):
        model = Transformer(config.model)
    count = lambda module, kind: sum(  # noqa: E731
        p.numel() for name, p in module.named_parameters() if ("experts" in name.split(".")) == kind
    )
    block, rank = model.blocks[-1], paper_rank(config, n_ranks)
    return {
        "nLayers": config.model.n_layers,
        "dense": count(block, False),
        "experts": count(block, True),
        "outer": count(model, False) - config.model.n_layers * count(block, False),
        "nExperts": config.experts.n_experts,
        "topK": config.experts.top_k,
        "width": config.model.d_model,
        "bytes": 2 if config.training.precision == "bf16" else 4,
        "seqLen": config.data.seq_len,
        "batchSize": config.data.batch_size,
        "rowBytes": rank.activations // rank.rows,
        "flops": model_costs(config.model, config.data.seq_len).flops_per_token,
        "recompute": config.parallel.recompute,
        "start": {
            "ranks": n_ranks, "experts": config.parallel.expert_ranks, "replicas": config.parallel.replicas,
            "near": "experts", "rows": rank.rows,
        },
    }  # fmt: skip


def grid_of(layout: Layout) -> Tensor:
    """The ranks of a layout, of shape (copies, shards, parts of the experts)."""
    if layout.near == "experts":
        return rank_grid(*layout[:3])
    each = layout.n_ranks // (layout.replicas * layout.n_expert_ranks)
    return torch.arange(layout.n_ranks).view(layout.replicas, layout.n_expert_ranks, each).transpose(1, 2)


def memory(of: Mapping[str, object], layout: Layout) -> dict[str, float]:
    """Bytes of one rank: its shards with gradients and moments, gradients kept whole, weights gathered, activations.

    Between the micro-batches of a step gradients are kept whole, in float32, until the last one sends them.
    """
    parts = layout.n_ranks // layout.replicas
    dense, experts = of["outer"] + of["nLayers"] * of["dense"], of["nLayers"] * of["experts"]
    whole = dense + experts / layout.n_expert_ranks
    several = of["batchSize"] > layout.n_ranks * layout.rows
    return {
        "state": 16 * (dense + experts) / parts,
        "kept": 4.0 * whole if several and layout.n_ranks > 1 else 0.0,
        "gathered": of["bytes"] * (of["dense"] + of["experts"] / layout.n_expert_ranks + of["outer"]),
        "activations": float(layout.rows * of["rowBytes"]),
    }


def ring_speed(ranks: list[int], device: Hardware) -> float:
    """Bytes a second that each rank of a ring passes on, when all rings of this kind run at once.

    On one machine that is a wire inside of it. A ring over several is as fast as what crosses between two of them,
    where each of its ranks on a machine has a wire to the network.
    """
    machines = [rank // device.per_node for rank in ranks]
    if len(set(machines)) == 1:
        return device.node_bandwidth
    return min(device.network_bandwidth * machines.count(machines[0]), device.node_bandwidth)


def messages(of: Mapping[str, object], layout: Layout, device: Hardware) -> dict[str, tuple[float, float]]:
    """Bytes that a rank sends for one layer of one micro-batch, and the seconds that they take, by what is sent.

    "tokens" travel to their experts and back, forward, backward, and once more where the forward pass is computed
    again. "experts" and "rest" are weights, gathered forward and backward. "gradients" are summed once a step: this is
    a micro-batch's share.
    """
    grid, e, r = grid_of(layout), layout.n_expert_ranks, layout.replicas
    parts = layout.n_ranks // r
    s = parts // e
    row, column, copy, same = (
        ranks.flatten().tolist() for ranks in (grid[0, 0], grid[0, :, 0], grid[0], grid[:, 0, 0])
    )
    n_micro = of["batchSize"] / (layout.n_ranks * layout.rows)

    times = 6 if of["recompute"] else 4
    tokens = times * layout.rows * of["seqLen"] * of["topK"] * of["width"] * of["bytes"] / e
    inside = sum(rank // device.per_node == row[0] // device.per_node for rank in row) - 1
    travel = tokens * (inside / device.node_bandwidth + (e - 1 - inside) / device.network_bandwidth)

    experts, rest = of["experts"] / e * (s - 1) / s, of["dense"] * (parts - 1) / parts
    gathers = [2 * of["bytes"] * n for n in (experts, rest)]
    shard = (of["experts"] + of["dense"]) / parts
    sums, copies = [4 * n / n_micro for n in (experts, rest)], 8 * shard * (r - 1) / r / n_micro
    speeds = [ring_speed(ranks, device) for ranks in (sorted(column), sorted(copy), sorted(same))]
    return {
        "tokens": (tokens * (e - 1), travel),
        "experts": (gathers[0], gathers[0] / speeds[0]),
        "rest": (gathers[1], gathers[1] / speeds[1]),
        "gradients": (sum(sums) + copies, sums[0] / speeds[0] + sums[1] / speeds[1] + copies / speeds[2]),
    }


def arithmetic(of: Mapping[str, object], layout: Layout, device: Hardware) -> float:
    """Seconds of a layer's products for one micro-batch, forward and backward, as fast as in chapter 5."""
    passes = 4 if of["recompute"] else 3
    return passes * of["flops"] / of["nLayers"] * layout.rows * of["seqLen"] / (device.flops * EFFICIENCY)


def mesh_explorer(runs: Mapping[str, tuple[RunConfig, int]], gpu: str = "h100") -> HTML:
    """A figure of the ranks of a run: whom one of them talks with, what it holds, and what a layer's messages take.

    The reader chooses a run, how it lies on the ranks, and a rank.

    Args:
        runs: Settings of runs with experts, and the number of ranks that each is meant for, by name.
        gpu: The device, one of chapter 4's.

    Raises:
        ValueError: There is no run, a run has no experts, or the device is unknown.
    """
    if gpu not in HARDWARE:
        raise ValueError(f"gpu is {gpu!r}; it must be one of {', '.join(map(repr, HARDWARE))}")
    if not runs or any(config.experts is None for config, _ in runs.values()):
        raise ValueError(f"runs is {list(runs)}; it must name a run at least, each with experts")
    device = HARDWARE[gpu]
    models = {name: sizes(config, n_ranks) for name, (config, n_ranks) in runs.items()}
    name = list(models)[-1]
    return embed(
        "mesh-explorer",
        scripts=("mesh_core.js", "mesh_explorer.js"),
        styles=("mesh_explorer.css",),
        config={
            "models": models,
            "start": name,
            "device": {
                "name": device.name, "memory": device.memory, "inside": device.node_bandwidth,
                "between": device.network_bandwidth, "perNode": device.per_node, "flops": device.flops * EFFICIENCY,
            },
            "choices": {"ranks": RANKS, "experts": EXPERT_RANKS, "replicas": REPLICAS, "rows": ROWS},
        },
        fallback=_table(models[name], name, device),
        label="Which rank holds what, and whom it talks with",
    )  # fmt: skip


def _table(of: Mapping[str, object], name: str, device: Hardware) -> str:
    start, rows = of["start"], []
    for near, experts, replicas, n_rows in (
        ("experts", start["experts"], 1, 1), ("experts", start["experts"], 1, 4), ("shards", start["experts"], 1, 1),
        ("shards", start["experts"], 1, 4), ("experts", 1, 1, 1), ("experts", start["ranks"], 1, 1),
    ):  # fmt: skip
        layout = Layout(start["ranks"], experts, replicas, near, n_rows)
        told = messages(of, layout, device)
        total = math.fsum(memory(of, layout).values())
        cells = [near, experts, n_rows, f"{total / GB:.1f}", *(f"{1e3 * told[kind][1]:.2f}" for kind in told)]
        cells.append(f"{1e3 * arithmetic(of, layout, device):.2f}")
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["neighbours have other", "experts over", "rows", "memory (GB)", "tokens (ms)", "experts' weights (ms)",
             "other weights (ms)", "gradients (ms)", "arithmetic (ms)"]  # fmt: skip
    return (
        f"<p>The file {name} on {start['ranks']} {device.name}, in one copy: memory of a rank, and the messages of one "
        "layer and micro-batch of so many rows. With JavaScript this is an interactive figure.</p>\n<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
