"""Wrong solutions of exchange_splits."""

# %% swapped: what is sent and what is received are exchanged
def exchange_splits(counts_E, group):
    if len(counts_E) % group.size:
        raise ValueError(f"E is {len(counts_E)}, ranks are {group.size}")
    sent_NL = counts_E.view(group.size, -1)
    counts_NL = group.all_to_all(counts_E).wait().view(group.size, -1)
    return Splits(counts_NL.sum(1).tolist(), sent_NL.sum(1).tolist(), counts_NL)


# %% own_counts: thinks that the others send as much as oneself
def exchange_splits(counts_E, group):
    if len(counts_E) % group.size:
        raise ValueError(f"E is {len(counts_E)}, ranks are {group.size}")
    counts_NL = counts_E.view(group.size, -1)
    group.all_to_all(counts_E).wait()
    send = counts_NL.sum(1).tolist()
    return Splits(send, send, counts_NL)


# %% no_message: asks nobody
def exchange_splits(counts_E, group):
    if len(counts_E) % group.size:
        raise ValueError(f"E is {len(counts_E)}, ranks are {group.size}")
    counts_NL = counts_E.view(group.size, -1)
    send = counts_NL.sum(1).tolist()
    return Splits(send, send, counts_NL)


# %% everybody_tells_all: gathers all counts, N times as many as are needed
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"E is {len(counts_E)}, ranks are {n}")
    everything = group.all_gather(counts_E).wait().view(n, n, -1)
    counts_NL = everything[:, group.rank]
    return Splits(everything[group.rank].sum(1).tolist(), counts_NL.sum(1).tolist(), counts_NL)


# %% every_nth_expert: expert e lives on rank e modulo N
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"E is {len(counts_E)}, ranks are {n}")
    sent_NL = counts_E.view(-1, n).t().contiguous()
    counts_NL = group.all_to_all(sent_NL.flatten()).wait().view(n, -1)
    return Splits(sent_NL.sum(1).tolist(), counts_NL.sum(1).tolist(), counts_NL)


# %% sums_the_wrong_way: sums over senders, and has a number an expert
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"E is {len(counts_E)}, ranks are {n}")
    counts_NL = group.all_to_all(counts_E).wait().view(n, -1)
    return Splits(counts_E.view(n, -1).sum(1).tolist(), counts_NL.sum(0).tolist(), counts_NL)


# %% transposed: one row an expert
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"E is {len(counts_E)}, ranks are {n}")
    counts_NL = group.all_to_all(counts_E).wait().view(n, -1)
    return Splits(counts_E.view(n, -1).sum(1).tolist(), counts_NL.sum(1).tolist(), counts_NL.t())


# %% counts_that_were_sent: the table is that of one's own counts
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"E is {len(counts_E)}, ranks are {n}")
    counts_NL = group.all_to_all(counts_E).wait().view(n, -1)
    return Splits(counts_E.view(n, -1).sum(1).tolist(), counts_NL.sum(1).tolist(), counts_E.view(n, -1))


# %% tensors: splits are tensors, which no exchange takes
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"E is {len(counts_E)}, ranks are {n}")
    counts_NL = group.all_to_all(counts_E).wait().view(n, -1)
    return Splits(counts_E.view(n, -1).sum(1), counts_NL.sum(1), counts_NL)


# %% two_messages: the sums travel by themselves
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"E is {len(counts_E)}, ranks are {n}")
    send = counts_E.view(n, -1).sum(1)
    receive = group.all_to_all(send).wait()
    counts_NL = group.all_to_all(counts_E).wait().view(n, -1)
    return Splits(send.tolist(), receive.tolist(), counts_NL)


# %% rounds_the_experts: no error where the ranks do not divide them
def exchange_splits(counts_E, group):
    n = group.size
    n_local = len(counts_E) // n
    sent_NL = counts_E[: n * n_local].view(n, n_local)
    counts_NL = group.all_to_all(sent_NL.flatten()).wait().view(n, n_local)
    return Splits(sent_NL.sum(1).tolist(), counts_NL.sum(1).tolist(), counts_NL)


# %% names_one_number: the message does not say how many experts there are
def exchange_splits(counts_E, group):
    if len(counts_E) % group.size:
        raise ValueError(f"{group.size} ranks cannot share the experts")
    sent_NL = counts_E.view(group.size, -1)
    counts_NL = group.all_to_all(counts_E).wait().view(group.size, -1)
    return Splits(sent_NL.sum(1).tolist(), counts_NL.sum(1).tolist(), counts_NL)


# %% floats: the counts travel as floating-point numbers
def exchange_splits(counts_E, group):
    if len(counts_E) % group.size:
        raise ValueError(f"E is {len(counts_E)}, ranks are {group.size}")
    sent_NL = counts_E.view(group.size, -1)
    counts_NL = group.all_to_all(counts_E.double()).wait().view(group.size, -1)
    return Splits(sent_NL.sum(1).tolist(), counts_NL.sum(1).tolist(), counts_NL)


# %% half_as_many_bytes: the counts travel in int32
def exchange_splits(counts_E, group):
    if counts_E.shape[0] % group.size:
        raise ValueError(f"{counts_E.shape[0]} experts; there must be a multiple of {group.size}, the number of ranks")
    came = group.all_to_all(counts_E.int()).wait().long().view(group.size, -1)
    return Splits(counts_E.view(group.size, -1).sum(1).tolist(), came.sum(1).tolist(), came)


# %% a_plain_tuple: three things without names
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"there are {len(counts_E)} experts; it must be a multiple of the {n} ranks")
    came = group.all_to_all(counts_E).wait().view(n, -1)
    return counts_E.view(n, -1).sum(1).tolist(), came.sum(1).tolist(), came


# %% quiet_when_idle: a rank without a token sends nothing
def exchange_splits(counts_E, group):
    n = group.size
    if len(counts_E) % n:
        raise ValueError(f"there are {len(counts_E)} experts; it must be a multiple of the {n} ranks")
    if counts_E.sum() == 0:
        return Splits([0] * n, [0] * n, torch.zeros(n, len(counts_E) // n, dtype=torch.int64))
    came = group.all_to_all(counts_E).wait().view(n, -1)
    return Splits(counts_E.view(n, -1).sum(1).tolist(), came.sum(1).tolist(), came)
