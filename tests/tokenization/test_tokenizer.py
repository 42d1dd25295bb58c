"""The tokenizer as a whole: parity with the `tokenizers` package, special tokens, files."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.data import corpus
from llmcourse.tokenization import (
    BASE_VOCAB,
    GPT2_PATTERN,
    BPETokenizer,
    build_vocab,
    from_tokenizer_json,
    to_printable,
    to_tokenizer_json,
)

from .strategies import PATTERNS, TRICKY_TEXTS, oracle_pre_tokenizer, oracle_trained, texts

SPECIAL_TOKENS = ["<|end|>", "<|e", "<|end|><|end|>", "é✓"]


@pytest.fixture(scope="module", params=PATTERNS.values(), ids=PATTERNS.keys())
def tokenizer(request) -> BPETokenizer:
    documents = [*corpus("python", limit_mb=0.3), *TRICKY_TEXTS]
    return BPETokenizer.train(documents, 1500, pattern=request.param, special_tokens=SPECIAL_TOKENS)


@pytest.fixture(scope="module")
def saved(tokenizer, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(path)
    return str(path)


@pytest.fixture(scope="module")
def oracle(tokenizer, saved) -> tokenizers.Tokenizer:
    """The same merges in the `tokenizers` package, its own form of GPT-2's pattern included."""
    oracle = tokenizers.Tokenizer.from_file(saved)
    oracle.pre_tokenizer = oracle_pre_tokenizer(tokenizer.pattern)
    return oracle


def assert_same_as_oracle(tokenizer, oracle, text):
    oracle.encode_special_tokens = True
    assert tokenizer.encode(text) == oracle.encode(text).ids
    oracle.encode_special_tokens = False
    assert tokenizer.encode(text, allowed_special="all") == oracle.encode(text).ids


@pytest.mark.parametrize("text", TRICKY_TEXTS, ids=lambda text: ascii(text[:12]))
def test_ids_equal_those_of_tokenizers_on_tricky_texts(tokenizer, oracle, text):
    assert_same_as_oracle(tokenizer, oracle, text)


@given(text=texts)
def test_ids_equal_those_of_tokenizers_on_any_text(tokenizer, oracle, text):
    assert_same_as_oracle(tokenizer, oracle, text)


@given(parts=st.lists(st.one_of(st.sampled_from([*SPECIAL_TOKENS, "|>", "<|", " "]), st.text(max_size=4)), max_size=12))
def test_ids_equal_those_of_tokenizers_with_special_tokens_inside(tokenizer, oracle, parts):
    assert_same_as_oracle(tokenizer, oracle, "".join(parts))


def test_ids_equal_those_of_tokenizers_on_real_text(tokenizer, oracle):
    for document in corpus("python", "validation", limit_mb=0.5):
        assert_same_as_oracle(tokenizer, oracle, document)


@given(text=texts)
def test_decoding_gives_the_text_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode(tokenizer.encode(text, allowed_special="all")) == text
    assert b"".join(map(tokenizer.token_bytes, tokenizer.encode(text))) == text.encode()


@given(ids=st.lists(st.integers(0, 1499), max_size=10))
def test_decoding_equals_tokenizers_on_any_ids(tokenizer, oracle, ids):
    ids = [token for token in ids if token < len(tokenizer) - len(SPECIAL_TOKENS)]
    assert tokenizer.decode(ids) == oracle.decode(ids, skip_special_tokens=False)


@given(batch=st.lists(texts, max_size=5))
def test_encode_many_equals_encode(tokenizer, batch):
    batch = [*batch, "<|end|> and é✓"]
    for allowed in ((), "all", {"é✓"}, {"<|e"}):
        assert tokenizer.encode_many(batch, allowed) == [tokenizer.encode(text, allowed) for text in batch]


def test_special_tokens_are_text_unless_allowed(tokenizer):
    end = tokenizer.special_tokens["<|end|>"]
    assert end == len(tokenizer) - len(SPECIAL_TOKENS)
    assert end not in tokenizer.encode("a<|end|>")
    assert tokenizer.encode("a<|end|>", {"<|end|>"})[-1] == end
    assert end not in tokenizer.encode("a<|end|>", {"<|e"})
    assert tokenizer.decode([end]) == "<|end|>"


