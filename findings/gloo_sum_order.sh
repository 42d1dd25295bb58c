#!/usr/bin/env bash
# torch 2.13.0, gloo: elements that are all alike have unlike sums, within one tensor and from rank to rank.
#
# all_reduce adds around a ring in the tensor's own dtype, and where an element stands decides at which rank its sum
# begins. 256 + 1 + 1 + 1 in bf16 is 256, 1 + 1 + 1 + 256 is 260: a tensor of 1,000 equal elements comes back with both.
# After reduce_scatter, ranks hold different sums of the same numbers. All ranks agree after all_reduce, and a second
# call gives the same bits; another bucket size does not. Nothing is added in a wider type, as one might hope for bf16.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet torch==2.13.0 numpy
cat > "$folder/shown.py" <<'PYTHON'
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

GIVEN = (256, 1, 1, 1)


def rank_of_four(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/group", rank=rank, world_size=4)
    alike = torch.full((1000,), GIVEN[rank], dtype=torch.bfloat16)
    summed, again = alike.clone(), alike.clone()
    dist.all_reduce(summed)
    dist.all_reduce(again)
    part = alike.new_empty(250)
    scatter = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor
    scatter(part, alike)
    noise = torch.randn(100_000, generator=torch.Generator().manual_seed(rank))
    whole, pieces = noise.clone(), list(noise.clone().split(10_000))
    dist.all_reduce(whole)
    for piece in pieces:
        dist.all_reduce(piece)
    everybody = [None] * 4
    told = (summed.tolist(), again.tolist(), sorted(set(part.tolist())), int((whole != torch.cat(pieces)).sum()))
    dist.all_gather_object(everybody, told)
    if rank == 0:
        sums = [told[0] for told in everybody]
        parts = [told[2] for told in everybody]
        changed = everybody[0][3]
        print("sums of equal elements after one all_reduce:", sorted(set(sums[0])), "exactly: 259")
        print("after reduce_scatter, rank by rank:", parts)
        print("of 100,000 random fp32 sums, changed by cutting the tensor into 10:", changed)
        assert torch.__version__.startswith("2.13.0"), torch.__version__
        assert sorted(set(sums[0])) == [256, 260] and parts == [[260], [256], [256], [260]], "this has changed"
        assert all(one == sums[0] for one in sums) and all(told[1] == sums[0] for told in everybody)
        assert changed > 10_000
    dist.destroy_process_group()


if __name__ == "__main__":
    mp.spawn(rank_of_four, (sys.argv[1],), nprocs=4)
PYTHON
OMP_NUM_THREADS=1 "$folder/env/bin/python" "$folder/shown.py" "$folder"
