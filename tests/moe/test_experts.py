"""All ways to compute experts are one in values and gradients; and what `F.grouped_mm` does to who trusts it."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from llmcourse.course.comparison import unwritten_is_nan
from llmcourse.moe import experts as library
from llmcourse.moe.dispatch import combine, sort_by_expert
from llmcourse.moe.experts import Experts, loop_experts
from llmcourse.moe.fast import fast_mixture

WAYS = {name: library.experts_of(name) for name in library.WAYS if name != "auto"}
COUNTS = {
    "uneven": [3, 0, 5, 1, 0, 7],
    "first and last empty": [0, 4, 4, 4, 4, 0],
    "one has all": [0, 0, 16, 0, 0, 0],
    "no rows": [0, 0, 0, 0, 0, 0],
}
D, F_, E = 16, 24, 6
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 6e-2, torch.float64: 1e-10}  # sums in another order, roundings apart
WAYS_OF = [(way, dtype) for dtype in TOLERANCE for way in WAYS if (way, dtype) != ("grouped", torch.float64)]


def test_a_way_that_does_not_exist_is_named_before_anything_is_computed():
    with pytest.raises(ValueError, match="way is 'quick'; it must be one of 'auto', 'grouped', 'loop', 'fast'"):
        Experts(2, 8, 8, way="quick")


def some(*shape, dtype=torch.float32, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype).requires_grad_()


def inputs(counts, dtype, d=D, f=F_):
    shapes = [(sum(counts), d), (len(counts), f, d), (len(counts), f, d), (len(counts), d, f)]
    x_RD, *weights = (some(*shape, dtype=dtype, seed=i) for i, shape in enumerate(shapes))
    return x_RD, torch.tensor(counts, dtype=torch.int64), *weights


def measured(
    way, counts, dtype, loss=lambda y: y.float().square().sum() if y.dtype != torch.float64 else (y * y).sum()
):
    x_RD, counts_E, *weights = inputs(counts, dtype)
    y_RD = WAYS[way](x_RD, counts_E, *weights)
    return y_RD, *torch.autograd.grad(loss(y_RD), [x_RD, *weights])


def assert_near(got, want, tolerance):
    """Apart by so much of the largest number: roundings of a sum are as large as its terms."""
    assert got.dtype == want.dtype and got.shape == want.shape
    if want.numel():
        assert (got - want).abs().max() <= tolerance * want.abs().max().clamp(min=1e-3)


@pytest.mark.parametrize(("way", "dtype"), WAYS_OF)
@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
def test_all_ways_give_the_values_and_gradients_of_the_loop_in_float64(way, dtype, counts):
    for got, want in zip(measured(way, counts, dtype), measured("loop", counts, torch.float64), strict=True):
        assert_near(got.double(), want, TOLERANCE[dtype])


@pytest.mark.parametrize("way", WAYS)
def test_an_expert_without_rows_has_a_gradient_of_zeros(way):
    *_, d_gate_EFD, d_up_EFD, d_down_EDF = measured(way, [4, 0, 3, 0, 0, 2], torch.float32)
    for gradient in (d_gate_EFD, d_up_EFD, d_down_EDF):
        assert not gradient[[1, 3, 4]].any() and gradient[[0, 2, 5]].abs().amin((1, 2)).isfinite().all()
        assert gradient[0].any() and gradient[2].any() and gradient[5].any()


@pytest.mark.parametrize("way", ["loop", "fast"])
@pytest.mark.parametrize("counts", [[2, 0, 3], [0, 0, 1]])
def test_gradients_are_those_of_finite_differences(way, counts):
    x_RD, counts_E, *weights = inputs(counts, torch.float64, d=3, f=2)
    assert torch.autograd.gradcheck(lambda x, *w: WAYS[way](x, counts_E, *w), (x_RD, *weights))


def mixture_case(dtype, keep=slice(None)):
    generator = torch.Generator().manual_seed(3)
    experts_SK = torch.rand(7, 4, generator=generator).topk(2).indices
    order_R, _ = sort_by_expert(experts_SK, 4)
    order_R = order_R[keep]
    counts_E = torch.bincount(experts_SK.flatten()[order_R], minlength=4)
    _, _, *weights = inputs([0, 0, 0, 0], dtype, d=8, f=16)
    return some(7, 8, dtype=dtype, seed=9), some(7, 2, seed=10, dtype=torch.promote_types(dtype, torch.float32)), (
        order_R, counts_E, weights
    )  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("keep", [slice(None), slice(0, None, 3), slice(0, 0)], ids=["all", "some dropped", "none"])
def test_a_mixture_at_once_is_sort_loop_and_combine(dtype, keep):
    x_SD, weights_SK, (order_R, counts_E, weights) = mixture_case(dtype, keep)
    d_y_SD = torch.randn(7, 8, dtype=weights_SK.dtype, generator=torch.Generator().manual_seed(4))

    def gradients(y_SD):
        return y_SD, *torch.autograd.grad(y_SD, [x_SD, weights_SK, *weights], d_y_SD)

    want = gradients(combine(loop_experts(x_SD[order_R // 2], counts_E, *weights), order_R, weights_SK))
    got = gradients(fast_mixture(x_SD, order_R // 2, weights_SK.flatten()[order_R], counts_E, *weights))
    for a, b in zip(got, want, strict=True):
        assert_near(a, b, TOLERANCE[dtype])


def test_the_gradients_of_a_mixture_are_those_of_finite_differences():
    x_SD, weights_SK, (order_R, counts_E, weights) = mixture_case(torch.float64, slice(1, None))
    assert torch.autograd.gradcheck(
        lambda x, w, *experts: fast_mixture(x, order_R // 2, w.flatten()[order_R], counts_E, *experts),
        (x_SD, weights_SK, *weights),
        fast_mode=True,
    )


@pytest.mark.parametrize("way", ["loop", "fast"])
def test_expanded_and_strided_gradients_are_taken(way):
    expanded = measured(way, COUNTS["uneven"], torch.float64, loss=lambda y: y.sum())
    dense = measured(way, COUNTS["uneven"], torch.float64, loss=lambda y: (y * torch.ones_like(y)).sum())
    strided = measured(way, COUNTS["uneven"], torch.float64, loss=lambda y: (y.t() @ torch.ones(16, 1).double()).sum())
    for a, b, c in zip(expanded, dense, strided, strict=True):
        torch.testing.assert_close(a, b)
        torch.testing.assert_close(c, b)


def test_the_fast_way_keeps_less_for_the_backward_pass():
    def kept(way):
        x_RD, counts_E, *weights = inputs(COUNTS["uneven"], torch.float32)
        own, sizes = {tensor.data_ptr() for tensor in (x_RD, *weights)}, {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t: (sizes.update({t.data_ptr(): t.numel()}), t)[1], lambda t: t
        ):
            y_RD = WAYS[way](x_RD, counts_E, *weights)
        del y_RD
        return sum(size for pointer, size in sizes.items() if pointer not in own)

    rows = sum(COUNTS["uneven"])
    assert kept("fast") <= 2 * rows * F_ + 2 * rows < kept("loop")  # two products, and a token and a weight a row


class _Products(TorchDispatchMode):
    """Which dtypes matrices are multiplied in."""

    def __init__(self):
        super().__init__()
        self.dtypes = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func._overloadpacket.__name__ in ("mm", "addmm_", "addmm", "_grouped_mm"):
            self.dtypes.add(next(arg for arg in args if isinstance(arg, torch.Tensor)).dtype)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("way", ["auto", *WAYS])
@pytest.mark.parametrize("inside", [False, True], ids=["backward outside", "backward inside"])
def test_under_autocast_all_products_are_in_its_dtype(way, inside):
    experts = Experts(E, D, F_, way=way)
    x_RD, counts_E = some(16, D), torch.tensor(COUNTS["uneven"])
    with _Products() as products:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = experts(x_RD, counts_E).float().square().sum()
            if inside:
                loss.backward()
        if not inside:
            loss.backward()
    assert products.dtypes == {torch.bfloat16}
    assert x_RD.grad.dtype == experts.gate_EFD.grad.dtype == torch.float32


@pytest.mark.parametrize("backward_under_autocast", [False, True])
def test_autocast_around_the_backward_pass_alone_changes_nothing(backward_under_autocast):
    experts = Experts(E, D, F_, way="fast")
    loss = experts(some(16, D), torch.tensor(COUNTS["uneven"])).square().sum()
    with _Products() as products, torch.autocast("cpu", dtype=torch.bfloat16, enabled=backward_under_autocast):
        loss.backward()
    assert products.dtypes == {torch.float32}


@pytest.mark.parametrize(
    ("d_model", "d_expert", "dtype"),
    [(6, 8, torch.float32), (8, 6, torch.float32), (12, 8, torch.bfloat16), (8, 8, torch.float64)],
)
def test_where_grouped_products_cannot_work_the_loop_does(d_model, d_expert, dtype):
    torch.manual_seed(0)
    experts = Experts(3, d_model, d_expert, way="grouped").to(dtype)
    x_RD, counts_E = some(5, d_model, dtype=dtype), torch.tensor([2, 0, 3])
    y_RD = experts(x_RD, counts_E)
    assert torch.equal(y_RD, loop_experts(x_RD, counts_E, experts.gate_EFD, experts.up_EFD, experts.down_EDF))
    y_RD.square().sum().backward()


def test_start_weights_follow_the_generator_and_the_deviations():
    experts = Experts(4, 64, 64)
    experts.init_weights(0.1, 0.01, torch.Generator().manual_seed(1))
    deviations = [weight.std().item() for weight in (experts.gate_EFD, experts.up_EFD, experts.down_EDF)]
    assert deviations == pytest.approx([0.1, 0.1, 0.01], rel=0.05)
    first = experts.up_EFD.detach().clone()
    experts.init_weights(0.1, 0.01, torch.Generator().manual_seed(1))
    assert torch.equal(first, experts.up_EFD)


# What `F.grouped_mm` does to who trusts it, on a CPU.


def grouped(ends, rows=8, width=8, dtype=torch.float32, offs_dtype=torch.int32):
    x, w = some(rows, width, dtype=dtype), some(2, width, 8, dtype=dtype, seed=2)
    return x, w, F.grouped_mm(x, w, offs=torch.tensor(ends, dtype=offs_dtype))


def test_grouped_mm_writes_neither_rows_of_nobody_nor_their_gradients():
    with unwritten_is_nan():
        x, w, y = grouped([2, 5])
        y[:5].square().sum().backward()
    torch.testing.assert_close(y[:2], x[:2] @ w[0])
    torch.testing.assert_close(y[2:5], x[2:5] @ w[1])
    assert y[5:].isnan().all() and x.grad[5:].isnan().all()
    assert x.grad[:5].isfinite().all() and w.grad.isfinite().all()


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ({"offs_dtype": torch.int64}, "int32"),
        ({"width": 6}, "16"),
        ({"dtype": torch.float64}, "(?i)float32|bfloat16|double"),
    ],
)
def test_grouped_mm_refuses(case, error):
    with pytest.raises(RuntimeError, match=error):
        grouped([4, 8], **case)


def test_the_gradient_of_a_bare_sum_of_grouped_mm_raises():
    *_, y = grouped([4, 8])
    with pytest.raises(RuntimeError, match="strides"):
        y.sum().backward()
    *_, y = grouped([4, 8])
    (y * 1).sum().backward()


def test_grouped_mm_has_no_rule_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        *_, y = grouped([4, 8])
    assert y.dtype == torch.float32


def test_the_counter_of_operations_sees_a_loop_and_no_grouped_product():
    def counted(way):
        experts = Experts(2, 8, 16, way)
        with FlopCounterMode(display=False) as counter:
            experts(some(8, 8), torch.tensor([3, 5]))
        return counter.get_total_flops()

    assert counted("loop") == 8 * 2 * 3 * 8 * 16
    assert counted("grouped") == 0
