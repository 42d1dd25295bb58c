"""Right solutions of merge_pair that are not written as the library's is."""

# %% stack: looks back at what was written instead of ahead
def merge_pair(ids, pair, new_id):
    first, second = pair
    out = []
    open_for_merge = False
    for token in ids:
        if open_for_merge and token == second and out[-1] == first:
            out[-1] = new_id
            open_for_merge = False
        else:
            out.append(token)
            open_for_merge = True
    return tuple(out)


# %% iterator: one iterator, with one token held back
def merge_pair(ids: Sequence[int], pair: Pair, new_id: int) -> tuple[int, ...]:
    def walk():
        rest = iter(ids)
        nothing = object()
        held = next(rest, nothing)
        while held is not nothing:
            following = next(rest, nothing)
            if following is not nothing and (held, following) == tuple(pair):
                yield new_id
                held = next(rest, nothing)
            else:
                yield held
                held = following

    return tuple(walk())


# %% marks_first: first the places, then the new word
def merge_pair(ids: Sequence[int], pair: Pair, new_id: int) -> tuple[int, ...]:
    at = set()
    for i in range(len(ids) - 1):
        if i - 1 not in at and (ids[i], ids[i + 1]) == pair:
            at.add(i)
    return tuple(new_id if i in at else token for i, token in enumerate(ids) if i - 1 not in at)
