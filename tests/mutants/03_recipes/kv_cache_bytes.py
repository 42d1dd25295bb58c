"""Wrong solutions of kv_cache_bytes."""

# %% all_heads: takes query heads for key/value heads
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    return 2 * config.n_layers * config.n_heads * config.d_head * seq_len * batch_size * bytes_per_value


# %% keys_only: forgets the values
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    return config.n_layers * config.n_kv_heads * config.d_head * seq_len * batch_size * bytes_per_value


# %% one_sequence: ignores the batch
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    return 2 * config.n_layers * config.n_kv_heads * config.d_head * seq_len * bytes_per_value


# %% head_size_from_width: d_model / n_heads in place of d_head
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    channels = config.d_model // config.n_heads
    return 2 * config.n_layers * config.n_kv_heads * channels * seq_len * batch_size * bytes_per_value


# %% always_bfloat16: ignores bytes_per_value
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    return 2 * config.n_layers * config.n_kv_heads * config.d_head * seq_len * batch_size * 2


# %% one_layer: forgets that every layer has a cache
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    return 2 * config.n_kv_heads * config.d_head * seq_len * batch_size * bytes_per_value


# %% longest_sequence: takes the model's limit for the positions kept
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    return 2 * config.n_layers * config.n_kv_heads * config.d_head * config.max_seq_len * batch_size * bytes_per_value


# %% no_longer_than_the_model: positions beyond max_seq_len are not counted
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    seq_len = min(seq_len, config.max_seq_len)
    return 2 * config.n_layers * config.n_kv_heads * config.d_head * seq_len * batch_size * bytes_per_value


# %% product_in_int32: a cache of more than 2 GiB wraps around
def kv_cache_bytes(config, seq_len, batch_size=1, bytes_per_value=2):
    factors = [2, config.n_layers, config.n_kv_heads, config.d_head, seq_len, batch_size, bytes_per_value]
    return int(torch.tensor(factors, dtype=torch.int32).prod(dtype=torch.int32))
