"""Many processes that train one model: who they are and how they speak (chapter 4)."""

from llmcourse.distributed.group import ALONE, Group

__all__ = ["ALONE", "Group"]
