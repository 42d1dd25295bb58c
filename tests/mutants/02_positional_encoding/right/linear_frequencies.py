"""Right solutions of linear_frequencies that are not written as the library's is."""

# %% element_by_element: a list, each entry divided
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if factor < 1:
        raise ValueError(f"{factor} would shrink the context")
    return torch.tensor([w / factor for w in rotary_frequencies(d_head, theta).tolist()], dtype=torch.float64)


# %% by_formula: the exponents written out, and a product with one over the factor
def linear_frequencies(d_head, theta=10000.0, *, factor):
    if not factor >= 1.0:
        raise ValueError(f"the factor has to be at least 1, not {factor}")
    exponents = torch.linspace(0, 1, d_head // 2 + 1, dtype=torch.float64)[:-1]
    return (1 / factor) * theta**-exponents
