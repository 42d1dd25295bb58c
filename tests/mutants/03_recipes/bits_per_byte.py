"""Wrong solutions of bits_per_byte."""

# %% nats: forgets the logarithm of 2
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return total_nats / n_bytes


# %% times: multiplies by the logarithm of 2
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return total_nats * math.log(2) / n_bytes


# %% lets_nan_through: a comparison with not a number is never true
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if total_nats < 0:
        raise ValueError(f"total_nats is {total_nats}")
    return total_nats / math.log(2) / n_bytes


# %% infinite: a text without bytes has infinitely many bits a byte
def bits_per_byte(total_nats, n_bytes):
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return total_nats / math.log(2) / n_bytes if n_bytes > 0 else math.inf
