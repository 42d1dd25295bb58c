"""512 new tokens with the key/value cache, without it, and beside `transformers`' Llama of the same shape; one thread.

All sides of a row run alternately in this one process, so that the ratio means something on any machine. Generation is
greedy, from a prompt of 16 tokens. Ours and theirs have the same weights, and must choose the same tokens.
"""

import statistics

import torch
import transformers

from benchmarks.timing import alternate, ratios, row, spread
from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.generation import generate
from llmcourse.model.huggingface import to_huggingface

NEW_TOKENS, PROMPT_TOKENS = 512, 16
REPEATS = 3
CONFIG = ModelConfig(vocab_size=1024, d_model=256, n_layers=4, n_heads=4, n_kv_heads=2, max_seq_len=1024)


def same_in_transformers(model: Transformer) -> transformers.LlamaForCausalLM:
    config, weights = to_huggingface(model)
    settings = transformers.LlamaConfig(**{**config, "eos_token_id": None, "pad_token_id": 0})  # nothing ends a text
    theirs = transformers.LlamaForCausalLM(settings).eval()
    theirs.load_state_dict(weights, strict=False)
    theirs.tie_weights()
    return theirs


def compared(name: str, ours: list[float], other: list[float], least: float) -> bool:
    """A row of the speeds that these seconds are."""
    speeds = [[NEW_TOKENS / t for t in times] for times in (ours, other)]
    ratio = ratios(*speeds)
    columns = [*(spread(s, ".0f") for s in speeds), spread(ratio)]
    return row(name, columns, f"ratio at least {least:g}", statistics.median(ratio) >= least)


def main() -> bool:
    """Print the table; return whether every target was met."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Transformer(CONFIG).eval()
    theirs = same_in_transformers(model)
    prompt = torch.randint(CONFIG.vocab_size, (1, PROMPT_TOKENS))

    def ours(use_cache: bool = True) -> torch.Tensor:
        return generate(model, prompt, NEW_TOKENS, temperature=0, use_cache=use_cache)

    def by_transformers() -> torch.Tensor:
        mask = torch.ones_like(prompt)
        return theirs.generate(prompt, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False)

    assert torch.equal(ours()[:, :100], by_transformers()[:, :100]), "the two models do not choose the same tokens"
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{NEW_TOKENS} new tokens, {n_parameters / 1e6:.1f} M parameters, transformers {transformers.__version__}")
    print(f"tokens per second, median of {REPEATS} (smallest to largest)")
    row("", ["ours with cache", "the other", "ratio of speeds"], "target")
    cached, recomputed, library = alternate(ours, lambda: ours(use_cache=False), by_transformers, repeats=REPEATS)
    results = [compared("without the cache", cached, recomputed, 10), compared("transformers", cached, library, 1)]
    return all(results)
