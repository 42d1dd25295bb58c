"""What a decoder-only Transformer is, what it costs, and what it says (chapter 3, first notebook)."""

from llmcourse.model.accounting import model_costs
from llmcourse.model.config import POSITIONS, PRESETS, Costs, FeedForwardConfig, ModelConfig
from llmcourse.model.losses import IGNORED, Batch, BatchSource, evaluation_mode, next_token_loss, predict
from llmcourse.model.transformer import Block, KVCache, Transformer, document_starts, init_weights

__all__ = [
    "IGNORED", "POSITIONS", "PRESETS", "Batch", "BatchSource", "Block", "Costs", "FeedForwardConfig",
    "KVCache", "ModelConfig", "Transformer", "document_starts", "evaluation_mode", "init_weights", "model_costs",
    "next_token_loss", "predict",
]  # fmt: skip
