"""Wrong solutions of to_tokenizer_json."""

# %% specials_in_given_order: the added tokens are not sorted by id
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "added_tokens": [{"id": i, "content": token, **flags} for token, i in special_tokens.items()],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% no_decoder: without a decoder the printable characters are never turned back into bytes
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": None,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% always_gpt2: GPT-2's pattern is in the file, whatever pattern was given
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": level,
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% specials_as_bytes: writes special tokens with the printable alphabet too, so a space in one becomes another letter
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens.values())
    return {
        "added_tokens": [{"id": i, "content": strings[i], **flags} for i in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% decodes_tokens: reads each token as UTF-8 instead of writing it with the printable alphabet
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [token.decode("utf-8", errors="replace") for token in vocab]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% specials_only_added: special tokens are missing from the model's vocabulary
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    ordinary = set(range(len(vocab))) - set(special_tokens.values())
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {strings[i]: i for i in sorted(ordinary)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% merges_as_ids: writes the merges as pairs of ids
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [list(pair) for pair in merges],
        },
    }


# %% merges_as_strings: the older way to write a merge, one string with a space, which some files have
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [f"{strings[a]} {strings[b]}" for a, b in merges],
        },
    }


# %% sorted_merges: writes the merges in the order of their ids, but their order is their rank
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in sorted(merges)],
        },
    }


# %% space_in_front: add_prefix_space puts a space before every text
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% ordinary_added_tokens: the added tokens are not marked as special
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, i in special_tokens.items():
        strings[i] = token
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% specials_at_the_end: appends the special tokens behind the ordinary ones, whatever their ids
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    ordinary = [to_printable(token) for i, token in enumerate(vocab) if i not in special_tokens.values()]
    strings = ordinary + sorted(special_tokens, key=special_tokens.get)
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": strings.index(token), "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }


# %% writes_into_the_vocabulary: replaces the special tokens in the list it was given
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    for i, token in enumerate(vocab):
        vocab[i] = to_printable(token)
    for token, i in special_tokens.items():
        vocab[i] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    by_id = sorted(special_tokens, key=special_tokens.get)
    return {
        "added_tokens": [{"id": special_tokens[token], "content": token, **flags} for token in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(vocab)},
            "merges": [[vocab[a], vocab[b]] for a, b in merges],
        },
    }


# %% splits_twice: use_regex stays on, so GPT-2's pattern cuts again whatever the given one has cut
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, token_id in special_tokens.items():
        strings[token_id] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    by_id = sorted(special_tokens.items(), key=lambda item: item[1])
    return {
        "version": "1.0",
        "added_tokens": [{"id": token_id, "content": token, **flags} for token, token_id in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "decoder": {**byte_level, "use_regex": False},
        "model": {
            "type": "BPE",
            "vocab": {string: token_id for token_id, string in enumerate(strings)},
            "merges": [[strings[left], strings[right]] for left, right in merges],
        },
    }


# %% eats_the_space: special tokens take the space before them along
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, token_id in special_tokens.items():
        strings[token_id] = token
    flags = {"single_word": False, "lstrip": True, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    by_id = sorted(special_tokens.items(), key=lambda item: item[1])
    return {
        "version": "1.0",
        "added_tokens": [{"id": token_id, "content": token, **flags} for token, token_id in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "decoder": {**byte_level, "use_regex": False},
        "model": {
            "type": "BPE",
            "vocab": {string: token_id for token_id, string in enumerate(strings)},
            "merges": [[strings[left], strings[right]] for left, right in merges],
        },
    }


# %% removes_the_words: the split throws away what it finds
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, token_id in special_tokens.items():
        strings[token_id] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": False}
    by_id = sorted(special_tokens.items(), key=lambda item: item[1])
    return {
        "version": "1.0",
        "added_tokens": [{"id": token_id, "content": token, **flags} for token, token_id in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "decoder": {**byte_level, "use_regex": False},
        "model": {
            "type": "BPE",
            "vocab": {string: token_id for token_id, string in enumerate(strings)},
            "merges": [[strings[left], strings[right]] for left, right in merges],
        },
    }


# %% adds_lists: sticks the merges together with a list, and a tokenizer has a tuple
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for token, token_id in special_tokens.items():
        strings[token_id] = token
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    by_id = sorted(special_tokens.items(), key=lambda item: item[1])
    return {
        "version": "1.0",
        "added_tokens": [{"id": token_id, "content": token, **flags} for token, token_id in by_id],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "decoder": {**byte_level, "use_regex": False},
        "model": {
            "type": "BPE",
            "vocab": {string: token_id for token_id, string in enumerate(strings)},
            "merges": [[strings[left], strings[right]] for left, right in [] + merges],
        },
    }


# %% bare_decoder: the decoder says its type and none of the three options
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    strings = [to_printable(token) for token in vocab]
    for content, i in special_tokens.items():
        strings[i] = content
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "added_tokens": [
            {"id": i, "content": content, **flags}
            for content, i in sorted(special_tokens.items(), key=lambda item: item[1])
        ],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            ],
        },
        "decoder": {"type": "ByteLevel"},
        "model": {
            "type": "BPE",
            "vocab": {string: i for i, string in enumerate(strings)},
            "merges": [[strings[a], strings[b]] for a, b in merges],
        },
    }
