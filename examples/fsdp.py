"""Train on several processes, each of which keeps a part of the weights, gradients and optimizer state.

    torchrun --standalone --nproc-per-node 2 examples/fsdp.py --strategy fsdp

"fsdp" is the course's own; "fsdp2" and "torch_ddp" are PyTorch's, "ddp", "zero1" and "zero2" the course's. The losses
are the same. A run that was stopped goes on from its folder, on any number of processes.
"""

import argparse
import functools

import torch

from llmcourse.data import Batches, corpus, tokenize_corpus
from llmcourse.distributed.parallelize import STRATEGIES, parallelize
from llmcourse.distributed.sharded_checkpoint import ShardedCheckpoints
from llmcourse.distributed.torchrun import joined
from llmcourse.model import ModelConfig, Transformer
from llmcourse.optim.optimizers import AdamW
from llmcourse.tokenization import BPETokenizer
from llmcourse.training import TrainingConfig, parallel_step, train

parser = argparse.ArgumentParser(description="Train a small model on several processes.")
parser.add_argument("--strategy", default="fsdp", choices=list(STRATEGIES))
parser.add_argument("--steps", type=int, default=60)
parser.add_argument("--megabytes", type=float, default=0.5)
parser.add_argument("--folder", default="runs/fsdp")
wanted = parser.parse_args()

texts = corpus("python", limit_mb=wanted.megabytes)
tokenizer = BPETokenizer.train(texts, vocab_size=512, special_tokens=["<|endoftext|>"])
tokens = tokenize_corpus(texts, tokenizer, "<|endoftext|>")

with joined("cuda" if torch.cuda.is_available() else "cpu") as group:  # NCCL on GPUs, gloo on CPUs
    torch.manual_seed(0)  # the same model on every process
    model = Transformer(ModelConfig(vocab_size=512, d_model=64, n_layers=2, n_heads=4, max_seq_len=64))
    strategy = parallelize(model.to(group.device), wanted.strategy, group)
    optimizer = AdamW(strategy.parameters(), lr=3e-3)
    history = train(
        strategy.model, Batches(tokens, seq_len=64, batch_size=8, device=group.device),
        TrainingConfig(steps=wanted.steps, lr=3e-3), group=group, optimizer=optimizer,
        step=functools.partial(parallel_step, parallel=strategy), folder=wanted.folder,
        checkpoints=ShardedCheckpoints(wanted.folder, group), progress=group.is_first,
    )  # fmt: skip
    if group.is_first:
        print(f"{wanted.strategy} on {group.size}: loss {history[0]['loss']:.4f} -> {history[-1]['loss']:.4f}")
