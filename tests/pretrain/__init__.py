"""The capstone: settings that are small enough for a test."""

from pathlib import Path

CONFIGS = Path(__file__).resolve().parents[2] / "configs"

SMALL = {
    "run": {"folder": "run", "device": "cpu", "timeout_s": 60.0},
    "tokenizer": {"train_mb": 0.02},
    "data": {"sources": [{"name": "toy", "corpus": "toy", "limit_mb": 0.05}], "seq_len": 16, "batch_size": 8},
    "model": {
        "vocab_size": 300, "d_model": 32, "n_layers": 2, "n_heads": 2, "init_std": 0.1,
        "experts": {"d_expert": 32, "n_experts": 4, "top_k": 2, "sequence_weight": 0.01, "z_weight": 0.001,
                    "bias_rate": 0.01, "way": "grouped"},
    },
    "training": {"steps": 6, "lr": 2e-3, "warmup_steps": 2},
    "evaluation": {"limit_mb": 0.01, "samples": 2, "sample_tokens": 8},
}  # fmt: skip
"""A mixture whose losses do not depend on how a batch is cut: no balancing loss of a micro-batch."""
