"""The simulated Klaviyo: bulk profile import jobs, and the profiles that they upsert."""

from .knobs import KlaviyoProfilesKnobs
from .partner import KlaviyoProfiles

__all__ = ["KlaviyoProfiles", "KlaviyoProfilesKnobs"]
