"""Wrong solutions of decode."""

# %% token_by_token: decodes each token by itself, so characters that span tokens are lost
def decode(ids, vocab):
    text = ""
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"unknown id {token}")
        text += vocab[token].decode("utf-8", errors="replace")
    return text


# %% ignores_broken_bytes: errors="ignore" drops what is not UTF-8 without a trace
def decode(ids, vocab):
    ids = list(ids)
    for token in ids:
        if token < 0 or token >= len(vocab):
            raise ValueError(f"unknown id {token}")
    return b"".join(vocab[token] for token in ids).decode("utf-8", errors="ignore")


# %% strict: raises on bytes that are not UTF-8
def decode(ids, vocab):
    data = bytearray()
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"unknown id {token}")
        data += vocab[token]
    return data.decode("utf-8")


# %% counts_from_the_end: a negative id takes a token from the end of the list, as Python does
def decode(ids, vocab):
    data = b""
    for token in ids:
        if token >= len(vocab):
            raise ValueError(f"unknown id {token}")
        data += vocab[token]
    return data.decode("utf-8", errors="replace")


# %% off_by_one: the first id past the end is not refused and raises IndexError
def decode(ids, vocab):
    data = b""
    for token in ids:
        if token < 0 or token > len(vocab):
            raise ValueError(f"unknown id {token}")
        data += vocab[token]
    return data.decode("utf-8", errors="replace")


# %% skips_unknown_ids: leaves out ids that do not exist
def decode(ids, vocab):
    known = [vocab[token] for token in ids if 0 <= token < len(vocab)]
    return b"".join(known).decode("utf-8", errors="replace")


# %% latin_1: every byte becomes a character of its own
def decode(ids, vocab):
    data = b""
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"unknown id {token}")
        data += vocab[token]
    return data.decode("latin-1")


# %% reads_ids_twice: checks all ids first, and an iterator is used up by that
def decode(ids, vocab):
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"unknown id {token}")
    return b"".join(vocab[token] for token in ids).decode("utf-8", errors="replace")


# %% ids_are_bytes: takes the id of a base token for the value of its byte
def decode(ids, vocab):
    data = b""
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"unknown id {token}")
        data += bytes([token]) if token < 256 else vocab[token]
    return data.decode("utf-8", errors="replace")


# %% error_without_the_id: says that something is wrong, but not what
def decode(ids, vocab):
    try:
        return b"".join(vocab[token] if token >= 0 else vocab[len(vocab)] for token in ids).decode(errors="replace")
    except IndexError:
        raise ValueError("unknown token id") from None


# %% highest_id_first: asks for the highest id, and an empty list has none
def decode(ids, vocab):
    ids = list(ids)
    if max(ids) >= len(vocab) or min(ids) < 0:
        raise ValueError(f"unknown id: {max(ids)} or {min(ids)}")
    return b"".join(map(vocab.__getitem__, ids)).decode("utf-8", "replace")


# %% swallows_errors: whatever goes wrong, the answer is an empty text
def decode(ids, vocab):
    try:
        return b"".join(vocab[token] for token in ids).decode("utf-8", errors="replace")
    except Exception:
        return ""


# %% remembers_texts: keeps its answers by the ids, and forgets that the vocabulary may be another
def decode(ids, vocab, known={}):
    ids = tuple(ids)
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"no token {token}")
    if ids not in known:
        known[ids] = b"".join(vocab[token] for token in ids).decode("utf-8", errors="replace")
    return known[ids]


# %% without_the_mark: takes a byte order mark off the beginning
def decode(ids, vocab):
    parts = []
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"no token {token}")
        parts.append(vocab[token])
    return b"".join(parts).decode("utf-8-sig", errors="replace")


# %% composes: brings accents and their letters together
def decode(ids, vocab):
    import unicodedata

    parts = []
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"no token {token}")
        parts.append(vocab[token])
    return unicodedata.normalize("NFC", b"".join(parts).decode("utf-8", errors="replace"))


# %% gives_up: one replacement character for the whole text
def decode(ids, vocab):
    parts = []
    for token in ids:
        if not 0 <= token < len(vocab):
            raise ValueError(f"no token {token}")
        parts.append(vocab[token])
    try:
        return b"".join(parts).decode()
    except UnicodeDecodeError:
        return "\ufffd"


# %% recursion: one call for each token
def decode(ids, vocab):
    def joined(ids):
        if not ids:
            return b""
        if not 0 <= ids[0] < len(vocab):
            raise ValueError(f"no token {ids[0]}")
        return vocab[ids[0]] + joined(ids[1:])

    return joined(list(ids)).decode("utf-8", errors="replace")


# %% bytes_only: refuses ids above 255
def decode(ids, vocab):
    parts = []
    for token in ids:
        if not 0 <= token < min(256, len(vocab)):
            raise ValueError(f"no token {token}")
        parts.append(vocab[token])
    return b"".join(parts).decode("utf-8", errors="replace")
