"""What a process of the machinery's own does without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("code", "spared"),
    [
        ("from llmcourse.course.spared import spare_imports\nspare_imports()\nimport nbformat", "lark"),
        (
            "import torch\nfrom llmcourse.course.remote.gradients import gradients\nx = torch.ones(2, requires_grad=True)\n"
            "(grad,) = gradients([x * x], [x], [torch.tensor([1.0, 3.0])])\nassert grad.tolist() == [2, 6]",
            "sympy",
        ),
    ],
    ids=["a grammar of addresses", "symbolic mathematics"],
)
def test_what_takes_a_second_to_import_and_is_not_used_is_not_imported(code: str, spared: str) -> None:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    code += f"\nimport sys\nassert {spared!r} not in sys.modules"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True, timeout=120)
