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
