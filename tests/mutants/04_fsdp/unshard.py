"""Wrong solutions of unshard."""

# %% keeps_the_padding: the last tensor takes what is left
def unshard(part, shapes, group):
    whole = group.all_gather(part).wait()
    pieces, start = [], 0
    for i, shape in enumerate(shapes):
        end = start + math.prod(shape) if i < len(shapes) - 1 else len(whole)
        pieces.append(whole[start:end].view(shape) if end - start == math.prod(shape) else whole[start:end])
        start = end
    return pieces


# %% a_message_each: gathers once a tensor
def unshard(part, shapes, group):
    counts = [math.prod(shape) for shape in shapes]
    results, start = [], 0
    for shape, count in zip(shapes, counts):
        whole = group.all_gather(part).wait()
        results.append(whole[start : start + count].view(tuple(shape)))
        start += count
    return results


# %% own_part_only: does not gather
def unshard(part, shapes, group):
    counts = [math.prod(shape) for shape in shapes]
    whole = part.repeat(group.size)
    return [piece.view(tuple(shape)) for piece, shape in zip(whole[: sum(counts)].split(counts), shapes)]


# %% sums: adds the parts up instead of gathering them
def unshard(part, shapes, group):
    counts = [math.prod(shape) for shape in shapes]
    whole = part.new_zeros(len(part) * group.size)
    whole[group.rank * len(part) : (group.rank + 1) * len(part)] = part
    group.all_reduce(whole).wait()
    return [piece.view(tuple(shape)) for piece, shape in zip(whole[: sum(counts)].split(counts), shapes)]


# %% flat_pieces: the shapes are not given back
def unshard(part, shapes, group):
    whole = group.all_gather(part).wait()
    counts = [math.prod(shape) for shape in shapes]
    return list(whole[: sum(counts)].split(counts))


# %% wrong_order: the ranks' parts stand in reverse
def unshard(part, shapes, group):
    whole = group.all_gather(part).wait().view(group.size, -1).flip(0).reshape(-1)
    counts = [math.prod(shape) for shape in shapes]
    return [piece.view(tuple(shape)) for piece, shape in zip(whole[: sum(counts)].split(counts), shapes)]


# %% same_offset: every tensor is read from the beginning
def unshard(part, shapes, group):
    whole = group.all_gather(part).wait()
    return [whole[: math.prod(shape)].view(tuple(shape)) for shape in shapes]


# %% widens: gathers in float32
def unshard(part, shapes, group):
    whole = group.all_gather(part.float()).wait()
    counts = [math.prod(shape) for shape in shapes]
    return [piece.view(tuple(shape)) for piece, shape in zip(whole[: sum(counts)].split(counts), shapes)]


# %% padding_of_each: takes every tensor to be padded by itself
def unshard(part, shapes, group):
    whole = group.all_gather(part).wait()
    results, start = [], 0
    for shape in shapes:
        count = math.prod(shape)
        results.append(whole[start : start + count].view(tuple(shape)) if start + count <= len(whole) else whole[:count].view(tuple(shape)))
        start += count + -count % group.size
    return results
