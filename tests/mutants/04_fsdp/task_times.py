"""Wrong solutions of task_times."""

# %% forgets_its_own_order: a task waits for what it needs, not for the one before it
def task_times(orders, forward_s, backward_s):
    done, times = {}, [[] for _ in orders]
    for _ in range(sum(map(len, orders))):
        for stage, tasks in enumerate(orders):
            while len(times[stage]) < len(tasks):
                kind, k = tasks[len(times[stage])]
                needs = (stage - 1, "F", k) if kind == "F" else (stage + 1, "B", k)
                if kind == "B" and stage == len(orders) - 1:
                    needs = (stage, "F", k)
                if needs[0] >= 0 and needs not in done:
                    break
                begins = done.get(needs, 0.0)
                ends = begins + (forward_s if kind == "F" else backward_s)[stage]
                times[stage].append((begins, ends))
                done[stage, kind, k] = ends
    if any(len(t) < len(tasks) for t, tasks in zip(times, orders)):
        raise ValueError("nobody can go on")
    return times


# %% needs_nothing: each stage works through its tasks without waiting
def task_times(orders, forward_s, backward_s):
    times = []
    for stage, tasks in enumerate(orders):
        clock, row = 0.0, []
        seen = set()
        for kind, k in tasks:
            if kind == "B" and ("F", k) not in seen:
                raise ValueError("nobody can go on")
            seen.add((kind, k))
            begins = clock
            clock += (forward_s if kind == "F" else backward_s)[stage]
            row.append((begins, clock))
        times.append(row)
    return times


# %% backward_from_the_front: a backward pass waits for the stage before
def task_times(orders, forward_s, backward_s):
    done, times = {}, [[] for _ in orders]
    for _ in range(sum(map(len, orders)) + 1):
        for stage, tasks in enumerate(orders):
            while len(times[stage]) < len(tasks):
                kind, k = tasks[len(times[stage])]
                needs = (stage - 1, kind, k) if stage else ((stage, "F", k) if kind == "B" else None)
                if needs is not None and needs not in done:
                    break
                begins = max(done.get(needs, 0.0), times[stage][-1][1] if times[stage] else 0.0)
                ends = begins + (forward_s if kind == "F" else backward_s)[stage]
                times[stage].append((begins, ends))
                done[stage, kind, k] = ends
    if any(len(t) < len(tasks) for t, tasks in zip(times, orders)):
        raise ValueError("nobody can go on")
    return times


# %% seconds_of_the_first: takes the first stage's seconds for all
def task_times(orders, forward_s, backward_s):
    done, times = {}, [[] for _ in orders]
    for _ in range(sum(map(len, orders)) + 1):
        for stage, tasks in enumerate(orders):
            while len(times[stage]) < len(tasks):
                kind, k = tasks[len(times[stage])]
                needs = (stage - 1, "F", k) if kind == "F" else (stage + 1, "B", k)
                if kind == "B" and stage == len(orders) - 1:
                    needs = (stage, "F", k)
                if needs[0] >= 0 and needs not in done:
                    break
                begins = max(done.get(needs, 0.0), times[stage][-1][1] if times[stage] else 0.0)
                ends = begins + (forward_s if kind == "F" else backward_s)[0]
                times[stage].append((begins, ends))
                done[stage, kind, k] = ends
    if any(len(t) < len(tasks) for t, tasks in zip(times, orders)):
        raise ValueError("nobody can go on")
    return times


# %% starts_and_lengths: gives when a task begins and how long it takes
def task_times(orders, forward_s, backward_s):
    done, times, clocks = {}, [[] for _ in orders], [0.0] * len(orders)
    for _ in range(sum(map(len, orders)) + 1):
        for stage, tasks in enumerate(orders):
            while len(times[stage]) < len(tasks):
                kind, k = tasks[len(times[stage])]
                needs = (stage - 1, "F", k) if kind == "F" else (stage + 1, "B", k)
                if kind == "B" and stage == len(orders) - 1:
                    needs = (stage, "F", k)
                if needs[0] >= 0 and needs not in done:
                    break
                begins = max(done.get(needs, 0.0), clocks[stage])
                takes = (forward_s if kind == "F" else backward_s)[stage]
                times[stage].append((begins, takes))
                done[stage, kind, k] = clocks[stage] = begins + takes
    if any(len(t) < len(tasks) for t, tasks in zip(times, orders)):
        raise ValueError("nobody can go on")
    return times


