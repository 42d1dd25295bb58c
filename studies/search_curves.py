"""Loss curves of many candidates, so that searches can be replayed on them as often as one likes.

A tiny model is trained from the same start with 16 candidates on a grid and 48 random ones. Two settings vary, the
learning rate (1e-4 to 0.3) and the weight decay (1e-3 to 1, both logarithmic). The rate is constant after a short
warm-up, so that a shorter run is the beginning of a longer one.
"""

import math

import torch

from llmcourse.data import Batches
from llmcourse.data.evaluation import evaluate
from llmcourse.model import ModelConfig, Transformer
from llmcourse.optim import make_optimizer
from llmcourse.optim.gradients import accumulate_gradients, clip_gradients
from llmcourse.optim.schedules import set_learning_rate, warm_up
from llmcourse.optim.search import draw, grid
from studies import record
from studies.common import one_thread, python_tokens

VOCAB = 512
LOOKS = (8, 16, 32, 64, 128, 256, 512)
AXES = {"lr": (1e-4, 0.3), "weight_decay": (1e-3, 1.0)}


def levels(low: float, high: float, n: int) -> list[float]:
    """The middles of n equal parts of a range, on a logarithmic scale."""
    return [math.exp(math.log(low) + (k + 0.5) / n * math.log(high / low)) for k in range(n)]


def curve(candidate: dict, batches: Batches, validation: Batches) -> list[float]:
    """Validation losses after each number of steps in LOOKS."""
    torch.manual_seed(0)
    model = Transformer(ModelConfig(vocab_size=VOCAB, d_model=32, n_layers=1, n_heads=2, max_seq_len=32))
    optimizer = make_optimizer(model, "adamw", **candidate)
    losses = []
    for step in range(LOOKS[-1]):
        set_learning_rate(optimizer, warm_up(step, 4))
        optimizer.zero_grad()
        accumulate_gradients(model, [batches.batch(step)])
        clip_gradients(model.parameters(), 1.0)
        optimizer.step()
        if step + 1 in LOOKS:
            losses.append(evaluate(model, validation, 8))
    return losses


def main() -> None:
    """Train all candidates and write their curves."""
    one_thread()
    tokens = python_tokens(VOCAB, limit_mb=1, held_out_mb=0.2)
    batches = Batches(tokens.training, 32, 16)
    validation = Batches(tokens.held_out, 32, 32)
    kinds = {"grid": grid({name: levels(*AXES[name], 4) for name in AXES}), "random": draw(AXES, 48)}
    rows = [
        [kind, candidate["lr"], candidate["weight_decay"], *curve(candidate, batches, validation)]
        for kind, candidates in kinds.items()
        for candidate in candidates
    ]
    record("search_curves", ["kind", "lr", "weight_decay", *(f"loss_{n}" for n in LOOKS)], rows)


if __name__ == "__main__":
    main()
