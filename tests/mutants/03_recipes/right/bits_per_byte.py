"""Right solutions of bits_per_byte that are not written as the library's is."""

# %% log2_e: one nat is log2(e) bits
def bits_per_byte(total_nats, n_bytes):
    if n_bytes <= 0:
        raise ValueError(f"a text of {n_bytes} bytes")
    if math.isnan(total_nats) or total_nats < 0:
        raise ValueError(f"a loss of {total_nats} nats")
    return total_nats * math.log2(math.e) / n_bytes


# %% mean_first: nats of a byte, then bits
def bits_per_byte(total_nats, n_bytes):
    if not n_bytes > 0:
        raise ValueError(f"{n_bytes} bytes: there is nothing to divide by")
    nats = float(total_nats)
    if nats < 0 or nats != nats:
        raise ValueError(f"the loss is {nats}")
    return nats / n_bytes / math.log(2.0)
