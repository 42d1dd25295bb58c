#!/usr/bin/env bash
# torch 2.13.0: a model handed to processes of Python's own multiprocessing is one model for all of them.
#
# "spawn" starts a new interpreter and pickles the arguments, so one expects copies. But `import torch` registers its own
# reducers with multiprocessing's pickler, for every user of it: a CPU tensor's storage is moved to shared memory, and
# what arrives is a view of it. Two ranks that each take an optimizer step have then stepped the same weights twice, and
# so has the parent's model, which nobody sent anywhere to be changed. A run on two ranks differs from one on a single
# process by an amount that looks like a mistake in the gradients. `pickle.dumps` of the same model gives copies.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet torch==2.13.0 numpy
cat > "$folder/shown.py" <<'PYTHON'
import multiprocessing
import pickle

import torch


def step(model, queue):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model.weight.grad = torch.ones_like(model.weight)
    optimizer.step()
    queue.put("done")


def step_of_a_copy(packed, queue):
    step(pickle.loads(packed), queue)


def after_two_ranks(context, target, argument, model):
    queue = context.Queue()
    for _ in range(2):  # one after the other: which of them writes last does not matter then
        rank = context.Process(target=target, args=(argument, queue))
        rank.start()
        queue.get()
        rank.join()
    return model.weight.item()


if __name__ == "__main__":
    assert torch.__version__.startswith("2.13.0"), torch.__version__
    context = multiprocessing.get_context("spawn")
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    shared = after_two_ranks(context, step, model, model)
    print("the parent's weight, 0 at first, after two spawned ranks made a step of -1 each:", shared)
    torch.nn.init.zeros_(model.weight)
    packed = after_two_ranks(context, step_of_a_copy, pickle.dumps(model), model)
    print("the same where the model was packed with pickle.dumps:", packed)
    assert shared == -2.0 and packed == 0.0, "this has changed"
PYTHON
OMP_NUM_THREADS=1 "$folder/env/bin/python" "$folder/shown.py"
