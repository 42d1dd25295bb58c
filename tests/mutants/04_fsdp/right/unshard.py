"""Right solutions of unshard."""

# %% with_an_iterator: takes as many elements as each shape has
def unshard(part, shapes, group):
    whole = group.all_gather(part).wait()
    results, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        results.append(whole[start:end].reshape(tuple(shape)))
        start = end
    return results


# %% into_memory_of_its_own: copies every tensor
def unshard(part, shapes, group):
    out = part.new_empty(group.size * len(part))
    out = group.all_gather(part, out=out).wait()
    results = []
    for shape in shapes:
        tensor = part.new_empty(tuple(shape))
        tensor.copy_(out[: tensor.numel()].view(tuple(shape)))
        out = out[tensor.numel() :]
        results.append(tensor)
    return results
