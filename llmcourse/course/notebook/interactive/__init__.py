"""Interactive figures: `figure` puts one into an output cell, the other modules are the chapters' figures."""

from llmcourse.course.notebook.interactive.banding import minhash_banding
from llmcourse.course.notebook.interactive.bpe import bpe_stepper
from llmcourse.course.notebook.interactive.cache import cache_reader
from llmcourse.course.notebook.interactive.memory import memory_ledger
from llmcourse.course.notebook.interactive.rope import rope_rotator
from llmcourse.course.notebook.interactive.routing import routing_heatmap
from llmcourse.course.notebook.interactive.scaling import scaling_optimum
from llmcourse.course.notebook.interactive.valley import valley_walk

__all__ = [
    "bpe_stepper",
    "cache_reader",
    "memory_ledger",
    "minhash_banding",
    "rope_rotator",
    "routing_heatmap",
    "scaling_optimum",
    "valley_walk",
]
