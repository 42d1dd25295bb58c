# %% argmin_over_levels: compares with each level
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
    codes = (shares[..., None] - levels).abs().argmin(dim=-1).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% ties_upwards: half-way goes to the upper level
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
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2, right=True).reshape(-1)[:len(numbers)]
    codes = F.pad(codes, (0, len(codes) % 2)).to(torch.uint8)
    return (codes[0::2] << 4 | codes[1::2], scales)


# %% midpoints_times_scale: the midpoints are multiplied by the scale, and nothing is divided
def nf4_quantize(weight, block_size=64):
    if block_size < 1:
        raise ValueError(f"block_size is {block_size}; it must be at least 1")
    if weight.float().isinf().any() or weight.isnan().any():
        raise ValueError("the weight has numbers that are not finite")
    flat = weight.detach().flatten().float()
    n_blocks = -(-len(flat) // block_size)
    padded = flat.new_zeros(n_blocks * block_size)
    padded[: len(flat)] = flat
    blocks = padded.reshape(n_blocks, block_size)
    scales = torch.linalg.vector_norm(blocks, math.inf, dim=1) if len(flat) else flat.new_zeros(0)
    middle = (NF4_LEVELS[1:].double() + NF4_LEVELS[:-1].double()) / 2
    codes = (blocks.double()[..., None] > scales.double()[:, None, None] * middle).sum(-1)
    codes[scales == 0] = int((NF4_LEVELS == 0).nonzero())
    codes = codes.reshape(-1)[: len(flat)]
    even = torch.zeros(2 * -(-len(flat) // 2), dtype=torch.long)
    even[: len(codes)] = codes
    high, low = even.view(-1, 2).unbind(1)
    return (high * 16 + low).to(torch.uint8), scales
