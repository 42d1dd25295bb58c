"""Wrong solutions of tree_broadcast."""

# %% one_after_another: the source sends to everybody itself
def tree_broadcast(tensor, source, group):
    if group.rank != source:
        return group.receive(tensor, source)
    for rank in range(group.size):
        if rank != source:
            group.send(tensor, rank)
    return tensor.clone()


# %% always_from_rank_0: ignores who the source is
def tree_broadcast(tensor, source, group):
    n, me, reach, out = group.size, group.rank, 1, tensor.clone()
    while reach < n:
        if me < reach and me + reach < n:
            group.send(out, me + reach)
        elif reach <= me < 2 * reach:
            out = group.receive(tensor, me - reach)
        reach *= 2
    return out


# %% powers_of_two_only: addresses ranks that are not there
def tree_broadcast(tensor, source, group):
    n, me, reach, out = group.size, (group.rank - source) % group.size, 1, tensor.clone()
    while reach < n:
        if me < reach:
            group.send(out, (me + reach + source) % n)
        elif me < 2 * reach:
            out = group.receive(tensor, (me - reach + source) % n)
        reach *= 2
    return out


# %% a_chain: each passes it on to the next
def tree_broadcast(tensor, source, group):
    n, me = group.size, (group.rank - source) % group.size
    out = tensor.clone() if me == 0 else group.receive(tensor, (group.rank - 1) % n)
    if me + 1 < n:
        group.send(out, (group.rank + 1) % n)
    return out


# %% passes_on_its_own: those who have received send what they had before
def tree_broadcast(tensor, source, group):
    n, me, reach, out = group.size, (group.rank - source) % group.size, 1, tensor.clone()
    while reach < n:
        if me < reach and me + reach < n:
            group.send(tensor, (me + reach + source) % n)
        elif reach <= me < 2 * reach:
            out = group.receive(tensor, (me - reach + source) % n)
        reach *= 2
    return out


# %% the_source_returns_nothing: only who receives has a result
def tree_broadcast(tensor, source, group):
    n, me, reach, out = group.size, (group.rank - source) % group.size, 1, None
    while reach < n:
        if me < reach and me + reach < n:
            group.send(tensor if me == 0 else out, (me + reach + source) % n)
        elif reach <= me < 2 * reach:
            out = group.receive(tensor, (me - reach + source) % n)
        reach *= 2
    return out


# %% the_source_returns_its_argument: no new tensor there
def tree_broadcast(tensor, source, group):
    n, me, reach, out = group.size, (group.rank - source) % group.size, 1, tensor
    while reach < n:
        if me < reach and me + reach < n:
            group.send(out, (me + reach + source) % n)
        elif reach <= me < 2 * reach:
            out = group.receive(tensor, (me - reach + source) % n)
        reach *= 2
    return out


# %% in_place: writes what comes into the tensor it was given
def tree_broadcast(tensor, source, group):
    n, me, reach = group.size, (group.rank - source) % group.size, 1
    while reach < n:
        if me < reach and me + reach < n:
            group.send(tensor, (me + reach + source) % n)
        elif reach <= me < 2 * reach:
            tensor.copy_(group.receive(tensor, (me - reach + source) % n))
        reach *= 2
    return tensor.clone()


# %% asks_the_group: uses the operation that is to be built
def tree_broadcast(tensor, source, group):
    return group.broadcast(tensor.clone(), source).wait()


# %% other_direction: numbers are counted backwards from the source
def tree_broadcast(tensor, source, group):
    n, me, reach, out = group.size, (source - group.rank) % group.size, 1, tensor.clone()
    while reach < n:
        if me < reach and me + reach < n:
            group.send(out, (source - me - reach) % n)
        elif reach <= me < 2 * reach:
            out = group.receive(tensor, (source - me + reach) % n)
        reach *= 2
    return out


# %% far_ones_first: halves the distance from round to round, another tree
def tree_broadcast(tensor, source, group):
    n, me, out = group.size, (group.rank - source) % group.size, tensor.clone()
    reach = 1 << (n - 1).bit_length()
    while reach > 1:
        half = reach // 2
        if me % reach == 0 and me + half < n:
            group.send(out, (me + half + source) % n)
        elif me % reach == half:
            out = group.receive(tensor, (me - half + source) % n)
        reach = half
    return out


# %% the_source_returns_a_view: of its argument
def tree_broadcast(tensor, source, group):
    number = (group.rank - source) % group.size
    result = tensor.detach()
    reach = 1
    while reach < group.size:
        if number < reach and number + reach < group.size:
            group.send(result, (number + reach + source) % group.size)
        elif reach <= number < 2 * reach:
            result = group.receive(tensor, (number - reach + source) % group.size)
        reach *= 2
    return result
