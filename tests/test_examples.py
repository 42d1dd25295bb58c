"""The scripts in `examples/` run as they stand, at a small size."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from llmcourse.model import ModelConfig, Transformer
from llmcourse.moe.config import ExpertsConfig
from llmcourse.tokenization import BPETokenizer

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = {path.stem for path in (ROOT / "examples").glob("*.py")}


def ran(name, *words, folder, launcher=()):
    done = subprocess.run(
        [sys.executable, *launcher, str(ROOT / "examples" / f"{name}.py"), *map(str, words)],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, capture_output=True,
        text=True, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_run_here_and_named_in_the_readme():
    source, readme = Path(__file__).read_text(), (ROOT / "README.md").read_text()
    for name in EXAMPLES:
        assert f'ran("{name}"' in source or f'"{name}", ' in source, name
        assert f"examples/{name}.py" in readme, name


def test_a_tokenizer_is_learned_and_used_with_transformers(tmp_path):
    pytest.importorskip("transformers")
    told = ran("tokenizer", ROOT / "examples", "--vocab-size", 300, "--out", tmp_path / "out", folder=tmp_path)
    assert "300 tokens" in told and "transformers gives the same ids" in told
    assert len(BPETokenizer.load(tmp_path / "out")) == 300


def test_a_small_model_is_trained_in_a_script(tmp_path):
    told = ran("train", "--steps", 4, "--megabytes", 0.1, "--folder", tmp_path / "run", folder=tmp_path)
    assert "bits a byte" in told and "\ndef" in told
    assert Transformer.from_pretrained(tmp_path / "run" / "model").config.n_layers == 4


def test_fsdp_on_two_ranks_has_the_losses_of_one(tmp_path):
    small = ("--steps", 3, "--megabytes", 0.05, "--folder")
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    two = ran("fsdp", *small, tmp_path / "two", folder=tmp_path, launcher=torchrun)
    one = ran("fsdp", *small, tmp_path / "one", folder=tmp_path)
    assert "fsdp on 2: loss" in two and two.split(": ")[-1] == one.split(": ")[-1]


def test_the_load_of_experts_is_told(tmp_path):
    torch.manual_seed(0)
    experts = ExpertsConfig(24, n_experts=4, top_k=2)
    tokenizer = BPETokenizer.train(["low lower lowest"], 260)
    model = Transformer(ModelConfig(260, 32, 2, 4, 64, feed_forward=experts))
    told = ran("expert_load", model.save_pretrained(tmp_path / "moe", tokenizer), folder=tmp_path)
    assert told.count("of a fair share") == 2 and "layer 1: busiest" in told


def test_a_law_is_fitted_to_a_table(tmp_path):
    ladder = ROOT / "book" / "data" / "scaling_ladder.csv"
    told = ran("scaling_law", ladder, "--where", "corpus=python", "--samples", 20, folder=tmp_path)
    assert "runs: L = " in told and "parameters" in told and "95% of resampled fits" in told
