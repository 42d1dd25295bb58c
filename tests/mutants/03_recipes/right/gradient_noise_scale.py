"""Right solutions of gradient_noise_scale."""

# %% by_substitution: the noise from the difference, the signal from the first equation
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if small_batch < 1 or big_batch <= small_batch:
        raise ValueError(f"need 1 <= small < big, got {small_batch} and {big_batch}")
    mean = lambda values: sum(values) / len(values)
    noise = (mean(small_norms) - mean(big_norms)) * small_batch * big_batch / (big_batch - small_batch)
    signal = mean(small_norms) - noise / small_batch
    return NoiseScale(signal=signal, noise=noise, scale=float("inf") if signal <= 0 else noise / signal)
