"""Right solutions of weight_map that are not written as the library's is."""

# %% numbers_at_once: a weight of the open file waits for its number
def weight_map(sizes, max_shard_bytes):
    if not max_shard_bytes >= 1:
        raise ValueError(f"max_shard_bytes={max_shard_bytes}")
    number, n_closed, waiting, room = {}, 0, [], max_shard_bytes

    def close(names):
        nonlocal n_closed
        n_closed += 1
        number.update(dict.fromkeys(names, n_closed))

    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"{name} has {size} bytes")
        if size > max_shard_bytes:
            close([name])
        else:
            if size > room:
                close(waiting)
                waiting, room = [], max_shard_bytes
            waiting.append(name)
            room -= size
    if waiting:
        close(waiting)
    if n_closed == 1:
        return {name: "model.safetensors" for name in sizes}
    return {name: "model-%05d-of-%05d.safetensors" % (number[name], n_closed) for name in sizes}


# %% two_passes: first the open files as lists, then all files by the place of their closing
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}: no file of so few bytes")
    for name in sizes:
        if sizes[name] < 0:
            raise ValueError(f"{name!r}: {sizes[name]} bytes")
    names = list(sizes)
    events, current, filled = [], [], 0  # when a file is closed, and what is in it
    for place, name in enumerate(names):
        size = sizes[name]
        if size > max_shard_bytes:
            events.append((place, [name]))
        elif filled + size <= max_shard_bytes:
            current.append(name)
            filled += size
        else:
            events.append((place, current))
            current, filled = [name], size
    if current:
        events.append((len(names), current))
    events.sort(key=lambda event: event[0])
    result = dict.fromkeys(names, "model.safetensors")
    if len(events) > 1:
        for number, (_, members) in enumerate(events, start=1):
            for name in members:
                result[name] = f"model-{number:05}-of-{len(events):05}.safetensors"
    return result


# %% a_generator: files come as they are closed
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    negative = [(name, size) for name, size in sizes.items() if size < 0]
    if negative:
        raise ValueError("%s is %d" % negative[0])

    def files():
        opened = {}
        for name, size in sizes.items():
            if size > max_shard_bytes:
                yield [name]
            elif sum(opened.values()) + size > max_shard_bytes:
                yield list(opened)
                opened = {name: size}
            else:
                opened[name] = size
        if opened:
            yield list(opened)

    closed = list(files())
    n = str(len(closed)).zfill(5)
    where = {}
    for i, members in enumerate(closed):
        for name in members:
            where[name] = f"model-{str(i + 1).zfill(5)}-of-{n}.safetensors" if len(closed) > 1 else "model.safetensors"
    return {name: where[name] for name in sizes}
