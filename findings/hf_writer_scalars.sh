#!/usr/bin/env bash
# torch 2.13.0, safetensors 0.8.0: a checkpoint consolidated for Hugging Face holds 0.0 for every learned scalar.
#
# `HuggingFaceStorageWriter(..., save_distributed=True, enable_consolidation=True)` writes each rank's shards and then
# joins them into files that `from_pretrained` reads. A tensor without dimensions, such as a learned temperature, a gate
# or a logit scale, is right in the shards and in what DCP itself loads again, and 0.0 in the joined file; a tensor of
# one element beside it is right. `consolidate_safetensors_files` alone does the same. Nothing is raised or said, and
# one rank is enough. Resuming works, so it is found in the exported model, if the scalar does not happen to start at 0.
#
# Seen: "saved: temperature 1.5, gate [2.5] | shards: 1.5, [2.5] | loaded by DCP: 1.5, [2.5] | consolidated: 0.0,
# [2.5]".
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$work/env"
    "$work/env/bin/pip" install --quiet torch==2.13.0 safetensors==0.8.0 numpy
    PYTHON="$work/env/bin/python"
fi
"$PYTHON" - "$work/checkpoint" <<'PYTHON'
import sys
import warnings
from pathlib import Path

import safetensors
import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import load_file
from torch.distributed.checkpoint import HuggingFaceStorageReader, HuggingFaceStorageWriter

warnings.simplefilter("ignore")
assert torch.__version__.split("+")[0] == "2.13.0" and safetensors.__version__ == "0.8.0"
folder = Path(sys.argv[1])
state = {"temperature": torch.tensor(1.5), "gate": torch.tensor([2.5])}
writer = HuggingFaceStorageWriter(str(folder), save_distributed=True, enable_consolidation=True)
dcp.save(state, storage_writer=writer, no_dist=True)
files = sorted(folder.rglob("*.safetensors"))
(shard,) = [file for file in files if file.name.startswith("shard-")]
(joined,) = [file for file in files if file.name.startswith("model-")]
loaded = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
dcp.load(loaded, storage_reader=HuggingFaceStorageReader(str(shard.parent)), no_dist=True)


def shown(tensors):
    return f"{tensors['temperature'].item()}, {tensors['gate'].tolist()}"


found = [shown(state), shown(load_file(shard)), shown(loaded), shown(load_file(joined))]
print("saved: {} | shards: {} | loaded by DCP: {} | consolidated: {}".format(*found))
assert found == ["1.5, [2.5]"] * 3 + ["0.0, [2.5]"], "changed since this was written"
PYTHON
