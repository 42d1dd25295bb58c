"""A ladder of small models: budgets of compute two orders of magnitude apart, each spent on models of several sizes.

Two corpora, read as bytes: "python", and "toy", whose entropy is known. No text is read twice. Every run has the same
depth, context and batch; only the width and the number of steps differ. The budget counts 6 operations for each
parameter (the embedding included, for it is the output matrix, too) and token. The learning rate is that of a pilot
(`--pilot`) at one width, and muP carries it to the others; the schedule of each run is as long as the run.

    python -m studies.scaling_ladder                    # or --setting small: some minutes; --setting gpu: much larger
    python -m studies.scaling_ladder --pilot

A study that was stopped goes on where it was; `--fresh` begins anew. Beside the runs it writes the losses that each of
them met on its way, as `scaling_curves.csv`.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from llmcourse.course.notebook.recorded import DATA, read_recorded
from llmcourse.course.notebook.sizes import device
from llmcourse.data import Batches, corpus
from llmcourse.model import ModelConfig
from llmcourse.model.accounting import count_parameters, flops_per_token
from llmcourse.optim.mup import build_mup
from llmcourse.training import TrainingConfig, train
from studies import record
from studies.common import one_thread

VOCAB = 256
CORPORA = ("python", "toy")
RUNS = ["corpus", "width", "budget", "parameters", "non_embedding", "tokens", "exact_flops", "loss", "seconds"]
CURVES = ["corpus", "width", "budget", "parameters", "tokens", "loss"]
PILOT = ["corpus", "width", "steps", "lr", "loss"]


@dataclass(frozen=True)
class Setting:
    """How large a study is.

    Attributes:
        budgets: Operations of a run, at 6 for each parameter and token.
        widths: Of the models. A budget is spent on those whose tokens per parameter lie within `ratios`, as far as
            there is text for them.
        ratios: Fewest and most tokens per parameter.
        lr: Learning rate of the base width, from the pilot.
        n_layers, seq_len, batch_size, base_width, d_head: The same for all; a model narrower than a head has one head.
        megabytes: Of text at most, for training; half a megabyte of other files is held out.
        eval_batches: Held-out batches of a look, of 32 rows.
        looks: How often a run is looked at on its way.
        pilot: Width and steps of the runs that the pilot tries all rates with.
    """

    budgets: tuple[float, ...]
    widths: tuple[int, ...]
    ratios: tuple[float, float] = (1.4, 400.0)
    lr: float = 2.0**-6
    n_layers: int = 2
    seq_len: int = 64
    batch_size: int = 8
    base_width: int = 32
    d_head: int = 8
    megabytes: float = 16.0
    eval_batches: int = 16
    looks: int = 6
    pilot: tuple[tuple[int, int], ...] = ((32, 300), (32, 1500), (128, 300))

    def config(self, width: int) -> ModelConfig:
        """The model of a width, before muP."""
        std = 0.5 * self.base_width**-0.5
        heads = max(1, width // self.d_head)
        return ModelConfig(VOCAB, width, self.n_layers, heads, max_seq_len=self.seq_len, init_std=std)

    def sizes(self, budget: float) -> dict[int, int]:
        """The widths that a budget is spent on, and the steps that each can make."""
        counts = {width: count_parameters(self.config(width)) for width in self.widths}
        low, high = self.ratios
        return {
            width: round(budget / (6 * n * self.batch_size * self.seq_len))
            for width, n in counts.items()
            if low <= budget / (6 * n**2) <= high and budget / (6 * n) <= 1e6 * self.megabytes
        }


SETTINGS = {
    "small": Setting((3e9, 1e10, 3e10), (8, 16, 24, 32), ratios=(1.0, 500.0), megabytes=2.0, eval_batches=4),
    "cpu": Setting((3.2e9, 1e10, 3.2e10, 1e11, 3.2e11), (4, 8, 16, 24, 32, 40, 48, 64, 80, 96)),
    "gpu": Setting(
        (3e13, 1e14, 3e14, 1e15, 3e15), (64, 96, 128, 160, 192, 256, 320, 384), ratios=(2.0, 400.0),
        n_layers=6, seq_len=256, batch_size=64, base_width=128, d_head=32, lr=2.0**-8,
        megabytes=200.0, eval_batches=64, pilot=((128, 500), (384, 500)),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Text:
    """A corpus as bytes: what models learn from, and what they are judged by."""

    training: np.ndarray
    held_out: np.ndarray

    @classmethod
    def read(cls, name: str, setting: Setting) -> "Text":
        """Read as much as the setting asks for.

        Raises:
            ValueError: The corpus is too small here: the longest run of the setting would read some of it twice.
        """
        parts = corpus(name, limit_mb=setting.megabytes), corpus(name, "validation", limit_mb=0.5)
        text = cls(*(np.frombuffer("".join(part).encode(), np.uint8) for part in parts))
        longest = max(steps for budget in setting.budgets for steps in setting.sizes(budget).values())
        if (needed := longest * setting.batch_size * setting.seq_len) > len(text.training):
            raise ValueError(f"the corpus {name!r} has {len(text.training):,} bytes; it must have at least {needed:,}")
        return text


def train_one(
    setting: Setting, text: Text, width: int, steps: int, *, seed: int = 0, looks: int | None = None, **changes: Any
) -> list[tuple[int, float]]:
    """Train one model.

    Args:
        setting: The study's.
        text: What it reads.
        width: Of the model.
        steps: How many it makes.
        seed: Of its first weights and of the order of the data.
        looks: How often its loss is measured; None is as the setting says.
        changes: Settings of the `TrainingConfig` other than the ladder's; `lr` is that of the base width.

    Returns:
        Tokens read and the loss on held-out text, in nats per byte, at each look; the last is that of the whole run.
    """
    every = max(1, steps // (looks or setting.looks))
    recipe = TrainingConfig(
        steps, setting.lr, warmup_steps=steps // 10, eval_every=every, eval_batches=setting.eval_batches,
        log_every=steps, seed=seed, precision="bf16" if device() == "cuda" else "fp32",
    )  # fmt: skip
    recipe = replace(recipe, **changes)
    torch.manual_seed(seed)
    model, optimizer = build_mup(setting.config(width), setting.base_width, lr=recipe.lr)
    batches = Batches(text.training, setting.seq_len, setting.batch_size, seed=seed, device=device())
    validation = Batches(text.held_out, setting.seq_len, 32, device=device())
    history = train(model.to(device()), batches, recipe, validation=validation, optimizer=optimizer, progress=False)
    per_step = setting.batch_size * setting.seq_len
    return [(row["step"] * per_step, row["val_loss"]) for row in history if "val_loss" in row]


class Table:
    """A recorded table that grows by some rows at a time: a study that was stopped finds those it had.

    Args:
        name: The file's name.
        columns: Its columns, of which the first `n_keys` say which run a row is of.
        folder: Where it lies.
        study: The command that makes it.
        n_keys: See `columns`.
        fresh: Whether to forget what is there.
    """

    def __init__(
        self, name: str, columns: Sequence[str], folder: Path, study: str, n_keys: int = 3, fresh: bool = False
    ):
        self.name, self.columns, self.folder, self.study, self.n_keys = name, list(columns), folder, study, n_keys
        there = (folder / f"{name}.csv").is_file() and not fresh
        self.rows = [list(row.values()) for row in read_recorded(name, folder)[1]] if there else []

    def done(self) -> set[tuple]:
        """The keys of the runs that are there."""
        return {tuple(row[: self.n_keys]) for row in self.rows}

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write these, too, in the place of rows of the same runs."""
        new = {tuple(row[: self.n_keys]) for row in rows}
        self.rows = [row for row in self.rows if tuple(row[: self.n_keys]) not in new] + [list(row) for row in rows]
        record(self.name, self.columns, self.rows, self.folder, self.study)


