#!/usr/bin/env bash
# transformers 5.23.0 with torch 2.13.0: RWKV writes other texts for two prompts than for each of them.
#
# RwkvForCausalLM goes on from its state one token at a time. With one text that is right; with a batch the state of the
# token before, (batch, width), meets hidden values of (batch, 1, width), and broadcasting makes (batch, batch, width)
# of them: every text is mixed with the others, from the second new token on. No shape is wrong where anyone looks, and
# `generate` returns as many texts as it was asked for. Training and whole texts are right, so is `use_cache=False`.
#
# Seen: "second new token, difference from the text alone: 1 prompt 0.000, 2 prompts 1.8, without a cache 0.000; texts
# as alone: False, without a cache True" (the number above 0 depends on the random weights).
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
"$PYTHON" - <<'PYTHON'
import torch
import transformers
from transformers import RwkvConfig, RwkvForCausalLM

assert transformers.__version__ == "5.23.0" and torch.__version__.split("+")[0] == "2.13.0"
transformers.logging.set_verbosity_error()
torch.manual_seed(0)
config = RwkvConfig(
    vocab_size=99, context_length=64, hidden_size=32, attention_hidden_size=32, num_hidden_layers=2,
    intermediate_size=64,
)
model = RwkvForCausalLM(config).eval()
with torch.no_grad():
    for weight in model.parameters():
        if weight.ndim == 2:
            weight.copy_(torch.randn_like(weight) * 0.15)
prompts = torch.randint(3, 99, (2, 12))


def written(ids, **settings):
    out = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, do_sample=False, eos_token_id=None, pad_token_id=0,
        return_dict_in_generate=True, output_logits=True, **settings,
    )
    with torch.no_grad():
        true = model(out.sequences, use_cache=False).logits[:, 12]
    return out.sequences, (out.logits[1] - true).abs().max().item()


alone = [written(prompt[None]) for prompt in prompts]
both, difference = written(prompts)
uncached, uncached_difference = written(prompts, use_cache=False)
texts = torch.cat([text for text, _ in alone])
same, same_uncached = torch.equal(both, texts), torch.equal(uncached, texts)
print(
    f"second new token, difference from the text alone: 1 prompt {max(d for _, d in alone):.3f}, 2 prompts "
    f"{difference:.3f}, without a cache {uncached_difference:.3f}; texts as alone: {same}, "
    f"without a cache {same_uncached}"
)
right = max(d for _, d in alone) < 1e-3 and uncached_difference < 1e-3 and same_uncached
assert right and difference > 0.1 and not same, "changed since this was written"
PYTHON
