"""Wrong solutions of linear_frequencies."""

# %% multiplies: the clocks get faster
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta) * factor


# %% scales_the_base: a larger base instead
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta * factor)


# %% forgets_theta: the default base
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head) / factor


# %% any_factor: a factor below 1 passes
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor <= 0:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta) / factor


# %% whole_factors: rounds the factor
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta) / int(factor)


# %% refuses_one: a factor of 1 counts as below 1
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor <= 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta) / factor


# %% raised_to_one: a factor below 1 becomes 1 without a word
def linear_frequencies(d_head, theta=10000.0, *, factor):
    return rotary_frequencies(d_head, theta) / max(factor, 1)


# %% slow_half_only: the faster half of the pairs stays
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    w = rotary_frequencies(d_head, theta)
    w[len(w) // 2 :] /= factor
    return w


# %% always_by_four: the factor of the example
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta) / 4


# %% in_float32: not float64
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"factor {factor}")
    return rotary_frequencies(d_head, theta).float() / factor


# %% factor_as_a_tensor: a factor such as 1.1 is rounded to float32
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if not factor >= 1:
        raise ValueError(f"factor is {factor}; it must be at least 1")
    return rotary_frequencies(d_head, theta) / torch.tensor(float(factor))
