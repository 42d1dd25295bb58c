"""Right solutions of tree_broadcast that are written in another way."""

# %% from_the_highest_bit: the parent is the number without its highest bit
def tree_broadcast(tensor, source, group):
    n, me = group.size, (group.rank - source) % group.size
    if me:
        parent = me - (1 << (me.bit_length() - 1))
        out = group.receive(tensor, (parent + source) % n)
    else:
        out = tensor.clone()
    for k in range(me.bit_length(), (n - 1).bit_length()):
        if me + 2**k < n:
            group.send(out, (me + 2**k + source) % n)
    return out


# %% rounds_as_lists: the pairs of each round, of which a rank may be in one
def tree_broadcast(tensor, source, group):
    import math
    import torch

    n, out = group.size, torch.empty_like(tensor)
    if group.rank == source:
        out = torch.clone(tensor)
    for k in range(math.ceil(math.log2(n))):
        pairs = [(i, i + 2**k) for i in range(2**k) if i + 2**k < n]
        for giver, taker in pairs:
            giver, taker = (giver + source) % n, (taker + source) % n
            if group.rank == giver:
                group.send(out, taker)
            if group.rank == taker:
                out = group.receive(out, giver)
    return out
