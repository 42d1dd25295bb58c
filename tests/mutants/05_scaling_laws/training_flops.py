"""Wrong solutions of training_flops."""

# %% forward_only: the forward pass, without the backward pass
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= embedding_parameters(config)
    return 6 * n * n_tokens


# %% times_seq_len: takes the cost of a token for that of a sequence
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens * seq_len
    n = costs.active_parameters
    if convention != "6ND":
        n -= embedding_parameters(config)
    return 6 * n * n_tokens


# %% keeps_positions: without embeddings, but learned positions are left in
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
    return 6 * n * n_tokens


# %% one_table: an output matrix that is not tied is left in
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= config.vocab_size * config.d_model
        if config.positions == "learned":
            n -= config.max_seq_len * config.d_model
    return 6 * n * n_tokens


# %% twice_when_tied: takes a tied table away twice
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= 2 * config.vocab_size * config.d_model
        if config.positions == "learned":
            n -= config.max_seq_len * config.d_model
    return 6 * n * n_tokens


# %% positions_by_length: the table of positions as long as the sequences
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
        if config.positions == "learned":
            n -= seq_len * config.d_model
    return 6 * n * n_tokens


# %% exact_by_parameters: 6ND and attention on top, whatever is only looked up
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    n = model_costs(config, seq_len).active_parameters
    if convention == "exact":
        return (6 * n + 12 * config.n_layers * seq_len * config.n_heads * config.d_head) * n_tokens
    if convention != "6ND":
        n -= embedding_parameters(config)
    return 6 * n * n_tokens


# %% ignores_length: the exact count at the model's longest sequence
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, config.max_seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= embedding_parameters(config)
    return 6 * n * n_tokens


# %% in_floats: the numbers are right to sixteen digits
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3.0 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= embedding_parameters(config)
    return 6.0 * n * n_tokens


# %% any_convention: an unknown convention is 6ND
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention == "6ND without embeddings":
        n -= embedding_parameters(config)
    return 6 * n * n_tokens


# %% no_token_is_an_error: refuses a run of no tokens
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    if n_tokens < 1 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens!r}, seq_len is {seq_len!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= embedding_parameters(config)
    return 6 * n * n_tokens


# %% no_checks: takes any number
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    n = costs.active_parameters
    if convention != "6ND":
        n -= embedding_parameters(config)
    return 6 * n * n_tokens


# %% exact_through_a_float: the exact count of a large run loses its last digits in a float
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {', '.join(CONVENTIONS)}")
    if n_tokens < 0:
        raise ValueError(f"n_tokens is {n_tokens}; it must be at least 0")
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}; it must be at least 1")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return int(3.0 * costs.flops_per_token * n_tokens)
    tables = config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
    if config.positions == "learned":
        tables += config.max_seq_len * config.d_model
    params = costs.active_parameters - (tables if convention != "6ND" else 0)
    return 6 * params * n_tokens


# %% all_experts_without_embeddings: of a mixture all experts count in the third convention
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {', '.join(CONVENTIONS)}")
    if n_tokens < 0:
        raise ValueError(f"n_tokens is {n_tokens}; it must be at least 0")
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}; it must be at least 1")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    if convention == "6ND":
        return 6 * costs.active_parameters * n_tokens
    tables = config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
    if config.positions == "learned":
        tables += config.max_seq_len * config.d_model
    return 6 * (costs.parameters - tables) * n_tokens


# %% no_tokens_no_questions: a run of no token costs 0 before anything is checked
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if n_tokens == 0:
        return 0
    if n_tokens < 0:
        raise ValueError(f"n_tokens is {n_tokens}; it must be at least 0")
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}; it must be at least 1")
    costs = model_costs(config, seq_len)
    tables = config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
    if config.positions == "learned":
        tables += config.max_seq_len * config.d_model
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    if convention == "6ND":
        return 6 * costs.active_parameters * n_tokens
    if convention == "6ND without embeddings":
        return 6 * (costs.active_parameters - tables) * n_tokens
    raise ValueError(f"convention is {convention!r}; it must be one of {', '.join(CONVENTIONS)}")


