"""Right solutions of lowest_loss that are not written as the library's is."""

# %% by_comparison: compares every row's beginning with all others, position by position
def lowest_loss(inputs_BT, targets_BT):
    n_rows, length = inputs_BT.shape
    costs = []
    for t in range(length):
        same_BB = (inputs_BT[:, None, : t + 1] == inputs_BT[None, :, : t + 1]).all(-1) & (targets_BT[:, t] != -100)
        for row in range(n_rows):
            if targets_BT[row, t] != -100:
                agree = same_BB[row] & (targets_BT[:, t] == targets_BT[row, t])
                costs.append(math.log(int(same_BB[row].sum())) - math.log(int(agree.sum())))
    return sum(costs) / len(costs) if costs else 0.0


# %% by_numbering_pasts: gives each past a number, column by column, then counts by torch
def lowest_loss(inputs_BT, targets_BT):
    past_B = torch.zeros(len(inputs_BT), dtype=torch.int64)
    nats, n = torch.zeros((), dtype=torch.float64), 0
    for inputs_B, targets_B in zip(inputs_BT.T, targets_BT.T):
        _, past_B = torch.stack([past_B, inputs_B], dim=1).unique(dim=0, return_inverse=True)
        counts_B = targets_B != -100
        pairs = torch.stack([past_B, targets_B], dim=1)[counts_B]
        if len(pairs):
            _, which, together = pairs.unique(dim=0, return_inverse=True, return_counts=True)
            alone = torch.bincount(pairs[:, 0])[pairs[:, 0]]
            nats += (alone.double().log() - together[which].double().log()).sum()
            n += len(pairs)
    return nats.item() / max(n, 1)


# %% in_float32: shares and logarithms as tensors of float32
def lowest_loss(inputs_BT, targets_BT):
    pasts, costs = {}, []
    for row, (inputs, targets) in enumerate(zip(inputs_BT.tolist(), targets_BT.tolist())):
        for t, target in enumerate(targets):
            if target != -100:
                pasts.setdefault(tuple(inputs[: t + 1]), []).append(target)
    for followers in pasts.values():
        _, counts = torch.tensor(followers).unique(return_counts=True)
        costs.append(-(counts * (counts.float() / counts.sum()).log()).sum())
    n_targets = sum(map(len, pasts.values()))
    return (torch.stack(costs).sum() / n_targets).item() if n_targets else 0.0
