"""Right solutions of split_special that are not written as the library's is."""

# %% by_hand: no regular expression: at each position the longest token that stands there
def split_special(text, special_tokens):
    parts, plain, i = [], "", 0
    while i < len(text):
        here = [token for token in special_tokens if text.startswith(token, i)]
        if not here:
            plain += text[i]
            i += 1
            continue
        if plain:
            parts.append((plain, False))
            plain = ""
        parts.append((max(here, key=len), True))
        i += len(parts[-1][0])
    return parts + [(plain, False)] if plain else parts


# %% reverse_alphabet: in reverse alphabetical order a token stands before its own beginnings
def split_special(text, special_tokens):
    if not text:
        return []
    if not special_tokens:
        return [(text, False)]
    import re

    found, start = [], 0
    for match in re.finditer("|".join(map(re.escape, sorted(special_tokens, reverse=True))), text):
        if match.start() > start:
            found.append((text[start : match.start()], False))
        found.append((match[0], True))
        start = match.end()
    if start < len(text):
        found.append((text[start:], False))
    return found


# %% finditer: goes from match to match and keeps what lies between
def split_special(text: str, special_tokens: Collection[str]) -> list[tuple[str, bool]]:
    parts, end = [], 0
    if special_tokens:
        by_length = map(regex.escape, sorted(special_tokens, key=lambda token: -len(token)))
        for match in regex.finditer("|".join(by_length), text):
            parts += [(text[end : match.start()], False), (match.group(), True)]
            end = match.end()
    parts.append((text[end:], False))
    return [(part, special) for part, special in parts if part != ""]
