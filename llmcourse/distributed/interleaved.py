"""Interleaved pipelines: each stage has several groups of layers that are not neighbours (chapter 4).

With v groups a stage, a micro-batch goes around all stages v times, and a task is v times as short. So the pipeline
fills v times as fast, and the bubble is v times smaller, for v times as many messages between the stages.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmcourse.distributed.pipeline import Task

GroupTask = tuple[str, int, int]
"""("F", k, g) or ("B", k, g): a pass of micro-batch k through a stage's group g of layers."""


def interleaved_one_forward_one_backward(n_stages: int, n_micro_batches: int, n_groups: int) -> list[list[GroupTask]]:
    """1F1B where stage s has the groups of layers s, s + p, s + 2p, ... of p * v groups, counted from the input on.

    A stage takes p micro-batches through its first group, the same p through its second, and so on, then the next p.
    Backward passes come in the same order, from the last group to the first. It begins with 2 (p - 1 - s) + (v - 1) p
    forward passes, takes turns, and ends with the backward passes that are left.

    Args:
        n_stages: Stages p, at least 1.
        n_micro_batches: Micro-batches m, a multiple of p.
        n_groups: Groups of layers a stage, v, at least 1. With 1, `one_forward_one_backward` is as fast and
            keeps fewer micro-batches.

    Returns:
        For each stage its tasks in order.

    Raises:
        ValueError: A number is below 1, or the micro-batches are no multiple of the stages; the message names it.

    Example:
        >>> order = interleaved_one_forward_one_backward(n_stages=2, n_micro_batches=2, n_groups=2)
        >>> print(" ".join(f"{kind}{k}.{group}" for kind, k, group in order[1]))
        F0.0 F1.0 F0.1 B0.1 F1.1 B1.1 B0.0 B1.0

    Source: Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using Megatron-LM" (2021),
    section 2.2.2.
    """
    for name, value in (("n_stages", n_stages), ("n_micro_batches", n_micro_batches), ("n_groups", n_groups)):
        if value < 1:
            raise ValueError(f"{name} is {value!r}; it must be at least 1")
    if n_micro_batches % n_stages:
        raise ValueError(f"n_micro_batches is {n_micro_batches!r}; it must be a multiple of n_stages, {n_stages}")
    total = n_micro_batches * n_groups
    forward, backward = ([_task(kind, i, n_stages, n_groups) for i in range(total)] for kind in "FB")

    def order(s: int) -> list[GroupTask]:
        ahead = min(2 * (n_stages - 1 - s) + (n_groups - 1) * n_stages, total)
        in_turns = [task for pair in zip(forward[ahead:], backward) for task in pair]
        return forward[:ahead] + in_turns + backward[total - ahead :]

    return [order(s) for s in range(n_stages)]


def _task(kind: str, i: int, n_stages: int, n_groups: int) -> GroupTask:
    """The i-th pass of a stage in one direction."""
    turn, within = divmod(i, n_stages * n_groups)
    group, k = divmod(within, n_stages)
    return kind, turn * n_stages + k, group if kind == "F" else n_groups - 1 - group


def group_task_times(
    orders: Sequence[Sequence[GroupTask]], forward_s: Sequence[float], backward_s: Sequence[float]
) -> list[list[tuple[float, float]]]:
    """When each task runs, if messages take no time and a pass through one of v groups takes a v-th of the stage's.

    The rules are those of `task_times`; a pass needs that of the group before it (or behind it, backwards), which for
    the first stage is the group before on the last stage.

    Args:
        orders: As `interleaved_one_forward_one_backward` gives them.
        forward_s, backward_s: For each stage the seconds of a pass through all of its groups.

    Returns:
        For each stage, in the order of its tasks, when each begins and when it ends.

    Raises:
        ValueError: The stages wait for one another forever.

    Example:
        >>> orders = interleaved_one_forward_one_backward(2, 2, n_groups=2)
        >>> max(end for stage in group_task_times(orders, [1, 1], [2, 2]) for _, end in stage)  # 2 * 3 + 3 / 2
        7.5
    """
    n_places = len(orders) * (1 + max(group for tasks in orders for _, _, group in tasks))
    passes = [_Pass(stage, *task, n_places, len(orders)) for stage, tasks in enumerate(orders) for task in tasks]
    ends = {one.name: 0.0 for one in passes}
    # Every pass is put as early as those before it allow, over and over, until nothing moves any more.
    for _ in range(len(passes) + 1):
        before = dict(ends)
        found: list[list[tuple[float, float]]] = [[] for _ in orders]
        for one in passes:
            earlier = found[one.stage][-1][1] if found[one.stage] else 0.0
            from_s = max(earlier, ends[one.needs] if one.needs else 0.0)
            ends[one.name] = from_s + one.share * (forward_s if one.kind == "F" else backward_s)[one.stage]
            found[one.stage].append((from_s, ends[one.name]))
        if ends == before:
            return found
    raise ValueError("the stages of these orders wait for one another forever; a task must come after what it needs")


class _Pass:
    """One pass through one group of layers, and the pass whose result it needs."""

    def __init__(self, stage: int, kind: str, k: int, group: int, n_places: int, n_stages: int) -> None:
        place = group * n_stages + stage
        self.stage, self.kind, self.share = stage, kind, n_stages / n_places
        self.name = kind, k, place
        if self.kind == "B":
            self.needs = ("B", k, place + 1) if place + 1 < n_places else ("F", k, place)
        else:
            self.needs = ("F", k, place - 1) if place else None


def kept_micro_batches(tasks: Sequence[GroupTask | Task], n_groups: int = 1) -> float:
    """The most activations that a stage keeps at once, in those of one micro-batch on the whole stage.

    Example:
        >>> orders = interleaved_one_forward_one_backward(4, 8, n_groups=2)
        >>> [kept_micro_batches(tasks, 2) for tasks in orders]
        [5.5, 4.5, 3.5, 2.5]
    """
    n = most = 0
    for task in tasks:
        n += 1 if task[0] == "F" else -1
        most = max(most, n)
    return most / n_groups
