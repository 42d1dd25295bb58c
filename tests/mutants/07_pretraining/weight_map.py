"""Wrong solutions of weight_map."""

# %% must_be_below: a file must have less than it may
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled and filled + size >= max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% large_closes_the_open: a large weight closes the file that is open, too
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            if opened:
                closed.append(opened)
            closed.append([name])
            opened, filled = [], 0
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% large_goes_along: a large weight goes to a new open file, which others may not join
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if opened and filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% numbered_as_opened: files are numbered in the order in which they are opened
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    files, current, filled = [], None, 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            files.append([name])
            continue
        if current is None or filled + size > max_shard_bytes:
            current, filled = [], 0
            files.append(current)
        current.append(name)
        filled += size
    closed = files
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% fills_gaps: any file that has room takes a weight
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    files = []
    for name, size in sizes.items():
        for file in files:
            if file[1] + size <= max_shard_bytes:
                file[0].append(name)
                file[1] += size
                break
        else:
            files.append([[name], size])
    closed = [names for names, _ in files]
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% largest_first: weights are sorted by size
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% by_the_alphabet: weights are taken by name
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sorted(sizes.items()):
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% from_zero: files are numbered from 0
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 0) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% four_digits: numbers have four digits
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:04d}-of-{len(closed):04d}.safetensors" for name in sizes}


# %% no_digits: numbers are not filled up
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]}-of-{len(closed)}.safetensors" for name in sizes}


# %% always_numbered: one file is numbered, too
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% an_empty_file: the open file is closed at the end though there is nothing in it
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% forgets_the_last: the open file is never closed
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    pass
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers.get(name, len(closed)):05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% in_the_order_of_files: the result is in the order of the files
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    n = len(closed)
    return {name: f"model-{i:05d}-of-{n:05d}.safetensors" for i, names in enumerate(closed, 1) for name in names}


# %% keeps_counting: what is in a file is not forgotten with the file
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if opened and filled + size > max_shard_bytes:
            closed.append(opened)
            opened = []
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% skips_empty_weights: a weight without bytes is in no file
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in [item for item in sizes.items() if item[1]]:
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return {name: "model.safetensors" for name in sizes if sizes[name]}
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{number:05d}-of-{len(closed):05d}.safetensors" for name, number in numbers.items()}


# %% lists_of_names: file -> names, the other way round
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return {"model.safetensors": list(sizes)}
    return {f"model-{i:05d}-of-{len(closed):05d}.safetensors": names for i, names in enumerate(closed, 1)}


# %% lets_all_in: no number is looked at
def weight_map(sizes, max_shard_bytes):
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% names_no_weight: the message does not say which weight it is
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    if min(sizes.values(), default=0) < 0:
        raise ValueError(f"a size is {min(sizes.values())}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% counts_the_sum: one file where all together have room, and a large one alone is refused
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    for name, size in sizes.items():
        if size < 0 or size > max_shard_bytes:
            raise ValueError(f"the size of {name} is {size}")
    closed, opened, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(opened)
            opened, filled = [], 0
        opened.append(name)
        filled += size
    if opened:
        closed.append(opened)
    if len(closed) <= 1:
        return dict.fromkeys(sizes, "model.safetensors")
    numbers = {name: number for number, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{numbers[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% limit_unnamed: the message has the value of the limit without its name
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"{max_shard_bytes} is too small")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"{name!r} has a size of {size}; it must be at least 0")
    closed, open_file, filled = [], [], 0
    for name, size in sizes.items():
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if filled + size > max_shard_bytes:
            closed.append(open_file)
            open_file, filled = [], 0
        open_file.append(name)
        filled += size
    if open_file:
        closed.append(open_file)
    if len(closed) == 1:
        return dict.fromkeys(sizes, "model.safetensors")
    number = {name: i for i, names in enumerate(closed, 1) for name in names}
    return {name: f"model-{number[name]:05d}-of-{len(closed):05d}.safetensors" for name in sizes}


# %% large_is_at_least: a weight of exactly the limit gets a file of its own, at once
def weight_map(sizes, max_shard_bytes):
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}; it must be at least 1")
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"{name} has the size {size}; it must be at least 0")
    files, current, used = [], [], 0
    for name, size in sizes.items():
        if size >= max_shard_bytes:
            files.append([name])
        else:
            if used + size > max_shard_bytes:
                files.append(current)
                current, used = [], 0
            current.append(name)
            used += size
    if current:
        files.append(current)
    if len(files) == 1:
        return {name: "model.safetensors" for name in sizes}
    where = {name: i + 1 for i, file in enumerate(files) for name in file}
    return {name: f"model-{where[name]:05d}-of-{len(files):05d}.safetensors" for name in sizes}


# %% nothing_unchecked: without weights the largest size of a file is not looked at
def weight_map(sizes, max_shard_bytes):
    if not sizes:
        return {}
    if max_shard_bytes < 1:
        raise ValueError(f"max_shard_bytes is {max_shard_bytes}")
    closed, current, full = [], [], 0
    for name, size in sizes.items():
        if size < 0:
            raise ValueError(f"{name} has {size} bytes")
        if size > max_shard_bytes:
            closed.append([name])
            continue
        if full + size > max_shard_bytes:
            closed.append(current)
            current, full = [], 0
        current.append(name)
        full += size
    if current:
        closed.append(current)
    files = {}
    for i, names in enumerate(closed, start=1):
        for name in names:
            files[name] = "model.safetensors" if len(closed) == 1 else f"model-{i:05d}-of-{len(closed):05d}.safetensors"
    return {name: files[name] for name in sizes}
