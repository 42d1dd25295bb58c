"""A run from its settings to its last checkpoint: the one function that composes it (chapter 7).

Everything in it was built before: tokens in chapters 1 and 3, the model in chapters 2, 3 and 6, the optimizer and the
loop in chapter 3, ranks and checkpoints in chapter 4, the plan in chapter 5. What is new is that it ends well whatever
happens.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from llmcourse.data.batches import Batches
from llmcourse.data.shards import tokenizer_hash
from llmcourse.distributed.fsdp2 import FSDP2, recompute_in_backward
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.distributed.strategy import Strategy
from llmcourse.model.accounting import count_parameters
from llmcourse.model.generation import generate
from llmcourse.model.transformer import Transformer
from llmcourse.moe.config import active_parameters
from llmcourse.moe.expert_parallel import mixtures
from llmcourse.moe.sharded_experts import ExpertParallel
from llmcourse.optim.groups import make_optimizer
from llmcourse.pretrain.data.corpora import bytes_per_token, run_tokenizer, training_tokens, validation_tokens
from llmcourse.pretrain.data.mixture import MixtureBatches
from llmcourse.pretrain.run.first_weights import draw_weights
from llmcourse.pretrain.run.monitor import BETWEEN, Monitor
from llmcourse.pretrain.safety.folder import own_folder, write_outcome
from llmcourse.pretrain.safety.stopping import Stopping
from llmcourse.pretrain.safety.waiting import Waiting
from llmcourse.pretrain.safety.watchdog import Watchdog
from llmcourse.pretrain.safety.whose import pieces_in_use
from llmcourse.pretrain.settings.config import RunConfig
from llmcourse.tokenization import BPETokenizer
from llmcourse.training.history import Row
from llmcourse.training.loop import NonFiniteLossError, own_random_numbers, train
from llmcourse.training.steps import parallel_step


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        folder: Of the run.
        history: Its rows.
        checkpoint: The last checkpoint.
        is_stopped: Whether it was asked to leave before its last step; it goes on when it is started again.
    """

    folder: Path
    history: list[Row]
    checkpoint: Path | None
    is_stopped: bool


def pretrain(
    config: RunConfig,
    group: Group = ALONE,
    *,
    progress: bool = True,
    tell: Callable[[str], object] = print,
    stopping: Stopping | None = None,
) -> Outcome:
    """Train a model as its settings say, from the last checkpoint in its folder on if there is one.

    Every rank of the group calls this with the same settings. The losses do not depend on how many ranks there are, nor
    on how the model lies on them, beyond the order in which floating-point numbers are added.

    Args:
        config: All settings.
        group: Who takes part: one process alone, or processes started by `torchrun`.
        progress: Whether the first rank shows a bar.
        tell: Gets each line for the console.
        stopping: Who knows of signals, where they are looked after already.

    Raises:
        ConfigError: The settings do not fit the number of ranks, the tokenizer, or the run that is in the folder.
        FolderInUse: Another run writes to the folder.
        AskedToLeave: A signal came before the first step.
        RankLost: Another rank went while one made what all read, and the others waited.
        NonFiniteLossError: A loss is not finite, and no more steps may be left out.
        CheckpointError: No checkpoint can be read, or one could not be written; the message names the last good one.
    """
    config.require_ranks(group.size)
    say = tell if group.is_first else lambda line: None
    with own_folder(config, group) as folder, stopping or Stopping() as stopping:
        # What it reads.
        with Waiting(group, config.run.timeout_s, stopping) as ranks:
            tokenizer = run_tokenizer(config, folder, ranks, say)
            tokens = training_tokens(config, tokenizer, folder, ranks, say, progress=progress)
            held_out = validation_tokens(config, tokenizer, folder, ranks, say)
        end_of_text = tokenizer.special_tokens[config.tokenizer.end_of_text]
        rows = {
            "seq_len": config.data.seq_len, "batch_size": config.data.batch_size, "device": group.device,
            "end_of_text": end_of_text if config.data.documents_apart else None,
        }  # fmt: skip
        weights = {source.name: source.weight for source in config.data.sources}
        batches = MixtureBatches(tokens, weights, seed=config.data.seed, **rows)
        validation = None if held_out is None else Batches(held_out, **rows)

        # What it trains, and how that lies on the ranks.
        model, strategy = build(config, group)
        trained = model if strategy is None else strategy.model
        optimizer = make_optimizer(
            trained, config.training.optimizer, lr=config.training.lr, weight_decay=config.training.weight_decay,
            betas=config.training.betas,
        )  # fmt: skip
        checkpoints = ShardedCheckpoints(
            folder, group, config.checkpoints.keep_last, keep_every=config.checkpoints.keep_every,
            belongs_to={"tokenizer": tokenizer_hash(tokenizer)}, in_background=config.checkpoints.in_background,
        )  # fmt: skip

        # The run itself.
        watchdog = Watchdog(config.run.timeout_s, about=lambda: monitor.where())
        monitor = Monitor(
            config, group, stopping, watchdog, epochs=batches.epochs, tell=say,
            bytes_per_token=None if held_out is None else bytes_per_token(held_out),
        )  # fmt: skip
        for line in announcement(config, group, monitor.peak_source):
            say(line)
        stopping.finish_steps()
        with watchdog, told_to_the_end(folder, group, checkpoints):
            history = train(
                trained, batches, config.training, group=group, validation=validation, folder=folder,
                progress=progress, optimizer=optimizer, checkpoints=checkpoints, observer=monitor,
                sample=sampler(config, tokenizer, end_of_text, group),
                step=None if strategy is None else functools.partial(parallel_step, parallel=strategy),
            )  # fmt: skip
        if group.is_first:
            ended = "stopped" if monitor.is_stopped else "finished"
            write_outcome(folder, ended, step=monitor.done, checkpoint=str(monitor.checkpoint))
        return Outcome(folder, history, monitor.checkpoint, monitor.is_stopped)


