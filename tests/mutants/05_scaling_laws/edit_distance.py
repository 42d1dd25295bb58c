"""Wrong solutions of edit_distance."""

# %% places: how many places differ, and the rest of the longer one
def edit_distance(answer, wanted):
    return sum(a != w for a, w in zip(answer, wanted)) + abs(len(answer) - len(wanted))


# %% no_replacement: only insertions and deletions
def edit_distance(answer, wanted):
    above = list(range(len(wanted) + 1))
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            row.append(above[j - 1] if token == other else min(above[j], row[j - 1]) + 1)
        above = row
    return above[-1]


# %% replacement_costs_two: a replacement is a deletion and an insertion
def edit_distance(answer, wanted):
    above = list(range(len(wanted) + 1))
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + 2 * (token != other)))
        above = row
    return above[-1]


# %% swaps_are_one: two neighbours that change places cost one
def edit_distance(answer, wanted):
    n, m = len(answer), len(wanted)
    d = [[i + j if i * j == 0 else 0 for j in range(m + 1)] for i in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            d[i][j] = min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (answer[i - 1] != wanted[j - 1]))
            if i > 1 and j > 1 and answer[i - 1] == wanted[j - 2] and answer[i - 2] == wanted[j - 1]:
                d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1)
    return d[n][m]


# %% starts_with_zeros: the first row is zero, so that a beginning may be left out
def edit_distance(answer, wanted):
    above = [0] * (len(wanted) + 1)
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (token != other)))
        above = row
    return above[-1]


# %% first_column_of_zeros: a row begins with 0
def edit_distance(answer, wanted):
    above = list(range(len(wanted) + 1))
    for token in answer:
        row = [0]
        for j, other in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (token != other)))
        above = row
    return above[-1]


# %% share: divided by the length
def edit_distance(answer, wanted):
    above = list(range(len(wanted) + 1))
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (token != other)))
        above = row
    return above[-1] / max(len(answer), len(wanted), 1)


# %% one_row: the row is changed in place and forgets the diagonal
def edit_distance(answer, wanted):
    row = list(range(len(wanted) + 1))
    for i, token in enumerate(answer, 1):
        row[0] = i
        for j, other in enumerate(wanted, 1):
            row[j] = min(row[j] + 1, row[j - 1] + 1, row[j - 1] + (token != other))
    return row[-1]


# %% similarity: how many tokens agree
def edit_distance(answer, wanted):
    above = list(range(len(wanted) + 1))
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (token != other)))
        above = row
    return max(len(answer), len(wanted)) - above[-1]


# %% bags: what one has and the other has not, whatever the order
def edit_distance(answer, wanted):
    from collections import Counter

    a, w = Counter(answer), Counter(wanted)
    return max(sum((a - w).values()), sum((w - a).values()))


# %% never_empty: an empty sequence fails
def edit_distance(answer, wanted):
    above = list(range(len(wanted) + 1))
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (token != other)))
        above = row
    return row[-1]


# %% difflib: keeps the longest run that both have, which is not always best
import difflib


def edit_distance(answer, wanted):
    steps = difflib.SequenceMatcher(None, list(answer), list(wanted), autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in steps if kind != "equal")


# %% narrow_band: looks at places that are at most two apart
def edit_distance(answer, wanted):
    far = len(answer) + len(wanted)
    above = [j if j <= 2 else far for j in range(len(wanted) + 1)]
    for i, token in enumerate(answer, 1):
        row = [i]
        for j, other in enumerate(wanted, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (token != other))
            row.append(best if abs(i - j) <= 2 else far)
        above = row
    return above[-1]


# %% as_text: the ids written one after another, and compared by characters
def edit_distance(answer, wanted):
    a, b = "".join(map(str, answer)), "".join(map(str, wanted))
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        old, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            old, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, old + (x != y))
    return row[-1]


# %% the_same_object: ids are compared as objects
def edit_distance(answer, wanted):
    row = list(range(len(wanted) + 1))
    for i, x in enumerate(answer, 1):
        old, row[0] = row[0], i
        for j, y in enumerate(wanted, 1):
            old, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, old + (x is not y))
    return row[-1]


