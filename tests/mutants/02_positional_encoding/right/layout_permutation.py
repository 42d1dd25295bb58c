"""Right solutions of layout_permutation that are not written as the library's is."""

# %% slices_and_argsort: even channels, then odd ones; the inverse by sorting
def layout_permutation(d_head, to="half"):
    if to not in ("half", "interleaved"):
        raise ValueError(f"no layout {to!r}")
    if d_head < 2 or d_head % 2:
        raise ValueError(f"{d_head} channels do not make pairs")
    order = torch.tensor([*range(0, d_head, 2), *range(1, d_head, 2)])
    return order if to == "half" else order.argsort()


# %% a_riffle_shuffle: one multiplication, modulo one less than the channels
def layout_permutation(d_head, to="half"):
    check_layout(to)
    if d_head <= 0 or d_head % 2:
        raise ValueError(f"an even number of channels is needed, not {d_head}")
    step = 2 if to == "half" else d_head // 2
    return torch.tensor([i * step % (d_head - 1) for i in range(d_head - 1)] + [d_head - 1])
