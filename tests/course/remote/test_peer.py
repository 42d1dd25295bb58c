"""Calls across the line: what is passed, what is changed in place, what gradients flow, and what random numbers move."""

from __future__ import annotations

import copy
import os
import random
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from llmcourse.course.checks import count_steps, each, on_ranks, rehearsed
from llmcourse.course.comparison import unwritten_is_nan
from llmcourse.course.remote.peer import BadMessage, Peer
from llmcourse.course.remote.proof import prove
from llmcourse.model.config import PRESETS
from llmcourse.tokenization.bpe import PairIndex, index_pairs
from tests.course.remote import guest

pytestmark = [pytest.mark.xdist_group("remote"), pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def line() -> Iterator[socket.socket]:
    """A line to a process that serves `guest.FUNCTIONS`."""
    here, there = socket.socketpair()
    command = [sys.executable, str(Path(__file__).with_name("guest.py")), str(there.fileno())]
    path = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    process = subprocess.Popen(command, pass_fds=[there.fileno()], env=environment)
    there.close()
    yield here
    here.close()
    assert process.wait(20) == 0


@pytest.fixture
def peer(line: socket.socket) -> Peer:
    return Peer(line, is_host=True)


@pytest.fixture
def remote(peer: Peer) -> Iterator[SimpleNamespace]:
    """The other side's functions by name, in a session of their own."""
    yield SimpleNamespace(**peer.begin(None))
    peer.end()
    assert len(peer.table) == 0


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -(2**63), 2**63, 10**40, 1.5, float("inf"), "größe \ud800", b"\0\xff", (1, (2, "a")), [1, [2, None]],
        {"a": [1], (1, 2): {3}}, {1, 2}, frozenset({(1,)}), Counter(a=2), defaultdict(list, {1: [2]}), 1 + 2j,
        range(3, 9, 2), slice(1, None), bytearray(b"ab"), torch.float64, torch.Size([2, 3]), np.uint32(7), np.float64(0.5),
        [(1, 2), (3, 4)], [], (), {}, PRESETS["gpt2"], [True, 2], [1.0, 2],
    ],
    ids=str,
)  # fmt: skip
def test_a_value_comes_back_as_it_was(remote, value) -> None:
    got = remote.apply(lambda x: x, value)
    assert type(got) is type(value) and got == value
    assert got is value or not isinstance(value, list | dict | set)


def test_nan_and_negative_zero_keep_their_bits(remote) -> None:
    assert str(remote.same(float("nan"))) == "nan" and str(remote.same(-0.0)) == "-0.0"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64])
def test_tensors_keep_dtype_shape_and_bits(remote, dtype) -> None:
    x = torch.randn(3, 4).to(dtype)
    got = remote.tail(x)
    assert got.dtype == dtype and torch.equal(got, x[1:])
    assert remote.same(torch.tensor(2.5).to(dtype)).shape == ()


def test_arrays_keep_dtype_shape_and_whether_they_may_be_written(remote) -> None:
    x = np.arange(6, dtype=np.uint16).reshape(2, 3)
    x.flags.writeable = False
    got = remote.tail(x)
    assert got.dtype == np.uint16 and np.array_equal(got, x[1:]) and not got.flags.writeable


def test_an_array_over_a_tensors_memory_is_changed_in_place_as_any_other(remote) -> None:
    got = remote.ones(2)
    got[0] = 5
    remote.sort(got)
    assert got.tolist() == [1, 5]


def test_what_is_changed_in_place_there_is_changed_here(remote) -> None:
    xs = [3, 1, 2]
    assert remote.sort(xs) is xs and xs == [1, 2, 3]
    x = torch.ones(4)
    view = x[1:3]
    assert remote.double(view) is view and x.tolist() == [1, 2, 2, 1]
    array = np.array([3, 1])
    remote.sort(array)
    assert array.tolist() == [1, 3]


def test_a_result_that_shares_memory_with_an_argument_does_so_here(remote) -> None:
    x = torch.zeros(3)
    remote.tail(x).fill_(7)
    assert x.tolist() == [0, 7, 7]


def test_what_is_changed_here_is_changed_there_between_calls(remote) -> None:
    kept = remote.kept()
    kept.fill_(5)
    assert remote.kept() is kept and remote.apply(lambda x: x.sum().item(), kept) == 15
    kept.zero_()
    assert remote.kept().sum() == 0


