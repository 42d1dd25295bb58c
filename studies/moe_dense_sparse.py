"""A mixture of experts against dense models: equal operations for each token, equal time, and equal parameters.

Four kinds of run on the same text: a dense model; a mixture whose token meets just as many parameters; the dense model
again, for as long as the mixture takes; and one that is dense and as large as the mixture. Each kind of model gets the
best of the same learning rates, found in shorter runs with a seed of their own. Times are those of the processor that
one thread uses, so that a busy machine does not matter much; the least of several measurements counts.
"""

import time
from dataclasses import replace

import torch

from llmcourse.data import Batches
from llmcourse.model import ModelConfig, Transformer
from llmcourse.moe.config import ExpertsConfig, active_parameters
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import Tokens, one_thread, python_tokens

D_MODEL, N_LAYERS, SEQ_LEN, BATCH_SIZE, VOCAB_SIZE = 64, 2, 64, 16, 512
N_EXPERTS, TOP_K = 8, 2
STEPS, RATE_STEPS, TIME_STEPS = 400, 150, 30
RATES = (0.004, 0.008, 0.016)
SEEDS = range(4)
DENSE = ModelConfig(VOCAB_SIZE, D_MODEL, N_LAYERS, 4, SEQ_LEN, d_ff=2 * D_MODEL, init_std=0.07)
EXPERTS = ExpertsConfig(DENSE.d_ff // TOP_K, N_EXPERTS, TOP_K, balance_weight=0.01, way="fast")
MODELS = {
    "dense": DENSE,
    "mixture": replace(DENSE, feed_forward=EXPERTS),
    "large": replace(DENSE, d_ff=N_EXPERTS * EXPERTS.d_expert),
}
COLUMNS = [
    "part", "model", "parameters", "active parameters", "rate", "seed", "steps", "step", "milliseconds a step",
    "validation loss (nats per token)",
]  # fmt: skip


def run(config: ModelConfig, tokens: Tokens, steps: int, rate: float, seed: int, look_every: int) -> list[list[float]]:
    """Train a model: its steps and validation losses, each time it is evaluated."""
    torch.manual_seed(seed)
    model = Transformer(config)
    history = train(
        model,
        Batches(tokens.training, SEQ_LEN, BATCH_SIZE, seed=seed),
        TrainingConfig(
            steps, rate, warmup_steps=steps // 10, optimizer="adamw", eval_every=look_every, eval_batches=60,
            log_every=look_every,
        ),
        validation=Batches(tokens.held_out, SEQ_LEN, BATCH_SIZE),
        progress=False,
    )  # fmt: skip
    return [[row["step"], row["val_loss"]] for row in history if "val_loss" in row]


def milliseconds(config: ModelConfig, tokens: Tokens) -> float:
    """The processor's time for one step of training, without evaluations."""
    model, batches = Transformer(config), Batches(tokens.training, SEQ_LEN, BATCH_SIZE)
    began = time.process_time()
    train(model, batches, TrainingConfig(TIME_STEPS, 0.004, warmup_steps=4), progress=False)
    return 1e3 * (time.process_time() - began) / TIME_STEPS


def sizes(config: ModelConfig) -> list[int]:
    """Parameters that there are, and those that a token meets."""
    if config.feed_forward is None:
        return [sum(p.numel() for p in Transformer(config).parameters())] * 2
    return list(active_parameters(config))


def main() -> None:
    """Run the study; about ten minutes on one core."""
    one_thread()
    tokens = python_tokens(VOCAB_SIZE, limit_mb=3, held_out_mb=0.3)
    rows, best, times = [], {}, {name: [] for name in MODELS}
    for _ in range(5):  # one after another, so that what slows the machine down meets all
        for name, config in MODELS.items():
            times[name].append(milliseconds(config, tokens))
    times = {name: min(taken) for name, taken in times.items()}
    for name, config in MODELS.items():
        found = {}
        for rate in RATES:
            [(step, loss)] = run(config, tokens, RATE_STEPS, rate, seed=1000, look_every=RATE_STEPS)
            found[rate] = loss
            rows.append(["rates", name, *sizes(config), rate, 1000, RATE_STEPS, step, times[name], loss])
            print(rows[-1], flush=True)
        best[name] = min(found, key=found.get)
    longer = round(STEPS * times["mixture"] / times["dense"] / 100) * 100
    for seed in SEEDS:
        kinds = [("runs", "dense", STEPS), ("runs", "mixture", STEPS)]
        for part, name, steps in [*kinds, ("as long", "dense", longer), ("runs", "large", STEPS)]:
            for step, loss in run(MODELS[name], tokens, steps, best[name], seed, look_every=100):
                rows.append([part, name, *sizes(MODELS[name]), best[name], seed, steps, step, times[name], loss])
            print(rows[-1], flush=True)
    record("moe_dense_sparse", COLUMNS, rows)


if __name__ == "__main__":
    main()
