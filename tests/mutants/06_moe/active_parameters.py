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
