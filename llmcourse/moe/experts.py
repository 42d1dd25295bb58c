"""Many small SwiGLU networks, computed one after another and at once (chapter 6).

The rows that experts read come sorted by expert. The weights of all experts are three tensors, not a list of modules:
then one call computes all products of a kind, a shard of them is a slice, and no expert can be forgotten.

Shape suffixes: R rows sorted by expert, D model width, F width of an expert, E experts.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmcourse.moe.fast import fast_experts, fast_mixture
from llmcourse.optim.gradients import local_part


def loop_experts(x_RD: Tensor, counts_E: Tensor, gate_EFD: Tensor, up_EFD: Tensor, down_EDF: Tensor) -> Tensor:
    """What experts answer, one after another: down(silu(gate(x)) * up(x)) with the weights of the row's expert.

    The plainest way, which works with every dtype and on every device: what others are compared with.

    Args:
        x_RD: The rows of expert 0, then those of expert 1, and so on.
        counts_E: How many rows each expert has, whole numbers that sum to R; it may be none.
        gate_EFD, up_EFD, down_EDF: The weights of all experts, each as `nn.Linear` has them.

    Returns:
        One answer for each row, of shape (R, D).

    Example:
        >>> one = torch.ones(2, 1, 1)
        >>> loop_experts(torch.tensor([[1.0], [2.0]]), torch.tensor([2, 0]), one, one, one)  # silu(x) * x
        tensor([[0.7311],
                [3.5232]])

    Source: Shazeer, "GLU Variants Improve Transformer" (2020), for one expert.
    """
    answers = [
        F.linear(F.silu(F.linear(rows_RD, gate_FD)) * F.linear(rows_RD, up_FD), down_DF)
        for rows_RD, gate_FD, up_FD, down_DF in zip(x_RD.split(counts_E.tolist()), gate_EFD, up_EFD, down_EDF)
    ]
    return torch.cat(answers)


def grouped_experts(x_RD: Tensor, counts_E: Tensor, gate_EFD: Tensor, up_EFD: Tensor, down_EDF: Tensor) -> Tensor:
    """What experts answer, all at once: three calls of `torch.nn.functional.grouped_mm`.

    Args and result are those of `loop_experts`. Every row belongs to an expert: the counts sum to R. Widths and dtype
    are such that `grouped_mm` takes them: float32, bfloat16 or float16, and rows of a multiple of 16 bytes.

    Example:
        >>> x_RD, counts_E, w_EDD = torch.randn(5, 8), torch.tensor([2, 0, 3]), torch.randn(3, 8, 8)
        >>> want = loop_experts(x_RD, counts_E, w_EDD, w_EDD, w_EDD)
        >>> torch.allclose(grouped_experts(x_RD, counts_E, w_EDD, w_EDD, w_EDD), want, rtol=1e-4, atol=1e-4)
        True
    """
    ends_E = counts_E.cumsum(0).to(torch.int32)  # no other type is taken

    def product(rows: Tensor, weight: Tensor) -> Tensor:
        return F.grouped_mm(rows, weight.transpose(-2, -1), offs=ends_E)

    return product(F.silu(product(x_RD, gate_EFD)) * product(x_RD, up_EFD), down_EDF)


WAYS = ("auto", "grouped", "loop", "fast")


def experts_of(way: str) -> Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]:
    """`grouped_experts`, `loop_experts` or `fast_experts`, by its name."""
    return {"grouped": grouped_experts, "loop": loop_experts, "fast": fast_experts}[way]


# With fewer rows an expert the calls of `fast_mixture` cost more than the copies that it saves: measured on one core.
FEW_ROWS = 128


class Experts(nn.Module):
    """The experts of one layer, SwiGLU networks without biases.

    Under autocast the products are computed in its dtype: `grouped_mm` has no rule there by itself. Where `grouped_mm`
    cannot work, in float64 or with widths that are no multiple of 16 bytes, the experts are computed one after another.

    Args:
        n_experts, d_model, d_expert: E, D and F.
        way: "grouped", "loop" or "fast": `grouped_experts`, `loop_experts` or `fast_experts`. "auto" is "fast" on a CPU
            where a whole mixture is wanted and an expert has many rows, and "grouped" elsewhere: "fast" asks for the
            counts, and a GPU would wait for that.

    Raises:
        ValueError: There is no such way; the message names it.

    Example:
        >>> experts = Experts(4, d_model=8, d_expert=16)
        >>> experts(torch.randn(5, 8), torch.tensor([2, 0, 3, 0])).shape
        torch.Size([5, 8])
    """

    def __init__(self, n_experts: int, d_model: int, d_expert: int, way: str = "auto") -> None:
        super().__init__()
        if way not in WAYS:
            raise ValueError(f"way is {way!r}; it must be one of {', '.join(map(repr, WAYS))}")
        self.gate_EFD = nn.Parameter(torch.empty(n_experts, d_expert, d_model))
        self.up_EFD = nn.Parameter(torch.empty(n_experts, d_expert, d_model))
        self.down_EDF = nn.Parameter(torch.empty(n_experts, d_model, d_expert))
        self.way = way
        self.init_weights()

    def init_weights(
        self, std: float = 0.02, residual_std: float | None = None, generator: torch.Generator | None = None
    ) -> None:
        """Start the weights: normal, with `residual_std` for those that write to the residual stream."""
        with torch.no_grad():
            for weight in (self.gate_EFD, self.up_EFD):
                weight.normal_(std=std, generator=generator)
            self.down_EDF.normal_(std=std if residual_std is None else residual_std, generator=generator)

    def forward(
        self, x_RD: Tensor, counts_E: Tensor, tokens_R: Tensor | None = None, weights_R: Tensor | None = None
    ) -> Tensor:
        """One answer for each row; the rows are sorted by expert, and expert e has `counts_E[e]` of them.

        With `tokens_R` and `weights_R` x holds tokens as they come, and the result is that of `fast_mixture`.
        """
        dtype, device = x_RD.dtype, x_RD.device.type
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
        # Spread over ranks, a weight pretends to be whole: of it, the experts that are here.
        weights = [local_part(weight).to(dtype) for weight in (self.gate_EFD, self.up_EFD, self.down_EDF)]
        way = "grouped" if self.way == "auto" else self.way
        if way == "grouped" and not _takes(weights[0]):
            way = "loop"
        with torch.autocast(device, enabled=False):
            if tokens_R is not None and weights_R is not None:
                return fast_mixture(x_RD.to(dtype), tokens_R, weights_R, counts_E, *weights)
            return experts_of(way)(x_RD.to(dtype), counts_E, *weights)

    def mixes(self, x_SD: Tensor, n_rows: int) -> bool:
        """Whether it is better to give `forward` a whole mixture of so many rows."""
        if self.way == "auto":
            many = n_rows >= FEW_ROWS * len(self.gate_EFD)
            return many and x_SD.device.type == "cpu" and not torch.compiler.is_compiling()
        return self.way == "fast"


def _takes(weight_EFD: Tensor) -> bool:
    """Whether `grouped_mm` takes such weights."""
    n_bytes = weight_EFD.element_size()
    aligned = all(width * n_bytes % 16 == 0 for width in weight_EFD.shape[1:])
    return aligned and weight_EFD.dtype in (torch.float32, torch.bfloat16, torch.float16)