def test_records_cross_field_by_field(remote) -> None:
    index = index_pairs({(1, 2): 3})
    remote.extend(index, (9, 9))
    assert isinstance(index, PairIndex) and index.words == [(1, 2), (9, 9)] and index.counts[9, 9] == 1
    space = SimpleNamespace(words=[], counts=Counter())
    remote.extend(space, 4)
    assert space.words == [4] and space.counts == {4: 1}


def test_a_frozen_record_cannot_be_changed_from_there(remote) -> None:
    before = PRESETS["gpt2"].n_layers
    with pytest.raises(BadMessage, match="frozen"):
        remote.thaw(PRESETS["gpt2"])
    assert PRESETS["gpt2"].n_layers == before > 0


def test_a_piece_that_is_not_meant_to_change_its_arguments_is_caught_at_it(remote, peer) -> None:
    peer.may_change = False
    for call, given in ((remote.sort, [2, 1]), (remote.double, torch.ones(2)), (remote.sort, np.array([2, 1]))):
        with pytest.raises(AssertionError, match="what it was given has changed"):
            call(given)
    assert remote.sort([1, 2]) == [1, 2] and remote.same({"b", "a"}) == {"a", "b"}
    assert remote.keep_adding(lambda: Counter(a=1)) == Counter(a=1, b=3), (
        "what a function here returned is its own to change"
    )
    with pytest.raises(AssertionError, match="has changed"):
        remote.hide([3, 1])


def test_what_is_dropped_is_freed_on_both_sides_results_with_a_history_too(remote, peer) -> None:
    x = torch.randn(3, 2, requires_grad=True)
    norm = remote.Norm(2)
    norm(x)
    before = len(peer.table)
    for _ in range(20):
        norm(x).sum().backward()
        remote.Norm(2)(x)
    remote.same(1)
    remote.same(1)
    assert len(peer.table) <= before + 20, "but for the two modules that will be asked again"


def test_iterators_are_read_once(remote) -> None:
    xs = iter(range(5))
    assert remote.count(xs) == 5 and list(xs) == []
    assert remote.count(p for p in [torch.zeros(1), torch.ones(1)]) == 2


def test_functions_are_called_back_also_within_one_another(remote) -> None:
    calls = []
    assert remote.apply(lambda x, y: calls.append((x, y)) or x + y, 2, 3) == 5 and calls == [(2, 3)]
    assert remote.apply(lambda n: remote.apply(lambda m: m + 1, n) * 2, 4) == 10


def test_an_error_keeps_its_type_and_its_message(remote) -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        remote.divide(1, 0)
    with pytest.raises(KeyError, match="gone"):
        remote.apply({}.__getitem__, "gone")
    with pytest.raises(RuntimeError, match="3"):
        remote.stop()
    with pytest.raises(TypeError, match="a check can use numbers, texts, .* but no socket.socket$"):
        remote.strange()
    assert remote.divide(6, 3) == 2


def test_a_value_that_pretends_crosses_as_what_it_is(remote) -> None:
    assert type(remote.evil()) is float and remote.evil() != 4


def test_gradients_flow_to_arguments_and_to_parameters_there(remote) -> None:
    norm = remote.Norm(4, eps=0.5)
    assert norm.eps == 0.5 and [name for name, _ in norm.named_parameters()] == ["weight", "inner.weight"]
    nn.init.normal_(norm.weight)
    x = torch.randn(2, 4, requires_grad=True)
    got, want = norm(x), F.rms_norm(x, (4,), norm.weight, 0.5)
    assert torch.equal(got, want)
    for power in (2, 3):  # the graph may be used more than once
        grads = [torch.autograd.grad(y.pow(power).sum(), [x, norm.weight], retain_graph=True) for y in (got, want)]
        assert all(torch.allclose(ours, theirs) for ours, theirs in zip(*grads))
    norm.double()
    y = torch.randn(3, 4, dtype=torch.float64)
    assert torch.equal(norm(y), F.rms_norm(y, (4,), norm.weight, 0.5))


def test_a_modules_parameters_are_proved_by_what_they_do(remote, peer) -> None:
    x = torch.randn(3, 4)
    for make, is_honest in ((remote.Norm, True), (remote.HiddenWeights, False)):
        norm = make(4)
        assert torch.allclose(norm(x), F.rms_norm(x, (4,), norm.weight, 1e-5)), "as it is shown"
        assert [m.__dict__["_made_with"] for m in peer.table.modules][-1] == ((4,), {})
        if is_honest:
            prove([norm], guest.Norm)
        else:
            with pytest.raises(AssertionError, match="with other values in its parameters"):
                prove([norm], guest.Norm)


