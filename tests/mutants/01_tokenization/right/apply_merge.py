"""Right solutions of apply_merge that are not written as the library's is."""

# %% collects_changes: first all differences in one Counter, then one update; the index is kept exact
def apply_merge(index, pair, new_id):
    change, new_pairs = Counter(), set()
    for position in sorted(index.words_with[pair]):
        before = index.words[position]
        after = merge_pair(before, pair, new_id)
        was, now = Counter(zip(before, before[1:])), Counter(zip(after, after[1:]))
        for neighbours in was.keys() | now.keys():
            change[neighbours] += (now[neighbours] - was[neighbours]) * index.weights[position]
            if neighbours not in now:
                index.words_with[neighbours].discard(position)
            elif neighbours not in was:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
        index.words[position] = after
    index.counts.update(change)
    for gone in [neighbours for neighbours in change if index.counts[neighbours] == 0]:
        del index.counts[gone]
    return new_pairs


# %% walks_once: writes the new word and both sides of the account in one walk
def apply_merge(index: PairIndex, pair: Pair, new_id: int) -> set[Pair]:
    found = []
    for position in index.words_with.pop(pair, set()):
        old, n = index.words[position], index.weights[position]
        new, i = [], 0
        while i < len(old):
            if i:
                index.counts[old[i - 1], old[i]] -= n
            if old[i : i + 2] == tuple(pair):
                index.counts[pair] -= n
                new.append(new_id)
                i += 2
            else:
                new.append(old[i])
                i += 1
            if len(new) > 1:
                made = (new[-2], new[-1])
                index.counts[made] += n
                if new_id in made:
                    index.words_with[made] |= {position}
                    found.append(made)
        index.words[position] = tuple(new)
    return set(found)


# %% subtracts_and_adds: two Counters with weights for each word, and a set comprehension at the end
def apply_merge(index, pair, new_id):
    made = set()
    for where in tuple(index.words_with.get(pair, ())):
        old = index.words[where]
        new = merge_pair(old, pair, new_id)
        if new == old:
            continue
        weight = index.weights[where]
        index.counts.subtract({p: n * weight for p, n in Counter(zip(old, old[1:])).items()})
        index.counts.update({p: n * weight for p, n in Counter(zip(new, new[1:])).items()})
        index.words[where] = new
        holding = {p for p in zip(new, new[1:]) if p[0] == new_id or p[1] == new_id}
        for p in holding:
            index.words_with[p].add(where)
        made |= holding
    if pair in index.words_with:
        del index.words_with[pair]
    return made
