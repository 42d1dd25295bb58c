"""The process at the other end of the line in these tests: serves the functions below, session after session."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Callable

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from llmcourse.course.remote import line, wire
from llmcourse.course.remote.peer import LineClosed, Peer


class Norm(nn.Module):
    """A module with a parameter, an attribute and a child."""

    def __init__(self, size: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))
        self.inner = nn.Linear(size, size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


class HiddenWeights(Norm):
    """Computes with others than the parameters that it shows."""

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), torch.ones(x.shape[-1], dtype=x.dtype), self.eps)


class Fitting(Norm):
    """Makes its parameters fit what it computes."""

    def forward(self, x: Tensor) -> Tensor:
        self.weight.data.zero_()
        return torch.zeros_like(x)


class Shadow(Norm):
    """Has its process put something before a parameter."""

    def __init__(self, size: int):
        super().__init__(size)
        self.__dict__["weight"] = 3.0


def thaw(config):
    object.__setattr__(config, "n_layers", 0)


def ones(n):
    """An array over the memory of a tensor."""
    return torch.ones(n).numpy()


def grow(x):
    x.resize_(100)


def sort(xs):
    xs.sort()
    return xs


def trace(function, x):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    rows = [torch.autograd.grad(row.sum(), x, retain_graph=True)[0].abs().sum(-1) > 0 for row in y]
    return torch.stack(rows)


KEPT = torch.zeros(3)


def train(model, optimizer, x, *, clear=True):
    loss = model(x).pow(2).sum()
    loss.backward()
    optimizer.step()
    if clear:
        optimizer.zero_grad()
    return loss.item()


def fill(model, value):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)


def draw(generator=None):
    return torch.rand(3, generator=generator)


def draw_all():
    return torch.rand(1).item(), np.random.random(), random.random()


def double_and_say_too_much(x, xs):
    """Changes what it was given, and gives an answer that is too large to be sent."""
    line.MAX_FRAME = 2000
    x.mul_(2)
    xs.append(9)
    return "a" * 5000


def say_as_much_as_before():
    line.MAX_FRAME = wire.MAX_FRAME


def keep_adding(function):
    """Changes what a function of the other side returned, and calls it again."""
    counts = function()
    for _ in range(3):
        counts["b"] += 1
        function()
    return counts


def hide(xs):
    """Changes what it was given, calls back or not, and puts it back."""
    xs.reverse()
    return xs


def boast(model):
    model.n_calls = 100


def leave_behind(space, *divide_by):
    """Puts into what it was given something that stays in its process, and fails or not."""
    space.left = socket.socket()
    return [1 / number for number in divide_by]


def mend(space):
    space.left.close()
    del space.left


def scale_gradients(parameters, factor):
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.mul_(factor)


def divide(a, b):
    return a / b


def extend(record, item):
    record.words.append(item)
    record.counts[item] += 1


def twice(piece, x, group):
    return piece(piece(x, group=group), group=group)


def to_neighbour(x, group):
    x += 1
    return group.exchange(x, (group.rank + 1) % group.size, (group.rank - 1) % group.size)


def wait_for_nobody(x, group):
    return group.receive(x, 1 - group.rank)


def rank_sum(x):
    """The sum over ranks."""
    x = x.clone()
    dist.all_reduce(x)
    return x, dist.get_rank()


def rank_hang(x):
    """Rank 0 waits for a message that nobody sends."""
    if dist.get_rank() == 0:
        dist.recv(x, src=1)
    return x


class Odd(float):
    """A number that says it equals everything."""

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


def turn_gradients_off(x):
    torch.set_grad_enabled(False)
    return x


def go_double(x):
    torch.set_default_dtype(torch.float64)
    return x


def call_at_each_depth(function: Callable[[int], int], depth: int) -> int:
    """Call the other side from each depth of a recursion without an end."""
    function(depth)
    return call_at_each_depth(function, depth + 1)


def retype(pure, xs):
    """Replaces a number by an equal one of another type between two calls of a function that looks at nothing else."""
    pure.is_pure = True
    lengths = [pure(xs)]
    xs[3] = float(xs[3])
    return [*lengths, pure(xs)]


FUNCTIONS = {
    "retype": retype,
    "turn_gradients_off": turn_gradients_off,
    "go_double": go_double,
    "new_zeros": lambda n: torch.zeros(n),
    "new_empty": lambda n: torch.empty(n),
    "Norm": Norm,
    "HiddenWeights": HiddenWeights,
    "Fitting": Fitting,
    "Shadow": Shadow,
    "sort": sort,
    "ones": ones,
    "grow": grow,
    "trace": trace,
    "kept": lambda: KEPT,
    "train": train,
    "fill": fill,
    "boast": boast,
    "leave_behind": leave_behind,
    "mend": mend,
    "hide": hide,
    "double_and_say_too_much": double_and_say_too_much,
    "say_as_much_as_before": say_as_much_as_before,
    "keep_adding": keep_adding,
    "draw": draw,
    "draw_all": draw_all,
    "scale_gradients": scale_gradients,
    "divide": divide,
    "extend": extend,
    "same": lambda x: x,
    "tail": lambda x: x[1:],
    "double": lambda x: x.mul_(2),
    "evil": lambda: Odd(3.0),
    "strange": lambda: socket.socket(),
    "apply": lambda function, *args: function(*args),
    "count": lambda xs: sum(1 for _ in xs),
    "grad_mode": lambda x: (x * 2, torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")),
    "deep": lambda n: n,
    "call_at_each_depth": call_at_each_depth,
    "rank_sum": rank_sum,
    "to_neighbour": to_neighbour,
    "wait_for_nobody": wait_for_nobody,
    "thaw": thaw,
    "rank_hang": rank_hang,
    "stop": lambda: sys.exit(3),
}


def main(number: int) -> None:
    """Serve until the line is closed."""
    peer = Peer(socket.socket(fileno=number), is_host=False)
    wire.may_import = True
    peer.on_begin = lambda _: FUNCTIONS
    try:
        while True:
            peer.serve()
    except LineClosed:
        return


if __name__ == "__main__":
    from tests.course.remote.guest import main  # functions that new processes find by name

    main(int(sys.argv[1]))