def test_special_tokens_take_no_part_in_training():
    texts = ["ab" * 3, "cd", "cd"]
    marked = BPETokenizer.train(["<|end|>".join(texts), "<|end|>"], 262, special_tokens=["<|end|>"])
    plain = BPETokenizer.train(texts, 261)
    assert marked.merges == plain.merges
    assert marked.vocab == (*plain.vocab, b"<|end|>")


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_trained_tokenizer_equals_the_one_that_tokenizers_trains(pattern, tmp_path):
    documents = corpus("python", "validation", limit_mb=0.2)
    ours = BPETokenizer.train(documents, 600, pattern)
    oracle_trained(documents, pattern, 600).save(str(tmp_path / "theirs.json"))
    if pattern == GPT2_PATTERN:
        assert BPETokenizer.load(tmp_path / "theirs.json") == ours
    theirs = BPETokenizer.load(tmp_path / "theirs.json")
    assert (theirs.vocab, theirs.merges) == (ours.vocab, ours.merges)


def test_saved_file_loads_as_an_equal_tokenizer_with_equal_bytes(tokenizer, saved, tmp_path):
    loaded = BPETokenizer.load(saved)
    assert loaded == tokenizer
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == Path(saved).read_bytes()


def test_training_from_files_equals_training_from_their_texts_line_ends_included(tmp_path):
    texts = ["a\r\nb\rc\n" * 5, "été\r\n" * 3]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.txt").write_bytes(text.encode())
    paths = [tmp_path / "0.txt", str(tmp_path / "1.txt")]
    assert BPETokenizer.train_from_files(paths, 270) == BPETokenizer.train(texts, 270)


def test_tokenizer_survives_pickling(tokenizer):
    tokenizer.encode_many(["a"])
    assert pickle.loads(pickle.dumps(tokenizer)) == tokenizer


def test_long_words_are_not_cached_and_the_cache_is_bounded(monkeypatch):
    from llmcourse.tokenization import tokenizer as module

    monkeypatch.setattr(module, "_MAX_CACHED_WORDS", 2)
    tokenizer = BPETokenizer.train(["ab ab"], 258)
    expected = BPETokenizer.train(["ab ab"], 258).encode("ab cd ef gh ab" + "z" * 1000)
    assert tokenizer.encode("ab cd ef gh ab" + "z" * 1000) == expected
    assert len(tokenizer._cache) <= 2


# Files by others.


def gpt2_style(special_first: bool) -> dict:
    """A file as GPT-2's converters write it: no split, merges as strings, options spelled out."""
    base = build_vocab([])
    tokens = [to_printable(token) for token in base] + ["th", "the"]
    tokens = ["<|pad|>", *tokens, "<|end|>"] if special_first else [*tokens, "<|pad|>", "<|end|>"]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    specials = [token for token in tokens if token.startswith("<|")]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": tokens.index(token), "content": token, **flags} for token in specials],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {**byte_level, "trim_offsets": False},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": ["t h", "th e"],
        },
    }


@pytest.mark.parametrize("special_first", [True, False])
def test_gpt2_style_file_gives_the_ids_of_tokenizers_and_keeps_them_when_saved(special_first, tmp_path):
    data = gpt2_style(special_first)
    (tmp_path / "gpt2.json").write_text(json.dumps(data))
    ours = BPETokenizer.load(tmp_path / "gpt2.json")
    oracle = tokenizers.Tokenizer.from_str(json.dumps(data))
    ours.save(tmp_path / "saved.json")
    resaved = tokenizers.Tokenizer.from_file(str(tmp_path / "saved.json"))
    for text in ["the thé<|end|> then", "<|pad|>x", " \n"]:
        assert ours.encode(text, "all") == oracle.encode(text).ids == resaved.encode(text).ids
        assert ours.encode_many([text], "all") == [oracle.encode(text).ids]
        assert ours.decode(ours.encode(text)) == text


