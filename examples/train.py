"""Train a small model in a script of your own: data, model, loop, validation, text. Start it again and it goes on.

python examples/train.py --steps 300 --folder runs/script
"""

import argparse
import math

import torch

from llmcourse.data import Batches, corpus, tokenize_corpus
from llmcourse.data.evaluation import evaluate
from llmcourse.model import ModelConfig, Transformer
from llmcourse.pretrain.run.sampling import stream
from llmcourse.tokenization import BPETokenizer
from llmcourse.training import TrainingConfig, train

END = "<|endoftext|>"

parser = argparse.ArgumentParser(description="Train a small model on the Python files of this machine.")
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--megabytes", type=float, default=2.0)
parser.add_argument("--folder", default="runs/script")
wanted = parser.parse_args()

texts, held_out = corpus("python", limit_mb=wanted.megabytes), corpus("python", "validation", limit_mb=0.1)
tokenizer = BPETokenizer.train(texts, vocab_size=1024, special_tokens=[END])
device = "cuda" if torch.cuda.is_available() else "cpu"
rows = {"seq_len": 128, "batch_size": 8, "end_of_text": tokenizer.special_tokens[END], "device": device}
batches = Batches(tokenize_corpus(texts, tokenizer, END), **rows)
tokens = tokenize_corpus(held_out, tokenizer, END)
validation = Batches(tokens, **rows)

torch.manual_seed(0)
model = Transformer(ModelConfig(vocab_size=len(tokenizer), d_model=128, n_layers=4, n_heads=4, max_seq_len=128))
config = TrainingConfig(
    steps=wanted.steps, lr=3e-3, warmup_steps=wanted.steps // 10, checkpoint_every=max(1, wanted.steps // 5)
)
train(model.to(device), batches, config, validation=validation, folder=wanted.folder)

loss = evaluate(model, validation, 8)
n_bytes = sum(len(text.encode()) for text in held_out)
print(f"validation: {loss:.3f} nats a token, {loss / math.log(2) * len(tokens) / n_bytes:.3f} bits a byte")
print("def", *stream(model, tokenizer, "def", 60, end_of_text=tokenizer.special_tokens[END]), sep="")
print(model.save_pretrained(f"{wanted.folder}/model", tokenizer, end_of_text=END))
