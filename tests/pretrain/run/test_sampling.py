"""Text comes out as it is written, never half a character, and is what the model would have written at once."""

from __future__ import annotations

import pytest
import torch

from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.generation import generate
from llmcourse.moe.config import ExpertsConfig
from llmcourse.pretrain.run.sampling import parses_as_python, python_share, stream
from llmcourse.tokenization import BPETokenizer

MARK = "<|end|>"
CONFIG = ModelConfig(
    vocab_size=300, d_model=16, n_layers=2, n_heads=2, max_seq_len=64, init_std=0.3,
    feed_forward=ExpertsConfig(24, n_experts=4, top_k=2),
)  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return BPETokenizer.train(["def f(x):\n    return x\n" * 3, "汉字 🙂"], vocab_size=280, special_tokens=[MARK])


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Transformer(CONFIG).train()


class Says(torch.nn.Module):
    """A model that says given tokens, one after the other, and counts what it is asked."""

    def __init__(self, tokens):
        super().__init__()
        self.config, self.embedding = CONFIG, torch.nn.Embedding(CONFIG.vocab_size, 2)
        self.tokens, self.asked = list(tokens), []

    def forward(self, ids_BT, cache=None):
        self.asked.append(ids_BT.tolist())
        logits = torch.zeros(1, ids_BT.shape[1], CONFIG.vocab_size)
        logits[..., self.tokens.pop(0)] = 9.0
        return logits


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_pieces_together_are_what_is_written_at_once(model, tokenizer, temperature):
    ids = torch.tensor(tokenizer.encode("def f"))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        model.lm_head.weight[len(tokenizer) :] = 0  # of tokens that there are, greedily
    written = generate(model, ids, 20, temperature=temperature, generator=generator, top_k=3, top_p=0.9)
    want = tokenizer.decode([min(token, len(tokenizer) - 1) for token in written[len(ids) :].tolist()])
    pieces = list(stream(model, tokenizer, "def f", 20, temperature=temperature, top_k=3, top_p=0.9, seed=5))
    assert "".join(pieces) == want
    assert len(pieces) > 5 and all(pieces)
    assert all(module.training for module in model.modules())


def test_a_piece_never_ends_within_a_character(tokenizer):
    text = "é汉🙂 x"
    tokens = [tokenizer.encode("a")[0]] + [i for byte in text.encode() for i in range(256)
                                           if tokenizer.token_bytes(i) == bytes([byte])]  # fmt: skip
    pieces = list(stream(Says(tokens), tokenizer, "def", len(tokens), temperature=0))
    assert pieces == ["a", *text]


def test_bytes_that_never_become_a_character_are_told_at_the_end(tokenizer):
    first = next(i for i in range(256) if tokenizer.token_bytes(i) == "汉".encode()[:1])
    assert list(stream(Says([first, first]), tokenizer, "x", 2, temperature=0)) == ["\ufffd", "\ufffd"]


def test_each_position_is_computed_once_and_begins_behind_the_mark(tokenizer):
    mark = tokenizer.special_tokens[MARK]
    says = Says([7, 8, mark, 9])
    assert "".join(stream(says, tokenizer, "ab", 9, temperature=0, end_of_text=mark)) == tokenizer.decode([7, 8])
    assert says.asked == [[[mark, *tokenizer.encode("ab")]], [[7]], [[8]]]


@pytest.mark.parametrize(
    ("stop", "want"),
    [("\n\n", "one"), (["x", "wo"], "one\n\nt"), ("never", "one\n\ntwo"), ("two!", "one\n\ntwo"), ((), "one\n\ntwo")],
)
def test_a_text_ends_before_what_stops_it(tokenizer, stop, want):
    tokens = [token for letter in "one\n\ntwo" for token in tokenizer.encode(letter)]
    pieces = list(stream(Says(tokens), tokenizer, "x", len(tokens), temperature=0, stop=stop))
    assert "".join(pieces) == want and all(pieces)


def test_an_id_without_a_token_is_never_chosen(model, tokenizer):
    with torch.no_grad():
        model.lm_head.weight[290] = 100 * model.lm_head.weight[5].sign()
    assert "".join(stream(model, tokenizer, "def", 30, temperature=2.0)) is not None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"prompt": ""}, "prompt is ''; it must have a character"),
        ({"max_new_tokens": -1}, "max_new_tokens is -1; it must be at least 0"),
        ({"max_new_tokens": 2.5}, "max_new_tokens is 2.5; it must be a whole number"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"stop": ["a", ""]}, "stop is ''"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_computed(model, tokenizer, change, says):
    arguments = {"prompt": "def", "max_new_tokens": 4, **change}
    with pytest.raises(ValueError, match=says):
        stream(model, tokenizer, **arguments)


def test_a_learned_table_that_is_too_short_is_told(tokenizer):
    config = ModelConfig(300, 16, 1, 2, 8, positions="learned")
    assert stream(Transformer(config), tokenizer, "x", 8)
    with pytest.raises(ValueError, match="max_new_tokens is 9 and the prompt has 1 tokens"):
        stream(Transformer(config), tokenizer, "x", 9)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "x = 1\nwhi",
        "def f(x):\n    return x\n\ndef g(",
        "import os\n\nclass A:\n",  # a block that was to come
        "y = 0\nx = [\n    1,\n    2",
        'x = 1\n"""a text\nthat goes\non ',
        "if x:\n    pass\nelse:\n",
        "try:\n    x = 1\nexcept ValueError:\n    y = 2\nx = (",
        "x = '\\d'\n",  # Python only warns
    ],
)
def test_what_breaks_off_is_python_as_far_as_it_goes(text):
    assert parses_as_python(text)


@pytest.mark.parametrize(
    "text",
    ["", "x", "# only this\n", "x 1\n", "def f(x:\n    return\n", "x = 1\n  y = 2\nz", "x = 'a\nb'\n", "x = )\n",
     "x = 1\n\0\n", "(" * 1000 + "\n" + ")" * 1000 + "\n", "    indented = 1\n", "The quick brown fox\njumps\n"],
)  # fmt: skip
def test_what_is_wrong_is_no_python(text):
    assert not parses_as_python(text)


def test_the_share_of_texts_that_parse():
    assert python_share(["x = 1\n", "x 1\n", "y = 2\n", "if"]) == 0.5
    with pytest.raises(ValueError, match="texts is empty"):
        python_share([])
