"""The simulated Batch API of OpenAI."""

from .knobs import OpenAIBatchKnobs
from .partner import OpenAIBatch

__all__ = ["OpenAIBatch", "OpenAIBatchKnobs"]
