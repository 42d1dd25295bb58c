"""A whole training step of chapter 7 beside transformers' Mixtral under FSDP2, and what the engine costs around it.

The same model (same shape, same weights, checked by its first loss), the same tokens, float32, AdamW and clipping on
both sides, each step of both in turn in one run: on one process, and on 2 gloo ranks. Theirs is set up as `accelerate`
sets up FSDP2: `fully_shard` on each decoder layer and on the model, averaged gradients, `clip_grad_norm_`; and with
PyTorch's AdamW. Its experts are computed in the way that `transformers` chooses by itself, and in the other.
A second is one of the wall clock, as ranks wait for one another. On one process the same ratios are also given in
seconds on the processor, which other programs on the machine disturb less.

Nobody's step can be faster than what it has to compute: the row "bare" is the same products of matrices and the same
attention, both passes, and nothing between them. `theirs / bare` is the most that `theirs / ours` could be with these
libraries, on one process.

Memory is the most that a rank's process has held in a run of one side alone, less what it held before the model.

Where torchtitan is importable (it needs triton, also where there is no GPU), its block of experts is timed beside ours,
in bfloat16, in which it computes experts whatever it is given: forward and backward pass, processor time, one process.
That of OLMo-core 3.0.0 cannot be: it takes tokens to experts and back by kernels in Triton, which need a GPU.

The engine's share is that of a step of `pretrain` which is not spent in the step itself (forward and backward pass,
messages, clipping, optimizer): reading rows, the agreement on signals, rows of the history.
"""

from __future__ import annotations

import functools
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

from benchmarks.moe import D_MODEL, SHAPES, TOKENS, passes
from benchmarks.timing import alternate, ratios, row, spread
from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.model.attention import attend
from llmcourse.model.losses import Batch
from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.huggingface import save_pretrained
from llmcourse.moe.layer import MoE
from llmcourse.optim.optimizers import AdamW
from llmcourse.pretrain.run.engine import build, pretrain
from llmcourse.pretrain.settings.config import RunConfig, parse
from llmcourse.training.steps import parallel_step, train_step

ROUNDS, MEMORY_STEPS = 7, 3
WAYS = ("grouped_mm", "eager")
TARGET, SHARE = 1.3, 0.03


def settings(folder: str = "unused", **training: Any) -> RunConfig:
    """A mixture of 11 million parameters, of which a token meets 5."""
    return parse({
        "run": {"folder": folder, "device": "cpu"},
        "data": {"sources": [{"name": "toy", "corpus": "toy"}], "seq_len": 256, "batch_size": 8},
        "model": {
            "vocab_size": 2048, "d_model": 256, "n_layers": 4, "n_heads": 4, "n_kv_heads": 2, "tie_embeddings": False,
            "init_std": 0.04, "experts": {"d_expert": 256, "n_experts": 8, "top_k": 2},
        },
        "training": {"steps": 20, "lr": 1e-3, "warmup_steps": 1, **training},
    })  # fmt: skip


def batch_of(config: RunConfig, group: Group) -> Batch:
    """This rank's rows."""
    generator = torch.Generator().manual_seed(1)
    rows = torch.randint(
        config.model.vocab_size, (config.data.batch_size, config.data.seq_len + 1), generator=generator
    )
    rows = rows.chunk(group.size)[group.rank]
    return Batch(rows[:, :-1].contiguous(), rows[:, 1:].contiguous())


def our_step(config: RunConfig, group: Group) -> Callable[[], float]:
    """One step of the engine."""
    model, strategy = build(config, group)
    optimizer, batch = AdamW(model.parameters(), lr=1e-4), batch_of(config, group)
    step = train_step if strategy is None else functools.partial(parallel_step, parallel=strategy)
    return lambda: step(model, optimizer, [batch], 1.0, "fp32").loss


