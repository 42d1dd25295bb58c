"""Wrong solutions of active_parameters."""

# %% no_router: the routers are forgotten
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1, bias=False)
    bias = config.n_layers * (config.n_heads * config.d_head + 2 * config.n_kv_heads * config.d_head + config.d_model) if config.bias else 0
    rest = count_parameters(narrow) - config.n_layers * 3 * config.d_model + bias
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% router_once: one router for all layers
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) - config.n_layers * network + config.d_model * experts.n_experts
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% active_router: a token meets the router's rows of its experts alone
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) - config.n_layers * network
    return tuple(
        rest + config.n_layers * ((n + experts.n_shared) * one + n * config.d_model)
        for n in (experts.n_experts, experts.top_k)
    )


# %% two_matrices: experts without a gate matrix
def active_parameters(config):
    experts, one = config.feed_forward, 2 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% by_activation: as many matrices as the dense network would have
def active_parameters(config):
    matrices = 3 if config.activation == "swiglu" else 2
    experts, one = config.feed_forward, matrices * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% swiglu_taken_off: takes three matrices off whatever the activation is
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    rest = count_parameters(replace(config, feed_forward=None)) - config.n_layers * 3 * config.d_model * config.d_ff
    if config.bias:
        rest -= config.n_layers * (2 * config.d_ff + config.d_model)
    rest += config.n_layers * config.d_model * experts.n_experts
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% keeps_dense: the dense network stays beside the experts
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    rest = count_parameters(replace(config, feed_forward=None)) + config.n_layers * config.d_model * experts.n_experts
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% keeps_biases: the biases of the network that was taken out
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - 3 * config.d_model)
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% no_shared: shared experts are forgotten
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    return tuple(rest + config.n_layers * n * one for n in (experts.n_experts, experts.top_k))


# %% shared_among: shared experts are some of the others
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    met = min(experts.n_experts, experts.top_k + experts.n_shared)
    return rest + config.n_layers * experts.n_experts * one, rest + config.n_layers * met * one


# %% one_shared: shared experts count once however many there are
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    shared = bool(experts.n_shared)
    return tuple(rest + config.n_layers * (n + shared) * one for n in (experts.n_experts, experts.top_k))


# %% no_embedding: a token meets one row of the embedding
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    stored, met = experts.n_experts + experts.n_shared, experts.top_k + experts.n_shared
    table = (config.vocab_size - 1) * config.d_model
    return rest + config.n_layers * stored * one, rest - table + config.n_layers * met * one


# %% times_share: everything shrinks with top_k over n_experts
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    stored = rest + config.n_layers * (experts.n_experts + experts.n_shared) * one
    return stored, stored * experts.top_k // experts.n_experts


# %% d_ff: experts as wide as the dense network
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.d_ff
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    return tuple(rest + config.n_layers * (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% one_layer: experts in one layer only
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    return tuple(rest + (n + experts.n_shared) * one for n in (experts.n_experts, experts.top_k))


# %% leaves_it: asks what counts for the library
def active_parameters(config):
    from llmcourse.model.accounting import model_costs
    costs = model_costs(config, config.max_seq_len)
    return costs.parameters, costs.active_parameters


# %% floats: whole numbers as floats
def active_parameters(config):
    experts, one = config.feed_forward, 3 * config.d_model * config.feed_forward.d_expert
    narrow = replace(config, feed_forward=None, activation="swiglu", d_ff=1)
    network = 3 * config.d_model + (2 + config.d_model if config.bias else 0)
    rest = count_parameters(narrow) + config.n_layers * (config.d_model * experts.n_experts - network)
    return tuple(
        float(rest + config.n_layers * (n + experts.n_shared) * one) for n in (experts.n_experts, experts.top_k)
    )


# %% head_norm_over_all_forgotten: norms of queries and keys over all heads are counted as over one
def active_parameters(config):
    experts, d, h = config.feed_forward, config.d_model, config.d_head
    dense = replace(config, feed_forward=None, d_ff=8, activation="relu", bias=False, qk_norm=False)
    per_layer = count_parameters(dense) - 2 * config.n_layers * d * 8
    if config.bias:
        with_bias = replace(dense, bias=True)
        per_layer += count_parameters(with_bias) - count_parameters(dense) - config.n_layers * (8 + d)
    if config.qk_norm:
        per_layer += config.n_layers * 2 * h
    one = 3 * d * experts.d_expert
    rest = per_layer + config.n_layers * d * experts.n_experts
    both = [rest + config.n_layers * n * one for n in (experts.n_experts + experts.n_shared, experts.top_k + experts.n_shared)]
    return tuple(both)


# %% layernorm_biases_lost: with bias, all of one layer's biases are taken for those of linear layers
def active_parameters(config):
    experts, d = config.feed_forward, config.d_model
    base = count_parameters(replace(config, feed_forward=None, activation="swiglu", d_ff=experts.d_expert, bias=False))
    one = 3 * d * experts.d_expert
    base -= config.n_layers * one
    if config.bias:
        base += config.n_layers * ((config.n_heads + 2 * config.n_kv_heads) * config.d_head + d)
    base += config.n_layers * d * experts.n_experts
    stored = base + config.n_layers * one * (experts.n_experts + experts.n_shared)
    return stored, stored - config.n_layers * one * (experts.n_experts - experts.top_k)


# %% by_hand_rmsnorm_only: everything by hand, with norms that have a scale alone
def active_parameters(config):
    experts, d = config.feed_forward, config.d_model
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    attention = 2 * d * q + 2 * d * kv + ((q + 2 * kv + d) if config.bias else 0)
    norms = 2 * d
    if config.qk_norm:
        norms += 2 * config.d_head if config.qk_norm_over == "head" else q + kv
    beside = config.vocab_size * d * (1 if config.tie_embeddings else 2)
    beside += d if config.norm_position == "pre" else 0
    beside += config.max_seq_len * d if config.positions == "learned" else 0
    one = 3 * d * experts.d_expert
    rest = beside + config.n_layers * (attention + norms + d * experts.n_experts + one * experts.n_shared)
    return rest + config.n_layers * one * experts.n_experts, rest + config.n_layers * one * experts.top_k
