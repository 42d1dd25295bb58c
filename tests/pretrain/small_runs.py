"""Folders of runs as the program leaves them, without a run: small random models, saved."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch

from llmcourse.data.shards import tokenizer_hash
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.model import ModelConfig, Transformer
from llmcourse.moe.config import ExpertsConfig
from llmcourse.pretrain.settings.config import parse, write_run
from llmcourse.tokenization import BPETokenizer

CODE = ["def add(a, b):\n    return a + b\n", "for i in range(10):\n    print(i)\n", "naïve = '汉字'\n"] * 3
MARK = "<|endoftext|>"
OTHER_PATTERN = r"\s+|\w+|[^\s\w]+"  # not GPT-2's, which a class of theirs would put in the place of ours
EXPERTS = ExpertsConfig(24, n_experts=5, top_k=2)
MIXTRAL = ModelConfig(
    vocab_size=320, d_model=32, n_layers=2, n_heads=4, n_kv_heads=2, max_seq_len=64, init_std=0.2, feed_forward=EXPERTS
)
MODELS = {
    "mixtral": MIXTRAL,
    "mixtral, untied": dataclasses.replace(MIXTRAL, tie_embeddings=False),
    "qwen3_moe": dataclasses.replace(MIXTRAL, qk_norm=True),
    "olmoe": dataclasses.replace(MIXTRAL, qk_norm=True, qk_norm_over="all"),
    "llama": dataclasses.replace(MIXTRAL, feed_forward=None),
    "gpt2": ModelConfig(320, 32, 2, 4, 64, positions="learned", norm="layernorm", bias=True, activation="gelu_tanh",
                        init_std=0.2),
}  # fmt: skip


def a_model(config, seed=0):
    torch.manual_seed(seed)
    model = Transformer(config)
    for parameter in model.parameters():  # fresh norms are ones, biases zeros, which would hide a mix-up
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.2)
    return model.eval()


def settings(model, folder):
    fields = {name: value for name, value in vars(model).items() if value is not None and name != "feed_forward"}
    for name in ("d_head", "d_ff", "n_kv_heads"):
        fields[name] = int(fields[name])
    if model.feed_forward is not None:
        fields["experts"] = {n: v for n, v in vars(model.feed_forward).items() if v is not None}
    return parse(
        {
            "run": {"folder": str(folder)},
            "data": {"sources": [{"name": "code", "corpus": "python"}], "seq_len": 32, "batch_size": 4},
            "model": fields,
            "training": {"steps": 10, "lr": 1e-3},
        }
    )


def a_tokenizer() -> BPETokenizer:
    return BPETokenizer.train(CODE, vocab_size=300, special_tokens=[MARK], pattern=OTHER_PATTERN)


def a_run(folder: Path, config: ModelConfig, tokenizer: BPETokenizer, steps: tuple[int, ...] = (10,)) -> Transformer:
    """The folder of a run; the model of the last checkpoint."""
    folder.mkdir(exist_ok=True)
    write_run(settings(config, folder), folder)
    tokenizer.save(folder / "tokenizer.json")
    rows = [{"step": step, "loss": 5.0 - step / 10} for step in range(1, 13)]
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    about = {"tokenizer": tokenizer_hash(tokenizer)}
    for step in steps:
        model = a_model(config, seed=step)
        optimizer = torch.optim.AdamW(model.parameters())
        ShardedCheckpoints(folder, keep=9, belongs_to=about).save(step, model, optimizer, {})
    return model
