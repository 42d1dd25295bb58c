"""The Transformer of chapter 3 beside a model of plain PyTorch modules and beside transformers' Llama: training speed.

Each row trains two models of the same shape, alternately in this one process: forward pass, loss, backward pass and a
step of AdamW in float32, one thread. A second is a second of this process on the processor, so that whatever else
the machine does counts for neither side. The first row's other side is written in the style of nanoGPT: GPT-2's layers
from `torch.nn`, fused attention, one matrix for queries, keys and values. The second row's is `LlamaForCausalLM`, with
the same fused attention.
"""

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.timing import alternate, ratios, row, spread
from llmcourse.model import ModelConfig, Transformer, next_token_loss

VOCAB_SIZE, D_MODEL, N_LAYERS, N_HEADS, SEQ_LEN, BATCH_SIZE = 1024, 192, 4, 6, 128, 8
D_FF = 512  # of the Llamas
ROUNDS = 25


class PlainAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(D_MODEL, 3 * D_MODEL)
        self.out = nn.Linear(D_MODEL, D_MODEL)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (N_HEADS, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class PlainBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm_1, self.attention = nn.LayerNorm(D_MODEL), PlainAttention()
        self.norm_2 = nn.LayerNorm(D_MODEL)
        self.mlp = nn.Sequential(nn.Linear(D_MODEL, 4 * D_MODEL), nn.GELU(), nn.Linear(4 * D_MODEL, D_MODEL))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm_1(x))
        return x + self.mlp(self.norm_2(x))


class PlainGPT(nn.Module):
    """GPT-2's shape from the modules of torch.nn."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCAB_SIZE, D_MODEL), nn.Embedding(SEQ_LEN, D_MODEL)
        self.blocks = nn.ModuleList(PlainBlock() for _ in range(N_LAYERS))
        self.norm = nn.LayerNorm(D_MODEL)
        self.head = nn.Linear(D_MODEL, VOCAB_SIZE, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), targets.flatten())


def our_gpt() -> Transformer:
    return Transformer(
        ModelConfig(
            VOCAB_SIZE, D_MODEL, N_LAYERS, N_HEADS, SEQ_LEN,
            positions="learned", norm="layernorm", activation="gelu", bias=True,
        )
    )  # fmt: skip


def our_llama() -> Transformer:
    config = ModelConfig(VOCAB_SIZE, D_MODEL, N_LAYERS, N_HEADS, SEQ_LEN, n_kv_heads=2, d_ff=D_FF, tie_embeddings=False)
    return Transformer(config)


def their_llama() -> nn.Module:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCAB_SIZE, hidden_size=D_MODEL, intermediate_size=D_FF, num_hidden_layers=N_LAYERS,
        num_attention_heads=N_HEADS, num_key_value_heads=2, max_position_embeddings=SEQ_LEN, use_cache=False,
        attn_implementation="sdpa",
    )  # fmt: skip
    return LlamaForCausalLM(config).train()


def stepper(model: nn.Module, loss_of: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], None]:
    """A function that trains one step on a batch drawn once."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    ids = torch.randint(VOCAB_SIZE, (BATCH_SIZE, SEQ_LEN + 1), generator=torch.Generator().manual_seed(0))
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()

    def step() -> None:
        loss_of(inputs, targets).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def tokens_per_second(*steps: Callable[[], None]) -> list[list[float]]:
    """The speed of each, ROUNDS times, in turn; the first round of each is not counted."""
    times = alternate(*steps, repeats=ROUNDS, clock=time.process_time, warm_up=1)
    return [[BATCH_SIZE * SEQ_LEN / t for t in column] for column in times]


def compared(name: str, ours: list[float], theirs: list[float]) -> bool:
    ratio = ratios(ours, theirs)
    columns = [spread(ours, ",.0f"), spread(theirs, ",.0f"), spread(ratio)]
    return row(name, columns, "ratio at least 1.0", statistics.median(ratio) >= 1)


def main() -> bool:
    """Print the table; return whether every target was met."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    print(
        f"training: {N_LAYERS} layers of width {D_MODEL}, {BATCH_SIZE} x {SEQ_LEN} tokens, float32, one thread, AdamW"
    )
    print(f"tokens per second of processor time, median of {ROUNDS} (smallest to largest)")
    row("", ["ours", "theirs", "ours / theirs"], "target")
    met = []
    for name, ours, theirs in (
        ("GPT-2, plain torch.nn", our_gpt(), PlainGPT()),
        ("Llama, transformers", our_llama(), their_llama()),
    ):
        sizes = [sum(p.numel() for p in model.parameters()) for model in (ours, theirs)]
        if sizes[0] != sizes[1]:
            raise AssertionError(f"{name}: the models have {sizes[0]} and {sizes[1]} parameters")
        loss_of = theirs if isinstance(theirs, PlainGPT) else _llama_loss(theirs)
        speeds = tokens_per_second(
            stepper(ours, lambda x, y, m=ours: next_token_loss(m(x), y)), stepper(theirs, loss_of)
        )
        met.append(compared(name, *speeds))
    torch.set_num_threads(before)
    return all(met)


def _llama_loss(model: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda inputs, targets: F.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten())


if __name__ == "__main__":
    main()
