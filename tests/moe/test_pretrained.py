"""A folder holds a model and its tokenizer, for `transformers` and for us: one door for every kind of model."""

from __future__ import annotations

import json

import pytest
import torch
from torch.testing import assert_close

from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.generation import generate
from llmcourse.moe.config import ExpertsConfig
from llmcourse.tokenization import BPETokenizer

transformers = pytest.importorskip("transformers")

MARK = "<|endoftext|>"
TEXTS = ["def add(a, b):\n    return a + b\n", "naïve 3.14 × 10²\t\r\n", "", "  \n\n", f"one{MARK}two 汉字 🙂"]
EXPERTS = ExpertsConfig(24, n_experts=5, top_k=2)
KINDS = {
    "llama": {},
    "llama, untied": {"tie_embeddings": False, "n_kv_heads": 2},
    "gpt2": {"positions": "learned", "norm": "layernorm", "bias": True, "activation": "gelu_tanh"},
    "mixtral": {"feed_forward": EXPERTS},
    "qwen3_moe": {"feed_forward": EXPERTS, "qk_norm": True},
    "olmoe, untied": {"feed_forward": EXPERTS, "qk_norm": True, "qk_norm_over": "all", "tie_embeddings": False},
}


@pytest.fixture(scope="module")
def tokenizer():
    return BPETokenizer.train(TEXTS * 3, vocab_size=280, special_tokens=[MARK])


def a_model(change, vocab_size=288):
    torch.manual_seed(3)
    return Transformer(ModelConfig(vocab_size, 32, 2, 4, 64, init_std=0.2, **change)).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_the_same_model_and_tokenizer_here_and_in_transformers(kind, dtype, tokenizer, tmp_path):
    model = a_model(KINDS[kind]).to(dtype)
    assert model.save_pretrained(tmp_path / "saved", tokenizer=tokenizer, end_of_text=MARK) == tmp_path / "saved"

    ours = Transformer.from_pretrained(tmp_path / "saved")
    assert ours.config.tie_embeddings == model.config.tie_embeddings == (ours.lm_head.weight is ours.embedding.weight)
    assert_close(ours.state_dict(), model.state_dict(), rtol=0, atol=0)  # the dtype, too
    assert BPETokenizer.load(tmp_path / "saved") == tokenizer

    theirs, told = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "saved", output_loading_info=True)
    assert not any(told.values()), told
    assert theirs.config.model_type == kind.partition(",")[0] and theirs.dtype == dtype
    assert (theirs.get_output_embeddings().weight is theirs.get_input_embeddings().weight) == ("untied" not in kind)
    ids = torch.randint(280, (2, 40), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        if dtype == torch.float32:
            assert_close(theirs(ids).logits, model(ids), atol=1e-4, rtol=0)
        assert_close(theirs.float()(ids).logits, model.float()(ids), atol=1e-4, rtol=0)
    mask, mark = torch.ones_like(ids), tokenizer.special_tokens[MARK]
    got = theirs.generate(ids, attention_mask=mask, max_new_tokens=20, do_sample=False)
    want = generate(model.float(), ids, 20, temperature=0, stop=mark)
    assert torch.equal(got, want)


def test_their_tokenizer_knows_the_marks_and_the_length(tokenizer, tmp_path):
    a_model({}).save_pretrained(tmp_path, tokenizer, end_of_text=MARK)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    mark = tokenizer.special_tokens[MARK]
    assert (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id) == (mark, mark, mark)
    assert theirs.model_max_length == 64 and len(theirs) == len(tokenizer) and theirs.unk_token is None
    for text in TEXTS:
        assert theirs(text).input_ids == tokenizer.encode(text, allowed_special="all")
        assert theirs.decode(tokenizer.encode(text, allowed_special="all")) == text
    batch = theirs(TEXTS[:2], padding=True, return_tensors="pt")
    assert batch.input_ids.shape == batch.attention_mask.shape and batch.attention_mask.min() == 0
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    assert model.generation_config.pad_token_id == model.generation_config.eos_token_id == mark
    assert model.get_input_embeddings().padding_idx is None  # its row is the mark's, which is trained


def test_without_a_mark_nothing_is_said_of_one(tokenizer, tmp_path):
    a_model({}).save_pretrained(tmp_path, tokenizer)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.eos_token is None and theirs.pad_token is None
    assert json.loads((tmp_path / "config.json").read_text())["eos_token_id"] is None


@pytest.mark.parametrize(("kind", "config"), [
    ("Mixtral", {"num_local_experts": 4, "num_key_value_heads": 2}), ("Llama", {"num_key_value_heads": 2}),
])  # fmt: skip
def test_folders_of_others_come_in(kind, config, tmp_path):
    sizes = {
        "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "max_position_embeddings": 64,
    }  # fmt: skip
    theirs = getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(**sizes | config))
    theirs.eval().to(torch.bfloat16).save_pretrained(tmp_path, max_shard_size="20KB")
    ours = Transformer.from_pretrained(tmp_path)
    assert {parameter.dtype for parameter in ours.parameters()} == {torch.bfloat16}
    ids = torch.arange(30)[None]
    with torch.no_grad():
        assert_close(ours.float()(ids), theirs.float()(ids).logits, atol=5e-5, rtol=0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"positions": "alibi"}, "positions is 'alibi'; it must be 'rope' for this export"),
        ({"norm_position": "post"}, "norm_position is 'post'; it must be 'pre'"),
        ({"qk_norm": True}, "qk_norm is True; it must be False"),
        ({"feed_forward": ExpertsConfig(24, n_experts=5, top_k=2, n_shared=1)}, "n_shared is 1; it must be 0"),
    ],
)
def test_what_no_layout_can_express_is_named_and_nothing_written(change, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        a_model(change).save_pretrained(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_configuration_that_lacks_a_size_or_is_of_another_kind_is_told(tmp_path):
    a_model({}).save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in config.items() if name != "intermediate_size"}))
    with pytest.raises(ValueError, match="intermediate_size is missing; the configuration must give it"):
        Transformer.from_pretrained(tmp_path)
    path.write_text(json.dumps(config | {"model_type": "mamba"}))
    with pytest.raises(ValueError, match="model_type is 'mamba'; it must be 'llama' or 'gpt2' or 'mixtral'"):
        Transformer.from_pretrained(tmp_path)


def test_the_ledger_of_a_dense_model_does_not_take_a_mixture_for_one(tmp_path):
    from llmcourse.course.ledger import model_named

    for name, change in {"dense": {}, "mixture": {"feed_forward": EXPERTS}}.items():
        a_model(change).save_pretrained(tmp_path / name)
    assert model_named(str(tmp_path / "dense" / "config.json")).d_model == 32
    with pytest.raises(ValueError, match="model_type is 'mixtral'; it must be a dense model's"):
        model_named(str(tmp_path / "mixture" / "config.json"))
