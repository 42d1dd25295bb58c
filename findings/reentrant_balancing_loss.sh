#!/usr/bin/env bash
# transformers 5.23.0 with torch 2.13.0: under reentrant checkpointing a mixture's balancing loss is added, and trains
# nothing.
#
# Their mixtures collect what the routers said during the forward pass, make the balancing loss of it, and add it to the
# loss. With gradient checkpointing and use_reentrant=True the forward pass of a layer runs without a graph, so that what
# was collected has none: the loss is the same number as ever, no warning, and its gradient is missing from the routers.
# The experts can collapse while the curve of the balancing loss looks as usual. Without checkpointing, and with
# use_reentrant=False, which is the default there now, the gradient is there.
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
from transformers import MixtralConfig, MixtralForCausalLM

assert transformers.__version__ == "5.23.0"
SIZES = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "num_local_experts": 4, "num_experts_per_tok": 2,
}


def trained(weight, **checkpointing):
    """The loss, and the gradient of the first router, with a balancing loss of this weight."""
    torch.manual_seed(0)
    model = MixtralForCausalLM(MixtralConfig(**SIZES, router_aux_loss_coef=weight)).train()
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=checkpointing)
    ids = torch.randint(96, (2, 20))
    loss = model(ids, labels=ids, output_router_logits=True).loss
    loss.backward()
    return loss.item(), model.model.layers[0].mlp.gate.weight.grad


ways = {
    "no checkpointing": {}, "use_reentrant=False": {"use_reentrant": False}, "use_reentrant=True": {"use_reentrant": True},
}
bare_loss, bare_grad = trained(0.0)
found = {}
for name, how in ways.items():
    loss, grad = trained(1.0, **how)
    found[name] = round(loss - bare_loss, 1), bool((grad - bare_grad).norm() > 0.5 * grad.norm())
    print(f"{name:<24}added to the loss {found[name][0]}, its gradient reaches the router: {found[name][1]}")
seen = {"no checkpointing": (2.0, True), "use_reentrant=False": (2.0, True), "use_reentrant=True": (2.0, False)}
assert found == seen, f"changed since this was written: {found}"
PYTHON
