"""Wrong solutions of duplicate_groups."""

# %% one_step: each document takes the smallest number it is paired with, and no further
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        group[max(i, j)] = min(group[max(i, j)], i, j)
    return group


# %% in_order: joins the labels of two documents, but not of their groups
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        group[i] = group[j] = min(group[i], group[j])
    return group


# %% any_root: right groups, named by whichever member became the root
def duplicate_groups(pairs, n_documents):
    parent = list(range(n_documents))

    def root(i):
        while parent[i] != i:
            i = parent[i]
        return i

    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        parent[root(i)] = root(j)
    return np.array([root(i) for i in range(n_documents)], dtype=np.int64)


# %% negative_from_the_end: a negative number counts from the end
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        if max(i, j) >= n_documents:
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        low, high = sorted((group[i], group[j]))
        group[group == high] = low
    return group


# %% recursion: too deep for a long chain
def duplicate_groups(pairs, n_documents):
    parent = list(range(n_documents))

    def root(i):
        return i if parent[i] == i else root(parent[i])

    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    return np.array([root(i) for i in range(n_documents)], dtype=np.int64)


# %% two_rounds: pushes the smaller label along each pair twice, which is not always enough
def duplicate_groups(pairs, n_documents):
    pairs, group = list(pairs), np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
    for _ in range(2):
        for i, j in pairs:
            group[i] = group[j] = min(group[i], group[j])
    return group


# %% first_fitting_set: a pair joins the first group that knows one of its members; groups are never joined
def duplicate_groups(pairs, n_documents):
    groups = []
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        for group in groups:
            if i in group or j in group:
                group |= {i, j}
                break
        else:
            groups.append({i, j})
    names = np.arange(n_documents, dtype=np.int64)
    for group in groups:
        names[list(group)] = min(group)
    return names


# %% reads_the_pairs_twice: an iterator is empty after the range has been checked
def duplicate_groups(pairs, n_documents):
    if any(not (0 <= i < n_documents and 0 <= j < n_documents) for i, j in pairs):
        raise ValueError(f"a pair of {pairs} is not in range")
    group = np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        low, high = sorted((group[i], group[j]))
        group[group == high] = low
    return group


# %% a_list: returns a list of numbers where an array is promised
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        low, high = sorted((group[i], group[j]))
        group[group == high] = low
    return group.tolist()


# %% numbered_anew: groups are numbered 0, 1, 2, not by their smallest member
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        low, high = sorted((group[i], group[j]))
        group[group == high] = low
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


# %% as_deep_as_the_chain: walks to all neighbours by recursion
def duplicate_groups(pairs, n_documents):
    neighbours = [[] for _ in range(n_documents)]
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        neighbours[i].append(j)
        neighbours[j].append(i)
    group = np.full(n_documents, -1, dtype=np.int64)

    def visit(i, name):
        if group[i] < 0:
            group[i] = name
            for j in neighbours[i]:
                visit(j, name)

    for i in range(n_documents):
        visit(i, i)
    return group


# %% sixteen_bits: names of groups in 16 bits on the way
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents).astype(np.uint16)
    for i, j in pairs:
        if not (0 <= i < n_documents and 0 <= j < n_documents):
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        low, high = sorted((group[i], group[j]))
        group[group == high] = low
    return group.astype(np.int64)


# %% second_number_unseen: only the first number of a pair is looked at
def duplicate_groups(pairs, n_documents):
    group = np.arange(n_documents, dtype=np.int64)
    for i, j in pairs:
        if not 0 <= i < n_documents or j >= n_documents:
            raise ValueError(f"the pair ({i}, {j}) is not in range")
        low, high = sorted((group[i], group[j]))
        group[group == high] = low
    return group