def test_what_a_module_was_asked_is_kept_of_those_alone_that_are_asked_again(remote) -> None:
    first, *others = [remote.Norm(4) for _ in range(3)]
    x = torch.randn(100, 4)
    for norm in (first, *others):
        norm(x[:1])
    assert [norm.__dict__.get("_asked") is None for norm in (first, *others)] == [True, False, False]
    ((kept,), _) = others[0].__dict__["_asked"]
    x.zero_()
    assert kept.any() and kept.untyped_storage().nbytes() == 4 * 4, "what it was shown, and no more"


def test_a_call_of_a_module_changes_no_parameter_and_nothing_stands_before_one(remote) -> None:
    norm = remote.Fitting(4)
    with pytest.raises(AssertionError, match="changed the module's parameters"):
        norm(torch.ones(1, 4))
    with pytest.raises(BadMessage, match="stand before a part"):
        remote.Shadow(4)


def test_gradients_flow_through_functions_that_stay_here(remote) -> None:
    layer = nn.Linear(3, 3)
    x = torch.randn(4, 3, requires_grad=True)
    assert torch.equal(remote.trace(lambda x: layer(x).cumsum(0), x), torch.ones(4, 4).tril().bool())
    assert x.grad is None and layer.weight.grad is None


def test_a_batch_of_gradients_flows_and_a_graph_is_freed_as_any_other(remote) -> None:
    x = torch.randn(3, 2, requires_grad=True)
    directions = torch.eye(6).view(6, 3, 2)
    norm = remote.Norm(2, eps=0.1)
    got, want = norm(x), F.rms_norm(x, (2,), None, 0.1)
    rows = [torch.autograd.grad(y, x, directions, is_grads_batched=True, retain_graph=True)[0] for y in (got, want)]
    assert torch.allclose(*rows) and rows[0].shape == (6, 3, 2)
    torch.autograd.grad(got.sum(), x)
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(got.sum(), x)


