"""Ranks that do not start with the same model are told so, all of them, by name and by parameter."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from llmcourse.distributed.agreement import ModelsDiffer, digest, require_same_model
from llmcourse.distributed.data_parallel import DataParallel
from llmcourse.distributed.group import Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import rehearse


def model(change: str = "") -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)]
    if change == "shape":
        layers[2] = nn.Linear(4, 3)
    if change == "more":
        layers.append(nn.Linear(2, 2))
    if change == "name":
        layers[1] = nn.Sequential(layers[1])
    made = nn.Sequential(*layers)
    if change == "values":
        made[2].weight.data[1, 3] += 1e-7
    if change == "dtype":
        made[2].bias = nn.Parameter(made[2].bias.data.bfloat16())
    if change == "frozen":
        made[0].bias.requires_grad_(False)
    if change == "buffer":
        made[1].running_mean = torch.zeros(5)
    if change == "statistics":
        made[1].running_mean.fill_(3)
    return made


def found(change: str, group: Group) -> str:
    try:
        require_same_model(model(change), group)
    except ModelsDiffer as error:
        return str(error)
    return "the same"


@pytest.mark.parametrize(
    ("change", "want"),
    [
        ("values", "'2.weight': its values are others"),
        ("shape", "'2.weight': its shape is (3, 4), on rank 0 (2, 4)"),
        ("dtype", "'2.bias': its dtype is bfloat16, on rank 0 float32"),
        ("frozen", "'0.bias': it is trained on rank 0 and not there"),
        ("name", "'1.0.weight': rank 0 has '1.weight' in its place"),
        ("more", "'3.weight': rank 0 has '1.running_mean' in its place"),
        ("buffer", "'1.running_mean': its shape is (5,), on rank 0 (4,)"),
    ],
)
def test_every_rank_names_the_rank_and_the_first_difference(change: str, want: str) -> None:
    told = "the ranks have different models: {} from rank 0, first in {}; all ranks must start with the same"
    assert rehearse(found, [("",), (change,), ("",)]).results == [told.format("rank 1 differs", want)] * 3
    ranks = "ranks 1, 2 and 3 differ"
    assert rehearse(found, [("",), (change,), (change,), (change,)]).results == [told.format(ranks, want)] * 4


def test_unlike_differences_are_told_apart() -> None:
    told = rehearse(found, [("",), ("values",), ("shape",), ("values",)]).results[2]
    assert "ranks 1 and 3 differ from rank 0, first in '2.weight': its values" in told
    assert "; rank 2 differs from rank 0, first in '2.weight': its shape" in told


def test_a_model_that_ends_early_is_told() -> None:
    def short(n: int, group: Group) -> str:
        try:
            require_same_model(nn.ParameterList([torch.zeros(1)] * n), group)
        except ModelsDiffer as error:
            return str(error)
        return "the same"

    assert "rank 1 differs from rank 0, first in '2': only it has it" in rehearse(short, [(2,), (3,)]).results[0]
    assert "rank 1 differs from rank 0, first in '2': only rank 0 has it" in rehearse(short, [(3,), (2,)]).results[0]


def test_values_of_buffers_are_no_difference_for_rank_0_gives_its_own() -> None:
    assert rehearse(found, [("",), ("statistics",)]).results == ["the same"] * 2


def test_one_hash_is_sent_where_all_agree() -> None:
    _, traffic = rehearse(found, [("",), ("",)])
    assert not len(traffic[0])  # objects are not counted as tensors are; none was sent


def test_the_digest_sees_bits() -> None:
    assert digest(torch.tensor([0.0])) != digest(torch.tensor([-0.0]))
    assert digest(torch.tensor(1.0)) == digest(torch.tensor([1.0]))
    for kind in (torch.bfloat16, torch.int64, torch.bool):
        digest(torch.zeros(2, 3, dtype=kind).t())
    digest(torch.zeros(0))


def start(change: str, group: Group) -> str:
    try:
        DataParallel(model(change), group)
    except ModelsDiffer as error:
        return str(error)
    return "the same"


def test_processes_are_told_and_do_not_hang() -> None:
    results = run_on_ranks(start, [("",), ("values",)], timeout_s=30)
    assert len(set(results)) == 1 and "rank 1 differs from rank 0, first in '2.weight'" in results[0]
