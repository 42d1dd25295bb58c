"""Right solutions of task_times."""

# %% asks_what_it_needs: the end of a task from the ends of what it needs, remembered
def task_times(orders, forward_s, backward_s):
    places = {(s, *task): i for s, tasks in enumerate(orders) for i, task in enumerate(tasks)}
    ends, asked = {}, set()

    def end(stage, kind, k):
        name = stage, kind, k
        if name in ends:
            return ends[name]
        if name in asked:
            raise ValueError(f"{kind}{k} of stage {stage} waits for itself")
        asked.add(name)
        at = 0.0
        if places[name] > 0:
            at = end(stage, *orders[stage][places[name] - 1])
        if kind == "F":
            other = (stage - 1, "F", k) if stage else None
        elif stage + 1 < len(orders):
            other = stage + 1, "B", k
        else:
            other = stage, "F", k
        if other:
            at = max(at, end(*other))
        ends[name] = at + (forward_s[stage] if kind == "F" else backward_s[stage])
        return ends[name]

    seconds = {"F": forward_s, "B": backward_s}
    found = [[end(s, *task) for task in tasks] for s, tasks in enumerate(orders)]
    return [
        [(e - seconds[kind][s], e) for e, (kind, _) in zip(row, tasks)]
        for s, (row, tasks) in enumerate(zip(found, orders))
    ]


# %% one_task_at_a_time: the first stage that can go on does its next task
def task_times(orders, forward_s, backward_s):
    result = [[] for _ in orders]
    finished = {}

    def earliest(stage):
        if len(result[stage]) == len(orders[stage]):
            return None
        kind, k = orders[stage][len(result[stage])]
        free = result[stage][-1][1] if result[stage] else 0
        if kind == "F" and stage == 0:
            return free
        source = ("F", stage - 1, k) if kind == "F" else ("B", stage + 1, k)
        if source[1] == len(orders):
            source = ("F", stage, k)
        return max(free, finished[source]) if source in finished else None

    for _ in range(sum(len(tasks) for tasks in orders)):
        able = [stage for stage in range(len(orders)) if earliest(stage) is not None]
        if not able:
            raise ValueError("a circle of stages that wait")
        stage = able[0]
        kind, k = orders[stage][len(result[stage])]
        start = earliest(stage)
        stop = start + {"F": forward_s, "B": backward_s}[kind][stage]
        result[stage].append((start, stop))
        finished[kind, stage, k] = stop
    return result
