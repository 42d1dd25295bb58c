"""A mixture of experts against dense models, in a short and in a four times longer training.

Four kinds of run on the same text: a mixture; a dense model of which a token meets just as many parameters; the same
for as long as the mixture takes; and a dense model as large as the whole mixture. Each kind of model gets the best of
the same learning rates, found in a short run with a seed of its own. The time of a step is that of the processor that
one thread uses, without evaluations, the least of several measurements that take turns: a busy machine hardly matters.
"""

import time
from dataclasses import replace

import torch

from llmcourse.data import Batches
from llmcourse.data.evaluation import evaluate
from llmcourse.model import ModelConfig, Transformer
from llmcourse.moe.config import ExpertsConfig
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import Tokens, one_thread, python_tokens

VOCAB_SIZE, SEQ_LEN, BATCH_SIZE = 512, 64, 16
STEPS = (480, 1920)
RATES = (0.004, 0.008, 0.016)
SEEDS, RATE_SEED = range(3), 100
DENSE = ModelConfig(VOCAB_SIZE, 64, 2, 4, SEQ_LEN, d_ff=128, init_std=0.07)
EXPERTS = ExpertsConfig(64, n_experts=8, top_k=2, balance_weight=0.01, way="fast")
MODELS = {"mixture": replace(DENSE, feed_forward=EXPERTS), "dense": DENSE, "large": replace(DENSE, d_ff=8 * 64)}
COLUMNS = ["part", "model", "rate", "seed", "steps", "ms a step", "validation loss (nats per token)"]


def run(config: ModelConfig, tokens: Tokens, steps: int, rate: float, seed: int) -> float:
    """Train a model; its validation loss at the end."""
    torch.manual_seed(seed)
    model = Transformer(config)
    settings = TrainingConfig(steps, rate, warmup_steps=steps // 10, log_every=steps)
    train(model, Batches(tokens.training, SEQ_LEN, BATCH_SIZE, seed=seed), settings, progress=False)
    return evaluate(model, Batches(tokens.held_out, SEQ_LEN, BATCH_SIZE), 60)


def milliseconds(config: ModelConfig, tokens: Tokens, steps: int = 20) -> float:
    """The processor's time for one step of training."""
    model, batches = Transformer(config), Batches(tokens.training, SEQ_LEN, BATCH_SIZE)
    began = time.process_time()
    train(model, batches, TrainingConfig(steps, 0.004, warmup_steps=0), progress=False)
    return 1e3 * (time.process_time() - began) / steps


def main() -> None:
    """Run the study: about half an hour on one core."""
    one_thread()
    tokens = python_tokens(VOCAB_SIZE, limit_mb=5, held_out_mb=0.3)
    print(f"{len(tokens.training):,} tokens", flush=True)
    taken = [{name: milliseconds(config, tokens) for name, config in MODELS.items()} for _ in range(5)]
    cost = {name: min(times[name] for times in taken) for name in MODELS}
    rows, best = [], {}

    def noted(part: str, name: str, rate: float, seed: int, steps: int) -> float:
        loss = run(MODELS[name], tokens, steps, rate, seed)
        rows.append([part, name, rate, seed, steps, cost[name], loss])
        print(rows[-1], flush=True)
        return loss

    for name in MODELS:
        losses = {rate: noted("rates", name, rate, RATE_SEED, STEPS[0]) for rate in RATES}
        best[name] = min(losses, key=losses.__getitem__)
    for steps in STEPS:
        as_long = round(steps * cost["mixture"] / cost["dense"])
        for seed in SEEDS:
            for name in MODELS:
                noted("runs", name, best[name], seed, steps)
            noted("as long", "dense", best["dense"], seed, as_long)
    record("dense_or_sparse", COLUMNS, rows)


if __name__ == "__main__":
    main()
