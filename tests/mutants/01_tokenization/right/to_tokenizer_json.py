"""Right solutions of to_tokenizer_json that are not written as the library's is."""

# %% let_the_package_write: builds a tokenizer with the package's own classes and reads its JSON
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers

    name = {i: token for token, i in special_tokens.items()}
    text = [name.get(i) or to_printable(token) for i, token in enumerate(vocab)]
    model = models.BPE(vocab={t: i for i, t in enumerate(text)}, merges=[(text[a], text[b]) for a, b in merges])
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel(add_prefix_space=False, use_regex=False)
    made.add_special_tokens([AddedToken(name[i], special=True, normalized=False) for i in sorted(name)])
    return json.loads(made.to_str())


# %% piece_by_piece: fills a dictionary step by step, with helpers
def _string_of(i, vocab, names):
    return names[i] if i in names else to_printable(vocab[i])


def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    names = dict(zip(special_tokens.values(), special_tokens.keys()))
    data = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None}
    for i in sorted(names):
        entry = {"id": i, "content": names[i], "special": True}
        entry.update(dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False))
        data["added_tokens"].append(entry)
    options = {"add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    data["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
            dict(type="ByteLevel", **options),
        ],
    }
    data["post_processor"] = None
    data["decoder"] = dict(type="ByteLevel", **options)
    data["model"] = {"type": "BPE", "vocab": {}, "merges": []}
    for i in range(len(vocab)):
        data["model"]["vocab"][_string_of(i, vocab, names)] = i
    for pair in merges:
        data["model"]["merges"].append([_string_of(i, vocab, names) for i in pair])
    return data


# %% with_empty_parts: the special tokens by a reverse look-up, and the parts that may be null
def to_tokenizer_json(vocab, merges, special_tokens, pattern=GPT2_PATTERN):
    special_of = {token_id: token for token, token_id in special_tokens.items()}

    def written(token_id):
        return special_of[token_id] if token_id in special_of else to_printable(vocab[token_id])

    options = dict(add_prefix_space=False, trim_offsets=True, use_regex=False)
    return dict(
        version="1.0",
        truncation=None,
        padding=None,
        added_tokens=[
            dict(id=i, content=special_of[i], special=True)
            | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            for i in sorted(special_of)
        ],
        normalizer=None,
        pre_tokenizer=dict(
            type="Sequence",
            pretokenizers=[
                dict(type="Split", pattern=dict(Regex=pattern), behavior="Isolated", invert=False),
                dict(type="ByteLevel", **options),
            ],
        ),
        post_processor=None,
        decoder=dict(type="ByteLevel", **options),
        model=dict(
            type="BPE",
            vocab={written(i): i for i in range(len(vocab))},
            merges=[[written(left), written(right)] for left, right in merges],
        ),
    )
