"""Right solutions of kv_cache_bytes."""

# %% layer_by_layer: adds up
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    one_position = sum(config.d_head for _ in range(config.n_kv_heads)) * bytes_per_value
    keys = values = one_position * seq_len * batch_size
    return config.n_layers * (keys + values)


# %% from_a_shape: the size of one tensor that holds everything
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    import math

    shape = (config.n_layers, 2, batch_size, config.n_kv_heads, seq_len, config.d_head)
    return bytes_per_value * math.prod(shape)
