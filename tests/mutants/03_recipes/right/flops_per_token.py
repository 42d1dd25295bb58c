"""Right solutions of flops_per_token."""

# %% from_a_list_of_shapes: sums the products one by one
def flops_per_token(config, seq_len):
    d, c = config.d_model, config.d_head
    products = [(d, config.vocab_size)]
    for _ in range(config.n_layers):
        products += [(d, config.n_heads * c), (config.n_heads * c, d)] + 2 * [(d, config.n_kv_heads * c)]
        products += [(d, config.d_ff), (config.d_ff, d)] + ([(d, config.d_ff)] if config.activation == "swiglu" else [])
        products += 2 * config.n_heads * [(c, seq_len)]
    return sum(2 * a * b for a, b in products)


# %% from_the_parameters: takes away what is stored and not multiplied
def flops_per_token(config, seq_len):
    from dataclasses import replace

    bare = replace(config, bias=False, qk_norm=False, positions="none", norm_position="post", tie_embeddings=True)
    weights = count_parameters(bare) - 2 * config.n_layers * config.d_model
    products = 2 * config.n_layers * config.n_heads * config.d_head * seq_len
    return 2 * weights + 2 * products
