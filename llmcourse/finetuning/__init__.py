"""Teaching a finished model something new on small devices: LoRA, 4-bit weights, both sharded (chapter 4)."""

from llmcourse.finetuning.lora import LoRALinear, add_lora, merge_lora
from llmcourse.finetuning.nf4 import NF4_LEVELS, NF4Linear, nf4_dequantize, nf4_quantize
from llmcourse.finetuning.sharded import ShardedNF4Linear, shard_nf4

__all__ = [
    "NF4_LEVELS",
    "LoRALinear",
    "NF4Linear",
    "ShardedNF4Linear",
    "add_lora",
    "merge_lora",
    "nf4_dequantize",
    "nf4_quantize",
    "shard_nf4",
]
