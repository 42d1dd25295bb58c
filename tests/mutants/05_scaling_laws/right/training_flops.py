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


# %% table: one factor for each convention
def training_flops(config, n_tokens, seq_len, *, convention="exact"):
    if n_tokens < 0:
        raise ValueError(f"{n_tokens} tokens: there cannot be fewer than none")
    if seq_len < 1:
        raise ValueError(f"a length of {seq_len} is too short")
    costs = model_costs(config, seq_len)
    embedding = config.vocab_size * config.d_model
    tables = [embedding]
    if not config.tie_embeddings:
        tables.append(embedding)
    if config.positions == "learned":
        tables.append(config.max_seq_len * config.d_model)
    each = {
        "exact": 3 * costs.flops_per_token,
        "6ND": 6 * costs.active_parameters,
        "6ND without embeddings": 6 * (costs.active_parameters - sum(tables)),
    }
    try:
        return each[convention] * n_tokens
    except KeyError:
        raise ValueError(f"there is no convention {convention!r}, only {', '.join(each)}") from None


# %% match: forward and backward apart, and the tables by width
def training_flops(config: ModelConfig, n_tokens: int, seq_len: int, *, convention: str = "exact") -> int:
    for name, value, least in (("n_tokens", n_tokens, 0), ("seq_len", seq_len, 1)):
        if not value >= least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")
    match convention:
        case "exact":
            forward = n_tokens * model_costs(config, seq_len).flops_per_token
            backward = 2 * forward
            return forward + backward
        case "6ND":
            rows = 0
        case "6ND without embeddings":
            rows = config.vocab_size * (2 - bool(config.tie_embeddings))
            rows += config.max_seq_len * (config.positions == "learned")
        case _:
            raise ValueError(f"convention is {convention!r}; it must be one of {CONVENTIONS}")
    return 6 * n_tokens * (model_costs(config, 1).active_parameters - rows * config.d_model)
