"""Wrong solutions of count_parameters."""

# %% counts_tied_twice: adds an output matrix that is tied
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (q + kv) + n * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (q + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    return 2 * config.vocab_size * d + extra + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% all_heads_have_keys: ignores n_kv_heads
def count_parameters(config):
    d, q = config.d_model, config.n_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 4 * d * q + n * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (3 * q + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + extra + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% rmsnorm_with_bias: gives every norm a bias
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias else 1)
    layer = 2 * d * (q + kv) + n * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (q + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + extra + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% head_size_from_width: takes d_model for the width of attention
def count_parameters(config):
    d = config.d_model
    kv = d * config.n_kv_heads // config.n_heads
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (d + kv) + n * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (d + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + extra + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% no_last_norm: forgets the norm behind the layers
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (q + kv) + n * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (q + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    return (1 if config.tie_embeddings else 2) * config.vocab_size * d + extra + config.n_layers * layer


# %% one_norm_a_layer: attention and feed-forward network share a norm
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (q + kv) + n * d * config.d_ff + norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (q + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + extra + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% no_position_table: forgets the learned positions
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (q + kv) + n * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (q + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% no_qk_norm: forgets the norms of queries and keys
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (q + kv) + n * d * config.d_ff + 2 * norm
    layer += (q + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + extra + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% last_norm_always: counts a norm behind the layers of a post-norm model too
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n = 3 if config.activation == "swiglu" else 2
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (q + kv) + n * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (q + 2 * kv + d + (n - 1) * config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + extra + config.n_layers * layer + norm


# %% two_matrices: takes every feed-forward network for the old kind
def count_parameters(config):
    d, q, kv = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    norm = d * (2 if config.bias and config.norm == "layernorm" else 1)
    layer = 2 * d * (q + kv) + 2 * d * config.d_ff + 2 * norm + (2 * config.d_head if config.qk_norm else 0)
    layer += (q + 2 * kv + d + config.d_ff + d) if config.bias else 0
    extra = config.max_seq_len * d if config.positions == "learned" else 0
    tables = 1 if config.tie_embeddings else 2
    return tables * config.vocab_size * d + extra + config.n_layers * layer + (norm if config.norm_position == "pre" else 0)


# %% a_table_of_sines: sinusoidal positions are counted like a learned table
def count_parameters(config):
    d, n = config.d_model, 3 if config.activation == "swiglu" else 2
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    norm = d * (2 if config.norm == "layernorm" and config.bias else 1)
    layer = 2 * d * q + 2 * d * kv + n * d * config.d_ff + 2 * norm
    if config.bias:
        layer += q + 2 * kv + d + (n - 1) * config.d_ff + d
    if config.qk_norm:
        layer += 2 * config.d_head
    tables = 1 if config.tie_embeddings else 2
    places = config.max_seq_len * d if config.positions in ("learned", "sinusoidal") else 0
    last = norm if config.norm_position == "pre" else 0
    return tables * config.vocab_size * d + places + config.n_layers * layer + last


# %% square_output: the output projection of attention is counted as d_model by d_model
def count_parameters(config):
    d, c = config.d_model, config.d_head
    q, kv = config.n_heads * c, config.n_kv_heads * c
    layer = d * q + 2 * d * kv + d * d
    n_matrices = N_FEED_FORWARD_MATRICES[config.activation]
    layer += n_matrices * d * config.d_ff
    if config.bias:
        layer += q + 2 * kv + d
        layer += (n_matrices - 1) * config.d_ff + d
    norm = 2 * d if config.norm == "layernorm" and config.bias else d
    layer += 2 * norm
    if config.qk_norm:
        layer += 2 * c
    total = config.vocab_size * d + config.n_layers * layer
    if config.positions == "learned":
        total += config.max_seq_len * d
    if config.norm_position == "pre":
        total += norm
    if not config.tie_embeddings:
        total += config.vocab_size * d
    return total
