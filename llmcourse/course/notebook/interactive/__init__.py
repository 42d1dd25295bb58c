"""Interactive figures: `figure` puts one into an output cell, the other modules are the chapters' figures."""

from llmcourse.course.notebook.interactive.alarms import alarm_tuner
from llmcourse.course.notebook.interactive.allreduce import allreduce_stepper
from llmcourse.course.notebook.interactive.banding import minhash_banding
from llmcourse.course.notebook.interactive.bpe import bpe_stepper
from llmcourse.course.notebook.interactive.cache import cache_reader
from llmcourse.course.notebook.interactive.checkpoints import checkpoint_figure
from llmcourse.course.notebook.interactive.exchange import token_exchange
from llmcourse.course.notebook.interactive.gate import gate_explorer
from llmcourse.course.notebook.interactive.memory import memory_ledger
from llmcourse.course.notebook.interactive.mesh import mesh_explorer
from llmcourse.course.notebook.interactive.pipelines import pipeline_schedule
from llmcourse.course.notebook.interactive.queues import expert_queues
from llmcourse.course.notebook.interactive.rope import rope_rotator
from llmcourse.course.notebook.interactive.routing import routing_heatmap
from llmcourse.course.notebook.interactive.scaling import scaling_optimum
from llmcourse.course.notebook.interactive.serving import serving_cost
from llmcourse.course.notebook.interactive.valley import valley_walk
from llmcourse.course.notebook.interactive.valleys import isoflop_valleys

__all__ = [
    "alarm_tuner",
    "allreduce_stepper",
    "bpe_stepper",
    "cache_reader",
    "checkpoint_figure",
    "expert_queues",
    "gate_explorer",
    "isoflop_valleys",
    "memory_ledger",
    "mesh_explorer",
    "minhash_banding",
    "pipeline_schedule",
    "rope_rotator",
    "routing_heatmap",
    "scaling_optimum",
    "serving_cost",
    "token_exchange",
    "valley_walk",
]
