"""Wrong solutions of ntk_frequencies."""

# %% plain_factor: the base times the factor
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, theta * factor)


# %% half_dimension: the exponent counts pairs, n / (n - 2)
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    n = d_head // 2
    return rotary_frequencies(d_head, theta * factor ** (n / (n - 2)))


# %% smaller_base: divides by the power
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, theta / factor ** (d_head / (d_head - 2)))


# %% any_factor: a factor below 1 passes
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if d_head == 2:
        raise ValueError(f"d_head {d_head}")
    return rotary_frequencies(d_head, theta * factor ** (d_head / (d_head - 2)))


# %% fixed_theta: 10000 in the formula
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, 10000.0 * factor ** (d_head / (d_head - 2)))


# %% linear: every pair is slowed alike
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, theta) / factor


# %% exponent_upside_down: (d - 2) / d
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, theta * factor ** ((d_head - 2) / d_head))


# %% power_of_the_whole_base: theta is raised to the power too
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, (theta * factor) ** (d_head / (d_head - 2)))


# %% divides_by_zero: two channels are not refused
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta * factor ** (d_head / (d_head - 2)))


# %% refuses_four: four channels are refused along with two
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1 or d_head <= 4:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, theta * factor ** (d_head / (d_head - 2)))


# %% one_by_special_case: two channels are let through when the factor is 1 and nothing changes
def ntk_frequencies(d_head, theta=10000.0, *, factor):
    if factor == 1:
        return rotary_frequencies(d_head, theta)
    if factor < 1 or d_head == 2:
        raise ValueError(f"factor {factor}, d_head {d_head}")
    return rotary_frequencies(d_head, theta * factor ** (d_head / (d_head - 2)))
