"""The simulated Message Batches API of Anthropic."""

from .knobs import AnthropicBatchesKnobs
from .partner import AnthropicBatches

__all__ = ["AnthropicBatches", "AnthropicBatchesKnobs"]
