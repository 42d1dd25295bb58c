"""Hold skypilot.yaml and its volume against SkyPilot's own schemas and parser; it needs `skypilot`, and no cloud."""

from __future__ import annotations

from pathlib import Path

import sky
import yaml
from sky.utils import common_utils, schemas

HERE = Path(__file__).parent
volume = yaml.safe_load((HERE / "skypilot-volume.yaml").read_text(encoding="utf-8"))
common_utils.validate_schema(volume, schemas.get_volume_schema(), "skypilot-volume.yaml: ")
task = sky.Task.from_yaml(str(HERE / "skypilot.yaml"))
(resources,) = task.resources
print(f"SkyPilot {sky.__version__}: {task.name}, {task.num_nodes} nodes, {resources}, {resources.job_recovery}")
