# %% low_bits_first: the first code is taken from the low bits
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed & 15, packed >> 4], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(block_size)[:n]).reshape(shape)


# %% high_halves_first: all high halves, then all low ones
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=0).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(block_size)[:n]).reshape(shape)


# %% no_scale: the levels alone
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels).reshape(shape)


# %% scales_in_turn: number i gets scale i modulo their number
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat(block_size)[:n]).reshape(shape)


# %% equal_steps: codes are equal steps
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = codes.to(scales.dtype) / 7.5 - 1
    return (levels * scales.repeat_interleave(block_size)[:n]).reshape(shape)


# %% always_float32: float32 whatever the scales are
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=torch.float32)[codes.long()]
    return (levels * scales.float().repeat_interleave(block_size)[:n]).reshape(shape)


# %% always_64: blocks of 64 whatever block_size is
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(64)[:n]).reshape(shape)


# %% flat: the shape is forgotten
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(block_size)[:n])


# %% any_shape: codes that do not fit the shape are cut off
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) < 0:
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(block_size)[:n]).reshape(shape)


# %% any_scales: too few scales raise no ValueError
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) < 0:
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(block_size)[:n]).reshape(shape)


# %% eight_bits: a byte is one code of 255
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = (packed // 16).repeat_interleave(2)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales.repeat_interleave(block_size)[:n]).reshape(shape)


# %% too_many_unseen: only too few codes are refused
def nf4_dequantize(packed, scales, shape, block_size=64):
    n = math.prod(shape)
    if n > 2 * len(packed) or len(scales) != -(-n // block_size):
        raise ValueError("does not fit")
    codes = torch.stack([packed >> 4, packed & 15], 1).reshape(-1)[:n].long()
    return (NF4_LEVELS.to(scales.dtype)[codes] * scales.repeat_interleave(block_size)[:n]).view(shape)


# %% scales_too_many_unseen: only too few scales are refused
def nf4_dequantize(packed, scales, shape, block_size=64):
    n = math.prod(shape)
    if len(packed) != (n + 1) // 2 or len(scales) < -(-n // block_size):
        raise ValueError("does not fit")
    codes = torch.stack([packed >> 4, packed & 15], 1).reshape(-1)[:n].long()
    return (NF4_LEVELS.to(scales.dtype)[codes] * scales.repeat_interleave(block_size)[:n]).view(shape)
