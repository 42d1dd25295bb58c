"""Right solutions of overlapped_step."""

# %% every_task_by_name: a table of when each task ends
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"no step with n_layers={n_layers}")
    first = [gather_s * (i + 1) for i in range(n_layers)]
    forward = []
    for i in range(n_layers):
        forward.append(max(first[i], forward[-1] if forward else 0.0) + forward_s)
    second, backward, scatter = {n_layers - 1: first[-1] + gather_s}, {}, {}
    free = second[n_layers - 1]
    for i in range(n_layers - 1, -1, -1):
        backward[i] = max(second[i], backward.get(i + 1, forward[-1])) + backward_s
        if i:
            second[i - 1] = free = free + gather_s
        scatter[i] = free = max(free, backward[i]) + scatter_s
    return max(scatter[0], backward[0])


# %% two_programs: a list of tasks for each queue, played until both are empty
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if not n_layers >= 1:
        raise ValueError(f"a model has a layer or more, not {n_layers}")
    down = list(range(n_layers))[::-1]
    network = [("gather", i) for i in range(n_layers)] + [("again", n_layers - 1)]
    for i in down:
        if i > 0:
            network.append(("again", i - 1))
        network.append(("scatter", i))
    processor = [("forward", i) for i in range(n_layers)] + [("backward", i) for i in down]
    takes = dict(gather=gather_s, again=gather_s, scatter=scatter_s, forward=forward_s, backward=backward_s)
    after = dict(forward="gather", backward="again", scatter="backward")
    done, clocks = {}, [0.0, 0.0]
    queues = [network, processor]
    while any(queues):
        for which, queue in enumerate(queues):
            while queue:
                kind, i = queue[0]
                needed = (after[kind], i) if kind in after else None
                if needed and needed not in done:
                    break
                clocks[which] = max(clocks[which], done.get(needed, 0.0)) + takes[kind]
                done[kind, i] = clocks[which]
                queue.pop(0)
    return max(clocks)
