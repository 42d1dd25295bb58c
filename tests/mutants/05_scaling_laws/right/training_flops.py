"""Right solutions of training_flops that are not written as the library's is."""

# %% by_parts: a table of the three factors
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if n_tokens < 0:
        raise ValueError(f"n_tokens must not be {n_tokens}")
    if seq_len < 1:
        raise ValueError(f"seq_len must not be {seq_len}")
    costs = model_costs(config, seq_len)
    tables = config.vocab_size * config.d_model
    if not config.tie_embeddings:
        tables *= 2
    if config.positions == "learned":
        tables += config.max_seq_len * config.d_model
    per_token = {
        "exact": 3 * costs.flops_per_token,
        "6ND": 6 * costs.active_parameters,
        "6ND without embeddings": 6 * (costs.active_parameters - tables),
    }
    if convention not in per_token:
        raise ValueError(f"unknown convention {convention}; known: {list(per_token)}")
    return per_token[convention] * n_tokens


# %% counted_by_building: builds the model without storage and counts its parameters
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    from dataclasses import replace

    import torch

    from llmcourse.model import Transformer

    if convention not in ("exact", "6ND", "6ND without embeddings"):
        raise ValueError(f"convention = {convention}")
    if min(n_tokens, seq_len - 1) < 0:
        raise ValueError(f"n_tokens = {n_tokens}, seq_len = {seq_len}")
    if convention == "exact":
        forward = model_costs(config, seq_len).flops_per_token
        return (forward + 2 * forward) * n_tokens
    if config.feed_forward is not None:
        n = model_costs(config, seq_len).active_parameters
        lookups = 0
    with torch.device("meta"):  # whatever stands in the place of the feed-forward networks may be made for counting only
        model = Transformer(replace(config, feed_forward=None))
    named = dict(model.named_parameters())
    inside = sum(p.numel() for name, p in named.items() if name.startswith(("blocks", "norm")))
    everything = sum(p.numel() for p in named.values())
    if config.feed_forward is not None:
        lookups, everything = everything - inside, n
        inside = n - lookups
    return 6 * (inside if "without" in convention else everything) * n_tokens
