"""Many notebooks at once: the processes that try them, who asks them, and who may run."""
