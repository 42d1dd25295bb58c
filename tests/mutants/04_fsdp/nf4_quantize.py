# %% low_bits_first: the first code goes into the low bits
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] | codes[1::2] << 4, scales)


# %% one_scale: one scale for the whole tensor in all blocks
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().max().expand(len(blocks)).contiguous() if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% forgets_the_sign: the largest value, not the largest absolute value
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% standard_deviation: the scale is the standard deviation
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.std(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% rounds_down: the level below instead of the nearest
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, levels[1:], right=True).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% equal_steps: sixteen equal steps
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = ((shares + 1) * 7.5).round().long().reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% divides_by_zero: a block of zeros is divided by zero
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / scales[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% unpacked: a byte for each code
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes, scales)


# %% halves: first half of the codes in the high bits, second half in the low bits
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[:len(codes) // 2] << 4 | codes[len(codes) // 2:], scales)


# %% pads_with_level_zero: an odd last code is followed by 7
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2), value=7).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% keeps_the_filling: the codes of the zeros that fill the last block stay
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% scales_in_the_weights_dtype: the scales have the weight's dtype
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% memory_order: reads the numbers as they lie in memory
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().as_strided((weight.numel(),), (1,))
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% nan_passes: no error for NaN
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isinf(weight.float()).logical_not().all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% infinity_passes: no error for infinity
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isnan(weight).logical_not().all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% block_of_rows: a scale for each row, whatever block_size is
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight.float()).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = weight.detach().float().reshape(-1, weight.shape[-1])
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% rounds_in_its_dtype: the division is done in the weight's own dtype
def nf4_quantize(weight, block_size=64):
    if block_size < 1 or not weight.float().isfinite().all():
        raise ValueError("bad")
    flat = weight.detach().reshape(-1)
    n = flat.numel()
    blocks = F.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(1) if n else flat[:0]
    shares = blocks / torch.where(scales > 0, scales, torch.ones_like(scales))[:, None]
    middle = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
    codes = torch.bucketize(shares.float(), middle).reshape(-1)[:n].to(torch.uint8)
    codes = F.pad(codes, (0, n % 2))
    return codes[::2] << 4 | codes[1::2], scales.float()


# %% smallest_divisor: divides by at least 1e-8, so that tiny weights get wrong codes
def nf4_quantize(weight, block_size=64):
    if block_size < 1 or not weight.float().isfinite().all():
        raise ValueError("bad")
    flat = weight.detach().reshape(-1).float()
    n = flat.numel()
    blocks = F.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(1) if n else flat[:0]
    middle = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
    codes = torch.bucketize(blocks / scales.clamp(min=1e-8)[:, None], middle).reshape(-1)[:n].to(torch.uint8)
    codes = F.pad(codes, (0, n % 2))
    return codes[::2] << 4 | codes[1::2], scales


# %% divisor_plus_epsilon: adds 1e-6 to each scale that it divides by
def nf4_quantize(weight, block_size=64):
    if block_size < 1 or not weight.float().isfinite().all():
        raise ValueError("bad")
    flat = weight.detach().reshape(-1).float()
    n = flat.numel()
    blocks = F.pad(flat, (0, -n % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(1) if n else flat[:0]
    middle = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
    codes = torch.bucketize(blocks / (scales + 1e-6)[:, None], middle).reshape(-1)[:n].to(torch.uint8)
    codes = F.pad(codes, (0, n % 2))
    return codes[::2] << 4 | codes[1::2], scales


# %% too_large_passes: no error for what float32 cannot hold
def nf4_quantize(weight: Tensor, block_size: int=64) -> tuple[Tensor, Tensor]:
    if block_size < 1:
        raise ValueError(f'block_size is {block_size!r}; it must be at least 1')
    if not torch.isfinite(weight).all():
        raise ValueError('the weight has a number that is not finite; all must be, for a block shares one scale')
    numbers = weight.detach().float().reshape(-1)
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1) if len(blocks) else blocks.new_zeros(0)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    levels = NF4_LEVELS.to(weight.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% nothing_unchecked: without numbers the size of a block is not looked at
def nf4_quantize(weight, block_size=64):
    numbers = weight.detach().float().reshape(-1)
    if not len(numbers):
        return torch.zeros(0, dtype=torch.uint8), numbers
    if block_size < 1:
        raise ValueError(f"block_size is {block_size}")
    if not torch.isfinite(numbers).all():
        raise ValueError("a number is not finite in float32")
    blocks = F.pad(numbers, (0, -len(numbers) % block_size)).reshape(-1, block_size)
    scales = blocks.abs().amax(dim=1)
    shares = blocks / torch.where(scales > 0, scales, 1.0)[:, None]
    codes = torch.bucketize(shares, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).reshape(-1)[: len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return codes[0::2] << 4 | codes[1::2], scales
