"""Right solutions of active_parameters that are not written as the library's is."""

# %% part_by_part: every part of the model by itself
def active_parameters(config):
    d, e = config.d_model, config.feed_forward
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    norm = 2 * d if config.norm == "layernorm" and config.bias else d
    layer = 2 * d * (q + kv) + 2 * norm + d * e.n_experts
    layer += q + 2 * kv + d if config.bias else 0
    if config.qk_norm:
        layer += 2 * config.d_head if config.qk_norm_over == "head" else q + kv
    rest = config.vocab_size * d * (2 - config.tie_embeddings) + config.n_layers * layer
    rest += config.max_seq_len * d if config.positions == "learned" else 0
    rest += norm if config.norm_position == "pre" else 0
    one = 3 * d * e.d_expert
    return (
        rest + config.n_layers * (e.n_experts + e.n_shared) * one,
        rest + config.n_layers * (e.top_k + e.n_shared) * one,
    )


# %% difference: all parameters, less the experts that a token does not meet
def active_parameters(config):
    e = config.feed_forward
    wide = replace(config, feed_forward=None, activation="swiglu", d_ff=(e.n_experts + e.n_shared) * e.d_expert)
    stored = count_parameters(wide) + config.n_layers * config.d_model * e.n_experts
    if config.bias:
        stored -= config.n_layers * (2 * wide.d_ff + config.d_model)
    return stored, stored - config.n_layers * (e.n_experts - e.top_k) * 3 * config.d_model * e.d_expert


# %% difference_of_two: the ordinary network measured as the difference of two widths, so biases fall out
def active_parameters(config):
    experts, layers = config.feed_forward, config.n_layers
    def dense(width):
        return count_parameters(replace(config, feed_forward=None, activation="gelu", d_ff=width))
    step = dense(2) - dense(1)
    without = dense(1) - step - (layers * config.d_model if config.bias else 0)
    expert = layers * 3 * config.d_model * experts.d_expert
    router = layers * config.d_model * experts.n_experts
    always = without + router + experts.n_shared * expert
    return always + experts.n_experts * expert, always + experts.top_k * expert
