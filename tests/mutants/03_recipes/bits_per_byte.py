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


# %% bits_per_bit: divides by the bits of the text
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return total_nats / math.log(2) / (8 * n_bytes)


# %% rounded: two digits after the point
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return round(total_nats / math.log(2) / n_bytes, 2)


# %% no_loss_is_an_error: a sum of 0 is refused too
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats > 0:
        raise ValueError(f"total_nats is {total_nats}")
    return total_nats / math.log(2) / n_bytes


# %% nameless_error: the message does not say which number is wrong
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1 or not total_nats >= 0:
        raise ValueError("bad input")
    return total_nats / math.log(2) / n_bytes


# %% perplexity_of_a_byte: exponentiates
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return math.exp(total_nats / n_bytes)


# %% whole_bits: rounds down
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return float(total_nats / math.log(2) // n_bytes)


# %% a_tensor: computes with tensors of float32 and returns one
def bits_per_byte(total_nats, n_bytes):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return torch.tensor(total_nats / math.log(2) / n_bytes)


# %% remembers_the_loss: the first answer for a loss holds for every length
def bits_per_byte(total_nats, n_bytes, known={}):
    if n_bytes < 1:
        raise ValueError(f"n_bytes is {n_bytes}")
    if not total_nats >= 0:
        raise ValueError(f"total_nats is {total_nats}")
    return known.setdefault(total_nats, total_nats / math.log(2) / n_bytes)
