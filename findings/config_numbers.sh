#!/usr/bin/env bash
# transformers 5.23.0: a whole number where a configuration wants a float is refused, in some fields and not in others.
#
# Configurations are validated by type, and an int is no float to them: LlamaConfig(rms_norm_eps=1) raises
# StrictDataclassFieldValidationError, and so does a config.json that says 1 where the library itself wrote 1.0. JSON
# knows one kind of number: JavaScript's JSON.stringify writes 1.0 as 1, so a file that has passed through such a tool
# may no longer load. A dropout of 0 is taken all the same, since that field is declared as either. NumPy's float64 is
# a Python float and passes; its float32 is none and does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet transformers==5.23.0 numpy
"$folder/env/bin/python" - "$folder" <<'PYTHON'
import json
import sys
from pathlib import Path

import numpy as np
import transformers
from transformers import GPT2Config, LlamaConfig

assert transformers.__version__ == "5.23.0"


def outcome(make):
    try:
        make()
    except Exception as error:
        return type(error).__name__
    return "taken"


folder = Path(sys.argv[1]) / "model"
LlamaConfig(rms_norm_eps=1.0).save_pretrained(folder)
file = folder / "config.json"
written = json.loads(file.read_text())
assert repr(written["rms_norm_eps"]) == "1.0"
loads_as_written = outcome(lambda: LlamaConfig.from_pretrained(folder))
file.write_text(json.dumps(written | {"rms_norm_eps": 1}))

REFUSED = "StrictDataclassFieldValidationError"
found = {
    "Llama, rms_norm_eps=1": (outcome(lambda: LlamaConfig(rms_norm_eps=1)), REFUSED),
    "Llama, initializer_range=1": (outcome(lambda: LlamaConfig(initializer_range=1)), REFUSED),
    "Llama, attention_dropout=0": (outcome(lambda: LlamaConfig(attention_dropout=0)), "taken"),
    "Llama, rope_theta=10000": (outcome(lambda: LlamaConfig(rope_theta=10000)), "taken"),
    "GPT-2, layer_norm_epsilon=1": (outcome(lambda: GPT2Config(layer_norm_epsilon=1)), REFUSED),
    "GPT-2, resid_pdrop=0": (outcome(lambda: GPT2Config(resid_pdrop=0)), "taken"),
    "Llama, rms_norm_eps=np.float64": (outcome(lambda: LlamaConfig(rms_norm_eps=np.float64(1e-5))), "taken"),
    "Llama, rms_norm_eps=np.float32": (outcome(lambda: LlamaConfig(rms_norm_eps=np.float32(1e-5))), REFUSED),
    "a file with 1.0": (loads_as_written, "taken"),
    "the file with 1": (outcome(lambda: LlamaConfig.from_pretrained(folder)), REFUSED),
}
for name, (got, _) in found.items():
    print(f"{name:<34}{got}")
changed = [name for name, (got, seen) in found.items() if got != seen]
assert not changed, f"changed since this was written: {changed}"
PYTHON