def their_step(config: RunConfig, group: Group, way: str) -> Callable[[], float]:
    """One step of transformers' Mixtral with our first weights."""
    from torch.distributed.fsdp import fully_shard
    from transformers import MixtralForCausalLM

    whole, _ = build(config)
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(folder, whole)
        model = MixtralForCausalLM.from_pretrained(folder, dtype=torch.float32, experts_implementation=way)
    if group.size > 1:
        for layer in model.model.layers:
            fully_shard(layer)
        fully_shard(model)
    optimizer, batch = torch.optim.AdamW(model.parameters(), lr=1e-4), batch_of(config, group)
    model.train()

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        logits_BTV = model(batch.inputs, use_cache=False).logits
        loss = nn.functional.cross_entropy(logits_BTV.flatten(0, 1), batch.targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return group.sum(loss.item()) / group.size

    return step


def bare_step(config: RunConfig) -> Callable[[], None]:
    """The products and the attention of a step of one process, both passes, of random numbers."""
    model, experts = config.model, config.experts
    n_tokens, width = config.data.batch_size * config.data.seq_len, model.d_model
    q_size, kv_size = model.n_heads * model.d_head, model.n_kv_heads * model.d_head
    one = [(n_tokens * experts.top_k // experts.n_experts, *sizes) for sizes in (
        (width, experts.d_expert), (width, experts.d_expert), (experts.d_expert, width))]  # fmt: skip
    layer = [(n_tokens, width, q_size + 2 * kv_size), (n_tokens, q_size, width), (n_tokens, width, experts.n_experts)]
    shapes = [(n_tokens, width, model.vocab_size)] + model.n_layers * (layer + experts.n_experts * one)
    activations = {(n, i, o): (torch.randn(n, i), torch.randn(n, o)) for n, i, o in shapes}
    weights = [torch.randn(o, i) for _, i, o in shapes]  # each its own: no cache holds the weights of a whole model
    heads = [
        torch.randn(config.data.batch_size, n, config.data.seq_len, model.d_head, requires_grad=True)
        for n in (model.n_heads, model.n_kv_heads, model.n_kv_heads)
    ]

    def step() -> None:
        for shape, weight in zip(shapes, weights):
            x, d_y = activations[shape]
            _ = x @ weight.t(), d_y @ weight, d_y.t() @ x
        for _ in range(model.n_layers):
            y_BHTC = attend(*heads, is_causal=True)
            torch.autograd.grad(y_BHTC, heads, y_BHTC.detach())

    return step


def sides(config: RunConfig, group: Group) -> dict[str, Callable[[], float]]:
    """What is compared."""
    return {"ours": our_step(config, group), **{way: their_step(config, group, way) for way in WAYS}}


class Seconds(NamedTuple):
    """What the steps of one side took, by the clock on the wall and on the processor."""

    wall: list[float]
    processor: list[float]


def timed(group: Group) -> dict[str, Seconds]:
    """Seconds of each side's steps, in turn; the first losses must agree."""
    steps: dict[str, Callable[[], Any]] = {**sides(settings(), group)}
    first = {name: step() for name, step in steps.items()}
    if max(first.values()) - min(first.values()) > 1e-4:
        raise AssertionError(f"the first losses differ: {first}")
    if group.size == 1:
        steps["bare"] = bare_step(settings())
    taken = {name: Seconds([], []) for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            group.barrier()
            began = time.perf_counter(), time.process_time()
            step()
            taken[name].wall.append(time.perf_counter() - began[0])
            taken[name].processor.append(time.process_time() - began[1])
    return taken


def peak_mb(side: str, group: Group) -> float:
    """What a rank's process has held at most for some steps of one side, less what it held before the model."""
    config = settings()
    batch_of(config, group)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = our_step(config, group) if side == "ours" else their_step(config, group, side)
    for _ in range(MEMORY_STEPS):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def engine_share(group: Group) -> float:
    """The part of the time of `pretrain`'s steps that is spent around them, the first few left out."""
    inside: list[tuple[float, float]] = []
    import llmcourse.pretrain.run.engine as engine

    def noted(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            result = step(*args, **options)
            inside.append((began, time.perf_counter()))
            return result

        return call

    before, step = engine.train, train_step if group.size == 1 else None
    engine.train = lambda *args, **options: before(*args, **{**options, "step": noted(options["step"] or step)})
    try:
        with tempfile.TemporaryDirectory() as own:
            folder = group.gather(own)[0]
            pretrain(settings(folder, steps=24, checkpoint_every=24), group, progress=False, tell=lambda line: None)
    finally:
        engine.train = before
    began, ended = inside[4][0], inside[-1][0]
    spent = sum(end - start for start, end in inside[4:-1])
    return 1 - spent / (ended - began)


def compared(group_name: str, taken: dict[str, Seconds], memory: dict[str, float]) -> bool:
    """Print the rows of one number of ranks; return whether the targets were met."""
    config = settings()
    tokens = config.data.batch_size * config.data.seq_len
    met = True
    for name in ("ours", *WAYS):
        factors = ratios(taken[name].wall, taken["ours"].wall)
        columns = [f"{tokens / statistics.median(taken[name].wall):,.0f} tokens/s", f"{memory[name]:,.0f} MB"]
        if name == "ours":
            row(f"{group_name}, ours", columns)
            continue
        enough = statistics.median(factors) >= TARGET and memory["ours"] <= memory[name]
        is_default = name == WAYS[0]
        wanted = f"theirs / ours {spread(factors)}, at least {TARGET}, memory at most theirs"
        met &= row(f"{group_name}, {name}", columns, wanted, enough if is_default else None)
    if "bare" in taken:
        on_processor(group_name, {name: seconds.processor for name, seconds in taken.items()})
    return met


def on_processor(group_name: str, taken: dict[str, list[float]]) -> None:
    """Print the ratios in seconds on the processor, and the most that they could be."""
    for name, seconds in taken.items():
        said = [f"{1e3 * statistics.median(seconds):,.0f} ms on the processor"]
        if name in WAYS:
            said.append(f"/ ours {spread(ratios(seconds, taken['ours']))}")
            said.append(f"/ bare {spread(ratios(seconds, taken['bare']))}")
        row(f"{group_name}, {name}", said)


def titans_block(ours: MoE) -> nn.Module:
    """torchtitan's mixture with our weights."""
    from torchtitan.models.common.linear import Linear
    from torchtitan.models.common.moe import (
        GroupedExperts,
        LocalTokenDispatcher,
        RoutedExperts,
        TokenChoiceTopKRouter,
    )
    from torchtitan.models.common.moe import MoE as Theirs

    shape, d_model = ours.config, ours.router.in_features
    n, k = shape.n_experts, shape.top_k
    block = Theirs.Config(
        num_experts=n,
        load_balance_coeff=None,
        router=TokenChoiceTopKRouter.Config(
            num_experts=n, top_k=k, score_func="softmax", route_norm=True,
            gate=Linear.Config(in_features=d_model, out_features=n),
        ),
        routed_experts=RoutedExperts.Config(
            inner_experts=GroupedExperts.Config(dim=d_model, hidden_dim=shape.d_expert, num_experts=n),
            token_dispatcher=LocalTokenDispatcher.Config(num_experts=n, top_k=k),
        ),
    ).build()  # fmt: skip
    inner = block.routed_experts.inner_experts
    with torch.no_grad():
        for theirs, own in (
            (block.router.gate.weight, ours.router.weight), (inner.w1_EFD, ours.experts.gate_EFD),
            (inner.w3_EFD, ours.experts.up_EFD), (inner.w2_EDF, ours.experts.down_EDF),
        ):  # fmt: skip
            theirs.copy_(own)
        block.tokens_per_expert_E.zero_()
    return block


def beside_torchtitan() -> bool:
    """Blocks of experts; whether ours is as fast."""
    try:
        import torchtitan.models.common.moe  # noqa: F401
    except ImportError as error:
        print(f"not beside torchtitan: {error}")
        return True
    met = True
    for name, (d_expert, n_experts, top_k) in SHAPES.items():
        for n_tokens in TOKENS:
            torch.manual_seed(0)
            ours = MoE(D_MODEL, ExpertsConfig(d_expert, n_experts=n_experts, top_k=top_k))
            theirs = titans_block(ours)
            x_BTD, d_y_BTD = (torch.randn(1, n_tokens, D_MODEL, dtype=torch.bfloat16) for _ in range(2))
            x_BTD.requires_grad_()
            calls = [passes(block.bfloat16(), x_BTD, d_y_BTD) for block in (ours, theirs)]
            a, b = (call().float() for call in calls)
            if (gap := ((a - b).norm() / a.norm()).item()) > 0.3:  # routers in bfloat16 send some tokens elsewhere
                raise AssertionError(f"the answers differ by {gap:.1g}")
            taken = alternate(*calls, repeats=ROUNDS, clock=time.process_time, warm_up=1)
            factors = ratios(taken[1], taken[0])
            said = [f"{n_tokens} tokens, bf16", f"{1e3 * min(taken[0]):,.0f} and {1e3 * min(taken[1]):,.0f} ms"]
            met &= row(name, said, f"torchtitan / ours {spread(factors)}, at least 1", statistics.median(factors) >= 1)
    return met


def main() -> bool:
    torch.set_num_threads(1)
    met = True
    for n in (1, 2):
        name = "1 process" if n == 1 else f"{n} gloo ranks"
        if n == 1:
            taken, share = timed(Group()), engine_share(Group())
            memory = {side: run_on_ranks(functools.partial(peak_alone, side), [()])[0] for side in ("ours", *WAYS)}
        else:
            taken = run_on_ranks(timed, [()] * n, timeout_s=1200)[0]
            memory = {side: max(run_on_ranks(peak_mb, [(side,)] * n, timeout_s=600)) for side in ("ours", *WAYS)}
            share = run_on_ranks(engine_share, [()] * n, timeout_s=600)[0]
        met &= compared(name, taken, memory)
        met &= row(f"{name}, the engine", [f"{share:.1%} of a step"], f"below {SHARE:.0%}", share < SHARE)
    return met & beside_torchtitan()


def peak_alone(side: str) -> float:
    """`peak_mb` of one process by itself."""
    return peak_mb(side, Group())


if __name__ == "__main__":
    main()
