"""What one who knows the "toy" grammar expects, character by character: the loss that no model of it can beat, window
by window (chapter 5).

The entropy rate (`toy_entropy_rate`) is the loss of a reader who has seen everything from the beginning. A model sees a
window, which begins anywhere: it has to find out first where in a sentence it is. What that costs is computed here.

The grammar is a machine with finitely many states: what is still to be written of a text, a stack of symbols, is one of
some hundred stacks. So the best guess about the next character is that of a hidden Markov model.

Shape suffixes: N windows, S characters of a window, Q states.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from llmcourse.data.corpora import TOY_GRAMMAR

Stack = tuple[str, ...]
START: Stack = ("TEXT",)


class Machine(NamedTuple):
    """The grammar as a machine that writes one character in each state.

    Attributes:
        characters_Q: What each state writes, as code points.
        next_QQ: The chance of each next state.
        stationary_Q: How often it is in each state, over a long text.
    """

    characters_Q: np.ndarray
    next_QQ: np.ndarray
    stationary_Q: np.ndarray


def _expanded(stack: Stack) -> Iterator[tuple[float, Stack]]:
    """The stacks that a stack may become before the next character is written, each with its chance.

    Texts stand one behind the other: an empty stack begins the next one.
    """
    first, *rest = stack or START
    if first not in TOY_GRAMMAR:
        yield 1.0, (first, *rest)
        return
    total = sum(weight for weight, _ in TOY_GRAMMAR[first])
    for weight, body in TOY_GRAMMAR[first]:
        for chance, final in _expanded((*body, *rest)):
            yield weight / total * chance, final


@functools.cache
def toy_machine() -> Machine:
    """The machine of the "toy" grammar; its arrays are kept, do not write to them.

    Example:
        >>> machine = toy_machine()
        >>> len(machine.characters_Q), bool(np.allclose(machine.next_QQ.sum(1), 1))
        (477, True)
    """
    numbers: dict[Stack, int] = {}
    arrows: list[tuple[int, int, float]] = []
    todo = [stack for _, stack in _expanded(START)]
    while todo:
        stack = todo.pop()
        if stack in numbers:
            continue
        numbers[stack] = len(numbers)
        todo += [after for _, after in _expanded(_written(stack))]
    for stack, number in numbers.items():
        arrows += [(number, numbers[after], chance) for chance, after in _expanded(_written(stack))]
    next_QQ = np.zeros((len(numbers), len(numbers)))
    for before, after, chance in arrows:
        next_QQ[before, after] += chance
    return Machine(np.array([ord(stack[0][0]) for stack in numbers]), next_QQ, _stationary(next_QQ))


def _written(stack: Stack) -> Stack:
    """What is left of a stack when its first character has been written."""
    first, *rest = stack
    return (first[1:], *rest) if len(first) > 1 else tuple(rest)


def _stationary(next_QQ: np.ndarray) -> np.ndarray:
    """The distribution that one step leaves as it is."""
    n = len(next_QQ)
    equations = np.vstack([next_QQ.T - np.eye(n), np.ones(n)])
    return np.linalg.lstsq(equations, np.append(np.zeros(n), 1.0), rcond=None)[0].clip(0)


def toy_log_probs(windows: Sequence[str]) -> np.ndarray:
    """How likely the best of all predictors holds each character of some windows of the "toy" corpus.

    It knows the grammar, and of the text what stands before in the same window.

    Args:
        windows: Pieces of the corpus of one length, beginning anywhere.

    Returns:
        (N, S), natural logarithms; entry t is that of character t given those before it. The negative mean of the
        columns from 1 on is the least loss, in nats per character, of a model that reads windows of S characters.

    Raises:
        ValueError: The windows differ in length, or one of them can be no part of the corpus; the message names it.

    Example:
        >>> logs = toy_log_probs([" the cat sleeps.", "en remembers the"])
        >>> logs.shape, bool(logs[0, -1] > -1e-12)  # behind "sleeps" a full stop is certain
        ((2, 16), True)

    Source: Rabiner, "A Tutorial on Hidden Markov Models" (1989), the forward procedure.
    """
    if len(lengths := {len(window) for window in windows}) > 1:
        raise ValueError(f"windows have the lengths {sorted(lengths)}; they must have one")
    machine = toy_machine()
    codes_NS = np.array([[ord(character) for character in window] for window in windows])
    state_NQ = np.broadcast_to(machine.stationary_Q, (len(windows), len(machine.stationary_Q)))
    logs_NS = np.empty(codes_NS.shape)
    for t in range(codes_NS.shape[1]):
        state_NQ = np.where(machine.characters_Q == codes_NS[:, t, None], state_NQ, 0.0)
        chance_N = state_NQ.sum(1)
        if not chance_N.all():
            raise ValueError(f"a window is {windows[int(chance_N.argmin())]!r}; it must be a part of the toy corpus")
        logs_NS[:, t] = np.log(chance_N)
        state_NQ = state_NQ / chance_N[:, None] @ machine.next_QQ
    return logs_NS
