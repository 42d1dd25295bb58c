"""Wrong solutions of apply_merge."""

# %% counts_only_added: the pairs that a merge destroys keep their counts
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position in index.words_with.pop(pair, ()):
        new = index.words[position] = merge_pair(index.words[position], pair, new_id)
        for neighbours in zip(new, new[1:]):
            if new_id in neighbours:
                index.counts[neighbours] += index.weights[position]
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    index.counts[pair] = 0
    return new_pairs


# %% index_not_updated: the words are not noted under the pairs that the merge makes
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = index.words[position] = merge_pair(old, pair, new_id)
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                new_pairs.add(neighbours)
    return new_pairs


# %% every_word_once: corrects the counts by one a word, whatever its weight
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position in index.words_with.pop(pair, ()):
        old = index.words[position]
        new = index.words[position] = merge_pair(old, pair, new_id)
        index.counts.subtract(zip(old, old[1:]))
        index.counts.update(zip(new, new[1:]))
        for neighbours in zip(new, new[1:]):
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% once_a_word: a pair that stands in a word twice is corrected once
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = index.words[position] = merge_pair(old, pair, new_id)
        for neighbours in set(zip(old, old[1:])):
            index.counts[neighbours] -= weight
        for neighbours in set(zip(new, new[1:])):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% all_pairs_of_the_words: returns every pair of the words it changed, with or without the new token
def apply_merge(index, pair, new_id):
    touched = set()
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = index.words[position] = merge_pair(old, pair, new_id)
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            index.words_with[neighbours].add(position)
            touched.add(neighbours)
    return touched


# %% word_not_stored: corrects the counts, and leaves the old word in the list
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% forgets_pairs_that_stay: strikes the word from the index of all its old pairs, also of those it still holds
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position in list(index.words_with[pair]):
        old, weight = index.words[position], index.weights[position]
        new = index.words[position] = merge_pair(old, pair, new_id)
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
            index.words_with[neighbours].discard(position)
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% wrong_at_overlaps: corrects the neighbours of each occurrence by hand, and gets repeated tokens wrong
def apply_merge(index, pair, new_id):
    counts, new_pairs = index.counts, set()
    for position in index.words_with.pop(pair, ()):
        old, n = index.words[position], index.weights[position]
        for i in range(len(old) - 1):
            if (old[i], old[i + 1]) == pair:
                counts[pair] -= n
                if i > 0:
                    counts[old[i - 1], old[i]] -= n
                    counts[old[i - 1], new_id] += n
                    new_pairs.add((old[i - 1], new_id))
                if i + 2 < len(old):
                    counts[old[i + 1], old[i + 2]] -= n
                    counts[new_id, old[i + 2]] += n
                    new_pairs.add((new_id, old[i + 2]))
        new = index.words[position] = merge_pair(old, pair, new_id)
        for neighbours in zip(new, new[1:]):
            index.words_with[neighbours].add(position)
    return new_pairs


# %% looks_at_all_words: goes through the whole list to find the words that hold the pair
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position, old in enumerate(index.words):
        new = merge_pair(old, pair, new_id)
        if new == old:
            continue
        index.words[position] = new
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= index.weights[position]
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += index.weights[position]
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% counts_everything_again: merges, and builds the whole index anew
def apply_merge(index, pair, new_id):
    index.words[:] = [merge_pair(ids, pair, new_id) for ids in index.words]
    fresh = index_pairs(dict(zip(index.words, index.weights)))
    index.counts, index.words_with = fresh.counts, fresh.words_with
    return {neighbours for neighbours in fresh.counts if new_id in neighbours}


# %% first_occurrence_only: merges the pair once in each word
def apply_merge(index, pair, new_id):
    new_pairs = set()
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        i = next((i for i in range(len(old) - 1) if old[i : i + 2] == pair), None)
        if i is None:
            continue
        new = index.words[position] = (*old[:i], new_id, *old[i + 2 :])
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% returns_nothing: does all the work, and does not say which pairs are new
def apply_merge(index, pair, new_id):
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = index.words[position] = merge_pair(old, pair, new_id)
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            index.words_with[neighbours].add(position)


# %% copies_all_words: puts a new list in the place of the old one, which copies every word at C's speed
def apply_merge(index, pair, new_id):
    new_pairs = set()
    index.words = list(index.words)
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        index.words[position] = new
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% absent_pair_is_an_error: a pair that no word holds raises KeyError instead of changing nothing
def apply_merge(index, pair, new_id):
    new_pairs = set()
    if pair not in index.words_with:
        raise KeyError(pair)
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        index.words[position] = new
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% copies_the_counts: works on a copy of all counts, and puts it back at the end
def apply_merge(index, pair, new_id):
    new_pairs = set()
    index.counts = index.counts.copy()
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        index.words[position] = new
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% searches_the_word: finds each word again by its value, which walks over the list at C's speed
def apply_merge(index, pair, new_id):
    new_pairs = set()
    pass
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        index.words[index.words.index(old)] = new
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% new_token_at_the_left_only: returns and notes only the pairs that begin with the new token
def apply_merge(index, pair, new_id):
    new_pairs = set()
    pass
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        index.words[position] = new
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if neighbours[0] == new_id:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% first_word_only: merges in one word that holds the pair
def apply_merge(index, pair, new_id):
    new_pairs = set()
    pass
    for position in sorted(index.words_with.pop(pair, ()))[:1]:
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        index.words[position] = new
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% trusts_the_index: takes the pair's whole count away, once for each listed word
def apply_merge(index, pair, new_id):
    new_pairs = set()
    pass
    for position in index.words_with.pop(pair, ()):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        index.words[position] = new
        index.counts[pair] = index.counts[pair] if pair in zip(old, old[1:]) else -weight
        for neighbours in zip(old, old[1:]):
            index.counts[neighbours] -= weight
        for neighbours in zip(new, new[1:]):
            index.counts[neighbours] += weight
            if new_id in neighbours:
                index.words_with[neighbours].add(position)
                new_pairs.add(neighbours)
    return new_pairs


# %% assigns_new_counts: the count of a new pair is set, not added to
def apply_merge(index, pair, new_id):
    changed = set()
    for position in list(index.words_with[pair]):
        old, weight = index.words[position], index.weights[position]
        new = merge_pair(old, pair, new_id)
        for p in zip(old, old[1:]):
            index.counts[p] -= weight
        for p in zip(new, new[1:]):
            if new_id in p:
                index.counts[p] = weight
                index.words_with[p].add(position)
                changed.add(p)
            else:
                index.counts[p] += weight
        index.words[position] = new
    return changed


# %% changes_what_it_walks_through: strikes words from the very set that the loop walks through
def apply_merge(index, pair, new_id):
    made = set()
    for i in index.words_with[pair]:
        old, new = index.words[i], merge_pair(index.words[i], pair, new_id)
        for p in zip(old, old[1:]):
            index.counts[p] -= index.weights[i]
            index.words_with[p].discard(i)
        for p in zip(new, new[1:]):
            index.counts[p] += index.weights[i]
            index.words_with[p].add(i)
            if new_id in p:
                made.add(p)
        index.words[i] = new
    return made
