"""Wrong solutions of flops_per_token."""

# %% no_output_matrix: takes a tied output matrix for free
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    layer = 2 * config.d_model * (q + kv) + n * config.d_model * config.d_ff + 2 * seq_len * q
    output = 0 if config.tie_embeddings else config.vocab_size * config.d_model
    return 2 * (config.n_layers * layer + output)


# %% multiply_adds: counts a multiply-add once
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    layer = 2 * config.d_model * (q + kv) + n * config.d_model * config.d_ff + 2 * seq_len * q
    return config.n_layers * layer + config.vocab_size * config.d_model


# %% no_attention: twice the number of weights
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    layer = 2 * config.d_model * (q + kv) + n * config.d_model * config.d_ff
    return 2 * (config.n_layers * layer + config.vocab_size * config.d_model)


# %% causal_half: counts only the keys that the mask shows, on average
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    layer = 2 * config.d_model * (q + kv) + n * config.d_model * config.d_ff + (seq_len + 1) * q
    return 2 * (config.n_layers * layer + config.vocab_size * config.d_model)


# %% scores_by_kv_heads: takes shared key/value heads to save operations of attention
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    layer = 2 * config.d_model * (q + kv) + n * config.d_model * config.d_ff + 2 * seq_len * kv
    return 2 * (config.n_layers * layer + config.vocab_size * config.d_model)


# %% width_for_heads: takes d_model for the width of attention
def flops_per_token(config, seq_len):
    d = config.d_model
    n = 3 if config.activation == "swiglu" else 2
    kv = d * config.n_kv_heads // config.n_heads
    layer = 2 * d * (d + kv) + n * d * config.d_ff + 2 * seq_len * d
    return 2 * (config.n_layers * layer + config.vocab_size * d)


# %% from_the_parameters: twice all parameters, biases, norms and position table among them
def flops_per_token(config, seq_len):
    scores_and_sums = 2 * seq_len * config.n_heads * config.d_head
    return 2 * (count_parameters(config) + config.n_layers * scores_and_sums)


# %% looks_up_by_product: counts the embedding as a matrix product
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    layer = 2 * config.d_model * (q + kv) + n * config.d_model * config.d_ff + 2 * seq_len * q
    return 2 * (config.n_layers * layer + 2 * config.vocab_size * config.d_model)


# %% longest_sequence: takes the model's limit for the length
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    layer = 2 * config.d_model * (q + kv) + n * config.d_model * config.d_ff + 2 * config.max_seq_len * q
    return 2 * (config.n_layers * layer + config.vocab_size * config.d_model)


# %% two_matrices: takes every feed-forward network for the old kind
def flops_per_token(config, seq_len):
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    layer = 2 * config.d_model * (q + kv) + 2 * config.d_model * config.d_ff + 2 * seq_len * q
    return 2 * (config.n_layers * layer + config.vocab_size * config.d_model)


# %% one_per_multiply_add: the matrices count 2 operations, attention's own products only 1
def flops_per_token(config, seq_len):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    layer = d * q + 2 * d * kv + q * d + N_FEED_FORWARD_MATRICES[config.activation] * d * config.d_ff
    attention = q * seq_len
    return 2 * (config.n_layers * (layer + attention) + config.vocab_size * d)


# %% no_projection_back: the output projection of attention is left out
def flops_per_token(config, seq_len):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    layer = d * q + 2 * d * kv + N_FEED_FORWARD_MATRICES[config.activation] * d * config.d_ff
    return 2 * (config.n_layers * (layer + 2 * seq_len * q) + config.vocab_size * d)


# %% scores_only: the sum of the values is left out
def flops_per_token(config, seq_len):
    width, kv_width = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n_matrices = 3 if config.activation == "swiglu" else 2
    matrices = config.d_model * (2 * width + 2 * kv_width + n_matrices * config.d_ff)
    return 2 * (config.n_layers * (matrices + seq_len * width) + config.vocab_size * config.d_model)