# %% one_round: goes over the stages once, then says that nobody can go on
def task_times(orders, forward_s, backward_s):
    done, times = {}, [[] for _ in orders]
    for stage, tasks in enumerate(orders):
        while len(times[stage]) < len(tasks):
            kind, k = tasks[len(times[stage])]
            needs = (stage - 1, "F", k) if kind == "F" else (stage + 1, "B", k)
            if kind == "B" and stage == len(orders) - 1:
                needs = (stage, "F", k)
            if needs[0] >= 0 and needs not in done:
                break
            begins = max(done.get(needs, 0.0), times[stage][-1][1] if times[stage] else 0.0)
            ends = begins + (forward_s if kind == "F" else backward_s)[stage]
            times[stage].append((begins, ends))
            done[stage, kind, k] = ends
    if any(len(t) < len(tasks) for t, tasks in zip(times, orders)):
        raise ValueError("nobody can go on")
    return times


# %% gives_what_it_has: no error where the stages wait forever
def task_times(orders, forward_s, backward_s):
    done, times = {}, [[] for _ in orders]
    for _ in range(sum(map(len, orders)) + 1):
        for stage, tasks in enumerate(orders):
            while len(times[stage]) < len(tasks):
                kind, k = tasks[len(times[stage])]
                needs = (stage - 1, "F", k) if kind == "F" else (stage + 1, "B", k)
                if kind == "B" and stage == len(orders) - 1:
                    needs = (stage, "F", k)
                if needs[0] >= 0 and needs not in done:
                    break
                begins = max(done.get(needs, 0.0), times[stage][-1][1] if times[stage] else 0.0)
                ends = begins + (forward_s if kind == "F" else backward_s)[stage]
                times[stage].append((begins, ends))
                done[stage, kind, k] = ends
    return times


# %% takes_another_first: a stage that would wait takes a later task that is ready
def task_times(orders, forward_s, backward_s):
    done, times, clocks = {}, [{} for _ in orders], [0.0] * len(orders)
    goes = True
    while goes:
        goes = False
        for stage, tasks in enumerate(orders):
            ready = []
            for place, (kind, k) in enumerate(tasks):
                needs = (stage - 1, "F", k) if kind == "F" else (stage + 1, "B", k)
                if kind == "B" and stage == len(orders) - 1:
                    needs = (stage, "F", k)
                if place not in times[stage] and (needs[0] < 0 or needs in done):
                    ready.append((max(done.get(needs, 0.0), clocks[stage]), place))
            if ready:
                begins, place = min(ready)
                kind, k = tasks[place]
                ends = begins + (forward_s if kind == "F" else backward_s)[stage]
                times[stage][place] = begins, ends
                done[stage, kind, k] = clocks[stage] = ends
                goes = True
    if any(len(t) < len(tasks) for t, tasks in zip(times, orders)):
        raise ValueError("nobody can go on")
    return [[row[place] for place in sorted(row)] for row in times]


# %% by_clock_ticks: every task begins at a whole second
def task_times(orders, forward_s, backward_s):
    done, times = {}, [[] for _ in orders]
    for _ in range(sum(map(len, orders)) + 1):
        for stage, tasks in enumerate(orders):
            while len(times[stage]) < len(tasks):
                kind, k = tasks[len(times[stage])]
                needs = (stage - 1, "F", k) if kind == "F" else (stage + 1, "B", k)
                if kind == "B" and stage == len(orders) - 1:
                    needs = (stage, "F", k)
                if needs[0] >= 0 and needs not in done:
                    break
                begins = max(done.get(needs, 0), times[stage][-1][1] if times[stage] else 0)
                begins = -int(-begins // 1)
                ends = begins + (forward_s if kind == "F" else backward_s)[stage]
                times[stage].append((begins, ends))
                done[stage, kind, k] = ends
    if any(len(t) < len(tasks) for t, tasks in zip(times, orders)):
        raise ValueError("nobody can go on")
    return times
