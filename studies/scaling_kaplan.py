"""What moves the optimum: the ladder's cheaper budgets on "python" once more, trained as Kaplan et al. (2020) did.

- "no decay": each width is trained once, at a rate that never falls, as on a schedule for far more steps than any of
  these budgets pays; what a smaller budget would have reached is read off on its way;
- "long warm-up": each run has a schedule of its own length, and the same number of steps of warm-up, which is most of a
  small run.

The runs to compare with are those of `scaling_ladder`. What counting without the embedding does needs no run: the
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
N_BUDGETS = 3
"""How many of the ladder's budgets are done again, from the smallest."""
SHORT_WARMUP, LONG_WARMUP = 30, 200
"""Steps of warm-up of all runs of "no decay", and of "long warm-up"."""
LOOKS = 16


def plan(setting: Setting) -> list[tuple[str, int, float, int]]:
    """Variant, width, budget and steps of each run; a run of "no decay" has the largest budget that its width gets."""
    budgets = setting.budgets[:N_BUDGETS]
    largest = {width: (float(budget), steps) for budget in budgets for width, steps in setting.sizes(budget).items()}
    runs = [("no decay", width, budget, steps) for width, (budget, steps) in largest.items()]
    for budget in budgets:
        runs += [("long warm-up", width, float(budget), steps) for width, steps in setting.sizes(budget).items()]
    return runs


def study(setting: Setting, folder: Path, fresh: bool) -> None:
    """Make all runs that are not there yet."""
    table = Table(NAME, COLUMNS, folder, NAME, fresh=fresh)
    text = Text.read("python", setting)
    for variant, width, budget, steps in tqdm(plan(setting)):
        if (variant, width, budget) in table.done():
            continue
        if variant == "no decay":
            changes = {"schedule": "constant", "warmup_steps": min(SHORT_WARMUP, steps - 1), "looks": LOOKS}
        else:  # at most all steps but one: a schedule has to have an end
            changes = {"warmup_steps": min(LONG_WARMUP, steps - 1), "looks": 1}
        looks = train_one(setting, text, width, steps, **changes)
        n = count_parameters(setting.config(width))
        table.add([[variant, width, budget, n, n - VOCAB * width, *look] for look in looks])


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--setting", choices=SETTINGS, default="cpu")
    parser.add_argument("--folder", type=Path, help="where the table goes; that of the book for the setting cpu")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    asked = parser.parse_args()
    one_thread()
    folder = asked.folder or (DATA if asked.setting == "cpu" else Path(f"scaling_{asked.setting}"))
    study(SETTINGS[asked.setting], folder, asked.fresh)


if __name__ == "__main__":
    main()
