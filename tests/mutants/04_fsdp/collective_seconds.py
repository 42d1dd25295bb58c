"""Wrong solutions of collective_seconds."""

# %% ring_sends_the_whole: every step of the ring carries the whole tensor
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1),
        "ring_reduce_scatter": (n - 1, 1),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% half_an_all_reduce: forgets that the sums must go around, too
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (n - 1, 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% one_alpha: counts the start of a message once
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return alpha_s * (n > 1) + messages * beta_s * n_bytes * share


# %% rounds_rounded_down: floor of the logarithm
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = int(math.log2(n))
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% rounds_too_many: another round for powers of two
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = n.bit_length() if n > 1 else 0
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% n_steps: a ring of N has N steps
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n if n > 1 else 0, 1 / n),
        "ring_reduce_scatter": (n if n > 1 else 0, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * n if n > 1 else 0, 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% tree_one_way: the sum goes up and is not told
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% gather_counts_shards: takes n_bytes for those of a shard
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1),
        "ring_all_gather": (n - 1, 1),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% plain_is_parallel: a source can send to all at once
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (1 if n > 1 else 0, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% per_rank_total: adds up what all ranks send
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return n * messages * (alpha_s + beta_s * n_bytes * share)


# %% whole_bytes: rounds parts up to bytes
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * math.ceil(n_bytes * share))


# %% any_name: 0 for what there is not
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    
    messages, share = table.get(name, (0, 0))
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% key_error: says a KeyError instead
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% bandwidth: takes beta for bytes a second
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1 / n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + n_bytes * share / beta_s)


# %% all_to_all_whole: sends the whole tensor to each
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}")
    n = n_ranks
    k = (n - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1),
        "tree_broadcast": (k, 1),
        "plain_all_gather": (n - 1, 1 / n),
        "ring_all_gather": (n - 1, 1 / n),
        "ring_reduce_scatter": (n - 1, 1 / n),
        "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), 1 / n),
        "tree_all_reduce": (2 * k, 1),
        "pairwise_all_to_all": (n - 1, 1),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, share = table[name]
    return messages * (alpha_s + beta_s * n_bytes * share)


# %% no_rank: takes any number of ranks
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    n, k = n_ranks, (n_ranks - 1).bit_length()
    table = {
        "plain_broadcast": (n - 1, 1), "tree_broadcast": (k, 1), "plain_all_gather": (n - 1, n),
        "ring_all_gather": (n - 1, n), "ring_reduce_scatter": (n - 1, n), "plain_all_reduce": (n - 1, 1),
        "ring_all_reduce": (2 * (n - 1), n), "tree_all_reduce": (2 * k, 1), "pairwise_all_to_all": (n - 1, n),
    }
    if name not in table:
        raise ValueError(f"name is {name!r}")
    messages, parts = table[name]
    return messages * (alpha_s + beta_s * n_bytes / max(parts, 1))


# %% alone_before_the_name: with one process no name is looked at
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}; it must be at least 1")
    if n_ranks == 1:
        return 0.0
    whole, part = alpha_s + beta_s * n_bytes, alpha_s + beta_s * n_bytes / n_ranks
    n, rounds = n_ranks - 1, (n_ranks - 1).bit_length()
    table = {
        "plain_broadcast": n * whole, "tree_broadcast": rounds * whole, "plain_all_gather": n * part,
        "ring_all_gather": n * part, "ring_reduce_scatter": n * part, "plain_all_reduce": n * whole,
        "ring_all_reduce": 2 * n * part, "tree_all_reduce": 2 * rounds * whole, "pairwise_all_to_all": n * part,
    }
    if name not in table:
        raise ValueError(f"name is {name!r}; it must be one of {sorted(table)}")
    return float(table[name])
