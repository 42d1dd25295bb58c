"""Right solutions of ring_reduce_scatter that are written in another way."""

# %% a_copy_that_is_added_into: all parts in one new tensor
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    if whole.shape[0] % n != 0:
        raise ValueError(f"cannot cut {whole.shape[0]} rows into {n} parts")
    sums = whole.reshape(n, whole.shape[0] // n, *whole.shape[1:]).clone()
    for step in range(n - 1):
        give, take = (me - 1 - step) % n, (me - 2 - step) % n
        sums[take] += group.exchange(sums[give], (me + 1) % n, (me - 1) % n)
    return sums[me].clone()


# %% by_the_part_that_travels: counts the parts, not the steps
def ring_reduce_scatter(whole, group):
    n, me = group.size, group.rank
    rows, rest = divmod(whole.shape[0], n)
    if rest:
        raise ValueError(f"whole has {whole.shape[0]} rows, which {n} ranks cannot share")

    def mine(part):
        return whole[part * rows : (part + 1) * rows]

    part = (me + n - 1) % n
    carried = mine(part).clone()
    for _ in range(n - 1):
        carried = group.exchange(carried, to=(me + 1) % n, source=(me - 1) % n)
        part = (part - 1) % n
        carried = carried.add(mine(part))
    return carried
