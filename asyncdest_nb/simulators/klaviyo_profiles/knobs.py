"""The knobs of the simulated Klaviyo."""

from __future__ import annotations

from pydantic import Field, SecretStr

from ..faults import Secret
from ..jobs import JobKnobs


class KlaviyoProfilesKnobs(JobKnobs):
    """The knobs of every partner with jobs, and those of this one."""

    api_key: Secret = Field(
        default=SecretStr("pk_open-sesame-2026"),
        description="text that is not empty, the private key that requests must carry",
    )
    lists: tuple[str, ...] | None = Field(
        default=None,
        description="the ids of the lists that exist, as a list of text; None = all do",
    )
