"""Right solutions of apply_rotary that are not written as the library's is."""

# %% rotate_half: tables of full width, and the pairs swapped with a sign, as many libraries do it
def apply_rotary(x, cos, sin, layout="half"):
    if layout not in ("half", "interleaved"):
        raise ValueError(f"no layout {layout!r}")
    if x.size(-1) != 2 * cos.size(-1):
        raise ValueError(f"{x.size(-1)} channels and {cos.size(-1)} pairs")
    if layout == "half":
        cos, sin = (torch.cat((t, t), dim=-1) for t in (cos, sin))
        a, b = x.chunk(2, dim=-1)
        swapped = torch.cat((-b, a), dim=-1)
    else:
        cos, sin = (t.repeat_interleave(2, dim=-1) for t in (cos, sin))
        swapped = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
    return (x * cos + swapped * sin).to(x.dtype)


# %% complex_numbers: each pair is a complex number, and turning it a product
def apply_rotary(x, cos, sin, layout="half"):
    check_layout(layout)
    n_pairs, channels = cos.shape[-1], x.shape[-1]
    if channels != 2 * n_pairs:
        raise ValueError(f"{channels} channels for {n_pairs} pairs")
    wide = torch.promote_types(x.dtype, cos.dtype)
    pairs = x.to(wide).unflatten(-1, (2, n_pairs)).transpose(-1, -2) if layout == "half" else x.to(wide).unflatten(-1, (-1, 2))
    turned = torch.view_as_real(torch.view_as_complex(pairs.contiguous()) * torch.complex(cos.to(wide), sin.to(wide)))
    return (turned.transpose(-1, -2) if layout == "half" else turned).flatten(-2).to(x.dtype)


# %% matrices: a 2 x 2 matrix for each pair, multiplied by einsum
def apply_rotary(x, cos, sin, layout="half"):
    if layout not in ("half", "interleaved"):
        raise ValueError(f"there is no layout {layout!r}")
    if x.shape[-1] != cos.shape[-1] * 2:
        raise ValueError(f"{x.shape[-1]} channels do not fit {cos.shape[-1]} angles")
    wide = torch.promote_types(x.dtype, cos.dtype)
    turn = torch.stack((torch.stack((cos, -sin), dim=-1), torch.stack((sin, cos), dim=-1)), dim=-2).to(wide)
    pair = "cn" if layout == "half" else "nc"
    x_pairs = x.to(wide).unflatten(-1, (2, -1) if layout == "half" else (-1, 2))
    turned = torch.einsum(f"...nrc,...{pair}->...{pair.replace('c', 'r')}", turn, x_pairs)
    return turned.flatten(-2).to(x.dtype)
