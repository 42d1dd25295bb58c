"""Right solutions of collective_seconds that are written in another way."""

# %% by_the_words_of_the_name: plain, tree and ring, once or twice
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    import math
    kind, _, what = name.partition("_")
    known = {
        "plain": ("broadcast", "all_gather", "all_reduce"),
        "tree": ("broadcast", "all_reduce"),
        "ring": ("all_gather", "reduce_scatter", "all_reduce"),
        "pairwise": ("all_to_all",),
    }
    if what not in known.get(kind, ()):
        raise ValueError(f"unknown operation {name!r}")
    if n_ranks <= 0:
        raise ValueError(f"n_ranks is {n_ranks}: at least one process takes part")
    if n_ranks == 1:
        return 0.0
    rounds = math.ceil(math.log2(n_ranks)) if kind == "tree" else n_ranks - 1
    if what == "all_reduce" and kind != "plain":
        rounds *= 2
    is_cut = kind in ("ring", "pairwise") or name == "plain_all_gather"
    return rounds * alpha_s + rounds * beta_s * (n_bytes / n_ranks if is_cut else n_bytes)


# %% composed: larger ones from smaller ones
def collective_seconds(name, n_bytes, n_ranks, alpha_s, beta_s):
    if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks}; it must be at least 1")
    def message(size):
        return alpha_s + beta_s * size
    others = n_ranks - 1
    depth = 0
    while 2**depth < n_ranks:
        depth += 1
    around = others * message(n_bytes / n_ranks)
    match name:
        case "plain_broadcast" | "plain_all_reduce":
            return others * message(n_bytes)
        case "tree_broadcast":
            return depth * message(n_bytes)
        case "tree_all_reduce":
            return 2 * depth * message(n_bytes)
        case "ring_all_reduce":
            return around + around
        case "plain_all_gather" | "ring_all_gather" | "ring_reduce_scatter" | "pairwise_all_to_all":
            return around
    raise ValueError(f"{name!r} is none of the operations")
