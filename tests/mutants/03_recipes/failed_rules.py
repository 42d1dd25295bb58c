"""Wrong solutions of failed_rules."""

# %% blank_lines_count: blank lines pull the mean down and count as repetition
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% limits_are_broken: a text on a limit breaks the rule
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) <= rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines >= rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) >= rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) <= rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines >= rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% share_of_all: the share of letters is taken of all characters, white space included
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, text)) < rules.min_letter_share * len(text or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% characters_for_bytes: min_bytes counts characters
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% first_reason_only: stops at the first broken rule
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    n_lines = max(1, len(lines))
    if len(text.encode()) < rules.min_bytes:
        return ["min_bytes"]
    if sum(map(len, lines)) / n_lines > rules.max_mean_line:
        return ["max_mean_line"]
    if max(map(len, lines), default=0) > rules.max_line:
        return ["max_line"]
    if sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "):
        return ["min_letter_share"]
    repeated = len(lines) - len({line.strip() for line in lines})
    return ["max_repeated_share"] if repeated / n_lines > rules.max_repeated_share else []


# %% without_indentation: white space at the beginning of a line is not counted either
def failed_rules(text, rules):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% digits_are_letters: counts letters and digits
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalnum, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% english_letters: letters are a to z and A to Z
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(c.isascii() and c.isalpha() for c in visible) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% by_the_alphabet: names in the order of the alphabet
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return sorted(name for name in broken if broken[name])


# %% fails_on_blank_texts: the longest of no lines
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines)) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% whole_mean: the mean length is rounded down
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) // n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len({line.strip() for line in lines})) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% lines_that_recur: counts every line that occurs more than once, its first occurrence too
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": sum(n for n in Counter(line.strip() for line in lines).values() if n > 1) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% newline_only: cuts lines at the newline character alone
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    visible = [char for char in text if not char.isspace()]
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len({line.strip() for line in lines})) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% case_forgotten: lines that differ in capitals count as equal
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip().lower() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# %% stripped_first: white space around the text is not part of its size
def failed_rules(text, rules):
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    visible = [char for char in text if not char.isspace()]
    distinct = {line.strip() for line in lines}
    n_lines = max(1, len(lines))
    broken = {
        "min_bytes": len(text.strip().encode()) < rules.min_bytes,
        "max_mean_line": sum(map(len, lines)) / n_lines > rules.max_mean_line,
        "max_line": max(map(len, lines), default=0) > rules.max_line,
        "min_letter_share": sum(map(str.isalpha, visible)) < rules.min_letter_share * len(visible or " "),
        "max_repeated_share": (len(lines) - len(distinct)) / n_lines > rules.max_repeated_share,
    }
    return [name for name, is_broken in broken.items() if is_broken]
