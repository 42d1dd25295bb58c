"""Right solutions of gradient_noise_scale."""

# %% by_substitution: the noise from the difference, the signal from the first equation
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if small_batch < 1 or big_batch <= small_batch:
        raise ValueError(f"need 1 <= small < big, got {small_batch} and {big_batch}")
    mean = lambda values: sum(values) / len(values)
    noise = (mean(small_norms) - mean(big_norms)) * small_batch * big_batch / (big_batch - small_batch)
    signal = mean(small_norms) - noise / small_batch
    return NoiseScale(signal=signal, noise=noise, scale=float("inf") if signal <= 0 else noise / signal)


# %% solves_the_system: two equations handed to a solver
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    if not 0 < small_batch < big_batch:
        raise ValueError(f"batches of {small_batch} and {big_batch}")
    rows = torch.tensor([[1, 1 / small_batch], [1, 1 / big_batch]], dtype=torch.float64)
    means = torch.stack([torch.tensor(n, dtype=torch.float64).mean() for n in (small_norms, big_norms)])
    signal, noise = torch.linalg.solve(rows, means).tolist()
    if abs(signal) < 1e-12 * means.abs().max():
        signal = 0.0  # what rounding has left
    return NoiseScale(signal, noise, noise / signal if signal > 0 else float("inf"))


# %% another_message: NumPy's means, and a message of its own
def gradient_noise_scale(small_norms, big_norms, small_batch, big_batch):
    import numpy as np

    if small_batch < 1 or not small_batch < big_batch:
        raise ValueError("the small batch must be smaller than the big one, and hold an example")
    small, big = np.mean(small_norms), np.mean(big_norms)
    signal = (big_batch * big - small_batch * small) / (big_batch - small_batch)
    noise = (big - small) / (1 / big_batch - 1 / small_batch)
    return NoiseScale(float(signal), float(noise), float(noise / signal) if signal > 0 else float("inf"))
