# %% padded_blocks: fills up to whole blocks and multiplies by rows
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    filled = F.pad(levels, (0, -n % block_size)).reshape(-1, block_size)
    return (filled * scales[:, None]).reshape(-1)[:n].reshape(shape)


# %% index_of_the_block: looks the scale up by the number's place
def nf4_dequantize(packed: Tensor, scales: Tensor, shape: tuple[int, ...], block_size: int=64) -> Tensor:
    n = math.prod(shape)
    if len(packed) != -(-n // 2):
        raise ValueError(f'shape is {tuple(shape)}, {n} numbers; it must have as many as the {len(packed)} bytes hold')
    if len(scales) != -(-n // block_size):
        raise ValueError(f'there are {len(scales)} scales; there must be one for each {block_size} of {n} numbers')
    codes = torch.stack([packed >> 4, packed & 15], dim=1).reshape(-1)[:n]
    levels = NF4_LEVELS.to(device=packed.device, dtype=scales.dtype)[codes.long()]
    return (levels * scales[torch.arange(n, device=packed.device) // block_size]).reshape(shape)
