"""The simulated HubSpot: imports of files, and the records that they write."""

from .knobs import HubSpotImportsKnobs
from .partner import HubSpotImports

__all__ = ["HubSpotImports", "HubSpotImportsKnobs"]
