#!/usr/bin/env bash
# transformers 5.23.0 with torch 2.13.0: a mixture asked for its router's logits fails at the second token, if padded.
#
# With a cache a step reads one new token, while the attention mask covers all so far, as it must. Where router logits
# are wanted, the balancing loss is computed as well, labels or not, and it lays the whole mask over the logits of the
# new tokens alone: an error about sizes. Without a mask the step works, so it fails only once a batch is padded. It is
# an error also for who wants to see the routing of a text as it is written, and no loss at all. `generate` works,
# whatever the configuration says.
#
# PYTHON names an interpreter that has torch 2.13.0 and transformers 5.23.0; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 transformers==5.23.0 numpy
    PYTHON="$folder/env/bin/python"
fi
"$PYTHON" -W ignore - <<'PYTHON'
import torch
import transformers
from transformers import (
    MixtralConfig, MixtralForCausalLM, OlmoeConfig, OlmoeForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM,
)

assert transformers.__version__ == "5.23.0"
SIZES = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "num_experts": 4, "num_experts_per_tok": 2,
    "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
}
ids = torch.arange(20).reshape(2, 10)
mask = torch.ones(2, 11, dtype=torch.int64)
mask[0, :3] = 0  # padded on the left


def outcome(step):
    try:
        step()
    except Exception as error:
        return type(error).__name__
    return "works"


found = {}
for config, kind in (
    (MixtralConfig, MixtralForCausalLM), (Qwen3MoeConfig, Qwen3MoeForCausalLM), (OlmoeConfig, OlmoeForCausalLM),
):
    torch.manual_seed(0)
    model, name = kind(config(**SIZES)).eval(), config.__name__.removesuffix("Config")
    for wanted in (False, True):
        for masked in (False, True):
            first = model(ids, attention_mask=mask[:, :10] if masked else None, use_cache=True)
            step = outcome(
                lambda: model(
                    ids[:, :1], attention_mask=mask if masked else None, past_key_values=first.past_key_values,
                    output_router_logits=wanted,
                )
            )
            found[f"{name}, router logits {wanted}, mask {masked}"] = step
for name, got in found.items():
    print(f"{name:<44}{got}")
changed = [
    name for name, got in found.items() if got != ("RuntimeError" if name.endswith("True, mask True") else "works")
]
assert not changed, f"changed since this was written: {changed}"
PYTHON
