"""The simulated batch mode of the Gemini Developer API."""

from .knobs import GeminiBatchesKnobs
from .partner import GeminiBatches

__all__ = ["GeminiBatches", "GeminiBatchesKnobs"]