class Toy(nn.Module):
    """Notes how it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.had_gradient: list[bool] = []

    def forward(self, x):
        self.had_gradient.append(self.weight.grad is not None)
        return x * self.weight


def test_a_model_and_its_optimizer_are_trained_from_there(remote) -> None:
    models, x = (Toy(), Toy()), torch.randn(2, 3)
    losses = []
    for model, step in zip(models, (remote.train, _train)):
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
        losses.append([step(model, optimizer, x), step(model, optimizer, x, clear=False), step(model, optimizer, x)])
    assert losses[0] == losses[1] and torch.equal(models[0].weight, models[1].weight)
    assert models[0].had_gradient == models[1].had_gradient == [False, False, True]
    assert models[0].weight.grad is None


def _train(model, optimizer, x, clear=True):
    loss = model(x).pow(2).sum()
    loss.backward()
    optimizer.step()
    if clear:
        optimizer.zero_grad()
    return loss.item()


def test_layers_of_torch_are_changed_in_place_and_stay_the_same_objects(remote) -> None:
    model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Sequential(nn.LayerNorm(3), nn.Embedding(4, 2))})
    before = list(map(id, model.parameters()))
    remote.fill(model, 0.25)
    assert list(map(id, model.parameters())) == before
    assert all((p == 0.25).all() and p.requires_grad for p in model.parameters())


def test_what_a_module_here_notes_cannot_be_written_from_there(remote) -> None:
    model = Toy()
    model.n_calls = 0
    remote.boast(model)
    assert model.n_calls == 0


def test_gradients_are_changed_in_place(remote) -> None:
    a, b = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    a.grad = held = torch.tensor([1.0, 2.0])
    remote.scale_gradients([a, b], 3.0)
    assert a.grad is held and held.tolist() == [3, 6] and b.grad is None


def test_a_call_runs_in_the_callers_modes(remote) -> None:
    x = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        y, grad, _ = remote.grad_mode(x)
        assert not grad and not y.requires_grad
    with torch.autocast("cpu", torch.bfloat16):
        assert remote.grad_mode(x)[1:] == (True, True)
        assert remote.apply(lambda a: (a @ a).dtype, torch.ones(2, 2)) == torch.bfloat16
    with unwritten_is_nan():
        assert remote.new_empty(2).isnan().all(), "and new memory there is as full of NaN as here"


@pytest.mark.parametrize("name", ["turn_gradients_off", "go_double"])
def test_a_call_that_leaves_pytorch_in_another_mode_is_caught_and_has_no_effect(remote, name: str) -> None:
    x = torch.ones(2)
    for call in (getattr(remote, name), lambda x: remote.apply(lambda x: getattr(remote, name)(x), x)):
        with pytest.raises(AssertionError, match="changed PyTorch's modes"):
            call(x)
    assert torch.is_grad_enabled() and torch.get_default_dtype() == torch.float32
    assert remote.new_zeros(2).dtype == torch.float32 and remote.grad_mode(x)[1]
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        assert remote.new_zeros(2).dtype == torch.float64, "it runs under the caller's default dtype"
    finally:
        torch.set_default_dtype(before)


def test_random_numbers_there_are_those_that_would_come_here(remote) -> None:
    torch.manual_seed(3)
    want = torch.rand(3)
    torch.manual_seed(3)
    assert torch.equal(remote.draw(), want)
    generators = [torch.Generator().manual_seed(8) for _ in range(2)]
    assert torch.equal(remote.draw(generators[0]), torch.rand(3, generator=generators[1]))


def test_that_numbers_were_drawn_there_is_seen_here_but_no_state_arrives(remote) -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    remote.same(1)
    assert torch.equal(torch.get_rng_state(), states[0]) and random.getstate() == states[2]
    remote.draw_all()
    assert not torch.equal(torch.get_rng_state(), states[0]) and random.getstate() != states[2]
    expected = torch.Generator().manual_seed(1)
    torch.rand(1, generator=expected)
    assert torch.equal(torch.get_rng_state(), expected.get_state()), "moved by one draw of this side's own"
    generator = torch.Generator().manual_seed(5)
    remote.draw(generator)
    once = torch.Generator().manual_seed(5)
    torch.rand(1, generator=once)
    assert torch.equal(generator.get_state(), once.get_state())


def test_what_could_not_be_sent_is_told_with_the_next_message(remote, monkeypatch: pytest.MonkeyPatch) -> None:
    xs, x = [2, 1], torch.ones(3)
    remote.sort(xs), remote.double(x)
    xs.append(0)
    x.fill_(7)
    torch.manual_seed(11)
    with monkeypatch.context() as patch:
        patch.setattr("llmcourse.course.remote.line.MAX_FRAME", 10)
        with pytest.raises(TypeError, match="at most"):
            remote.same(torch.zeros(9))
    assert remote.sort(xs) is xs and xs == [0, 1, 2]
    assert remote.double(x).tolist() == [14, 14, 14]
    drawn = remote.draw()
    torch.manual_seed(11)
    assert torch.equal(drawn, torch.rand(3))


def test_what_could_not_be_answered_is_told_with_the_next_message(remote) -> None:
    xs, kept = [3, 1, 2], remote.kept()
    kept.fill_(2)
    with pytest.raises(TypeError, match="at most"):
        remote.double_and_say_too_much(kept, xs)
    assert kept.tolist() == [4, 4, 4] and xs == [3, 1, 2, 9]
    remote.say_as_much_as_before()
    kept.zero_()


def test_steps_are_counted_there_and_rows_cross_together(remote) -> None:
    assert count_steps(remote.count, list(range(1000))) > 1000
    alone, with_calls = (
        count_steps(remote.apply, f, 3) for f in (abs, lambda n: [remote.same(list(range(n))) for _ in range(9)])
    )
    assert with_calls < alone + 2000, "the way over the line and back is not the piece's work"
    assert each(remote.divide, [(1, 2), (3, 4)]) == [0.5, 0.75]
    rows = [([2, 1],), ([5, 3, 4],)]
    each(remote.sort, rows)
    assert rows == [([1, 2],), ([3, 4, 5],)], "what it changes in a row's arguments, it changes here, too"
    with pytest.raises(ZeroDivisionError):
        each(remote.divide, [(1, 2), (3, 0)])


def test_a_recursion_that_is_too_deep_stops_outside_of_a_message(remote) -> None:
    before = sys.getrecursionlimit()
    for _ in range(3):
        with pytest.raises(RecursionError):
            remote.call_at_each_depth(lambda n: n, 0)
        assert remote.same(3) == 3, "the line is as it was"
    assert sys.getrecursionlimit() == before


def test_a_piece_runs_on_several_ranks_there(remote) -> None:
    got = on_ranks(remote.rank_sum, [(torch.tensor([1.0, 2.0]),), (torch.tensor([10.0, 20.0]),)])
    assert [(x.tolist(), rank) for x, rank in got] == [([11, 22], 0), ([11, 22], 1)]
    with pytest.raises(AssertionError, match="rank 0 gave no answer within 8 s: does a rank wait"):
        on_ranks(remote.rank_hang, [(torch.zeros(1),)] * 2, 8)
    assert remote.same(2) == 2


def test_a_piece_is_rehearsed_there_and_what_it_changes_in_its_arguments_is_told(remote) -> None:
    rows = [(torch.tensor([float(rank)]),) for rank in range(3)]
    results, traffic = rehearsed(remote.to_neighbour, rows)
    assert [x.item() for x in results] == [3, 1, 2] and [x.item() for (x,) in rows] == [1, 2, 3]
    assert [(event.kind, event.n_bytes, event.peer) for event in traffic[0]] == [("send", 4, 1), ("receive", 4, 2)]
    with pytest.raises(AssertionError, match="nobody can go on: rank 0 waits for a message from rank 1"):
        rehearsed(remote.wait_for_nobody, [(torch.zeros(1),)] * 2)
    rows = [(torch.zeros(1),), (torch.zeros(1),)]
    through = rehearsed(remote.to_neighbour, rows, through="tests.course.remote.guest:twice")
    assert [x.item() for x in through.results] == [2, 2]


def test_a_function_that_is_taken_for_more_is_an_error_that_says_what_a_check_can_look_into(remote) -> None:
    with pytest.raises(AttributeError, match="^sort can be called, and has no `modules` .* only of an nn.Module"):
        remote.sort.modules()
    with pytest.raises(TypeError, match="^object of type 'function' has no len"):
        len(remote.sort)
    assert f"{remote.sort}" == "<function sort>" and not hasattr(copy.copy(remote.sort), "modules")


def test_what_nobody_holds_any_more_is_forgotten_on_both_sides(remote, peer) -> None:
    remote.same(1)
    before = len(peer.table)
    for number in range(50):
        remote.same(torch.full((10,), float(number)))
        remote.sort([2, 1])
    remote.same(1)
    assert len(peer.table) <= before + 8


def test_a_tensor_of_another_kind_is_refused_by_name(remote) -> None:
    with pytest.raises(TypeError, match="dense tensors on the CPU, .* but no torch.sparse_coo tensor on cpu"):
        remote.same(torch.eye(2).to_sparse())
    with pytest.raises(TypeError, match="resolve_conj"):
        remote.same(torch.ones(2, dtype=torch.complex64).conj())
    assert remote.same(2) == 2


def test_recursion_without_end_is_an_error_and_not_a_hang(remote) -> None:
    def again(n: int) -> int:
        return remote.apply(again, n + 1)

    with pytest.raises(RecursionError):
        again(0)
    assert remote.same(2) == 2


def test_what_cannot_be_told_is_an_error_that_names_it_and_the_line_goes_on(remote) -> None:
    space, told = (
        SimpleNamespace(words=[1]),
        r"but no socket.socket \(it is the `left` of a SimpleNamespace\)",
    )
    with pytest.raises(TypeError, match=told):
        remote.leave_behind(space)
    with pytest.raises(ZeroDivisionError):
        remote.leave_behind(space, 0)
    assert not hasattr(space, "left") and remote.mend(space) is None
    remote.extend(SimpleNamespace(words=space.words, counts=Counter()), 4)
    assert space.words == [1, 4], "and what has changed since is told"

    def leave_here() -> None:
        space.left = socket.socket()

    with pytest.raises(TypeError, match=told):
        remote.apply(lambda: leave_here())
    space.left.close()
    del space.left
    assert remote.same(2) == 2


def test_a_session_ends_whatever_its_objects_hold(peer) -> None:
    for _ in range(2):
        space, remote = SimpleNamespace(), SimpleNamespace(**peer.begin(None))
        with pytest.raises(TypeError, match="but no socket.socket"):
            remote.leave_behind(space)
        space.left = socket.socket()
        peer.end()
        space.left.close()
        assert len(peer.table) == 0


def test_objects_that_are_neither_equal_nor_unequal_may_change_places(remote, peer) -> None:
    xs = [torch.zeros(2), torch.ones(2)]
    assert remote.hide(xs) is xs and [x[0].item() for x in xs] == [1, 0]
    peer.may_change = False
    with pytest.raises(AssertionError, match="what it was given has changed"):
        remote.hide(xs)


def test_a_tensor_that_was_given_another_size_in_place_is_refused_with_a_reason(remote) -> None:
    x = torch.ones(2)
    with pytest.raises(Exception, match="given another size in place"):
        remote.grow(x)


def test_an_equal_number_of_another_type_is_told_when_the_piece_returns(remote, peer) -> None:
    xs, seen = list(range(200)), []

    def pure(values):
        seen.append(type(values[3]))
        return len(values)

    peer.pure.add(peer.table.number_of(pure))
    assert remote.retype(pure, xs) == [200, 200]
    assert seen == [int, int] and type(xs[3]) is float
