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


# %% by_position: the i-th forward pass of a stage waits for the i-th of the stage before, whatever their numbers
def task_times(orders, forward_s, backward_s):
    n = len(orders)
    ends = [{"F": [], "B": []} for _ in range(n)]
    times = [[] for _ in range(n)]
    moved = True
    while moved:
        moved = False
        for s in range(n):
            while len(times[s]) < len(orders[s]):
                kind, _ = orders[s][len(times[s])]
                i = len(ends[s][kind])
                if kind == "F":
                    source = ends[s - 1]["F"] if s > 0 else [0.0] * (i + 1)
                else:
                    source = ends[s + 1]["B"] if s < n - 1 else ends[s]["F"]
                if len(source) <= i:
                    break
                free = times[s][-1][1] if times[s] else 0.0
                begin = max(free, source[i])
                end = begin + (forward_s[s] if kind == "F" else backward_s[s])
                times[s].append((begin, end))
                ends[s][kind].append(end)
                moved = True
    if any(len(t) < len(o) for t, o in zip(times, orders)):
        raise ValueError("the stages wait for one another forever")
    return times


# %% takes_what_is_ready: a stage whose next task cannot run yet does another one first
def task_times(orders, forward_s, backward_s):
    last = len(orders) - 1
    done, clock = {}, [0.0] * len(orders)
    todo = [list(order) for order in orders]
    while any(todo):
        moved = False
        for s, left in enumerate(todo):
            for kind, k in list(left):
                if kind == "F":
                    need = None if s == 0 else (s - 1, "F", k)
                else:
                    need = (s, "F", k) if s == last else (s + 1, "B", k)
                if need is not None and need not in done:
                    continue
                begin = max(clock[s], done[need][1] if need else 0.0)
                end = begin + (forward_s[s] if kind == "F" else backward_s[s])
                done[s, kind, k] = (begin, end)
                clock[s] = end
                left.remove((kind, k))
                moved = True
        if not moved:
            raise ValueError("the stages wait for one another forever")
    return [[done[s, kind, k] for kind, k in order] for s, order in enumerate(orders)]
