"""Wrong solutions of global_mean_loss."""

# %% mean_of_means: each rank's own mean, divided by the number of ranks
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT) / group.size


# %% its_own_mean: what one process alone would do
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT)


# %% the_sum: not divided at all
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT, reduction="sum")


# %% counts_positions: targets of -100 are counted too
def global_mean_loss(logits_BTV, targets_BT, group):
    if group.sum(int((targets_BT != -100).sum())) < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / group.sum(targets_BT.numel())


# %% averages_as_well: made for a library that averages gradients
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / n_targets * group.size


# %% leaves_early: a rank without a target does not take part in the sum
def global_mean_loss(logits_BTV, targets_BT, group):
    own = int((targets_BT != -100).sum())
    if own == 0:
        return logits_BTV.sum() * 0
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / group.sum(own)


# %% cut_off: a rank without a target returns a new zero, which has no gradient
def global_mean_loss(logits_BTV, targets_BT, group):
    own = int((targets_BT != -100).sum())
    n_targets = group.sum(own)
    if n_targets < 1:
        raise ValueError("no rank has a target")
    if own == 0:
        return torch.zeros((), dtype=logits_BTV.dtype)
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / n_targets


# %% weighs_nan: the own mean times the own share, which is NaN where there is no target
def global_mean_loss(logits_BTV, targets_BT, group):
    own = int((targets_BT != -100).sum())
    n_targets = group.sum(own)
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT) * (own / n_targets)


# %% nothing_is_nan: no target anywhere gives 0 / 0 and no error
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = torch.tensor(group.sum(int((targets_BT != -100).sum())), dtype=logits_BTV.dtype)
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / n_targets


# %% nothing_is_zero: no target anywhere gives 0 and no error
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / max(n_targets, 1)


# %% the_whole_everywhere: sums the loss over the ranks as well, and so every rank has the whole mean
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    if n_targets < 1:
        raise ValueError("no rank has a target")
    loss = next_token_loss(logits_BTV, targets_BT, reduction="sum") / n_targets
    return group.all_reduce(loss).wait()


# %% a_number: the loss has left the graph
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT, reduction="sum").item() / n_targets


# %% padding_is_zero: takes 0 for what is to be ignored
def global_mean_loss(logits_BTV, targets_BT, group):
    own = int((targets_BT > 0).sum())
    n_targets = group.sum(own)
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT.masked_fill(targets_BT == 0, -100), reduction="sum") / n_targets


# %% counts_rank_0: every rank divides by rank 0's number times the number of ranks
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.gather(int((targets_BT != -100).sum()))[0] * group.size
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV, targets_BT, reduction="sum") / n_targets


# %% always_float: the loss is float32 whatever the logits are
def global_mean_loss(logits_BTV, targets_BT, group):
    n_targets = group.sum(int((targets_BT != -100).sum()))
    if n_targets < 1:
        raise ValueError("no rank has a target")
    return next_token_loss(logits_BTV.float(), targets_BT, reduction="sum") / n_targets
