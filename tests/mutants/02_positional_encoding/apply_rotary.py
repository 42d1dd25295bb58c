"""Wrong solutions of apply_rotary."""

# %% turns_the_other_way: the signs of the sines are swapped
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos + b * sin, b * cos - a * sin), dim=-1).to(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos + b * sin, b * cos - a * sin), dim=-1).flatten(-2).to(x.dtype)


# %% always_half: the layout is not looked at
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


# %% comes_back_in_halves: an interleaved head is returned in the half layout
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    a, b = x.chunk(2, dim=-1) if layout == "half" else (x[..., 0::2], x[..., 1::2])
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


# %% rounds_the_tables: cos and sin are rounded to bfloat16 first
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)


# %% stays_wide: the result keeps the dtype of the tables
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)


# %% overwrites_a: the second line uses the a that the first has changed
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    n = cos.shape[-1]
    first = slice(0, n) if layout == "half" else slice(0, None, 2)
    second = slice(n, None) if layout == "half" else slice(1, None, 2)
    x[..., first] = x[..., first] * cos - x[..., second] * sin
    x[..., second] = x[..., first] * sin + x[..., second] * cos
    return x


# %% broadcasts_too_much: one pair of angles is used for all channels
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if cos.shape[-1] != 1 and x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% always_interleaved: the layout is not looked at, and neighbours are pairs
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% any_other_layout: whatever is not "half" counts as interleaved
def apply_rotary(x, cos, sin, layout="half"):
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% writes_into_x: the right numbers, in the tensor that was given
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    n = cos.shape[-1]
    first = slice(0, n) if layout == "half" else slice(0, None, 2)
    second = slice(n, None) if layout == "half" else slice(1, None, 2)
    a, b = x[..., first].clone(), x[..., second].clone()
    x[..., first] = (a * cos - b * sin).to(x.dtype)
    x[..., second] = (a * sin + b * cos).to(x.dtype)
    return x


# %% tables_of_the_other_layout: channels are paired as in half, angles as if neighbours were pairs
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    cos, sin = (t.repeat_interleave(2, dim=-1) for t in (cos, sin))
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        swapped = torch.cat((-b, a), dim=-1)
    else:
        swapped = torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
    return (x * cos + swapped * sin).to(x.dtype)


# %% computes_in_float32: whatever x is, as in much published code
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    y, cos, sin = x.float(), cos.float(), sin.float()
    if layout == "half":
        a, b = y.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = y[..., 0::2], y[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% computes_in_the_tables_dtype: a float64 x is rounded to the float32 of cos
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    y = x.to(cos.dtype)
    if layout == "half":
        a, b = y.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = y[..., 0::2], y[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% tables_have_two_dimensions: puts the head's dimension into the tables, also where it is there already
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    if x.ndim == 4:
        cos, sin = cos.unsqueeze(-3), sin.unsqueeze(-3)
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% halves_the_channels: compares C // 2, so that an odd C is not noticed
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] // 2 != cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% without_gradient: computes with numbers that are cut off from x
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(f"x has {x.shape[-1]} channels")
    if layout == "half":
        a, b = x.data.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = x.data[..., 0::2], x.data[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)


# %% odd_only: refuses an odd number of channels, not one that is not twice the table's
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    if x.shape[-1] % 2:
        raise ValueError(f"x has {x.shape[-1]} channels; it must have an even number")
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).to(x.dtype)
