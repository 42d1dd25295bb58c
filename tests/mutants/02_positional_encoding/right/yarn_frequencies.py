"""Right solutions of yarn_frequencies that are not written as the library's is."""

# %% pair_by_pair: plain numbers in a loop, and the share that is interpolated instead of kept
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    if factor < 1:
        raise ValueError(f"a factor of {factor} would shrink the context")
    if ramp not in ("rotations", "dimensions"):
        raise ValueError(f"no ramp {ramp!r}")

    def pair_of(turns):
        return d_head * math.log(original_max_seq_len / (2 * math.pi * turns)) / (2 * math.log(theta))

    first, last = max(0, math.floor(pair_of(beta_fast))), min(d_head - 1, math.ceil(pair_of(beta_slow)))
    width = last - first or 0.001
    result = []
    for i, w in enumerate(rotary_frequencies(d_head, theta).tolist()):
        turns = original_max_seq_len * w / math.tau
        change = (beta_fast - turns) / (beta_fast - beta_slow) if ramp == "rotations" else (i - first) / width
        change = min(1.0, max(0.0, change))
        result.append(w * (1 - change + change / factor))
    return torch.tensor(result, dtype=torch.float64)


# %% lerp: both ramps as one clamped share, mixed by torch.lerp
def yarn_frequencies(d_head, theta=10000.0, *, factor, original_max_seq_len, beta_fast=32.0, beta_slow=1.0, ramp="rotations"):
    if not factor >= 1:
        raise ValueError(f"factor is {factor}")
    old = rotary_frequencies(d_head, theta)
    per_turn = original_max_seq_len / math.tau
    match ramp:
        case "rotations":
            at, none, whole = per_turn * old, beta_slow, beta_fast
        case "dimensions":
            at = torch.arange(d_head // 2).double()
            whole = max(0, math.floor(d_head / 2 * math.log(per_turn / beta_fast, theta)))
            none = min(d_head - 1, math.ceil(d_head / 2 * math.log(per_turn / beta_slow, theta)))
            none += 0.001 * (none == whole)
        case _:
            raise ValueError(f"no such ramp: {ramp}")
    share = ((at - none) / (whole - none)).clip(0.0, 1.0)
    return torch.lerp(old / factor, old, share)
