#!/usr/bin/env bash
# transformers 5.23.0 with torch 2.13.0: `Trainer.evaluate` weighs a token by who else is in its batch.
#
# In training `Trainer` divides by the tokens of the whole step, so that a token weighs the same wherever it stands. In
# evaluation it takes each batch's mean over tokens, and averages those by the number of rows. With rows of unlike length
# `eval_loss` is another number for each batch size, and for each order of the same rows: sorted by length, or grouped by
# it, which saves padding, the short texts weigh as much as the long ones. Here a model knows long texts better than
# short ones: its tokens have a loss of 0.27 on average, and eval_loss says 2.8, 2.1 or 0.3.
#
# PYTHON names an interpreter that has torch 2.13.0, transformers 5.23.0 and accelerate; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 transformers==5.23.0 accelerate==1.15.0 numpy
    PYTHON="$folder/env/bin/python"
fi
"$PYTHON" -W ignore - <<'PYTHON' 2>&1 | grep -v "^{"
import tempfile

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

assert transformers.__version__ == "5.23.0"
SHORT, LONG, KNOWN = 4, 60, 3
SIZES = {
    "vocab_size": 50, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
torch.manual_seed(0)
model = LlamaForCausalLM(LlamaConfig(**SIZES))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
long = torch.full((1, LONG), KNOWN)
for _ in range(60):
    model(long, labels=long).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
rows = [[torch.randint(50, (SHORT,)), long[0]][i % 2] for i in range(16)]


def together(rows):
    """A batch: rows padded to the longest of them, with labels that leave the padding out."""
    size = max(len(row["input_ids"]) for row in rows)
    pad = lambda name, value: torch.stack(
        [torch.nn.functional.pad(row[name], (0, size - len(row[name])), value=value) for row in rows]
    )
    return {"input_ids": pad("input_ids", 0), "labels": pad("labels", -100), "attention_mask": pad("attention_mask", 0)}


def evaluated(rows, batch_size):
    """What is told of rows, in this order."""
    data = [{"input_ids": row, "labels": row, "attention_mask": torch.ones_like(row)} for row in rows]
    with tempfile.TemporaryDirectory() as place:
        how = TrainingArguments(
            place, per_device_eval_batch_size=batch_size, report_to=[], use_cpu=True, disable_tqdm=True
        )
        return Trainer(model, how, eval_dataset=data, data_collator=together).evaluate()["eval_loss"]


with torch.no_grad():
    losses = [model(row[None], labels=row[None]).loss.item() * (len(row) - 1) for row in rows]
by_token = sum(losses) / sum(len(row) - 1 for row in rows)
print(f"a token's loss, on average: {by_token:.2f}")
found = {}
for name, order in {"mixed": rows, "sorted by length": sorted(rows, key=len)}.items():
    for batch_size in (1, 2, 3, 4, 16):
        found[name, batch_size] = round(evaluated(order, batch_size), 1)
        print(f"eval_loss, {name}, batches of {batch_size:>2}: {found[name, batch_size]}")
assert found["mixed", 16] == found["mixed", 2] == found["sorted by length", 16] == round(by_token, 1) == 0.3
assert found["mixed", 1] == found["sorted by length", 1] == found["sorted by length", 4] == 2.8, "changed"
PYTHON
