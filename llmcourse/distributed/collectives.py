"""What many processes do together, built from what two do: one sends, the other receives.

First each operation the plain way, which anybody would write; then the way that clusters use. All of them give a new
tensor and leave their argument as it is. `Group` has the same operations ready made, by gloo or NCCL.

With N processes and S bytes, a plain all-reduce sends (N-1) S bytes from each of them, a ring 2 (N-1)/N S: never more
than twice the tensor, however many there are. A tree needs about log2 N rounds where a ring needs N-1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from llmcourse.distributed.group import Group


def plain_broadcast(tensor: Tensor, source: int, group: Group) -> Tensor:
    """The tensor of one process, on each: it sends it to one after another.

    Args:
        tensor: Of the same shape and dtype on every process; its values count on the source alone.
        source: Whose tensor it is.
        group: Who takes part.

    Returns:
        A new tensor, the source's.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> results, traffic = rehearse(plain_broadcast, [(torch.tensor([rank]), 0) for rank in range(4)])
        >>> results[3], [told.n_messages for told in traffic]
        (tensor([0]), [3, 0, 0, 0])
    """
    if group.rank != source:
        return group.receive(tensor, source)
    for rank in range(group.size):
        if rank != source:
            group.send(tensor, rank)
    return tensor.clone()


def tree_broadcast(tensor: Tensor, source: int, group: Group) -> Tensor:
    """The tensor of one process, on each: everybody who has it helps to pass it on.

    Let the processes be counted from the source on, the source as number 0 and rank (source + i) mod N as number i. In
    round k (0, 1, 2, ...), numbers 0 to 2^k - 1 have the tensor, and number i sends it to number i + 2^k, if there is
    such a number. So the tensor is everywhere after ceil(log2 N) rounds.

    Args:
        tensor: Of the same shape and dtype on every process; its values count on the source alone.
        source: Whose tensor it is.
        group: Who takes part; N processes.

    Returns:
        A new tensor, the source's, on every process; `tensor` stays as it is.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> results, traffic = rehearse(tree_broadcast, [(torch.tensor([rank]), 0) for rank in range(4)])
        >>> results[3].tolist(), [[event.peer for event in told.of("send")] for told in traffic]
        ([0], [[1, 2], [3], [], []])

    Source:
        Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations in MPICH" (2005), section
        4.2: the binomial tree.
    """
    n, me = group.size, (group.rank - source) % group.size
    has_it = tensor.clone() if me == 0 else None
    reach = 1
    while reach < n:
        if me < reach and me + reach < n:
            group.send(has_it, (me + reach + source) % n)
        elif reach <= me < 2 * reach:
            has_it = group.receive(tensor, (me - reach + source) % n)
        reach *= 2
    return has_it


def plain_all_gather(shard: Tensor, group: Group) -> Tensor:
    """Every process's tensor behind one another, in the order of the ranks: each sends its own to each.

    Args:
        shard: Of the same shape and dtype on every process, with at least one axis.
        group: Who takes part.

    Returns:
        A new tensor, the shards joined along the first axis.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> rehearse(plain_all_gather, [(torch.tensor([1, 2]),), (torch.tensor([3, 4]),)]).results[0]
        tensor([1, 2, 3, 4])
    """
    n, me = group.size, group.rank
    parts = {me: shard}
    for away in range(1, n):
        source = (me - away) % n
        parts[source] = group.exchange(shard, (me + away) % n, source)
    return torch.cat([parts[rank] for rank in range(n)])


def ring_all_gather(shard: Tensor, group: Group) -> Tensor:
    """Every process's tensor behind one another, in the order of the ranks, where each speaks to its neighbours only.

    The processes sit in a ring. In each of N-1 steps, each sends one shard to the next, rank (r + 1) mod N, and at the
    same time receives one from the rank before it: first its own shard, then always the one that came last.

    Args:
        shard: Of the same shape and dtype on every process, with at least one axis; it may be empty.
        group: Who takes part; N processes, and rank r is one of them.

    Returns:
        A new tensor, the shards joined along the first axis; of shape (N * n, ...) for shards of shape (n, ...).

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> results, traffic = rehearse(ring_all_gather, [(torch.tensor([1, 2]),), (torch.tensor([3, 4]),)])
        >>> results[0].tolist(), results[1].tolist(), traffic[0].bytes_sent
        ([1, 2, 3, 4], [1, 2, 3, 4], 16)

    Source:
        Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations in MPICH" (2005), section
        4.1: the ring algorithm.
    """
    n, me = group.size, group.rank
    parts = {me: shard}
    for step in range(n - 1):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        parts[(me - step - 1) % n] = came
    return torch.cat([parts[rank] for rank in range(n)])


def ring_reduce_scatter(whole: Tensor, group: Group) -> Tensor:
    """The sum of every process's tensor, of which each keeps one part, by sums that grow on their way around a ring.

    The first axis is cut into N equal parts; part r is what rank r keeps. In each of N-1 steps, each process sends one
    part to the next, rank (r + 1) mod N, and at the same time receives one from the rank before it, to which it adds
    its own. The sum of part r sets out from rank r + 1, and comes to rank r in the last step, having seen everybody.

    Args:
        whole: Of the same shape and dtype on every process, with at least one axis; it may be empty.
        group: Who takes part; N processes, and rank r is one of them.

    Returns:
        A new tensor of shape (n / N, ...) for a `whole` of shape (n, ...), in its dtype; `whole` stays as it is.

    Raises:
        ValueError: The first axis cannot be cut into N equal parts.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> results, traffic = rehearse(ring_reduce_scatter, [(torch.tensor([1, 2]),), (torch.tensor([30, 40]),)])
        >>> results[0].tolist(), results[1].tolist(), traffic[0].bytes_sent
        ([31], [42], 8)

    Source:
        Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations" (2009).
    """
    n, me = group.size, group.rank
    if whole.shape[0] % n:
        raise ValueError(f"the tensor has {whole.shape[0]} rows; it must have a multiple of {n}")
    parts = whole.chunk(n) if whole.shape[0] else [whole] * n
    total = parts[(me - 1) % n].clone()
    for step in range(n - 1):
        came = group.exchange(total, (me + 1) % n, (me - 1) % n)
        total = came + parts[(me - step - 2) % n]
    return total


def plain_all_reduce(tensor: Tensor, group: Group) -> Tensor:
    """The sum of every process's tensor, on each: each sends its own to each, and all add in the order of the ranks.

    Args:
        tensor: Of the same shape and dtype on every process.
        group: Who takes part.

    Returns:
        A new tensor, the same on every process, bit for bit.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> results, traffic = rehearse(plain_all_reduce, [(torch.tensor([1.0]),)] * 3)
        >>> results[1], traffic[1].bytes_sent
        (tensor([3.]), 8)
    """
    parts = plain_all_gather(tensor[None], group)
    total = parts[0].clone()
    for part in parts[1:]:
        total += part
    return total


def ring_all_reduce(tensor: Tensor, group: Group) -> Tensor:
    """The sum of every process's tensor, on each, for which none sends more than about twice the tensor.

    The values, in their order, are cut into N parts of ceil(n / N) values each, of which the last ones are filled up
    with zeros where N does not divide their number n. In each of 2(N-1) steps, each process sends one part to the next,
    rank (r + 1) mod N, and at the same time receives one from the rank before it. In the first half of the steps a
    process adds what comes to its own part, until each has the whole sum of one part; in the second half these sums go
    around.

    Args:
        tensor: Of the same shape and dtype on every process: any shape, also none, also empty.
        group: Who takes part; N processes, and rank r is one of them.

    Returns:
        A new tensor of the same shape and dtype, the same on every process, bit for bit; `tensor` stays as it is.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> rows = [(torch.tensor([1.0, 2.0, 3.0]),), (torch.tensor([10.0, 20.0, 30.0]),)]
        >>> results, traffic = rehearse(ring_all_reduce, rows)
        >>> results[0].tolist(), results[1].tolist(), traffic[0].bytes_sent  # two messages of two float32
        ([11.0, 22.0, 33.0], [11.0, 22.0, 33.0], 16)

    Source:
        Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations" (2009).
    """
    n, me = group.size, group.rank
    part_size = -(-tensor.numel() // n)
    padded = tensor.new_zeros(n * part_size)
    padded[: tensor.numel()] = tensor.flatten()
    parts = list(padded.view(n, part_size))
    for step in range(2 * (n - 1)):
        came = group.exchange(parts[(me - step) % n], (me + 1) % n, (me - 1) % n)
        take = (me - step - 1) % n
        parts[take] = came + parts[take] if step < n - 1 else came
    return torch.cat(parts)[: tensor.numel()].view(tensor.shape)


def tree_all_reduce(tensor: Tensor, group: Group) -> Tensor:
    """The sum of every process's tensor, on each: up a tree to rank 0, and down again.

    In 2 ceil(log2 N) rounds of the whole tensor each, it is done sooner than a ring where a message's start costs more
    than its bytes: for small tensors and many processes.

    Args:
        tensor: Of the same shape and dtype on every process.
        group: Who takes part.

    Returns:
        A new tensor, the same on every process, bit for bit.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> results, traffic = rehearse(tree_all_reduce, [(torch.tensor([1.0]),)] * 4)
        >>> results[3], [told.n_messages for told in traffic]
        (tensor([4.]), [2, 1, 2, 1])
    """
    n, me = group.size, group.rank
    total, reach = tensor.clone(), 1
    while reach < n and me % (2 * reach) == 0:
        if me + reach < n:
            total += group.receive(tensor, me + reach)
        reach *= 2
    if me:
        group.send(total, me - reach)
        total = group.receive(tensor, me - reach)
    while reach > 1:
        reach //= 2
        if me + reach < n:
            group.send(total, me + reach)
    return total


def pairwise_all_to_all(tensor: Tensor, group: Group) -> Tensor:
    """Some rows for each process, and rows from each: in step i, to the rank i places on, from the rank i places back.

    Args:
        tensor: Of the same shape and dtype on every process: first the rows for rank 0, then those for rank 1, and so
            on, equally many for each.
        group: Who takes part.

    Returns:
        A new tensor of the same shape: first the rows from rank 0, then those from rank 1, and so on.

    Raises:
        ValueError: The rows cannot be cut into as many equal parts as there are processes.

    Example:
        >>> from llmcourse.distributed.rehearsal import rehearse
        >>> rehearse(pairwise_all_to_all, [(torch.tensor([1, 2]),), (torch.tensor([3, 4]),)]).results
        [tensor([1, 3]), tensor([2, 4])]
    """
    n, me = group.size, group.rank
    if tensor.shape[0] % n:
        raise ValueError(f"the tensor has {tensor.shape[0]} rows; it must have a multiple of {n}")
    sent = tensor.reshape(n, tensor.shape[0] // n, *tensor.shape[1:])
    came = torch.empty_like(sent, memory_format=torch.contiguous_format)
    came[me] = sent[me]
    for away in range(1, n):
        to, source = (me + away) % n, (me - away) % n
        came[source] = group.exchange(sent[to], to, source)
    return came.view(tensor.shape)