@contextmanager
def told_to_the_end(folder: Path, group: Group, checkpoints: ShardedCheckpoints) -> Iterator[None]:
    """A context at whose end a checkpoint that is on its way to the disk is there, however it ends."""
    try:
        yield
        checkpoints.wait()
    except Exception as error:
        # The other ranks wait for this one in their training, and not where they write.
        with suppress(Exception):
            checkpoints.wait()
        if group.is_first and isinstance(error, NonFiniteLossError):
            write_outcome(folder, "failed", step=error.step, why=str(error))
        raise


def build(config: RunConfig, group: Group = ALONE) -> tuple[Transformer, Strategy | None]:
    """The model of a run with its first weights, on the ranks of a group; see `spread`.

    It is put on the ranks while it has shapes and no memory, so that no rank ever holds all of it.
    """
    with torch.device("meta"):
        model = Transformer(config.model)
    strategy = spread(model, config, group)
    model.to_empty(device=group.device)
    with own_random_numbers():
        draw_weights(model, config.run.seed)
    return model, strategy


def spread(model: nn.Module, config: RunConfig, group: Group) -> Strategy | None:
    """Put a model on the ranks of a group as its settings say; None for one process alone.

    Balancing losses count the tokens of all ranks in either case, so that a run is the same on however many, as long as
    a step has as many micro-batches: `balance_weight` is a loss of each.
    """
    parallel, precision = config.parallel, config.training.precision
    if parallel.compile:
        leave_mixtures_to_python(model)
    if group.link is None:
        for block in model.blocks if parallel.recompute or parallel.compile else ():
            if parallel.recompute:
                recompute_in_backward(block)
            if parallel.compile:
                block.compile()
        return None
    options = {
        "replicas": parallel.replicas, "reshard_after_forward": parallel.reshard_after_forward, "precision": precision,
        "recompute": parallel.recompute, "compiled": parallel.compile,
    }  # fmt: skip
    if parallel.expert_ranks > 1:
        return ExpertParallel(model, group, n_expert_ranks=parallel.expert_ranks, **options)
    for layer in mixtures(model):
        layer.balance_group = group
    return FSDP2(model, group, **options)


def leave_mixtures_to_python(model: nn.Module) -> None:
    """Let a compiler pass over the mixtures of experts of a model.

    How many rows an expert gets is known only when they are there, and what a learner has written is Python. Besides,
    the compiler of PyTorch 2.13 refuses a grouped product of float32, for which it has no rule of shapes.
    """
    for layer in mixtures(model):
        layer.forward = torch.compiler.disable(layer.forward)  # type: ignore[method-assign]


def sampler(
    config: RunConfig, tokenizer: BPETokenizer, end_of_text: int, group: Group
) -> Callable[[nn.Module], str] | None:
    """What writes the samples of a run: some at once, on every rank the same; None where none are asked for."""
    if config.training.sample_every is None:
        return None
    wanted = config.evaluation
    prompt = torch.tensor([[end_of_text, *tokenizer.encode(wanted.prompt)]] * wanted.samples, device=group.device)

    def write(model: nn.Module) -> str:
        ids_BT = generate(
            model, prompt, wanted.sample_tokens, temperature=wanted.temperature, stop=end_of_text, use_cache=False
        )
        return BETWEEN.join(_text(ids, tokenizer, end_of_text) for ids in ids_BT.tolist())

    return write


def _text(ids: list[int], tokenizer: BPETokenizer, end_of_text: int) -> str:
    """What was written between two marks."""
    written = ids[1:]
    return tokenizer.decode(written[: written.index(end_of_text)] if end_of_text in written else written)


def announcement(config: RunConfig, group: Group, peak_source: str) -> list[str]:
    """What the console says at the start: the model, the ranks, and whose code runs."""
    stored, met = active_parameters(config.model) if config.experts else 2 * (count_parameters(config.model),)
    experts = config.experts
    kind = f"{experts.n_experts} experts, {experts.top_k} a token, " if experts else "dense, "
    n_steps, per_step = config.training.steps, config.data.batch_size * config.data.seq_len
    shards = group.size // (config.parallel.replicas * config.parallel.expert_ranks)
    lines = [
        f"model    {kind}{stored / 1e6:,.2f}M parameters, of which a token meets {met / 1e6:,.2f}M",
        f"ranks    {group.size}: {config.parallel.replicas} replicas x {shards} shards x "
        f"{config.parallel.expert_ranks} parts of the experts, {group.device.type}, {config.training.precision}",
        f"steps    {n_steps:,} of {per_step:,} tokens, {n_steps * per_step / 1e6:,.2f}M in all",
        f"peak     {peak_source}",
    ]
    mine = pieces_in_use()
    lines.append(f"code     {len(mine)} pieces are yours: {', '.join(mine)}" if mine else "code     the library's own")
    return lines
