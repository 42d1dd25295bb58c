"""Wrong solutions of micro_batches_that_fit."""

# %% powers_of_two: doubles until it fits
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    n = 1
    while n <= n_rows:
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
        n *= 2
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% no_divisor: as many as are needed, the last one smaller
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if fixed_bytes + math.ceil(n_rows / n) * row_bytes <= room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% fewer_rows: whole rows only, and some are left out
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% how_many_rows: gives the rows of a micro-batch
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for rows in range(n_rows, 0, -1):
        if n_rows % rows == 0 and fixed_bytes + rows * row_bytes <= room:
            return rows
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% must_be_below: exactly as much as is needed is not enough
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes < room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% largest: as many micro-batches as can be
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(n_rows, 0, -1):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% only_the_rows: what the rank needs besides is forgotten
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% all_rows_at_once: what is needed is divided as a whole, the fixed part too
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and (fixed_bytes + n_rows * row_bytes) / n <= room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% hopes: one row at a time where nothing fits
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    return n_rows


# %% stops_before_one_row: the last divisor is never tried
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% divides_by_a_row: how many rows have room, with a division that rows of no bytes break
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    rows = int((room - fixed_bytes) // row_bytes)
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and n_rows // n <= rows:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% a_float: n comes out of a division
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for rows in range(n_rows, 0, -1):
        if n_rows % rows == 0 and fixed_bytes + rows * row_bytes <= room:
            return n_rows / rows
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% names_no_room: the message does not say what there is
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"one row needs {fixed_bytes + row_bytes}")


# %% needs_all_rows: the message names what all rows at once would need
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or not all(0 <= x < math.inf for x in (row_bytes, fixed_bytes, room)):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"room is {room}; it must be {fixed_bytes + n_rows * row_bytes + 1000}")


# %% lets_nan_in: asks only whether numbers are negative
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1 or min(row_bytes, fixed_bytes, room) < 0 or math.inf in (row_bytes, fixed_bytes, room):
        raise ValueError(f"n_rows {n_rows}, row_bytes {row_bytes}, fixed_bytes {fixed_bytes}, room {room}")
    for n in range(1, n_rows + 1):
        if n_rows % n == 0 and not fixed_bytes + n_rows // n * row_bytes > room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")


# %% takes_anything: no argument is looked at
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    for n in range(1, int(n_rows) + 1):
        if n_rows % n == 0 and fixed_bytes + n_rows // n * row_bytes <= room:
            return n
    raise ValueError(f"needs {fixed_bytes + row_bytes}, has {room}")