# %% length_checked_where_used: seq_len is checked by the exact count only
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if n_tokens < 0:
        raise ValueError(f"n_tokens is {n_tokens}; it must be at least 0")
    if convention == "exact":
        if seq_len < 1:
            raise ValueError(f"seq_len is {seq_len}; it must be at least 1")
        return 3 * model_costs(config, seq_len).flops_per_token * n_tokens
    params = model_costs(config, 1).active_parameters
    if convention == "6ND":
        return 6 * params * n_tokens
    if convention == "6ND without embeddings":
        tables = config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
        if config.positions == "learned":
            tables += config.max_seq_len * config.d_model
        return 6 * (params - tables) * n_tokens
    raise ValueError(f"convention is {convention!r}; it must be one of {', '.join(CONVENTIONS)}")


# %% prefix_is_enough: whatever begins with 6ND counts as 6ND, so a misspelt convention goes through
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if n_tokens < 0:
        raise ValueError(f"n_tokens is {n_tokens}; it must be at least 0")
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}; it must be at least 1")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    if not convention.startswith("6ND"):
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    params = costs.active_parameters
    if "without" in convention:
        tables = 1 + (not config.tie_embeddings)
        params -= tables * config.vocab_size * config.d_model
        if config.positions == "learned":
            params -= config.max_seq_len * config.d_model
    return 6 * params * n_tokens


# %% free_run_first: a run of no tokens returns before the length is looked at
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    if n_tokens == 0:
        return 0
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens} and seq_len {seq_len}; at least 0 and at least 1 are right")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        return 3 * costs.flops_per_token * n_tokens
    params = costs.active_parameters
    if convention != "6ND":
        params -= config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
        params -= config.max_seq_len * config.d_model if config.positions == "learned" else 0
    return 6 * params * n_tokens


# %% two_matrices: counts the exact way by hand, with feed-forward networks of two matrices
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens} and seq_len {seq_len}; at least 0 and at least 1 are right")
    costs = model_costs(config, seq_len)
    if convention == "exact":
        q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
        layer = 2 * config.d_model * (2 * q + 2 * kv) + 4 * seq_len * q + 2 * 2 * config.d_model * config.d_ff
        return 3 * n_tokens * (config.n_layers * layer + 2 * config.vocab_size * config.d_model)
    params = costs.active_parameters
    if convention != "6ND":
        params -= config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
        params -= config.max_seq_len * config.d_model if config.positions == "learned" else 0
    return 6 * params * n_tokens


# %% exact_of_the_dense_model: the exact count forgets that something else stands in the feed-forward network's place
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    from dataclasses import replace

    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens} and seq_len {seq_len}; at least 0 and at least 1 are right")
    if convention == "exact":
        return 3 * model_costs(replace(config, feed_forward=None), seq_len).flops_per_token * n_tokens
    params = model_costs(config, seq_len).active_parameters
    if convention != "6ND":
        params -= config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
        params -= config.max_seq_len * config.d_model if config.positions == "learned" else 0
    return 6 * params * n_tokens


# %% lower_case: compares without case for the exact count
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if n_tokens < 0 or seq_len < 1:
        raise ValueError(f"n_tokens is {n_tokens} and seq_len {seq_len}; at least 0 and at least 1 are right")
    costs = model_costs(config, seq_len)
    if convention.strip().lower() == "exact":
        return 3 * costs.flops_per_token * n_tokens
    params = costs.active_parameters
    if convention == "6ND without embeddings":
        params -= config.vocab_size * config.d_model * (1 if config.tie_embeddings else 2)
        params -= config.max_seq_len * config.d_model if config.positions == "learned" else 0
    elif convention != "6ND":
        raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    return 6 * params * n_tokens
