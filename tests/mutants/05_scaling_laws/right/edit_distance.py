"""Right solutions of edit_distance that are not written as the library's is."""

# %% whole_table: all of the table
def edit_distance(answer, wanted):
    n, m = len(answer), len(wanted)
    d = np.zeros((n + 1, m + 1), dtype=int)
    d[:, 0], d[0] = np.arange(n + 1), np.arange(m + 1)
    for i in range(n):
        for j in range(m):
            d[i + 1, j + 1] = min(d[i, j + 1] + 1, d[i + 1, j] + 1, d[i, j] + (answer[i] != wanted[j]))
    return int(d[n, m])


# %% remembered: from the end, remembering what was computed
def edit_distance(answer, wanted):
    known = {}
    for i in range(len(answer), -1, -1):
        for j in range(len(wanted), -1, -1):
            if i == len(answer) or j == len(wanted):
                known[i, j] = len(answer) - i + len(wanted) - j
            elif answer[i] == wanted[j]:
                known[i, j] = known[i + 1, j + 1]
            else:
                known[i, j] = 1 + min(known[i + 1, j + 1], known[i + 1, j], known[i, j + 1])
    return known[0, 0]


# %% shortest_path: a search by growing distance
def edit_distance(answer, wanted):
    reached, border, distance = set(), {(0, 0)}, 0
    end = len(answer), len(wanted)
    while True:
        todo, border = list(border), set()
        while todo:
            i, j = todo.pop()
            if (i, j) in reached:
                continue
            reached.add((i, j))
            if (i, j) == end:
                return distance
            if i < end[0] and j < end[1] and answer[i] == wanted[j]:
                todo.append((i + 1, j + 1))
            border |= {(a, b) for a, b in ((i + 1, j), (i, j + 1), (i + 1, j + 1)) if a <= end[0] and b <= end[1]}
        distance += 1


# %% whole_table_too: a table of NumPy, filled cell by cell
def edit_distance(answer, wanted):
    n, m = len(answer), len(wanted)
    d = np.zeros((n + 1, m + 1), dtype=np.int64)
    d[:, 0], d[0, :] = np.arange(n + 1), np.arange(m + 1)
    for i in range(n):
        for j in range(m):
            kept = d[i, j] + int(answer[i] != wanted[j])
            d[i + 1, j + 1] = min(kept, d[i, j + 1] + 1, d[i + 1, j] + 1)
    return int(d[n, m])


# %% rows_at_once: each row by a running minimum
def edit_distance(answer, wanted):
    target = np.asarray(wanted, dtype=np.int64)
    steps = np.arange(len(target) + 1)
    row = steps.copy()
    for number, token in enumerate(answer, start=1):
        best = np.empty_like(row)
        best[0] = number
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (target != token))
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])
