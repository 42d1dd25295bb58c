"""Load a mixture of experts from a folder, one of yours or one as published, and look at how busy its experts are.

    python examples/expert_load.py path/to/a/mixtral --text notes.txt

Llama, GPT-2, Mixtral, Qwen3-MoE and OLMoE folders load; without experts there is nothing to count.
"""

import argparse
from pathlib import Path

import torch

from llmcourse.model import Transformer
from llmcourse.moe.balance import router_entropy
from llmcourse.moe.expert_parallel import mixtures
from llmcourse.tokenization import BPETokenizer

parser = argparse.ArgumentParser(description="How many tokens each expert of each layer meets.")
parser.add_argument("folder", type=Path)
parser.add_argument("--text", type=Path, default=Path(__file__))
wanted = parser.parse_args()

model = Transformer.from_pretrained(wanted.folder)
if (wanted.folder / "tokenizer.json").exists():
    ids = BPETokenizer.load(wanted.folder).encode(wanted.text.read_text(encoding="utf-8"))
else:
    ids = torch.randint(model.config.vocab_size, (512,), generator=torch.Generator().manual_seed(0)).tolist()
ids = ids[: model.config.max_seq_len]
with torch.no_grad():
    model(torch.tensor([ids]))

layers = list(mixtures(model))
if not layers:
    raise SystemExit(f"{wanted.folder} holds a model without experts")
for number, layer in enumerate(layers):
    counts, n_experts = layer.last.counts_E, layer.config.n_experts
    share = counts / counts.sum() * n_experts  # 1 for an expert with its fair share
    entropy = float(router_entropy(layer.last.logits_SE))
    print(f"layer {number}: busiest {share.max():.2f}, idlest {share.min():.2f} of a fair share; "
          f"router entropy {entropy:.2f} nats; counts {counts.tolist()}")  # fmt: skip
