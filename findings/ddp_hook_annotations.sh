#!/usr/bin/env bash
# torch 2.13.0: whether a communication hook is accepted depends on the first line of the file that it stands in.
#
# `DistributedDataParallel.register_comm_hook` reads the hook's annotations and compares them with classes. In a module
# that begins with `from __future__ import annotations` every annotation is a string, and a hook that is annotated
# exactly as PyTorch's documentation writes it is refused: "bucket annotation should be dist.GradBucket". The same hook
# passes without that line, and without annotations in either case.
#
# PYTHON names an interpreter that has torch 2.13.0; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 numpy
    PYTHON="$folder/env/bin/python"
fi
cat > "$folder/hook.py" <<'PYTHON'
import torch
import torch.distributed as dist


def annotated(state: object, bucket: dist.GradBucket) -> torch.futures.Future[torch.Tensor]:
    work = dist.all_reduce(bucket.buffer(), async_op=True)
    return work.get_future().then(lambda done: done.value()[0])


def bare(state, bucket):
    return annotated(state, bucket)
PYTHON
{ echo "from __future__ import annotations"; cat "$folder/hook.py"; } > "$folder/hook_of_the_future.py"
cd "$folder"
GLOO_SOCKET_IFNAME=${GLOO_SOCKET_IFNAME:-lo} "$PYTHON" - <<'PYTHON'
import sys

import torch
import torch.distributed as dist

sys.path.insert(0, ".")
import hook
import hook_of_the_future

assert torch.__version__.split("+")[0] == "2.13.0"
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)


def outcome(function):
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1))
    try:
        model.register_comm_hook(None, function)
    except ValueError as error:
        return str(error)
    model(torch.ones(1, 1)).sum().backward()
    return "taken"


REFUSED = "Communication hook: bucket annotation should be dist.GradBucket."
found = {
    "annotated": (outcome(hook.annotated), "taken"),
    "annotated, from __future__ import annotations": (outcome(hook_of_the_future.annotated), REFUSED),
    "bare": (outcome(hook.bare), "taken"),
    "bare, from __future__ import annotations": (outcome(hook_of_the_future.bare), "taken"),
}
dist.destroy_process_group()
for name, (got, _) in found.items():
    print(f"{name:<48}{got}")
changed = [name for name, (got, seen) in found.items() if got != seen]
assert not changed, f"changed since this was written: {changed}"
PYTHON
