"""The simulated Marketing Cloud: rows that are written to data extensions asynchronously."""

from .knobs import SfmcRowsKnobs
from .partner import SfmcRows

__all__ = ["SfmcRows", "SfmcRowsKnobs"]
