"""Wrong solutions of layout_permutation."""

# %% swapped: gives each layout the other's order
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(d_head)
    return (channels.view(2, -1) if to == "half" else channels.view(-1, 2)).T.flatten()


# %% its_own_inverse: the same order in both directions
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    return torch.arange(d_head).view(-1, 2).T.flatten()


# %% reads_rows: the transpose is missing
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(d_head)
    return (channels.view(-1, 2) if to == "half" else channels.view(2, -1)).flatten()


# %% any_other_name: every layout but half counts as interleaved
def layout_permutation(d_head, to="half"):
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(d_head)
    return (channels.view(-1, 2) if to == "half" else channels.view(2, -1)).T.flatten()


# %% as_numbers: floats, which index nothing
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(float(d_head))
    return (channels.view(-1, 2) if to == "half" else channels.view(2, -1)).T.flatten()


# %% second_channels_first: each pair is turned round
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(d_head)
    return (channels.view(-1, 2).flip(-1) if to == "half" else channels.view(2, -1).flip(0)).T.flatten()


# %% as_a_matrix: a permutation matrix instead of an index
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(d_head)
    order = (channels.view(-1, 2) if to == "half" else channels.view(2, -1)).T.flatten()
    return torch.eye(d_head, dtype=torch.int64)[order]


# %% three_pairs: the number of pairs is that of the example
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(d_head)
    return (channels.reshape(3, -1) if to == "half" else channels.reshape(-1, 3)).T.flatten()


# %% in_int32: the index has another type
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2 or d_head % 2:
        raise ValueError(f"d_head is {d_head}")
    channels = torch.arange(d_head, dtype=torch.int32)
    return (channels.view(-1, 2) if to == "half" else channels.view(2, -1)).T.flatten()


# %% odd_is_rounded_down: the last channel of an odd head is lost
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head < 2:
        raise ValueError(f"d_head is {d_head}")
    first, second = torch.arange(0, d_head - 1, 2), torch.arange(1, d_head, 2)
    order = torch.cat((first, second))
    return order if to == "half" else order.argsort()
