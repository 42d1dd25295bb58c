"""One loop for one process and for many: what several ranks compute, write, resume and refuse."""

from __future__ import annotations

import pytest
import torch

from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.model import evaluation_mode
from llmcourse.training.history import read_history
from tests.training import ranks


@pytest.fixture(scope="module")
def alone():
    return ranks.trained(None)


@pytest.mark.parametrize(("n", "accum"), [(2, 1), (2, 2), (4, 1)])
def test_several_ranks_train_the_model_of_one_process_though_their_parts_have_unequal_targets(
    alone, tmp_path, n, accum
):
    results = run_on_ranks(ranks.trained, [(str(tmp_path), ranks.CONFIG.steps, 0.0, accum)] * n)
    for result in results:
        # Sums in another order; Adam's division by small second moments passes on some digits more.
        torch.testing.assert_close(torch.tensor(result["weights"]), torch.tensor(alone["weights"]), atol=2e-5, rtol=0)
        assert result["weights"] == results[0]["weights"]
        for name in ("step", "loss", "grad_norm", "val_loss", "lr"):
            got, want = ([row.get(name, 0.0) for row in rows] for rows in (result["rows"], alone["rows"]))
            assert got == pytest.approx(want, rel=1e-5), name


def test_the_first_rank_alone_writes_and_all_return_the_same_rows(tmp_path):
    first, second = run_on_ranks(ranks.trained, [(str(tmp_path),)] * 2)
    written = read_history(tmp_path)
    assert [row["loss"] for row in written] == [row["loss"] for row in first["rows"]]
    assert [row["loss"] for row in second["rows"]] == [row["loss"] for row in first["rows"]]
    assert [row["step"] for row in written] == list(range(1, ranks.CONFIG.steps + 1))
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == [
        "step-00000004.pt",
        "step-00000006.pt",
    ]


@pytest.mark.parametrize("n", [1, 2])
def test_ranks_resume_bit_for_bit_with_dropout(tmp_path, n):
    whole = run_on_ranks(ranks.trained, [(None, 6, 0.1)] * n)
    run_on_ranks(ranks.trained, [(str(tmp_path), 5, 0.1)] * n)
    again = run_on_ranks(ranks.trained, [(str(tmp_path), 6, 0.1)] * n)
    assert [result["weights"] for result in again] == [result["weights"] for result in whole]
    assert [row["loss"] for row in again[0]["rows"]] == [row["loss"] for row in whole[0]["rows"]]


def test_a_run_of_two_ranks_goes_on_as_one_process(tmp_path, alone):
    run_on_ranks(ranks.trained, [(str(tmp_path), 5)] * 2)
    got = ranks.trained(str(tmp_path))
    torch.testing.assert_close(torch.tensor(got["weights"]), torch.tensor(alone["weights"]), atol=2e-5, rtol=0)


def test_no_rank_steps_when_the_loss_of_one_is_not_finite():
    for message, before, after in run_on_ranks(ranks.not_finite, [()] * 2):
        assert message.startswith("the loss of step 2 is nan")
        assert before == after


def test_no_rank_steps_when_one_has_an_infinite_loss_with_finite_gradients():
    assert run_on_ranks(ranks.infinite_on_one, [()] * 2) == [(float("inf"), False)] * 2


def test_a_rank_without_a_target_is_an_error_on_all():
    message = "the processes have [3, 0] targets; each must have at least 1"
    assert run_on_ranks(ranks.nothing_to_learn, [()] * 2) == [message] * 2


def test_evaluation_is_the_mean_over_all_ranks_targets():
    assert run_on_ranks(ranks.measured, [()] * 2) == pytest.approx([ranks.measured()] * 2, rel=1e-6)


def test_ranks_that_would_resume_from_different_checkpoints_say_so(tmp_path):
    ranks.trained(str(tmp_path / "one"))
    folders = [str(tmp_path / "one"), str(tmp_path / "other")]
    for message in run_on_ranks(ranks.resumed_apart, [(folders,)] * 2):
        assert message == "the last checkpoint is step-00000006.pt, None; it must be the same for all 2 processes"


def test_a_group_sums_and_gathers_the_same_everywhere():
    for total, numbers, tensor in run_on_ranks(ranks.spoke, [()] * 3):
        assert total == pytest.approx(0.6)
        assert numbers == [0, 1, 2]
        assert tensor == [3.0, 3.0]
    assert Group.of_everybody() == ALONE


def test_evaluation_mode_is_put_back_when_what_runs_in_it_fails():
    model = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Dropout().eval())
    with pytest.raises(RuntimeError), evaluation_mode(model):
        raise RuntimeError
    assert [module.training for module in model.modules()] == [True, True, False]
