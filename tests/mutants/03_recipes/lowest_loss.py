"""Wrong solutions of lowest_loss."""

# %% last_token_only: takes the last token for the whole past
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for token, target in zip(inputs, targets):
            if target != -100:
                followers[token][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% sum_for_mean: gives the sum over all positions
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(inputs[: t + 1])][target] += 1
    return -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())


# %% ignored_targets_take_a_share: counts -100 among the tokens that follow
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            followers[tuple(inputs[: t + 1])][target] += 1
    nats, n_targets = 0.0, 0
    for counts in followers.values():
        for target, n in counts.items():
            if target != -100:
                nats -= n * math.log(n / counts.total())
                n_targets += n
    return nats / n_targets if n_targets else 0.0


# %% divides_by_all_positions: the mean is over ignored positions too
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(inputs[: t + 1])][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    return nats / targets_BT.numel()


# %% uniform_guess: gives each token that followed the same probability
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(inputs[: t + 1])][target] += 1
    nats = sum(c.total() * math.log(len(c)) for c in followers.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% past_without_the_present: leaves out the token at the position itself
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(inputs[:t])][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% in_bits: takes the logarithm to base 2
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(inputs[: t + 1])][target] += 1
    bits = -sum(n * math.log2(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return bits / n_targets if n_targets else 0.0


# %% every_past_alike: the mean over the different pasts, however many rows have them
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(inputs[: t + 1])][target] += 1
    entropies = [-sum(n / c.total() * math.log(n / c.total()) for n in c.values()) for c in followers.values()]
    return sum(entropies) / len(entropies) if entropies else 0.0


# %% order_forgotten: pasts with the same tokens in another order count as the same
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(sorted(inputs[: t + 1]))][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% digits_run_together: joins ids to a text without a separator, so that 1, 12 is 11, 2
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers["".join(map(str, inputs[: t + 1]))][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% nothing_to_divide_by: fails where no target counts
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != -100:
                followers[tuple(inputs[: t + 1])][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    return nats / sum(c.total() for c in followers.values())


# %% token_zero_ignored: takes the token 0 for a place without a target
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target > 0:
                followers[tuple(inputs[: t + 1])][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% pasts_in_one_int64: a past is one number with the vocabulary as its base
def lowest_loss(inputs_BT, targets_BT):
    base = int(inputs_BT.max()) + 1
    past, followers = torch.zeros(len(inputs_BT), dtype=torch.int64), defaultdict(Counter)
    for t in range(inputs_BT.shape[1]):
        past = past * base + inputs_BT[:, t]
        for key, target in zip(past.tolist(), targets_BT[:, t].tolist()):
            if target != IGNORED:
                followers[t, key][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% a_tree_by_recursion: one call for each token of a row
def lowest_loss(inputs_BT, targets_BT):
    def cost(rows, t):
        if t == inputs_BT.shape[1] or not rows:
            return 0.0, 0
        nats, n, groups = 0.0, 0, defaultdict(list)
        for row in rows:
            groups[int(inputs_BT[row, t])].append(row)
        for members in groups.values():
            nexts = Counter(int(targets_BT[row, t]) for row in members)
            nexts.pop(IGNORED, None)
            nats -= sum(k * math.log(k / nexts.total()) for k in nexts.values())
            more, m = cost(members, t + 1)
            nats, n = nats + more, n + nexts.total() + m
        return nats, n

    nats, n = cost(list(range(len(inputs_BT))), 0)
    return nats / n if n else 0.0


# %% lengths_forgotten: a past is the set of its tokens
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != IGNORED:
                followers[frozenset(inputs[: t + 1])][target] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% next_inputs_for_targets: what follows is read from the inputs where there is a next one
def lowest_loss(inputs_BT, targets_BT):
    followers = defaultdict(Counter)
    for inputs, targets in zip(inputs_BT.tolist(), targets_BT.tolist()):
        for t, target in enumerate(targets):
            if target != IGNORED:
                follower = inputs[t + 1] if t + 1 < len(inputs) else target
                followers[tuple(inputs[: t + 1])][follower] += 1
    nats = -sum(n * math.log(n / c.total()) for c in followers.values() for n in c.values())
    n_targets = sum(c.total() for c in followers.values())
    return nats / n_targets if n_targets else 0.0


# %% neighbours_only: a row is compared with the rows that stand next to it
def lowest_loss(inputs_BT, targets_BT):
    from itertools import groupby

    total, n = 0.0, 0
    for t in range(inputs_BT.shape[1]):
        rows = zip(inputs_BT[:, : t + 1].tolist(), targets_BT[:, t].tolist())
        rows = [(tuple(row), target) for row, target in rows if target != -100]
        for _, group in groupby(rows, key=lambda entry: entry[0]):
            counter = Counter(target for _, target in group)
            k = sum(counter.values())
            total -= sum(c * math.log(c / k) for c in counter.values())
            n += k
    return total / n if n else 0.0
