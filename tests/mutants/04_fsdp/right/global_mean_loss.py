"""Right solutions of global_mean_loss."""

# %% by_hand: log-probabilities of the targets that count, and a gather of all numbers
def global_mean_loss(logits_BTV, targets_BT, group):
    counted = targets_BT >= 0
    n_targets = sum(group.gather(int(counted.sum())))
    if n_targets == 0:
        raise ValueError("nobody has anything to predict")
    log_probabilities = logits_BTV.log_softmax(-1)
    picked = log_probabilities.gather(-1, targets_BT.clamp(min=0)[..., None])[..., 0]
    return -(picked * counted).sum() / n_targets


# %% weighs_the_mean: the own mean times the own share, with care for a rank that has none
def global_mean_loss(logits_BTV, targets_BT, group):
    own = int((targets_BT != IGNORED).sum())
    everybody = int(group.sum(own))
    if not everybody:
        raise ValueError(f"{everybody} targets on {group.size} ranks")
    if own == 0:
        return (logits_BTV * 0).sum()
    return next_token_loss(logits_BTV, targets_BT, reduction="mean") * own / everybody


# %% sums_a_tensor: the number travels as a tensor of its own
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = (targets_BT != -100).sum()
    group.sum_in_place(n_targets)
    if n_targets == 0:
        raise ValueError("there are 0 targets")
    losses = next_token_loss(logits_BTV, targets_BT, reduction="none")
    return losses.sum() / n_targets
