"""A run's model as a folder for `transformers`: it says there what it says here, and what is wrong is told by name."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from llmcourse.distributed.launch import run_on_ranks
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints, read_weights, sharded_checkpoint_path
from llmcourse.files import CheckpointError
from llmcourse.model.folders import read_folder, write_folder
from llmcourse.model.generation import generate
from llmcourse.moe.huggingface import load_pretrained
from llmcourse.pretrain.results import export as module
from llmcourse.pretrain.results.export import TEXTS, export, weight_map
from llmcourse.pretrain.results.trained import Trained, read_trained
from llmcourse.pretrain.settings.config import write_run
from llmcourse.tokenization import BPETokenizer
from tests.pretrain import saving_ranks
from tests.pretrain.small_runs import CODE, EXPERTS, MARK, MIXTRAL, MODELS, a_model, a_run, a_tokenizer, settings

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def tokenizer():
    return a_tokenizer()


@pytest.mark.parametrize("kind", MODELS)
def test_transformers_gives_the_same_logits_and_greedy_text(kind, tmp_path, tokenizer):
    model = a_run(tmp_path / "run", MODELS[kind], tokenizer)
    found = export(tmp_path / "run", tmp_path / "out", dtype="fp32", compare=True)
    assert found.n_tensors > 10 and found.n_greedy >= 40 and found.n_texts == len(TEXTS)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    assert theirs.config.model_type == kind.partition(",")[0]
    assert theirs.dtype == torch.float32
    ids = torch.randint(320, (2, 50), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert_close(theirs(ids).logits, model(ids), atol=1e-4, rtol=0)
    prompt = ids[:1, :9]
    mask = torch.ones_like(prompt)  # theirs would take a token 0 for padding
    want = theirs.generate(
        prompt, attention_mask=mask, max_new_tokens=30, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    assert torch.equal(generate(model, prompt, 30, temperature=0), want)


def test_their_tokenizer_gives_the_same_ids_and_is_no_class_that_changes_them(tmp_path, tokenizer):
    model = a_model(MODELS["gpt2"])
    export(Trained(model, tokenizer, tokenizer.special_tokens[MARK]), tmp_path / "out")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    assert not type(theirs).__name__.startswith("GPT2")
    assert len(theirs) == len(tokenizer)
    for text in [*TEXTS, *CODE]:
        assert theirs(text)["input_ids"] == tokenizer.encode(text, allowed_special="all")
    assert theirs.eos_token_id == theirs.bos_token_id == tokenizer.special_tokens[MARK]


def test_bf16_is_what_comes_back_at_the_first_load(tmp_path):
    model = a_model(MIXTRAL)
    export(Trained(model), tmp_path / "out")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert {parameter.dtype for parameter in theirs.parameters()} == {torch.bfloat16}
    files = load_file(tmp_path / "out" / "model.safetensors")
    assert {weight.dtype for weight in files.values()} == {torch.bfloat16}
    assert model.embedding.weight.dtype == torch.float32  # what was given stays as it was
    assert torch.equal(files["model.embed_tokens.weight"], model.embedding.weight.bfloat16())


def test_a_tied_head_is_in_the_files_once(tmp_path):
    export(Trained(a_model(MIXTRAL)), tmp_path / "tied")
    assert "lm_head.weight" not in read_folder(tmp_path / "tied")[1]
    export(Trained(a_model(MODELS["mixtral, untied"])), tmp_path / "untied")
    assert "lm_head.weight" in read_folder(tmp_path / "untied")[1]


@pytest.mark.parametrize("kind", ["mixtral", "llama"])
def test_many_files_are_read_as_one(kind, tmp_path):
    model = a_model(MODELS[kind])
    export(Trained(model), tmp_path / "out", dtype="fp32", max_shard_bytes=20_000)
    files = sorted(path.name for path in (tmp_path / "out").glob("*.safetensors"))
    assert len(files) > 3 and files[0] == f"model-00001-of-{len(files):05d}.safetensors"
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"].values()) == set(files)
    assert index["metadata"]["total_size"] == sum(w.numel() * 4 for w in read_folder(tmp_path / "out")[1].values())
    ids = torch.arange(20)[None]
    with torch.no_grad():
        assert torch.equal(load_pretrained(tmp_path / "out")(ids), model(ids))


def test_files_of_a_larger_model_that_was_there_are_gone(tmp_path):
    export(Trained(a_model(MIXTRAL)), tmp_path / "out", max_shard_bytes=5_000)
    before = {path.name for path in (tmp_path / "out").glob("*.safetensors")}
    (tmp_path / "out" / "notes.txt").write_text("of the first export")
    small = a_model(MODELS["llama"])
    export(Trained(small), tmp_path / "out", max_shard_bytes=30_000, overwrite=True)
    after = {path.name for path in (tmp_path / "out").glob("*")}
    assert not before & after and "notes.txt" not in after
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_write_folder_leaves_no_weights_of_an_earlier_model(tmp_path):
    theirs = {"eos_token_id": None}
    weights = {"a": torch.ones(3), "b": torch.tensor(1.5)}
    write_folder(tmp_path, theirs, weights, places=weight_map({"a": 12, "b": 4}, 12))
    assert read_folder(tmp_path)[1]["b"] == 1.5  # one number, without a dimension
    write_folder(tmp_path, theirs, {"a": torch.zeros(2)})
    assert [path.name for path in tmp_path.glob("model*")] == ["model.safetensors"]
    write_folder(tmp_path, theirs, weights, places=weight_map({"a": 12, "b": 4}, 12))
    assert not (tmp_path / "model.safetensors").exists()  # it would count before the index
    assert read_folder(tmp_path)[1]["a"].shape == (3,)


def test_a_bias_of_the_choice_is_refused_unless_it_is_zero(tmp_path):
    model = a_model(dataclasses.replace(MIXTRAL, feed_forward=dataclasses.replace(EXPERTS, bias_rate=0.01)))
    export(Trained(model), tmp_path / "zero")
    assert "bias" not in " ".join(read_folder(tmp_path / "zero")[1])
    model.blocks[1].feed_forward.bias[2] = -0.04
    with pytest.raises(ValueError, match=r"blocks.1.feed_forward.bias is up to 0.04; it must be 0 for this export"):
        export(Trained(model), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"positions": "alibi"}, "positions is 'alibi'; it must be 'rope'"),
        ({"norm": "layernorm"}, "norm is 'layernorm'; it must be 'rmsnorm'"),
        ({"feed_forward": dataclasses.replace(EXPERTS, n_shared=1)}, "n_shared is 1; it must be 0"),
        ({"feed_forward": dataclasses.replace(EXPERTS, scores="sigmoid")}, "scores is .sigmoid.; it must be "),
        (
            {"feed_forward": dataclasses.replace(EXPERTS, capacity_factor=1.0)},
            "capacity_factor is 1.0; it must be",
        ),
        ({"feed_forward": None, "qk_norm": True}, "qk_norm is True; it must be False"),
    ],
)
def test_a_shape_that_no_layout_has_is_named(change, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        export(Trained(a_model(dataclasses.replace(MIXTRAL, **change))), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_wrong_arguments_are_named(tmp_path, tokenizer):
    model = Trained(a_model(MIXTRAL), tokenizer)
    with pytest.raises(ValueError, match="layout is 'llama'; it must be 'mixtral' for this model"):
        export(model, tmp_path / "out", layout="llama")
    with pytest.raises(ValueError, match="layout is 'bert'; it must be one of 'auto', 'mixtral'"):
        export(model, tmp_path / "out", layout="bert")
    with pytest.raises(ValueError, match="dtype is 'int8'; it must be one of 'bf16', 'fp32'"):
        export(model, tmp_path / "out", dtype="int8")
    with pytest.raises(ValueError, match="max_shard_bytes is 0; it must be at least 1"):
        export(model, tmp_path / "out", max_shard_bytes=0)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "thesis.txt").write_text("ten years of work")
    with pytest.raises(ValueError, match="there', which is there already; it must be a new folder"):
        export(model, tmp_path / "there")
    with pytest.raises(ValueError, match="there', which is no model's folder"):
        export(model, tmp_path / "there", overwrite=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["there", "thesis.txt"]


def test_a_tokenizer_larger_than_the_embedding_is_refused(tmp_path, tokenizer):
    small = a_model(dataclasses.replace(MIXTRAL, vocab_size=len(tokenizer) - 1))
    with pytest.raises(
        ValueError, match=f"the tokenizer has {len(tokenizer)} tokens; it must have at most the model's vocab_size"
    ):
        export(Trained(small, tokenizer), tmp_path / "out")


def test_a_weight_that_is_not_finite_is_named(tmp_path):
    model = a_model(MIXTRAL)
    model.blocks[1].feed_forward.router.weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="blocks.1.feed_forward.router.weight has values that are not finite"):
        export(Trained(model), tmp_path / "out")


def test_a_run_without_a_checkpoint_or_with_another_one_is_told(tmp_path, tokenizer):
    write_run(settings(MIXTRAL, tmp_path), tmp_path)
    tokenizer.save(tmp_path / "tokenizer.json")
    with pytest.raises(CheckpointError, match="has no checkpoint"):
        export(tmp_path, tmp_path / "out")
    a_run(tmp_path, MIXTRAL, tokenizer, steps=(5, 10))
    with pytest.raises(CheckpointError, match="step-00000007 is not there; it must be one of step-00000005, step-0"):
        export(tmp_path, tmp_path / "out", checkpoint=7)
    assert read_trained(tmp_path, 5).step == 5
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match="nothing holds no model; it must be the folder of a run"):
        export(tmp_path / "nothing", tmp_path / "out")


def test_a_damaged_checkpoint_is_named(tmp_path, tokenizer):
    a_run(tmp_path, MIXTRAL, tokenizer, steps=(5, 10))
    data = next(sharded_checkpoint_path(tmp_path, 10).glob("__0_*"))
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    with pytest.raises(CheckpointError, match="step-00000010 is damaged: its __0_0.distcp is not what was written"):
        read_trained(tmp_path, 10)
    with pytest.warns(UserWarning, match="step-00000010 is damaged"):
        assert read_trained(tmp_path).step == 5
    shutil.rmtree(sharded_checkpoint_path(tmp_path, 5))
    with pytest.raises(CheckpointError, match="step-00000010 is damaged"):
        export(tmp_path, tmp_path / "out")


def test_a_checkpoint_of_another_model_or_tokenizer_is_named(tmp_path, tokenizer):
    a_run(tmp_path, MIXTRAL, tokenizer)
    wider = dataclasses.replace(MIXTRAL, feed_forward=dataclasses.replace(EXPERTS, d_expert=32))
    write_run(settings(wider, tmp_path), tmp_path)
    with pytest.raises(CheckpointError, match=r"another model: blocks.0.feed_forward.experts.down_EDF is \(5, 32, 24"):
        read_trained(tmp_path)
    write_run(settings(MIXTRAL, tmp_path), tmp_path)
    BPETokenizer.train(CODE, vocab_size=290, special_tokens=[MARK]).save(tmp_path / "tokenizer.json")
    with pytest.raises(CheckpointError, match="step-00000010 is of another tokenizer"):
        read_trained(tmp_path)


def spoil(name):
    """Writers that make a mistake which no reader would complain about."""

    def write(folder, theirs, weights, *more, **options):
        weights = dict(weights)
        if name == "a value":
            weights["model.norm.weight"] = weights["model.norm.weight"].clone().fill_(0.5)
        elif name == "a sign of zero":
            weights["model.norm.weight"] = torch.where(
                weights["model.norm.weight"] == 0, -weights["model.norm.weight"], weights["model.norm.weight"]
            )
        elif name == "a dtype":
            weights["model.norm.weight"] = weights["model.norm.weight"].double()
        elif name == "a setting":
            theirs = {**theirs, "rms_norm_eps": 1e-3}
        write_folder(folder, theirs, weights, *more, **options)
        if name == "a file":
            shutil.copy(folder / "model.safetensors", folder / "model-00009-of-00009.safetensors")

    return write


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a value", "model.norm.weight has other values in the files"),
        ("a sign of zero", "model.norm.weight has other values in the files"),
        ("a dtype", "model.norm.weight is torch.float64 of shape"),
        ("a setting", "rms_norm_eps is 0.001 in config.json; it must be 1e-05"),
        ("a file", "model-00009-of-00009.safetensors"),
    ],
)
def test_what_was_written_wrong_is_found_and_nothing_is_left(name, says, tmp_path, monkeypatch):
    model = a_model(MIXTRAL)
    model.norm.weight.data[3] = 0.0
    monkeypatch.setattr(module, "write_folder", spoil(name))
    with pytest.raises(CheckpointError, match=says):
        export(Trained(model), tmp_path / "out", compare=False)
    assert not list(tmp_path.iterdir())


def test_what_transformers_computes_otherwise_is_found(tmp_path, tokenizer):
    model = a_model(MIXTRAL)
    export(Trained(model, tokenizer), tmp_path / "out", dtype="fp32", compare=False)
    path = tmp_path / "out" / "config.json"
    config = json.loads(path.read_text())
    config["rope_parameters"]["rope_theta"] = 300.0
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="the logits of transformers differ by"):
        module.compare_with_transformers(tmp_path / "out", model)
    config["rope_parameters"]["rope_theta"] = 10000.0
    path.write_text(json.dumps(config))
    BPETokenizer.train(CODE, vocab_size=280).save(tmp_path / "out" / "tokenizer.json")
    with pytest.raises(CheckpointError, match="transformers reads 'def add"):
        module.compare_with_transformers(tmp_path / "out", model, tokenizer)


def test_a_card_says_what_the_model_is_and_names_no_folder(tmp_path, tokenizer, monkeypatch, capsys):
    a_run(tmp_path / "run", MIXTRAL, tokenizer)
    export(tmp_path / "run", tmp_path / "tiny", compare=False)
    card = (tmp_path / "tiny" / "README.md").read_text()
    assert "| steps | 10 |" in card and "| training tokens | 1,280 |" in card
    assert "4 (nats" not in card and "| 4, after step 10 |" in card  # not the loss of step 12, which came later
    assert "MixtralForCausalLM" in card and "n_experts = 5" in card and "bfloat16" in card
    assert str(tmp_path) not in card
    code = card.partition("```python\n")[2].partition("```")[0]
    assert "'<|endoftext|>def '" in code
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "card", "exec"), {})
    assert "<|endoftext|>def " in capsys.readouterr().out


def test_an_exported_folder_is_read_like_a_run(tmp_path, tokenizer):
    model = a_model(MIXTRAL)
    export(Trained(model, tokenizer, tokenizer.special_tokens[MARK]), tmp_path / "out", dtype="fp32", compare=False)
    again = read_trained(tmp_path / "out")
    assert again.tokenizer == tokenizer and again.end_of_text == tokenizer.special_tokens[MARK]
    assert torch.equal(again.model.lm_head.weight, model.lm_head.weight)
    with pytest.raises(ValueError, match="checkpoint is 3; it must be left out"):
        read_trained(tmp_path / "out", 3)


@pytest.mark.parametrize("limit", [1, 7, 8, 64, 200, 1000, 10**6])
@pytest.mark.parametrize("seed", range(4))
def test_the_files_of_weights_are_those_of_transformers(seed, limit):
    from huggingface_hub import split_torch_state_dict_into_shards

    sizes = torch.randint(0, 40, (17,), generator=torch.Generator().manual_seed(seed)).tolist()
    tensors = {f"w{i}": torch.zeros(size, dtype=torch.uint8) for i, size in enumerate(sizes)}
    tensors |= {f"large{i}": torch.zeros(70, dtype=torch.uint8) for i in range(2)} | {"last": torch.zeros(3)}
    tensors = {name: tensor for name, tensor in tensors.items() if tensor.numel()}  # theirs takes empty ones for one
    want = split_torch_state_dict_into_shards(tensors, max_shard_size=limit).tensor_to_filename
    got = weight_map({name: tensor.nbytes for name, tensor in tensors.items()}, limit)
    assert got == want and list(got) == list(tensors)


def test_bad_sizes_are_named():
    assert weight_map({}, 5) == {}
    assert weight_map({"a": 0, "b": 0}, 5) == dict.fromkeys("ab", "model.safetensors")
    with pytest.raises(ValueError, match="max_shard_bytes is 0; it must be at least 1"):
        weight_map({"a": 1}, 0)
    with pytest.raises(ValueError, match="the size of 'b' is -1; it must be at least 0"):
        weight_map({"a": 1, "b": -1}, 5)


class WithNumbers(torch.nn.Linear):
    """A layer that keeps what a consolidated file of PyTorch's would lose: a single number, and whole numbers."""

    def __init__(self):
        super().__init__(3, 2)
        self.register_buffer("scale", torch.tensor(1.5))
        self.register_buffer("counts", torch.tensor([3, 5]))
        self.register_buffer("narrow", torch.tensor([0.1, 0.2], dtype=torch.bfloat16))


def test_weights_are_read_without_a_model_numbers_and_dtypes_included(tmp_path):
    model = WithNumbers()
    saved = ShardedCheckpoints(tmp_path).save(1, model, torch.optim.AdamW(model.parameters()), {})
    weights = read_weights(saved)
    assert weights.keys() == model.state_dict().keys()
    for name, want in model.state_dict().items():
        assert weights[name].dtype == want.dtype and weights[name].shape == want.shape
        assert torch.equal(weights[name], want)


@pytest.mark.parametrize("strategy", ["fsdp", "fsdp2", "expert_parallel"])
def test_what_ranks_have_saved_in_shards_one_process_reads_whole(strategy, tmp_path):
    (answer, *_) = run_on_ranks(saving_ranks.save_shards, [(strategy, str(tmp_path))] * 2)
    weights = read_weights(sharded_checkpoint_path(tmp_path, 1))
    want = saving_ranks.make_model().state_dict()
    assert weights.keys() == want.keys()
    assert all(torch.equal(weights[name], tensor) for name, tensor in want.items())
    assert answer == 1