def changed(path: str, value) -> dict:
    data = gpt2_style(special_first=False)
    target = data
    *parents, last = path.split(".")
    for key in parents:
        target = target[int(key) if key.isdigit() else key]
    target[last] = value
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed("model.type", "WordPiece"), "type is 'WordPiece'"),
        (changed("model.dropout", 0.1), "dropout is 0.1"),
        (changed("model.byte_fallback", True), "byte_fallback"),
        (changed("model.ignore_merges", True), "ignore_merges"),
        (changed("model.end_of_word_suffix", "</w>"), "end_of_word_suffix"),
        (changed("normalizer", {"type": "NFC"}), "normalizer is 'NFC'"),
        (changed("post_processor", {"type": "TemplateProcessing"}), "post-processor is 'TemplateProcessing'"),
        (changed("pre_tokenizer", None), "pre_tokenizer is None"),
        (changed("pre_tokenizer.add_prefix_space", True), "pre_tokenizer is .*byte-level"),
        (changed("added_tokens.0.lstrip", True), "lstrip"),
        (changed("added_tokens.0.special", False), "not special"),
        (changed("added_tokens.0.id", 999), "not 0 to 259"),
        (changed("model.merges", ["t h", "th x y"]), "a merge is 'th x y'; it must be of two tokens"),
        (changed("model.merges", ["q z"]), "needs 'qz'"),
        (changed("model.vocab", {"a": 0}), "not 0 to"),
        ([], "JSON object"),
        ({}, "type is None"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unsupported_file_is_refused_with_its_name_and_the_reason(data, message, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=f"other.json: .*{message}"):
        BPETokenizer.load(path)


EMPTY = {"Sequence": {"id": "A", "type_id": 0}}
TEMPLATE = {"type": "TemplateProcessing", "single": [EMPTY], "pair": [EMPTY, EMPTY], "special_tokens": {}}
MARK = {"SpecialToken": {"id": "<|end|>", "type_id": 0}}
MARKING = {"<|end|>": {"id": "<|end|>", "ids": [259], "tokens": ["<|end|>"]}}
TRUNCATION = {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}


def test_the_empty_template_that_transformers_writes_changes_nothing(tmp_path):
    data = changed("post_processor", TEMPLATE)
    (tmp_path / "again.json").write_text(json.dumps(data))
    (tmp_path / "before.json").write_text(json.dumps(gpt2_style(special_first=False)))
    assert BPETokenizer.load(tmp_path / "again.json") == BPETokenizer.load(tmp_path / "before.json")
    oracle = tokenizers.Tokenizer.from_str(json.dumps(data))
    assert BPETokenizer.load(tmp_path / "again.json").encode("the thé") == oracle.encode("the thé").ids


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed("truncation", TRUNCATION), "its truncation is .*'max_length': 5"),
        (changed("padding", {"strategy": {"Fixed": 8}}), "its padding is .*'Fixed': 8"),
        (changed("decoder", {"type": "WordPiece"}), "its decoder is 'WordPiece'"),
        (
            changed("post_processor", TEMPLATE | {"single": [EMPTY, MARK], "special_tokens": MARKING}),
            "TemplateProcessing",
        ),
        (
            changed("post_processor", TEMPLATE | {"single": [MARK, EMPTY], "special_tokens": MARKING}),
            "TemplateProcessing",
        ),
    ],
)
def test_what_would_change_the_ids_or_the_text_is_refused_by_name(data, message, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=f"other.json: .*{message}"):
        BPETokenizer.load(path)


def test_a_special_token_that_merges_make_is_text_unless_allowed(tmp_path):
    """A trainer of others that is given a special token which the text has as a word gives both one id."""
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400, special_tokens=["END"], initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()
    )
    oracle = tokenizers.Tokenizer(tokenizers.models.BPE())
    oracle.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    oracle.decoder = tokenizers.decoders.ByteLevel()
    oracle.train_from_iterator(["END ENDING (END) AND THE END"] * 9, trainer)
    oracle.save(str(tmp_path / "theirs.json"))
    tokenizer = BPETokenizer.load(tmp_path / "theirs.json")
    end = tokenizer.special_tokens["END"]
    assert any(tokenizer.vocab[left] + tokenizer.vocab[right] == b"END" for left, right in tokenizer.merges)
    for text in ("THE (END)", "END", "ENDING", "THE END"):
        assert end not in tokenizer.encode(text)
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert tokenizer.encode(text, "all") == oracle.encode(text).ids
        assert tokenizer.encode_many([text]) == [tokenizer.encode(text)]
        assert tokenizer.encode_many([text], "all") == [tokenizer.encode(text, "all")]
    tokenizer.save(tmp_path / "ours.json")
    assert BPETokenizer.load(tmp_path / "ours.json") == tokenizer


def test_a_special_token_that_is_a_bytes_own_is_refused():
    with pytest.raises(ValueError, match="special token '!' has the id of a byte, 0"):
        BPETokenizer(BASE_VOCAB, special_tokens={"!": 0})


def test_ids_of_numpy_and_merges_of_json_are_kept_as_a_file_can_hold_them(tmp_path):
    vocab = [*build_vocab([(72, 68)]), b"<s>"]
    plain = BPETokenizer(vocab, [(72, 68)], {"<s>": 257})
    for merges in ([[72, 68]], np.array([[72, 68]])):
        tokenizer = BPETokenizer(vocab, merges, {"<s>": np.int64(257)})
        tokenizer.save(tmp_path / "numpy.json")
        assert BPETokenizer.load(tmp_path / "numpy.json") == tokenizer == plain
        assert tokenizer.encode("ie<s>", "all") == [256, 257]


