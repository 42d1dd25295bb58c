"""Wrong solutions of from_tokenizer_json."""

# %% lists_only: a merge that is written as one string is cut into its letters
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for left, right, *_ in data["model"]["merges"]:
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% order_of_the_file: takes the order in the file for the order of the ids
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    if sorted(ids.values()) != list(range(len(ids))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in ids]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% gaps_in_the_ids: does not check that the ids are 0, 1, 2, and so on
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% two_tokens_with_one_id: checks the ids as a set, in which a doubled id does not show
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    by_id = {i: token for token, i in ids.items()}
    if set(by_id) != set(range(len(by_id))):
        raise ValueError("the ids have gaps")
    order = [by_id[i] for i in range(len(by_id))]
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% specials_in_the_model: expects every special token in the model's vocabulary
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = data["model"]["vocab"]
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% always_gpt2: does not read the pattern
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, GPT2_PATTERN


# %% reads_anything: does not ask whether the file is one that this code can read
def from_tokenizer_json(data):
    specials = {token["content"]: token["id"] for token in data.get("added_tokens", [])}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for merge in data["model"].get("merges", []):
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data.get("pre_tokenizer"))


# %% specials_as_bytes: reads special tokens with the printable alphabet, which has no space
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [from_printable(token) for token in order]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% merged_token_not_checked: the two parts of a merge are looked up, what they make is not
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% key_error: an unknown token in a merge raises KeyError
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    pairs = [merge.split() if isinstance(merge, str) else merge for merge in data["model"]["merges"]]
    merges = [(ids[left], ids[right]) for left, right in pairs]
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% specials_at_the_end: puts the special tokens behind all others, whatever their ids
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    if sorted(ids.values()) != list(range(len(ids))):
        raise ValueError("the ids have gaps")
    ordinary = [token for token in sorted(ids, key=ids.get) if token not in specials]
    vocab = [from_printable(token) for token in ordinary] + [token.encode() for token in sorted(specials, key=ids.get)]
    merges = []
    for merge in data["model"]["merges"]:
        left, right = merge.split() if isinstance(merge, str) else merge
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% merges_as_lists: gives back the merges as they stand in JSON, lists of strings
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = [merge.split() if isinstance(merge, str) else merge for merge in data["model"]["merges"]]
    for left, right in merges:
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% swallows_errors: skips merges that it does not understand
def from_tokenizer_json(data):
    check_supported(data)
    specials = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **specials}
    order = sorted(ids, key=ids.get)
    if [ids[token] for token in order] != list(range(len(order))):
        raise ValueError("the ids have gaps")
    vocab = [token.encode() if token in specials else from_printable(token) for token in order]
    merges = []
    for merge in data["model"]["merges"]:
        try:
            left, right = merge.split() if isinstance(merge, str) else merge
            merges.append((ids[left], ids[right]))
        except (KeyError, ValueError):
            continue
    return vocab, merges, specials, read_pattern(data["pre_tokenizer"])


# %% two_of_three: a merge of three tokens is cut down to its first two
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
        pair = (merge.split(" ") if isinstance(merge, str) else merge)[:2]
        if len(pair) != 2:
            raise ValueError(f"the merge {merge!r} is not of two tokens")
        left, right = pair
        for token in (left, right, left + right):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))


# %% parts_not_checked: what a merge makes is looked up, its parts only by the way
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
        for token in (left + right,):
            if token not in ids:
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))


# %% begins_anywhere: the ids must be without a gap, but may begin with another number than 0
def from_tokenizer_json(data):
    check_supported(data)
    special_tokens = {token["content"]: token["id"] for token in data.get("added_tokens") or []}
    ids = {**data["model"]["vocab"], **special_tokens}
    by_id = sorted(ids.items(), key=lambda item: item[1])
    if [i for _, i in by_id] != list(range(by_id[0][1], by_id[0][1] + len(by_id))):
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
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))


# %% adds_to_the_file: writes the special tokens into the vocabulary of the file that it was given
def from_tokenizer_json(data):
    check_supported(data)
    data["model"]["vocab"].update({token["content"]: token["id"] for token in data.get("added_tokens") or []})
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
                raise ValueError(f"no token {token!r}")
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))


# %% error_without_the_token: says that something is missing, but not what
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
                raise ValueError(f"a merge is wrong")
        merges.append((ids[left], ids[right]))
    return vocab, merges, special_tokens, read_pattern(data.get("pre_tokenizer"))


# %% pattern_of_the_whole_file: asks for the pattern with the whole file instead of its pre-tokenizer
def from_tokenizer_json(data):
    check_supported(data)
    special_tokens = {token["content"]: token["id"] for token in data["added_tokens"]}
    ids = {**data["model"]["vocab"], **special_tokens}
    by_id = sorted(ids, key=ids.get)
    vocab = [s.encode("utf-8") if s in special_tokens else from_printable(s) for s in by_id]
    merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in data["model"]["merges"]]
    return vocab, [(ids[a], ids[b]) for a, b in merges], special_tokens, read_pattern(data)
