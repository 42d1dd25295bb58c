"""Right solutions of failed_rules that are not written as the library's is."""

# %% one_rule_after_the_other: plain statements, counters, early exits
def failed_rules(text, rules):
    names, lengths, seen, repeated = [], [], set(), 0
    for raw in text.splitlines():
        if not raw.strip():
            continue
        lengths.append(len(raw.rstrip()))
        repeated += raw.strip() in seen
        seen.add(raw.strip())
    if len(text.encode("utf-8")) < rules.min_bytes:
        names.append("min_bytes")
    if lengths and sum(lengths) > rules.max_mean_line * len(lengths):
        names.append("max_mean_line")
    if any(length > rules.max_line for length in lengths):
        names.append("max_line")
    squeezed = "".join(text.split())
    share = sum(char.isalpha() for char in squeezed) / len(squeezed) if squeezed else 0
    if share < rules.min_letter_share:
        names.append("min_letter_share")
    if lengths and repeated > rules.max_repeated_share * len(lengths):
        names.append("max_repeated_share")
    return names


# %% a_rule_a_function: a table of predicates, evaluated in order
def failed_rules(text, rules):
    solid = [line for line in text.splitlines() if not (line == "" or line.isspace())]
    widths = [len(line.rstrip()) for line in solid] or [0]
    signs = re.sub(r"\s", "", text)
    letters = len([sign for sign in signs if sign.isalpha()])
    checks = (
        ("min_bytes", lambda: len(bytes(text, "utf-8")) >= rules.min_bytes),
        ("max_mean_line", lambda: sum(widths) / len(widths) <= rules.max_mean_line),
        ("max_line", lambda: max(widths) <= rules.max_line),
        ("min_letter_share", lambda: (letters / len(signs) if signs else 0.0) >= rules.min_letter_share),
        (
            "max_repeated_share",
            lambda: (
                not solid or 1 - len(set(map(str.strip, solid))) / len(solid) <= rules.max_repeated_share
            ),
        ),
    )
    return [name for name, holds in checks if not holds()]
