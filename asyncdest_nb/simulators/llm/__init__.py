"""What the simulated batch APIs of language models have in common: a model, and fates of rows."""

from .knobs import LLMKnobs
from .model import SimulatedModel
from .partner import LLMPartner
from .rows import Fate, SentRow

__all__ = ["Fate", "LLMKnobs", "LLMPartner", "SentRow", "SimulatedModel"]