def test_file_that_is_not_json_is_refused_with_its_name(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ValueError, match="broken.json: "):
        BPETokenizer.load(tmp_path / "broken.json")


def test_format_round_trips_ids_in_any_order():
    vocab = [b"<|pad|>", *build_vocab([(72, 68)]), "ü✓".encode()]
    parts = (vocab, [(73, 69)], {"<|pad|>": 0, "ü✓": 258}, ".")
    assert from_tokenizer_json(to_tokenizer_json(*parts)) == parts


# Bad input.


def test_lone_surrogate_is_refused_with_character_and_position(tokenizer):
    for encode in (tokenizer.encode, lambda text: tokenizer.encode_many(["fine", text])):
        with pytest.raises(ValueError, match=r"'\\udc80' at position 2"):
            encode("ab\udc80")


def test_unknown_id_is_refused_with_the_valid_range(tokenizer):
    for call in (tokenizer.token_bytes, lambda token: tokenizer.decode([token])):
        for token in (-1, len(tokenizer)):
            with pytest.raises(ValueError, match=f"token id is {token}; .* 0 to {len(tokenizer) - 1}"):
                call(token)


def test_vocabulary_too_small_for_bytes_and_special_tokens_is_refused():
    with pytest.raises(ValueError, match="vocab_size is 257; .* at least 258, .* 256 bytes and 2 special tokens"):
        BPETokenizer.train(["text"], 257, special_tokens=["<|a|>", "<|b|>"])


@pytest.mark.parametrize("texts", [[], [""], ["<|end|>"]])
def test_corpus_without_words_is_refused(texts):
    with pytest.raises(ValueError, match="the corpus has 0 words"):
        BPETokenizer.train(texts, 300, special_tokens=["<|end|>"])


@pytest.mark.parametrize(
    ("special_tokens", "message"),
    [
        (["<|a|>", "<|a|>"], r"'<\|a\|>' is given twice"),
        ([""], "a special token is ''"),
        (["\ud800"], "lone surrogate"),
        (["l"], "'l' is also how"),
        (["é"], "'é' is also how"),
        (["Ġ"], "'Ġ' is also how an ordinary token is written"),
    ],
)
def test_ambiguous_special_token_is_refused(special_tokens, message):
    with pytest.raises(ValueError, match=message):
        BPETokenizer.train(["été low low"], 264, special_tokens=special_tokens)


def test_one_string_as_special_tokens_is_refused():
    with pytest.raises(TypeError, match="special_tokens is '.*; it must be a list"):
        BPETokenizer.train(["text"], 300, special_tokens="<|end|>")


def test_unknown_allowed_special_token_is_refused(tokenizer):
    with pytest.raises(ValueError, match=r"allowed_special has \['<\|x\|>'\]"):
        tokenizer.encode("text", {"<|x|>"})
    with pytest.raises(ValueError, match="must be 'all' or a set"):
        tokenizer.encode("text", "<|end|>")


def test_file_that_is_not_utf8_is_refused_with_name_and_offset(tmp_path):
    (tmp_path / "latin1.txt").write_bytes(b"caf\xe9 au lait")
    with pytest.raises(ValueError, match="latin1.txt has the byte 0xe9 at offset 3; it must be UTF-8"):
        BPETokenizer.train_from_files([tmp_path / "latin1.txt"], 300)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="the token 'é' has two ids, 256 and 257"):
        BPETokenizer([*build_vocab([]), "é".encode(), "é".encode()], special_tokens={})
    with pytest.raises(ValueError, match="byte 0x21 has no token"):
        BPETokenizer(build_vocab([])[1:])
    with pytest.raises(ValueError, match=r"a merge makes b'!\"', which is no token"):
        BPETokenizer(build_vocab([]), [(0, 1)])


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"special_tokens": {"<s>": 999}}, "'<s>' has the id 999"),
        ({"special_tokens": {"<s>": 3}}, "'<s>' has the id 3"),
        ({"merges": [(0, 300)]}, r"merge is \(0, 300\); it must be of ids from 0 to 255"),
        ({"merges": [(-1, 0)]}, r"merge is \(-1, 0\)"),
    ],
)
def test_parts_that_do_not_fit_together_are_named(parts, says):
    with pytest.raises(ValueError, match=says):
        BPETokenizer(BASE_VOCAB, **parts)


def test_one_string_is_not_taken_for_a_list():
    with pytest.raises(TypeError, match="texts is 'ab'; it must be a list"):
        BPETokenizer(BASE_VOCAB).encode_many("ab")
    with pytest.raises(TypeError, match=r"paths is 'README\.md'; it must be a list"):
        BPETokenizer.train_from_files("README.md", 300)
