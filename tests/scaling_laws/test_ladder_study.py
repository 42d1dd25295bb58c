"""The study behind the recorded ladder: what it plans, and that it goes on where it was stopped."""

from __future__ import annotations

import pytest

from llmcourse.model.accounting import count_parameters
from studies import scaling_ladder
from studies.scaling_ladder import CORPORA, SETTINGS, Table, ladder, plan


@pytest.mark.parametrize("name", SETTINGS)
def test_every_run_spends_its_budget_on_a_size_within_the_ratios(name):
    setting = SETTINGS[name]
    for _, width, budget, steps in plan(setting):
        n = count_parameters(setting.config(width))
        tokens = steps * setting.batch_size * setting.seq_len
        assert 6 * n * tokens == pytest.approx(budget, rel=0.02)
        assert setting.ratios[0] * 0.95 < tokens / n < setting.ratios[1] * 1.05
        assert tokens < setting.megabytes * 1e6, "no byte is read twice"


@pytest.mark.parametrize("name", SETTINGS)
def test_every_budget_has_at_least_three_sizes(name):
    setting = SETTINGS[name]
    sizes = [setting.sizes(budget) for budget in setting.budgets]
    assert min(map(len, sizes)) >= 3, "a valley needs three"


def test_a_corpus_that_would_be_read_twice_is_refused(monkeypatch):
    monkeypatch.setattr(scaling_ladder, "corpus", lambda name, split="train", limit_mb=None: ["x" * 1_000_000])
    with pytest.raises(ValueError, match="the corpus 'python' has 1,000,000 bytes; it must have at least 1,332,736"):
        scaling_ladder.Text.read("python", SETTINGS["small"])


def test_the_recorded_study_has_forty_runs_over_two_orders_of_magnitude():
    setting = SETTINGS["cpu"]
    assert len(list(plan(setting))) >= 40 and max(setting.budgets) / min(setting.budgets) == pytest.approx(100)


def test_a_table_keeps_its_rows_and_replaces_those_of_the_same_run(tmp_path):
    table = Table("scaling_some", ["corpus", "width", "budget", "loss"], tmp_path, "scaling_some")
    table.add([["toy", 8, 3.2e9, 1.0]])
    table.add([["toy", 16, 3.2e9, 0.5], ["toy", 8, 3.2e9, 0.9]])
    again = Table("scaling_some", ["corpus", "width", "budget", "loss"], tmp_path, "scaling_some")
    assert again.rows == [["toy", 16, 3.2e9, 0.5], ["toy", 8, 3.2e9, 0.9]]
    assert again.done() == {("toy", 16, 3.2e9), ("toy", 8, 3.2e9)}
    assert not Table("scaling_some", ["corpus"], tmp_path, "scaling_some", fresh=True).rows


def test_a_study_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    made = []

    def train_one(setting, text, width, steps):
        made.append((text, width))
        if len(made) == 3:
            raise KeyboardInterrupt
        return [(steps * 256, 2.0), (steps * 512, 1.0)]

    monkeypatch.setattr(scaling_ladder, "train_one", train_one)
    monkeypatch.setattr(scaling_ladder.Text, "read", lambda name, setting: name)
    setting = SETTINGS["small"]
    with pytest.raises(KeyboardInterrupt):
        ladder(setting, tmp_path)
    ladder(setting, tmp_path)
    n_runs = len(list(plan(setting)))
    assert n_runs > 3 and len(made) == n_runs + 1 and made.count(made[2]) >= 2
    ladder(setting, tmp_path)
    assert len(made) == n_runs + 1, "nothing is left to do"
    assert {text for text, _ in made} == set(CORPORA)
