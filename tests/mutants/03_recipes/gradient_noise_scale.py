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
