"""Right solutions of pretokenize that are not written as the library's is."""

# %% one_match_at_a_time: matches at a position, moves there, and stops at the first gap
def pretokenize(text, pattern=GPT2_PATTERN):
    matcher = compile_pattern(pattern)
    words, start = [], 0
    while start < len(text):
        match = matcher.match(text, start)
        if match is None or match.end() == start:
            raise ValueError(f"nothing in {pattern!r} matches at position {start}, before {text[start : start + 10]!r}")
        words.append(text[start : match.end()])
        start = match.end()
    return words


# %% compare_joined: finditer, and the joined words held against the text
def pretokenize(text: str, pattern: str = GPT2_PATTERN) -> list[str]:
    spans = (match.span() for match in compile_pattern(pattern).finditer(text))
    words = [text[start:end] for start, end in spans if start < end]
    if "".join(words) != text:
        raise ValueError(f"{pattern!r} leaves part of the text unmatched")
    return words


# %% spans: the ends of the matches must be the beginnings of the next ones
def pretokenize(text: str, pattern: str = GPT2_PATTERN) -> list[str]:
    spans = [m.span() for m in compile_pattern(pattern).finditer(text) if m.end() > m.start()]
    borders = [0, *(end for _, end in spans)]
    if [begin for begin, _ in spans] != borders[:-1] or borders[-1] != len(text):
        raise ValueError("something is not matched")
    return [text[begin:end] for begin, end in spans]
