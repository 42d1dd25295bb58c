#!/usr/bin/env bash
# numpy 2.4.6, torch 2.13.0: an array that is a tensor's memory can be frozen and never be thawed.
#
# `tensor.numpy()` gives an array that may be written. To set its flag to what it is already, `writeable = True`, raises
# ValueError; setting it to False is allowed, and cannot be taken back. NumPy asks the array's base, the tensor, whether
# its memory may be written, by a protocol that tensors do not have, and takes the silence for a no. So code that locks
# an array while something looks at it, and unlocks it afterwards, works with arrays made by NumPy, also over a
# bytearray, and leaves those that came out of torch locked. The tensor itself can still be written, and the array shows
# it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import torch

assert np.__version__ == "2.4.6" and torch.__version__.split("+")[0] == "2.13.0"


def thawed(array):
    """Whether an array can be written again after it was frozen."""
    array.flags.writeable = False
    try:
        array.flags.writeable = True
    except ValueError as error:
        return str(error)
    return "yes"


print("of NumPy:", thawed(np.ones(3)))
print("over a bytearray:", thawed(np.frombuffer(bytearray(24))))
assert thawed(np.ones(3)) == thawed(np.frombuffer(bytearray(24))) == "yes"

tensor = torch.ones(3)
array = tensor.numpy()
assert array.flags.writeable
try:
    array.flags.writeable = True
    raise AssertionError("what is so can be set")
except ValueError as error:
    print("set to what it is:", error)
there_and_back = torch.from_numpy(np.ones(3)).numpy()
for name, got in (("of a tensor", thawed(array)), ("from NumPy to torch and back", thawed(there_and_back))):
    print(f"{name}: {got}")
    assert got == "cannot set WRITEABLE flag to True of this array"
tensor[0] = 7
assert array.tolist() == [7, 1, 1] and not array.flags.writeable
PYTHON
