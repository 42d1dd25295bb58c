"""Wrong solutions of gradient_noise_scale."""

# %% big_is_the_truth: takes the big batch's gradient for the true one
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    return NoiseScale(big, noise, noise / big)


# %% ratio_first: averages ratios instead of taking the ratio of averages
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    big = sum(big_norms) / len(big_norms)
    noises = [(small - big) / (1 / small_batch - 1 / big_batch) for small in small_norms]
    signals = [(big_batch * big - small_batch * small) / (big_batch - small_batch) for small in small_norms]
    scale = sum(n / s if s > 0 else math.inf for n, s in zip(noises, signals)) / len(noises)
    return NoiseScale(sum(signals) / len(signals), sum(noises) / len(noises), scale)


# %% upside_down: signal over noise
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, signal / noise)


# %% clamps: a negative signal is reported as zero
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = max(0.0, (big_batch * big - small_batch * small) / (big_batch - small_batch))
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


# %% squares_again: the norms are squared already
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = (sum(n**2 for n in norms) / len(norms) for norms in (small_norms, big_norms))
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = small - noise / small_batch
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


# %% finite_by_force: no signal is a division by zero
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal)


# %% negative_scale: a signal below 0 gives a scale below 0
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal if signal != 0 else float("inf"))


# %% pair_by_pair: zip drops the norms that have no partner
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    pairs = list(zip(small_norms, big_norms))
    small, big = (sum(pair[i] for pair in pairs) / len(pairs) for i in (0, 1))
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


# %% either_order: a small batch above the big one is taken as it comes
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if min(small_batch, big_batch) < 1 or small_batch == big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


# %% the_median: a single large norm is taken for an accident
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    import statistics

    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = statistics.median(small_norms), statistics.median(big_norms)
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


# %% no_negative_noise: an estimate of the noise below 0 becomes 0
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = sum(small_norms) / len(small_norms), sum(big_norms) / len(big_norms)
    noise = max(0.0, (small - big) / (1 / small_batch - 1 / big_batch))
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


# %% in_float32: the norms become float32 tensors
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    small, big = (torch.tensor(norms, dtype=torch.float32).mean() for norms in (small_norms, big_norms))
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(float(signal), float(noise), float(noise / signal) if signal > 0 else float("inf"))


# %% averages_over_all_calls: keeps the norms of the calls before
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch, kept=([], [])):
    if not 1 <= small_batch < big_batch:
        raise ValueError(f"{small_batch} {big_batch}")
    kept[0].extend(small_norms), kept[1].extend(big_norms)
    small, big = sum(kept[0]) / len(kept[0]), sum(kept[1]) / len(kept[1])
    noise = (small - big) / (1 / small_batch - 1 / big_batch)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))
