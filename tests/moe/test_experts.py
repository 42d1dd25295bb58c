"""Experts one after another and at once."""

import pytest
import torch

from llmcourse.moe.experts import WAYS, Experts, grouped_experts


def test_a_way_that_does_not_exist_is_named_before_anything_is_computed():
    with pytest.raises(ValueError, match="way is 'quick'; it must be one of 'grouped', 'loop', 'fast'"):
        Experts(2, 8, 8, way="quick")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("counts", [[0, 0, 0], [0, 5, 0], [2, 0, 3]])
def test_experts_may_be_without_rows_and_then_have_no_gradient(way, counts):
    experts = Experts(3, 8, 16, way)
    y_RD = experts(torch.randn(sum(counts), 8), torch.tensor(counts))
    assert y_RD.shape == (sum(counts), 8)
    (y_RD * 1).square().sum().backward()
    for weight in experts.parameters():
        assert [bool(grad.any()) for grad in weight.grad] == [count > 0 for count in counts]


def test_widths_that_a_grouped_product_refuses_are_computed_all_the_same():
    torch.manual_seed(0)
    experts, x_RD, counts_E = Experts(2, 6, 5), torch.randn(4, 6), torch.tensor([1, 3])
    with pytest.raises(RuntimeError, match="multiple of 16 bytes"):
        grouped_experts(x_RD, counts_E, experts.gate_EFD, experts.up_EFD, experts.down_EDF)
    got = experts(x_RD, counts_E)
    experts.way = "fast"
    torch.testing.assert_close(got, experts(x_RD, counts_E))


def test_under_autocast_experts_compute_in_bfloat16_though_a_grouped_product_alone_does_not():
    experts, x_RD, counts_E = Experts(2, 8, 8), torch.randn(4, 8), torch.tensor([1, 3])
    with torch.autocast("cpu", torch.bfloat16):
        assert experts(x_RD, counts_E).dtype == torch.bfloat16
        alone = grouped_experts(x_RD, counts_E, experts.gate_EFD, experts.up_EFD, experts.down_EDF)
    assert alone.dtype == torch.float32