# %% deep_recursion: as deep as both sequences are long
def edit_distance(answer, wanted):
    import functools

    a, b = tuple(answer), tuple(wanted)

    @functools.cache
    def distance(i, j):
        if not i or not j:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return distance(len(a), len(b))


# %% without_memory: computes the same prefixes again and again
def edit_distance(answer, wanted):
    if not len(answer) or not len(wanted):
        return len(answer) + len(wanted)
    if answer[0] == wanted[0]:
        return edit_distance(answer[1:], wanted[1:])
    return 1 + min(
        edit_distance(answer[1:], wanted), edit_distance(answer, wanted[1:]), edit_distance(answer[1:], wanted[1:])
    )


# %% in_bytes: a table of bytes, which ends at 255
def edit_distance(answer, wanted):
    table = np.zeros((len(answer) + 1, len(wanted) + 1), dtype=np.uint8)
    table[:, 0], table[0] = np.arange(len(answer) + 1), np.arange(len(wanted) + 1)
    for i in range(len(answer)):
        for j in range(len(wanted)):
            cost = int(answer[i] != wanted[j])
            table[i + 1, j + 1] = min(int(table[i, j]) + cost, int(table[i + 1, j]) + 1, int(table[i, j + 1]) + 1) % 256
    return int(table[-1, -1])


# %% ends_that_overlap: what both begin with and what both end with is taken off, and may be the same tokens
def edit_distance(answer, wanted):
    a, b = list(answer), list(wanted)
    first = 0
    while first < min(len(a), len(b)) and a[first] == b[first]:
        first += 1
    last = 0
    while last < min(len(a), len(b)) and a[-1 - last] == b[-1 - last]:
        last += 1
    a, b = a[first : len(a) - last], b[first : len(b) - last]
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
        row = new
    return row[-1]


# %% narrow_band_too: only cells within ten of the diagonal (and the difference of the lengths) are filled
def edit_distance(answer, wanted):
    a, b = list(answer), list(wanted)
    band = abs(len(a) - len(b)) + 10
    far = len(a) + len(b)
    row = [j if j <= band else far for j in range(len(b) + 1)]
    for i, x in enumerate(a, 1):
        new = [i if i <= band else far] + [far] * len(b)
        for j in range(max(1, i - band), min(len(b), i + band) + 1):
            new[j] = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (x != b[j - 1]))
        row = new
    return row[-1]


# %% a_float: numbers of a table of floats
def edit_distance(answer, wanted):
    row = np.arange(len(wanted) + 1.0)
    for i, x in enumerate(answer, 1):
        new = np.full(len(wanted) + 1, float(i))
        for j, y in enumerate(wanted, 1):
            new[j] = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (x != y))
        row = new
    return row[-1].item()


# %% sixteen_bits: ids are put into an array of 16 bits first
def edit_distance(answer, wanted):
    a, b = (np.array(ids, np.int64).astype(np.int16).tolist() for ids in (answer, wanted))
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
        row = new
    return row[-1]


# %% greedy_alignment: each token takes the nearest equal one ahead, within twenty
def edit_distance(answer, wanted):
    a, b = list(answer), list(wanted)
    if len(a) * len(b) < 400 or abs(len(a) - len(b)) > 100:
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        return row[-1]
    return sum(edit_distance(a[k : k + 16], b[k : k + 16]) for k in range(0, max(len(a), len(b)), 16))


# %% zero_pads: the shorter one is filled up with token 0, which may be a token
def edit_distance(answer, wanted):
    a, b = list(answer), list(wanted)
    while a and b and a[-1] == b[-1] and len(a) > 1:
        a.pop(), b.pop()
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            same = x == y and (x or y)
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (0 if same else 1)))
        row = new
    return row[-1]


# %% middle_replaced: what is left between a common beginning and a common end is replaced as a whole
def edit_distance(answer, wanted):
    a, b = list(answer), list(wanted)
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    return max(len(a), len(b))
