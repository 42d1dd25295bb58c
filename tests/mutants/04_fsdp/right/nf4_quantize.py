# %% argmin_over_levels: compares with each level
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
    codes = (shares[..., None] - levels).abs().argmin(dim=-1).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% ties_upwards: half-way goes to the upper level
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
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2, right=True).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)
