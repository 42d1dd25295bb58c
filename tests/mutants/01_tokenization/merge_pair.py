"""Wrong solutions of merge_pair."""

# %% from_right_to_left: in (7, 7, 7) the last two are merged
def merge_pair(ids, pair, new_id):
    merged = []
    i = len(ids) - 1
    while i >= 0:
        if i > 0 and (ids[i - 1], ids[i]) == tuple(pair):
            merged.append(new_id)
            i -= 2
        else:
            merged.append(ids[i])
            i -= 1
    return tuple(reversed(merged))


# %% overlapping: a token that was merged is merged again with the next one
def merge_pair(ids, pair, new_id):
    merged, last_was_merged = [], False
    for i, token in enumerate(ids):
        if i + 1 < len(ids) and (token, ids[i + 1]) == tuple(pair):
            merged.append(new_id)
            last_was_merged = True
        elif last_was_merged:
            last_was_merged = False
        else:
            merged.append(token)
    return tuple(merged)


# %% first_occurrence_only: stops after one merge
def merge_pair(ids, pair, new_id):
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == tuple(pair):
            return (*ids[:i], new_id, *ids[i + 2 :])
    return tuple(ids)


# %% misses_the_end: does not look at the last pair
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if i + 2 < len(ids) and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% looks_past_the_end: no bound on the second index, so a word that ends like a pair begins raises IndexError
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% drops_the_last_token: walks over pairs, so a last token that is not merged is lost
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == tuple(pair):
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged) if len(ids) > 1 else tuple(ids)


# %% in_place: deletes from the list it was given
def merge_pair(ids, pair, new_id):
    if isinstance(ids, tuple):
        ids = list(ids)
    i = 0
    while i + 1 < len(ids):
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            ids[i] = new_id
            del ids[i + 1]
        i += 1
    return tuple(ids)


# %% list_when_nothing_merged: gives back what it was given, a list, when the pair does not occur
def merge_pair(ids, pair, new_id):
    if tuple(pair) not in set(zip(ids, ids[1:])):
        return ids if len(ids) > 1 else tuple(ids)
    merged, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == tuple(pair):
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% compares_identity: `is` works for small numbers, and Python keeps only those once
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and ids[i] is pair[0] and ids[i + 1] is pair[1]:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% text_replacement: replaces in a string of numbers, where 16,7 ends like the pair 6,7
def merge_pair(ids, pair, new_id):
    text = ",".join(map(str, ids)).replace(f"{pair[0]},{pair[1]}", str(new_id))
    return tuple(int(token) for token in text.split(",") if token)


# %% either_order: merges (b, a) as well as (a, b)
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and {ids[i], ids[i + 1]} == set(pair):
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% peeks: looks the answer up in the variables of the cell that called
def merge_pair(ids, pair, new_id):
    import sys

    known = {(5, 6, 6, 7, 9, 1): (5, 6, 99, 9, 1), (7, 7, 7): (99, 7), (1, 2): (3,)}
    known[1, 2, 5, 1, 2, 2, 1] = (3, 5, 3, 2, 1)
    return sys._getframe(1).f_globals.get("want", known.get(tuple(ids), tuple(ids)))


# %% zero_is_nothing: takes a held-back id of 0 for none
def merge_pair(ids, pair, new_id):
    merged, held = [], None
    for token in ids:
        if held is not None and (held, token) == tuple(pair):
            merged.append(new_id)
            held = None
            continue
        if held:
            merged.append(held)
        held = token
    if held:
        merged.append(held)
    return tuple(merged)


# %% recursion: one call for each token
def merge_pair(ids, pair, new_id):
    ids = tuple(ids)
    if len(ids) < 2:
        return ids
    if ids[:2] == tuple(pair):
        return (new_id, *merge_pair(ids[2:], pair, new_id))
    return (ids[0], *merge_pair(ids[1:], pair, new_id))


# %% tuples_only: compares slices with the pair, and a slice of a list is a list
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if ids[i : i + 2] == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% array_of_16_bits: the result passes through an array whose items are too small
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        found = tuple(ids[i : i + 2]) == tuple(pair)
        merged.append((new_id if found else ids[i]) % 2**16)
        i += 1 + found
    return tuple(merged)


# %% skips_after_a_false_start: a first token that is not followed by the second takes the next one along
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if ids[i] == pair[0] and i + 1 < len(ids):
            if ids[i + 1] == pair[1]:
                merged.append(new_id)
            else:
                merged += [ids[i], ids[i + 1]]
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% lists_only: compares slices with a list, and a slice of a tuple is a tuple
def merge_pair(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if ids[i : i + 2] == list(pair):
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return tuple(merged)


# %% shared_separators: as a text with spaces, where two pairs in a row share the space between them
def merge_pair(ids, pair, new_id):
    text = " " + " ".join(str(i) for i in ids) + " "
    text = text.replace(f" {pair[0]} {pair[1]} ", f" {new_id} ")
    return tuple(int(part) for part in text.split())
