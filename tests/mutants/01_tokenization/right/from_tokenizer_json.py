"""Right solutions of from_tokenizer_json that are not written as the library's is."""

# %% slots: a list with one slot for each id, filled and looked through for empty ones
def from_tokenizer_json(data):
    check_supported(data)
    pattern = read_pattern(data.get("pre_tokenizer"))
    special_tokens = {}
    for added in data.get("added_tokens") or ():
        special_tokens[added["content"]] = added["id"]
    vocabulary = dict(data["model"]["vocab"])
    vocabulary.update(special_tokens)
    slots = [None] * len(vocabulary)
    for token, i in vocabulary.items():
        if not 0 <= i < len(slots) or slots[i] is not None:
            raise ValueError(f"the id {i} of {token!r} is out of range or taken: {len(slots)} tokens, ids 0, 1, 2, ...")
        slots[i] = token.encode("utf-8") if token in special_tokens else from_printable(token)

    def look_up(token):
        try:
            return vocabulary[token]
        except KeyError:
            raise ValueError(f"a merge needs {token!r}, which is not in the vocabulary") from None

    merges = []
    for merge in data["model"]["merges"]:
        if isinstance(merge, str):
            merge = merge.split(" ")
        left, right = merge
        look_up(left + right)
        merges.append((look_up(left), look_up(right)))
    return slots, merges, special_tokens, pattern


# %% inverted: the vocabulary turned around, and sets for what is missing
def from_tokenizer_json(data):
    check_supported(data)
    model = data["model"]
    special = {t["content"]: t["id"] for t in (data.get("added_tokens") or [])}
    of_id = {}
    for token, i in (model["vocab"] | special).items():
        of_id.setdefault(i, []).append(token)
    if any(len(tokens) > 1 for tokens in of_id.values()) or set(of_id) != set(range(len(of_id))):
        raise ValueError("every id from 0 on must belong to exactly one token")
    known = {tokens[0]: i for i, tokens in of_id.items()}
    pairs = [tuple(m.split(" ", 1)) if isinstance(m, str) else tuple(m) for m in model["merges"]]
    missing = [token for a, b in pairs for token in (a, b, a + b) if token not in known]
    if missing:
        raise ValueError(f"merges need these tokens, which are not there: {missing}")
    vocab = []
    for i in range(len(of_id)):
        (token,) = of_id[i]
        vocab.append(bytes(token, "utf-8") if token in special else from_printable(token))
    return vocab, [(known[a], known[b]) for a, b in pairs], special, read_pattern(data.get("pre_tokenizer"))


# %% tokens_in_double_quotes: writes names in double quotes
def from_tokenizer_json(data):
    check_supported(data)
    special_tokens = {token["content"]: token["id"] for token in data.get("added_tokens") or []}
    ids = {**data["model"]["vocab"], **special_tokens}
    by_id = sorted(ids.items(), key=lambda item: item[1])
    if [i for _, i in by_id] != list(range(len(by_id))):
        raise ValueError(f"the {len(by_id)} token ids are not 0 to {len(by_id) - 1}, each once")
    vocab = [token.encode() if token in special_tokens else from_printable(token) for token, _ in by_id]
    merges = []
    for merge in data["model"]["merges"]:
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if len(pair) != 2:
            raise ValueError(f"the merge {merge!r} is not of two tokens")
        left, right = pair
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f'"{token}" is not in the vocabulary')
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))


# %% names_without_quotes: writes names without quotes
def from_tokenizer_json(data):
    check_supported(data)
    special_tokens = {token["content"]: token["id"] for token in data.get("added_tokens") or []}
    ids = {**data["model"]["vocab"], **special_tokens}
    by_id = sorted(ids.items(), key=lambda item: item[1])
    if [i for _, i in by_id] != list(range(len(by_id))):
        raise ValueError(f"the {len(by_id)} token ids are not 0 to {len(by_id) - 1}, each once")
    vocab = [token.encode() if token in special_tokens else from_printable(token) for token, _ in by_id]
    merges = []
    for merge in data["model"]["merges"]:
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if len(pair) != 2:
            raise ValueError(f"the merge {merge!r} is not of two tokens")
        left, right = pair
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"token {token} is missing in the vocabulary")
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))
