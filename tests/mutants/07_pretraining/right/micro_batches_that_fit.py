"""Right solutions of micro_batches_that_fit that are not written as the library's is."""

# %% rows_downwards: the largest micro-batch that fits
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if int(n_rows) != n_rows or n_rows < 1:
        raise ValueError(f"n_rows={n_rows}")
    for name, value in dict(row_bytes=row_bytes, fixed_bytes=fixed_bytes, room=room).items():
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"{name}={value}")
    for rows in range(int(n_rows), 0, -1):
        if n_rows % rows == 0 and rows * row_bytes + fixed_bytes <= room:
            return int(n_rows) // rows
    raise ValueError(f"{room} bytes are not enough for {fixed_bytes + row_bytes}")


# %% divisors: a list of those that fit
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    n_rows = whole("n_rows", n_rows)
    if n_rows <= 0:
        raise ValueError(f"n_rows is {n_rows}")
    for value in (row_bytes, fixed_bytes, room):
        if value != value or value < 0 or value == float("inf"):
            raise ValueError(f"a number of bytes is {value}")
    divisors = [n for n in range(1, n_rows + 1) if n_rows % n == 0]
    fitting = [n for n in divisors if fixed_bytes + (n_rows // n) * row_bytes <= room]
    if not fitting:
        raise ValueError(f"one row needs {fixed_bytes + row_bytes}, and there are {room}")
    return min(fitting)


# %% what_is_left: the rows have what the fixed part leaves
def micro_batches_that_fit(n_rows, row_bytes, fixed_bytes, room):
    if whole("n_rows", n_rows) < 1:
        raise ValueError(f"n_rows must be at least 1, not {n_rows}")
    if not 0 <= row_bytes < math.inf:
        raise ValueError(f"row_bytes must be at least 0, not {row_bytes}")
    if not 0 <= fixed_bytes < math.inf:
        raise ValueError(f"fixed_bytes must be at least 0, not {fixed_bytes}")
    if not 0 <= room < math.inf:
        raise ValueError(f"room must be at least 0, not {room}")
    left = room - fixed_bytes
    if row_bytes > left:
        raise ValueError(f"room must be at least {fixed_bytes + row_bytes}, not {room}")
    n = 1
    while n_rows % n or n_rows // n * row_bytes > left:
        n += 1
    return n
