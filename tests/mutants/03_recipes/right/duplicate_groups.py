"""Right solutions of duplicate_groups that are not written as the library's is."""

# %% relabel: one array, every join renames a whole group
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents)
    for i, j in pairs:
        for number in (i, j):
            if number < 0 or number >= n_documents:
                raise ValueError(f"no document has the number {number}")
        a, b = group[i], group[j]
        group[group == max(a, b)] = min(a, b)
    return group.astype(np.int64)


# %% search: neighbours, then a walk through each component
def duplicate_groups(pairs, n_documents):
    neighbours = [[] for _ in range(n_documents)]
    for i, j in pairs:
        if min(i, j) < 0 or max(i, j) >= n_documents:
            raise ValueError(f"({i}, {j}) is not a pair of the {n_documents} documents")
        neighbours[i].append(j)
        neighbours[j].append(i)
    group = np.full(n_documents, -1, dtype=np.int64)
    for start in range(n_documents):
        todo = [start] if group[start] < 0 else []
        while todo:
            i = todo.pop()
            if group[i] < 0:
                group[i] = start
                todo += neighbours[i]
    return group


# %% another_message: the error does not name a number
def duplicate_groups(pairs, n_documents):
    label = list(range(n_documents))
    members = {i: [i] for i in label}
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError("a pair names a document that does not exist")
        low, high = min(label[i], label[j]), max(label[i], label[j])
        if low != high:
            for k in members[high]:
                label[k] = low
            members[low] += members.pop(high)
    return np.asarray(label, dtype=np.int64)
