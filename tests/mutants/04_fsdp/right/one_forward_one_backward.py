"""Right solutions of one_forward_one_backward."""

# %% whenever_it_can: a backward pass as soon as as many are kept as there are stages from here on
def one_forward_one_backward(n_stages, n_micro_batches):
    if min(n_stages, n_micro_batches) < 1:
        raise ValueError(f"n_stages={n_stages} and n_micro_batches={n_micro_batches} must be 1 or more")
    orders = []
    for behind in range(n_stages - 1, -1, -1):
        tasks, ahead, back = [], 0, 0
        while back < n_micro_batches:
            if ahead - back <= behind and ahead < n_micro_batches:
                tasks.append(("F", ahead))
                ahead += 1
            else:
                tasks.append(("B", back))
                back += 1
        orders.append(tasks)
    return orders


# %% letters_first: the letters as a text, then the numbers
def one_forward_one_backward(n_stages, n_micro_batches):
    for value in (n_stages, n_micro_batches):
        if value <= 0:
            raise ValueError(f"{value} is too small")

    def numbered(letters):
        counts = {"F": -1, "B": -1}
        for letter in letters:
            counts[letter] += 1
            yield letter, counts[letter]

    result = []
    for stage in range(n_stages):
        lead = min(n_micro_batches, n_stages - stage - 1)
        result.append(list(numbered("F" * lead + "FB" * (n_micro_batches - lead) + "B" * lead)))
    return result
