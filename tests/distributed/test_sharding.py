"""ZeRO and FSDP from scratch against one process: losses, norms and weights at every step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from llmcourse.distributed.flat import part_of, shard, sharded_norm, unshard
from llmcourse.distributed.fsdp import FullySharded
from llmcourse.distributed.group import ALONE, Group
from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.rehearsal import RankFailed, rehearse
from llmcourse.distributed.sharded_optimizers import Matrix, by_gathering, by_owners, make_sharded_optimizer
from llmcourse.distributed.zero import Zero
from llmcourse.model import ModelConfig, Transformer
from tests.distributed.sharding import Case, alone, largest_difference, make_model, sharded

# Sums in another order, and Adam's division by small second moments, which passes on some digits more.
CLOSE = 2e-5
CASES = {
    "stage 1": Case(stage=1),
    "stage 2": Case(stage=2),
    "stage 3": Case(),
    "stage 3, kept whole": Case(options={"reshard_after_forward": False}),
    "stage 3, no prefetch": Case(options={"prefetch": 0}),
    "stage 3, two ahead": Case(options={"prefetch": 2}),
    "stage 3, one unit": Case(options={"units": []}),
    "untied": Case(tied=False),
    "frozen": Case(frozen=True),
    "frozen, stage 2": Case(stage=2, frozen=True),
    "accumulated": Case(accum=2),
    "accumulated, stage 2": Case(stage=2, accum=2),
    "accumulated, stage 1": Case(stage=1, accum=2),
    "recomputed": Case(recompute=True),
    "Muon by owners": Case(optimizer="muon"),
    "Muon by gathering": Case(optimizer="muon", exchange="gather"),
    "Muon, stage 1": Case(stage=1, optimizer="muon"),
    "SGD": Case(optimizer="sgd"),
}


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("name", CASES)
def test_losses_norms_and_weights_are_those_of_one_process(name, n):
    case = CASES[name]
    if case.accum * n > 4:
        pytest.skip("no row for each micro-batch")
    want = alone(case)
    for got in rehearse(sharded, [(case,)] * n).results:
        assert got["losses"] == pytest.approx(want["losses"], rel=1e-5)
        assert got["norms"] == pytest.approx(want["norms"], rel=1e-4)
        assert largest_difference(got["weights"], want["weights"]) < CLOSE


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_one_rank_is_one_process_bit_for_bit(stage):
    # A norm that clips is a sum of squares in another order, and reaches every weight.
    case = Case(stage, clip=1e9, unjoined=True)
    got, want = sharded(case, ALONE), alone(case)
    assert got["losses"] == want["losses"]
    assert largest_difference(got["weights"], want["weights"]) == 0.0


def test_all_stages_give_the_same_bits():
    first, *others = [rehearse(sharded, [(Case(stage, unjoined=True),)] * 4).results[0] for stage in (1, 2, 3)]
    for other in others:
        assert other["losses"] == first["losses"]
        assert other["norms"] == first["norms"]
        assert largest_difference(other["weights"], first["weights"]) == 0.0


def test_prefetch_and_resharding_change_no_bit():
    options = [{"prefetch": p, "reshard_after_forward": r} for p in (0, 1, 2) for r in (True, False)]
    first, *others = [rehearse(sharded, [(Case(options=option),)] * 2).results[0] for option in options]
    for other in others:
        assert other["losses"] == first["losses"]
        assert largest_difference(other["weights"], first["weights"]) == 0.0


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_real_ranks_are_rehearsed_ranks_bit_for_bit(stage):
    """Of two numbers there is one sum, whoever adds them."""
    real = run_on_ranks(sharded, [(Case(stage),)] * 2)
    for got, want in zip(real, rehearse(sharded, [(Case(stage),)] * 2).results):
        assert got["losses"] == want["losses"]
        assert largest_difference(got["weights"], want["weights"]) == 0.0


def test_four_real_ranks():
    want = alone(Case(optimizer="muon", frozen=True))
    for got in run_on_ranks(sharded, [(Case(optimizer="muon", frozen=True),)] * 4):
        assert got["losses"] == pytest.approx(want["losses"], rel=1e-5)
        assert largest_difference(got["weights"], want["weights"]) < CLOSE


@pytest.mark.parametrize("stage", [2, 3])
def test_bf16_computes_narrow_and_keeps_float32_shards(stage):
    case, wide = Case(stage, options={"precision": "bf16"}), Case(stage)
    got, want = (rehearse(sharded, [(c,)] * 2).results[0] for c in (case, wide))
    assert got["losses"] == pytest.approx(want["losses"], rel=0.01)
    assert got["losses"] != want["losses"]
    assert all(weight.dtype == torch.float32 for weight in got["weights"].values())
    # Steps of 0.01 on weights of 0.02: what was left of a bfloat16 sum would be off by half a percent and more.
    assert largest_difference(got["weights"], want["weights"]) < 4 * 0.01 * 4


def test_a_step_much_smaller_than_a_weight_is_not_lost_in_bf16():
    def stepped(group: Group) -> float:
        model = nn.Linear(1, 1, bias=False)
        nn.init.ones_(model.weight)
        strategy = FullySharded(model, group, precision="bf16")
        optimizer = torch.optim.SGD(strategy.parameters(), lr=1e-4)
        for _ in range(10):
            strategy.zero_grad()
            model(torch.ones(1, 1)).sum().backward()
            strategy.finish()
            optimizer.step()
        return strategy.full_weights()["weight"].item()

    assert rehearse(stepped, [()] * 2).results == pytest.approx([1 - 10 * 2e-4] * 2, abs=1e-5)


def test_freed_parameters_have_no_memory_and_are_nan():
    model = make_model(Case())
    strategy = FullySharded(model)
    block = strategy.inner[0].units[0]
    assert block.whole.untyped_storage().nbytes() == 0
    assert all(parameter.isnan().all() for parameter in model.parameters())
    with torch.no_grad():
        logits = model(torch.zeros(1, 4, dtype=torch.int64))
    assert logits.isfinite().all()
    assert all(unit.whole.untyped_storage().nbytes() == 0 for layer in strategy.layers for unit in layer.units)


def watched_sharing(prefetch: int, group: Group) -> int:
    """How many layers are whole, or about to be, at the same time at most."""
    torch.manual_seed(0)
    model = Transformer(ModelConfig(17, 16, 6, 2, 16))
    strategy = FullySharded(model, group, prefetch=prefetch)
    most = 0

    def count(*_):
        nonlocal most
        n = sum(u.whole.untyped_storage().nbytes() > 0 for layer in strategy.inner for u in layer.units)
        most = max(most, n)

    for block in model.blocks:
        block.feed_forward.register_forward_hook(count)
        block.feed_forward.register_full_backward_hook(count)
    model(torch.zeros(1, 4, dtype=torch.int64)).square().mean().backward()
    strategy.finish()
    return most


@pytest.mark.parametrize("prefetch", [0, 1, 2])
def test_no_more_layers_are_whole_than_the_prefetch_asks_for(prefetch):
    assert rehearse(watched_sharing, [(prefetch,)] * 2).results == [prefetch + 1] * 2


def test_a_micro_batch_that_was_dropped_does_not_come_back():
    def run(drop: bool, stage: int, group: Group) -> list[float]:
        model = make_model(Case())
        strategy = Zero(model, group, stage) if stage < 3 else FullySharded(model, group)
        if drop:
            with strategy.no_sync():
                (model(torch.zeros(1, 3, dtype=torch.int64)).square().mean() * torch.nan).backward()
            strategy.zero_grad()
        model(torch.ones(1, 3, dtype=torch.int64)).square().mean().backward()
        strategy.finish()
        return [float(piece.grad.sum()) for piece in strategy.parameters() if piece.grad is not None]

    for stage in (1, 2, 3):
        assert rehearse(run, [(True, stage)] * 2).results == rehearse(run, [(False, stage)] * 2).results


def test_a_parameter_that_one_rank_does_not_use_counts_as_zeros_there():
    class Sometimes(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
            self.extra = nn.Parameter(torch.ones(3))

        def forward(self, x, with_extra):
            for block in self.blocks:
                x = block(x)
            return x + self.extra if with_extra else x

    def run(with_extra: bool, stage: int, group: Group) -> list[float]:
        torch.manual_seed(0)
        model = Sometimes()
        strategy = Zero(model, group, stage) if stage < 3 else FullySharded(model, group)
        model(torch.ones(1, 3), with_extra).sum().backward()
        strategy.finish()
        return strategy.shards.slices["extra"].grad.tolist()

    for stage in (1, 2, 3):
        first, second = rehearse(run, [(True, stage), (False, stage)]).results
        assert first + second == [1.0, 1.0, 1.0]


def drawn(fill_shards: bool, group: Group) -> torch.Tensor:
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(6, 8, bias=False), nn.Linear(8, 4, bias=False))
    generator = torch.Generator().manual_seed(0)
    strategy = FullySharded(model, group, units=[], fill=lambda _, p: nn.init.normal_(p, generator=generator))
    if fill_shards:  # the trap: every rank draws its own shard, from the same seed
        generator.manual_seed(0)
        for piece in strategy.parameters():
            nn.init.normal_(piece, generator=generator)
    return strategy.full_weights()["0.weight"]


@pytest.mark.parametrize("n", [2, 4])
def test_a_model_from_the_meta_device_is_the_same_on_any_number_of_ranks(n):
    want = drawn(False, ALONE)
    for got in rehearse(drawn, [(False,)] * n).results:
        assert torch.equal(got, want)
    assert torch.linalg.matrix_rank(want) == 6


def test_shards_drawn_from_one_seed_hold_the_same_numbers_on_every_rank():
    weight = rehearse(drawn, [(True,)] * 4).results[0]  # 48 numbers: 20 a shard, of which rank 0 has the first 20
    flat = weight.reshape(-1)
    assert torch.equal(flat[:8], flat[20:28])


def test_a_tied_meta_model_stays_tied():
    with torch.device("meta"):
        model = Transformer(ModelConfig(17, 16, 2, 2, 16))
    strategy = FullySharded(model, fill=lambda name, p: p.fill_(0.5))
    assert model.lm_head.weight is model.embedding.weight
    assert strategy.full_weights()["lm_head.weight"].eq(0.5).all()


@pytest.mark.parametrize("exchange", [by_gathering, by_owners])
@pytest.mark.parametrize("shape", [(8, 4), (5, 3), (8, 1), (1, 8), (3, 8), (2, 2)])
def test_whole_matrices_are_reached_whatever_their_shape(exchange, shape):
    """More ranks than rows, than columns, and nearly than elements: a flat shard does not know of rows."""
    torch.manual_seed(0)
    first, second = torch.randn(shape), torch.randn(4, 4)

    def run(group: Group) -> list[torch.Tensor]:
        pieces, matrices, offset = [], [], 0
        total = first.numel() + second.numel()
        size = -(-total // group.size)
        for matrix in (first, second):
            spans = [part_of(offset, matrix.numel(), size, rank) for rank in range(group.size)]
            begin, end = spans[group.rank]
            pieces.append(matrix.reshape(-1)[begin:end])
            matrices.append(Matrix(tuple(matrix.shape), tuple(b - a for a, b in spans)))
            offset += matrix.numel()
        return exchange(pieces, matrices, group, lambda whole: whole.flip(0) * 2)

    for n in (1, 2, 4):
        results = rehearse(run, [()] * n).results
        for number, matrix in enumerate((first, second)):
            whole = torch.cat([result[number] for result in results]).view(matrix.shape)
            assert torch.equal(whole, matrix.flip(0) * 2)


def test_what_the_two_ways_of_muon_send():
    case = Case(optimizer="muon", options={"units": []})
    for n in (2, 4):
        gathered, owned = (
            rehearse(sharded, [(Case(optimizer="muon", exchange=way, options=case.options),)] * n).traffic[0]
            for way in ("gather", "owners")
        )
        hidden = sum(p.numel() for p in make_model(case).blocks.parameters() if p.ndim >= 2)
        extra = len(gathered.of("all_gather")) - len(owned.of("all_gather"))
        assert extra == 4, "one all-gather a step"
        assert len(owned.of("all_to_all")) == 2 * 4, "two exchanges a step"
        whole = sorted(event.n_bytes for event in gathered.of("all_gather"))
        assert 4 * hidden <= whole[0] or any(abs(size - 4 * hidden) <= 4 * hidden / 2 for size in whole)


def test_shard_and_unshard_are_inverse_whatever_the_shapes():
    tensors = [torch.randn(3, 5), torch.randn(()), torch.zeros(0, 4), torch.randn(7)]
    for n in (1, 2, 3, 4, 8, 30):
        parts = [shard(tensors, rank, n) for rank in range(n)]
        assert len({len(part) for part in parts}) == 1
        shapes = [tuple(tensor.shape) for tensor in tensors]
        for whole in rehearse(unshard, [(part, shapes) for part in parts]).results:
            assert all(torch.equal(a, b) for a, b in zip(whole, tensors))


def test_the_norm_over_shards_is_that_of_everything_on_every_rank():
    torch.manual_seed(0)
    whole, copied = torch.randn(101), torch.randn(5)
    want = torch.cat([whole, copied]).double().norm().item()
    parts = [shard([whole], rank, 4) for rank in range(4)]
    results = rehearse(sharded_norm_with, [(part, copied) for part in parts]).results
    assert results == [results[0]] * 4
    assert results[0] == pytest.approx(want, rel=1e-6)
    assert results[0] != pytest.approx(parts[0].norm().item(), rel=0.1)


def sharded_norm_with(part: torch.Tensor, copied: torch.Tensor, group: Group) -> float:
    return sharded_norm([part], [copied], group)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prefetch": -1}, "prefetch is -1; it must be a whole number of at least 0"),
        ({"precision": "fp8"}, "precision is 'fp8'; it must be one of 'fp32', 'bf16'"),
        ({"units": [nn.Linear(1, 1)]}, "a unit is Linear; it must be a module of the model"),
    ],
)
def test_bad_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        FullySharded(make_model(Case()), **options)


def test_a_tied_parameter_in_two_units_is_refused_when_the_model_is_wrapped():
    model = make_model(Case())
    with pytest.raises(ValueError, match="lm_head.weight is in two units; it must be in one, or in none"):
        FullySharded(model, units=[model.embedding, *model.blocks, model.lm_head])
    with pytest.raises(ValueError, match="embedding.weight is in the unit embedding and outside of it"):
        FullySharded(model, units=[model.embedding, *model.blocks])
    with pytest.raises(ValueError, match="stage is 3; it must be 1 or 2"):
        Zero(model, stage=3)
    with torch.device("meta"), pytest.raises(ValueError, match="0.weight is on the meta device"):
        FullySharded(nn.Sequential(nn.Linear(2, 2)))


def test_models_that_differ_are_refused_on_every_rank():
    def start(seed: int, group: Group) -> str:
        torch.manual_seed(seed)
        try:
            FullySharded(nn.Sequential(nn.Linear(2, 2)), group)
        except ValueError as error:
            return str(error)
        return "no error"

    for message in rehearse(start, [(0,), (0,), (1,)]).results:
        assert message == "0.weight is another one on rank 2 than on rank 0; all must start from one model"


def test_a_layer_that_one_rank_does_not_use_is_an_error_and_no_hang():
    class Router(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 3)])

        def forward(self, x, chosen):
            return self.blocks[chosen](x)

    def run(group: Group) -> None:
        torch.manual_seed(0)
        model = Router()
        FullySharded(model, group, prefetch=0)
        model(torch.ones(1, 2), group.rank)

    with pytest.raises(RankFailed, match="operation number 2: rank 0 calls all_gather"):
        rehearse(run, [()] * 2)


def test_the_sharded_optimizer_refuses_what_it_does_not_know():
    strategy = FullySharded(make_model(Case()))
    with pytest.raises(ValueError, match="the optimizer is 'lion'; it must be one of"):
        make_sharded_optimizer(strategy, "lion", lr=0.1)
    with pytest.raises(ValueError, match="exchange is 'ring'; it must be one of 'gather', 'owners'"):
        make_sharded_optimizer(strategy, "muon", lr=0.1, exchange="ring")