def plan(setting: Setting) -> Iterator[tuple[str, int, float, int]]:
    """Every run, small budgets first, and of each the fewest steps first: corpus, width, budget, steps."""
    for budget in setting.budgets:
        for width, steps in sorted(setting.sizes(budget).items(), key=lambda size: size[1]):
            for name in CORPORA:
                yield name, width, float(budget), steps


def ladder(setting: Setting, folder: Path, fresh: bool = False) -> None:
    """Make all runs that are not there yet."""
    runs = Table("scaling_ladder", RUNS, folder, "scaling_ladder", fresh=fresh)
    curves = Table("scaling_curves", CURVES, folder, "scaling_ladder", fresh=fresh)
    todo, done, texts = list(plan(setting)), runs.done() & curves.done(), {}
    with tqdm(total=sum(budget for *_, budget, _ in todo), unit="FLOP", unit_scale=True, mininterval=1) as bar:
        for name, width, budget, steps in todo:
            if (name, width, budget) not in done:
                texts[name] = texts.get(name) or Text.read(name, setting)
                began = time.perf_counter()
                looks = train_one(setting, texts[name], width, steps)
                config = setting.config(width)
                n, tokens = count_parameters(config), looks[-1][0]
                exact = float(3 * flops_per_token(config, setting.seq_len) * tokens)
                row = [name, width, budget, n, n - VOCAB * width, tokens, exact, looks[-1][1]]
                curves.add([[name, width, budget, n, *look] for look in looks])
                runs.add([[*row, round(time.perf_counter() - began, 1)]])
                bar.set_postfix_str(f"{name}, {n:,} parameters: {looks[-1][1]:.3f}")
            bar.update(budget)


def pilot(setting: Setting, folder: Path, fresh: bool = False) -> None:
    """Try all rates at some widths and lengths: is one rate right for all of them?"""
    rows = Table("scaling_pilot", PILOT, folder, "scaling_ladder --pilot", n_keys=4, fresh=fresh)
    rates = [float(f"{setting.lr * 2.0**k:.6g}") for k in range(-2, 3)]  # as they stand in the table
    for name in CORPORA:
        text = Text.read(name, setting)
        for (width, steps), lr in tqdm([(shape, lr) for shape in setting.pilot for lr in rates], desc=name):
            if (name, width, steps, lr) not in rows.done():
                loss = train_one(setting, text, width, steps, looks=1, lr=lr)[-1][1]
                rows.add([[name, width, steps, lr, loss]])


def main() -> None:
    """Run the study, or its pilot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--setting", choices=SETTINGS, default="cpu")
    parser.add_argument("--folder", type=Path, help="where the tables go; that of the book for the setting cpu")
    parser.add_argument("--pilot", action="store_true", help="look for the learning rate")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    asked = parser.parse_args()
    one_thread()
    folder = asked.folder or (DATA if asked.setting == "cpu" else Path(f"scaling_{asked.setting}"))
    (pilot if asked.pilot else ladder)(SETTINGS[asked.setting], folder, asked.fresh)


if __name__ == "__main__":
    main()
