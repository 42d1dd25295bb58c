#!/usr/bin/env bash
# transformers 5.23.0, accelerate 1.15.0, torch 2.13.0: under `Trainer` a mixture's balancing loss weighs as many times
# its coefficient as there are micro-batches in a step, on all ranks together.
#
# The cross-entropy of a step is divided by the tokens of the whole step, on all ranks and in all micro-batches, and so
# `Trainer` no longer divides a micro-batch's loss by their number, and multiplies it by the number of ranks, which DDP
# then divides by. The balancing loss that Mixtral adds within the same number is a mean over its own micro-batch. It is
# added up over micro-batches, and over ranks. The same eight rows in one step: the gradient of the cross-entropy is the
# same however they are cut, that of the balancing loss is 1, 2 or 8 times as large. So `router_aux_loss_coef` means
# another thing at each number of ranks and at each `gradient_accumulation_steps`, and the logged loss grows along.
#
# PYTHON names an interpreter that has torch 2.13.0, transformers 5.23.0 and accelerate 1.15.0; without it one is
# installed. Ranks meet on the loopback device.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 transformers==5.23.0 accelerate==1.15.0 numpy
    PYTHON="$folder/env/bin/python"
fi
cat > "$folder/steps.py" <<'PYTHON'
import os
import tempfile

import accelerate
import torch
import transformers
from transformers import MixtralConfig, MixtralForCausalLM, Trainer, TrainerCallback, TrainingArguments

assert (transformers.__version__, accelerate.__version__) == ("5.23.0", "1.15.0")
SIZES = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "num_local_experts": 4, "num_experts_per_tok": 2,
}
N_ROWS, ROUTER, HEAD = 8, "model.layers.0.mlp.gate.weight", "lm_head.weight"
ROW = torch.randint(96, (20,), generator=torch.Generator().manual_seed(1))
"""Each row is this one, so that each micro-batch has the same balancing loss, and the whole has it, too."""


class Gradients(TrainerCallback):
    """Keeps the gradients that a step is made of."""

    def on_pre_optimizer_step(self, args, state, control, model=None, **others):
        self.of = {name: weight.grad.clone() for name, weight in getattr(model, "module", model).named_parameters()}


def step(coefficient, n_rows, n_micro_batches):
    """The gradients and the loss of one step."""
    torch.manual_seed(0)
    model = MixtralForCausalLM(MixtralConfig(**SIZES, router_aux_loss_coef=coefficient, output_router_logits=True))
    gradients = Gradients()
    with tempfile.TemporaryDirectory() as place:
        how = TrainingArguments(
            place, per_device_train_batch_size=n_rows, gradient_accumulation_steps=n_micro_batches, max_steps=1,
            max_grad_norm=0.0, logging_steps=1, save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
        )
        trainer = Trainer(
            model, how, train_dataset=[{"input_ids": ROW, "labels": ROW}] * N_ROWS, callbacks=[gradients]
        )
        trainer.train()
    return gradients.of, trainer.state.log_history[0]["loss"]


n_ranks = int(os.environ.get("WORLD_SIZE", 1))
first = {}
for n_micro_batches in (1, 2, 8 // n_ranks):
    with_it, loss = step(1.0, N_ROWS // n_ranks // n_micro_batches, n_micro_batches)
    bare, bare_loss = step(0.0, N_ROWS // n_ranks // n_micro_batches, n_micro_batches)
    if n_ranks == 1 and not first:
        first = {"head": bare[HEAD].norm(), "router": (with_it[ROUTER] - bare[ROUTER]).norm()}
        torch.save(first, os.environ["FIRST"])
    first = first or torch.load(os.environ["FIRST"])
    times = ((with_it[ROUTER] - bare[ROUTER]).norm() / first["router"]).item()
    if os.environ.get("RANK", "0") == "0":
        print(
            f"{n_ranks} rank(s) x {n_micro_batches} micro-batch(es): cross-entropy's gradient x"
            f"{bare[HEAD].norm() / first['head']:.2f}, balancing loss's x{times:.2f}, logged loss + {loss - bare_loss:.1f}"
        )
    assert abs(bare[HEAD].norm() / first["head"] - 1) < 1e-3, "changed: the cross-entropy depends on the cut"
    assert abs(times / (n_ranks * n_micro_batches) - 1) < 1e-2, "changed since this was written"
PYTHON
export FIRST="$folder/first.pt" GLOO_SOCKET_IFNAME=lo
"$PYTHON" -W ignore "$folder/steps.py" 2>&1 | grep -v "^{"
"$PYTHON" -W ignore -m torch.distributed.run --standalone --local-addr 127.0.0.1 --nproc-per-node 2 "$folder/steps.py" \
    2>&1 | grep -v "^{\|OMP_NUM_THREADS\|^\*\|^W\|Warning: find_unused_parameters\|^$"
