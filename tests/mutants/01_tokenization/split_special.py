"""Wrong solutions of split_special."""

# %% order_as_given: the alternatives stand in the order given, so the beginning of a longer token may win
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(map(regex.escape, special_tokens))
    return [(part, part in special_tokens) for part in regex.split(f"({either})", text) if part]


# %% sorted_by_name: alphabetical order puts the shorter of two tokens first
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens))
    return [(part, part in special_tokens) for part in regex.split(f"({either})", text) if part]


# %% not_escaped: the tokens are read as patterns, and `|` becomes an alternative
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(sorted(special_tokens, key=len, reverse=True))
    return [(part, part in special_tokens) for part in regex.split(f"({either})", text) if part]


# %% no_group: regex.split without a group drops the special tokens
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    return [(part, part in special_tokens) for part in regex.split(either, text) if part]


# %% empty_parts: keeps the empty strings between tokens that touch
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)]
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    return [(part, i % 2 == 1) for i, part in enumerate(regex.split(f"({either})", text))]


# %% marks_after_filtering: drops empty parts first and then takes every second part for special
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    parts = [part for part in regex.split(f"({either})", text) if part]
    return [(part, i % 2 == 1) for i, part in enumerate(parts)]


# %% empty_alternative: no tokens make an empty pattern, which matches everywhere
def split_special(text, special_tokens):
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    return [(part, part in special_tokens) for part in regex.split(f"({either})", text, flags=regex.V1) if part]


# %% longest_anywhere: takes out the longest token everywhere first, although a shorter one begins further left
def split_special(text, special_tokens):
    parts = [(text, False)] if text else []
    for token in sorted(special_tokens, key=len, reverse=True):
        cut = []
        for part, is_special in parts:
            if is_special:
                cut.append((part, True))
                continue
            for i, plain in enumerate(part.split(token)):
                if i:
                    cut.append((token, True))
                if plain:
                    cut.append((plain, False))
        parts = cut
    return parts


# %% ignores_case: <S> is taken for <s>
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    parts = regex.split(f"({either})", text, flags=regex.IGNORECASE)
    return [(part, i % 2 == 1) for i, part in enumerate(parts) if part]


# %% strips_plain_text: takes white space and line ends off the text between tokens
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    parts = [part.strip() for part in regex.split(f"({either})", text)]
    return [(part, i % 2 == 1) for i, part in enumerate(parts) if part]


# %% runs_are_one: special tokens that follow each other become one part
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    parts = regex.split(f"((?:{either})+)", text)
    return [(part, i % 2 == 1) for i, part in enumerate(parts) if part]


# %% knows_them_by_their_look: takes whatever stands between <| and |> for a special token
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    parts = regex.split(r"(<\|.*?\|>+)", text)
    return [(part, part in special_tokens) for part in parts if part]


# %% recursion: one call for each special token in the text, and Python allows a thousand
def split_special(text, special_tokens):
    places = [(text.find(token), -len(token), token) for token in special_tokens if token in text]
    if not places:
        return [(text, False)] if text else []
    start, _, token = min(places)
    before = [(text[:start], False)] if start else []
    return [*before, (token, True), *split_special(text[start + len(token) :], special_tokens)]


# %% membership_for_marks: splits rightly, then takes each part that a token's text holds for special
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len, reverse=True))
    return [(part, any(part in token for token in special_tokens)) for part in regex.split(f"({either})", text) if part]


# %% shortest_first: where several tokens begin, the shortest wins
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    either = "|".join(regex.escape(token) for token in sorted(special_tokens, key=len))
    return [(part, i % 2 == 1) for i, part in enumerate(regex.split(f"({either})", text)) if part]


# %% sets_only: joins the tokens with a set operator, which a list does not have
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    longest_first = sorted(special_tokens | frozenset(), key=len, reverse=True)
    either = "|".join(regex.escape(token) for token in longest_first)
    return [(part, i % 2 == 1) for i, part in enumerate(regex.split(f"({either})", text)) if part]


# %% escapes_the_bar_only: other characters of patterns keep their meaning
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    longest_first = sorted(special_tokens, key=len, reverse=True)
    either = "|".join(token.replace("|", r"\|") for token in longest_first)
    return [(part, i % 2 == 1) for i, part in enumerate(regex.split(f"(?:({either}))", text)) if part]


# %% tail_lost: what stands behind the last special token is forgotten
def split_special(text, special_tokens):
    if not special_tokens:
        return [(text, False)] if text else []
    tokens = sorted(special_tokens, key=len, reverse=True)
    parts, start = [], 0
    for match in regex.finditer("|".join(map(regex.escape, tokens)), text):
        if match.start() > start:
            parts.append((text[start : match.start()], False))
        parts.append((match.group(), True))
        start = match.end()
    return parts


# %% lists_for_pairs: the parts are lists [part, is special]
def split_special(text, special_tokens):
    if not special_tokens:
        return [[text, False]] if text else []
    tokens = sorted(special_tokens, key=len, reverse=True)
    pattern = "(" + "|".join(map(regex.escape, tokens)) + ")"
    return [[part, part in special_tokens] for part in regex.split(pattern, text) if part]
