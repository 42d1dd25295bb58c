#!/usr/bin/env bash
# transformers 5.23.0: a configuration that gets "rope_scaling" loses its rope_theta.
#
# Since version 5 a config.json keeps the base of the rotary angles inside of "rope_parameters". Who adds the key
# "rope_scaling" to such a file, as one stretches a model to longer texts, replaces all of "rope_parameters" by it, and
# the base with it: what the file said is gone, and the class's own default takes its place, 10000 for a Qwen3-MoE and a
# Llama, a million for a Mixtral. Nothing is said, and every weight fits. The same key in a file of version 4, where
# rope_theta stands outside, keeps it. Given to from_pretrained it warns that the name is old, and leaves a base of None.
#
# PYTHON names an interpreter that has transformers 5.23.0; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet transformers==5.23.0
    PYTHON="$folder/env/bin/python"
fi
"$PYTHON" -W ignore - "$folder" <<'PYTHON'
import json
import sys
from pathlib import Path

import transformers
from transformers import AutoConfig, LlamaConfig, MixtralConfig, Qwen3MoeConfig

assert transformers.__version__ == "5.23.0"
THETA, SCALING = 5e5, {"rope_type": "linear", "factor": 4.0}


def theta(folder, **more):
    return AutoConfig.from_pretrained(folder, **more).rope_parameters["rope_theta"]


found = {}
for kind, default in ((Qwen3MoeConfig, 10000.0), (LlamaConfig, 10000.0), (MixtralConfig, 1000000.0)):
    name = kind.__name__.removesuffix("Config")
    folder = Path(sys.argv[1]) / name
    kind(rope_theta=THETA).save_pretrained(folder)
    file = folder / "config.json"
    written = json.loads(file.read_text())
    assert written["rope_parameters"] == {"rope_theta": THETA, "rope_type": "default"}
    found[f"{name}, as written"] = theta(folder), THETA
    found[f"{name}, from_pretrained(rope_scaling=)"] = theta(folder, rope_scaling=dict(SCALING)), None
    file.write_text(json.dumps(written | {"rope_scaling": SCALING}))
    found[f"{name}, rope_scaling added"] = theta(folder), default
    del written["rope_parameters"]
    file.write_text(json.dumps(written | {"rope_theta": THETA, "rope_scaling": SCALING}))
    found[f"{name}, a file of version 4 with it"] = theta(folder), THETA
for name, (got, _) in found.items():
    print(f"{name:<42}{got}")
changed = [name for name, (got, seen) in found.items() if got != seen]
assert not changed, f"changed since this was written: {changed}"
PYTHON
