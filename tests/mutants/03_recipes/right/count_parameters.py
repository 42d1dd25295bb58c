"""Right solutions of count_parameters."""

# %% by_linear_layers: a helper that counts one linear layer with its bias
def count_parameters(config):
    def linear(inputs, outputs):
        return inputs * outputs + (outputs if config.bias else 0)

    d, c = config.d_model, config.d_head
    norm = 2 * d if config.norm == "layernorm" and config.bias else d
    total = config.vocab_size * d
    if not config.tie_embeddings:
        total *= 2
    if config.positions == "learned":
        total += config.max_seq_len * d
    if config.norm_position == "pre":
        total += norm
    for _ in range(config.n_layers):
        total += linear(d, config.n_heads * c) + 2 * linear(d, config.n_kv_heads * c) + linear(config.n_heads * c, d)
        total += linear(d, config.d_ff) * (1 + (config.activation == "swiglu")) + linear(config.d_ff, d)
        total += 2 * norm + 2 * c * config.qk_norm
    return total


# %% from_shapes: a list of the shapes of all parameters
def count_parameters(config):
    d, c = config.d_model, config.d_head
    matrices = [(config.n_heads * c, d), (config.n_kv_heads * c, d), (config.n_kv_heads * c, d), (d, config.n_heads * c)]
    matrices += [(config.d_ff, d), (d, config.d_ff)] + [(config.d_ff, d)] * (config.activation == "swiglu")
    has_norm_bias = config.bias and config.norm != "rmsnorm"
    layer = sum(rows * columns for rows, columns in matrices) + (2 + 2 * has_norm_bias) * d
    if config.bias:
        layer += sum(rows for rows, _ in matrices)
    if config.qk_norm:
        layer += c + c
    outside = [(config.vocab_size, d)]
    outside += [] if config.tie_embeddings else [(config.vocab_size, d)]
    outside += [(config.max_seq_len, d)] if config.positions == "learned" else []
    outside += [(1 + has_norm_bias, d)] if config.norm_position == "pre" else []
    return layer * config.n_layers + sum(rows * columns for rows, columns in outside)
