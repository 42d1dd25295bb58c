"""What moves the optimum: the same ladder trained as Kaplan et al. (2020) did, on "python", at its cheaper budgets.

- "long schedule": every width is trained once, on a schedule for more steps than most budgets can pay, and what a
  smaller budget would have reached is read off on its way;
- "long warm-up": every run has a schedule of its own length, and the same number of steps of warm-up, which is most of
  a small run.

The runs to compare with are those of `scaling_ladder`. What counting without the embeddings does needs no run: the
table has both counts.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from llmcourse.course.notebook.recorded import DATA
from llmcourse.model.accounting import count_parameters
from studies.common import one_thread
from studies.scaling_ladder import SETTINGS, VOCAB, Setting, Table, Text, train_one

COLUMNS = ["variant", "width", "budget", "parameters", "non_embedding", "tokens", "loss"]
NAME = "scaling_kaplan"
N_BUDGETS = {"small": 2, "cpu": 4, "gpu": 4}
"""How many of the ladder's budgets are done again, from the smallest."""
WARMUP = 150
"""Steps of warm-up of every run of "long warm-up"."""
LOOKS = 40


def long_schedule(setting: Setting, n_budgets: int) -> dict[int, int]:
    """The steps of each width: those that its largest budget pays."""
    steps: dict[int, int] = {}
    for budget in setting.budgets[:n_budgets]:
        steps |= setting.sizes(budget)
    longest = sorted(steps.values())[len(steps) // 2]
    return dict.fromkeys(steps, longest)


def study(setting: Setting, n_budgets: int, folder: Path, fresh: bool) -> None:
    """Make all runs that are not there yet."""
    table = Table(NAME, COLUMNS, folder, NAME, fresh=fresh)
    text, done = Text.read("python", setting), table.done()
    todo = [("long schedule", width, 0.0, steps) for width, steps in long_schedule(setting, n_budgets).items()]
    for budget in setting.budgets[:n_budgets]:
        todo += [("long warm-up", width, float(budget), steps) for width, steps in setting.sizes(budget).items()]
    for variant, width, budget, steps in tqdm(todo):
        if (variant, width, budget) in done:
            continue
        is_long = variant == "long schedule"
        # At most all steps but one: the schedule has to have an end.
        changes = {} if is_long else {"warmup_steps": min(WARMUP, steps - 1)}
        looks = train_one(setting, text, width, steps, looks=LOOKS if is_long else 1, **changes)
        n = count_parameters(setting.config(width))
        kept = looks if is_long else looks[-1:]
        table.add([[variant, width, budget, n, n - VOCAB * width, *look] for look in kept])


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--setting", choices=SETTINGS, default="cpu")
    parser.add_argument("--folder", type=Path, help="where the table goes; that of the book for the setting cpu")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    asked = parser.parse_args()
    one_thread()
    folder = asked.folder or (DATA if asked.setting == "cpu" else Path(f"scaling_{asked.setting}"))
    study(SETTINGS[asked.setting], N_BUDGETS[asked.setting], folder, asked.fresh)


if __name__ == "__main__":
    main()
