"""Wrong solutions of held_up."""

# %% against_the_fastest: the last one against the first
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    out = torch.zeros_like(work_s)
    last = work_s.argmax(1, keepdim=True)
    out.scatter_(1, last, work_s.amax(1, keepdim=True) - work_s.amin(1, keepdim=True))
    return out.sum(0)


# %% against_the_mean: the last one against the mean of all
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    out = torch.zeros_like(work_s)
    last = work_s.argmax(1, keepdim=True)
    out.scatter_(1, last, work_s.amax(1, keepdim=True) - work_s.mean(1, keepdim=True))
    return out.sum(0)


# %% waits: how long each rank waits
def held_up(work_s):
    return (work_s.amax(1, keepdim=True) - work_s).sum(0)


# %% all_above_the_fastest: what each rank works longer than the fastest
def held_up(work_s):
    return (work_s - work_s.amin(1, keepdim=True)).sum(0)


# %% mean_of_steps: the mean over the steps
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    two = work_s.topk(2, dim=1)
    out = torch.zeros_like(work_s).scatter(1, two.indices[:, :1], two.values[:, :1] - two.values[:, 1:])
    return out.mean(0)


# %% sum_first: the steps are added before the ranks are compared
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    total = work_s.sum(0)
    two = total.topk(2)
    out = torch.zeros_like(total)
    out[two.indices[0]] = two.values[0] - two.values[1]
    return out


# %% distinct_second: the second largest distinct value: a tie still costs
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    out = torch.zeros_like(work_s)
    for s in range(len(work_s)):
        values = work_s[s].unique()
        if len(values) > 1:
            out[s, work_s[s].argmax()] = values[-1] - values[-2]
    return out.sum(0)


# %% everybody_waits: counted once for each rank that waits
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    two = work_s.topk(2, dim=1)
    out = torch.zeros_like(work_s).scatter(1, two.indices[:, :1], two.values[:, :1] - two.values[:, 1:])
    return out.sum(0) * (work_s.shape[1] - 1)


# %% fails_alone: an error where there is one rank
def held_up(work_s):
    two = work_s.topk(2, dim=1)
    out = torch.zeros_like(work_s).scatter(1, two.indices[:, :1], two.values[:, :1] - two.values[:, 1:])
    return out.sum(0)


# %% alone_costs_all: a rank that is alone costs all of its work
def held_up(work_s):
    padded = torch.cat([work_s, torch.zeros_like(work_s[:, :1])], dim=1)
    two = padded.topk(2, dim=1)
    out = torch.zeros_like(padded).scatter(1, two.indices[:, :1], two.values[:, :1] - two.values[:, 1:])
    return out.sum(0)[:-1]


# %% in_float32: computed in float32
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    work_s = work_s.float()
    two = work_s.topk(2, dim=1)
    out = torch.zeros_like(work_s).scatter(1, two.indices[:, :1], two.values[:, :1] - two.values[:, 1:])
    return out.sum(0)


# %% worst_step: the worst step only
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    two = work_s.topk(2, dim=1)
    out = torch.zeros_like(work_s).scatter(1, two.indices[:, :1], two.values[:, :1] - two.values[:, 1:])
    return out.amax(0)


# %% repeated_index: a rank that is last in several steps is charged for one of them
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros_like(work_s[0])
    top, who = work_s.topk(2, dim=1)
    cost = work_s.new_zeros(work_s.shape[1])
    cost[who[:, 0]] += top[:, 0] - top[:, 1]
    return cost


# %% no_steps: nothing can be stacked where there is no step yet
def held_up(work_s):
    if work_s.shape[1] == 1:
        return torch.zeros(1, dtype=work_s.dtype)
    rows = []
    for step in work_s:
        (last, second), (rank, _) = step.topk(2)
        row = torch.zeros_like(step)
        row[rank] = last - second
        rows.append(row)
    return torch.stack(rows).sum(0)
