#!/usr/bin/env bash
# torch 2.13.0, gloo: `all_reduce` of a column adds up its neighbours, which are not in the view, and leaves most of it
# out.
#
# A view with gaps, such as the columns that `weight.chunk(2, dim=1)` gives, or `weight[:, 0]`, is taken for memory
# without gaps: from its first number on, as many numbers as it has are summed, in the tensor that it is a view of. What
# belongs to the view and lies further on stays as it was; what lies between is changed on every rank. A transposed
# matrix, which has no gaps, is right, and so is `all_gather`; NCCL refuses such views, and so does gloo's
# `all_to_all_single`. Each rank ends up with the same wrong sums here and its own old numbers there, so ranks drift
# apart without a word. (The same in `broadcast`, `reduce` and `scatter` is pytorch/pytorch issue 192920.)
#
# Seen, on 2 ranks that hold ones: "all_reduce of the first of two columns of a 4 x 2 matrix: column [2, 2, 1, 1], the
# other [2, 2, 1, 1]; of its .contiguous(): [2, 2, 2, 2]; of a transposed matrix: {2} | all_gather of the column: [1, 1,
# 1, 1], the other 9".
#
# PYTHON names an interpreter that has torch 2.13.0; without it one is installed.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$work/env"
    "$work/env/bin/pip" install --quiet torch==2.13.0 numpy
    PYTHON="$work/env/bin/python"
fi
cat > "$work/ranks.py" <<'EOF'
import torch
import torch.distributed as dist

dist.init_process_group("gloo")


def whole_numbers(tensor):
    return [int(number) for number in tensor.flatten()]


weight = torch.ones(4, 2)
first, second = weight.chunk(2, dim=1)
dist.all_reduce(first)
column, neighbour = whole_numbers(first), whole_numbers(second)
copy = torch.ones(4, 2)[:, 0].contiguous()
dist.all_reduce(copy)
turned = torch.ones(4, 2).t()
dist.all_reduce(turned)
mixed = torch.tensor([[1.0, 9.0]] * 4)
gathered = [torch.zeros(4) for _ in range(2)]
dist.all_gather(gathered, mixed[:, 0])
if dist.get_rank() == 0:
    print(
        f"all_reduce of the first of two columns of a 4 x 2 matrix: column {column}, the other {neighbour}; of its "
        f".contiguous(): {whole_numbers(copy)}; of a transposed matrix: {set(whole_numbers(turned))} | all_gather of "
        f"the column: {whole_numbers(gathered[1])}, the other 9"
    )
    assert torch.__version__.split("+")[0] == "2.13.0", torch.__version__
    right = whole_numbers(copy) == [2] * 4 and set(whole_numbers(turned)) == {2}
    right = right and whole_numbers(gathered[1]) == [1] * 4
    assert column == neighbour == [2, 2, 1, 1] and right, "changed since this was written"
dist.destroy_process_group()
EOF
"$PYTHON" -m torch.distributed.run --standalone --nproc-per-node 2 "$work/ranks.py"
