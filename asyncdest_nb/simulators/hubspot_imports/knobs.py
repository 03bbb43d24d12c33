"""The knobs of the simulated HubSpot."""

from __future__ import annotations

from pydantic import Field, SecretStr

from ..faults import Secret, Share
from ..jobs import JobKnobs


class HubSpotImportsKnobs(JobKnobs):
    """The knobs of every partner with jobs, and those of this one."""

    access_token: Secret = Field(
        default=SecretStr("pat-open-sesame-2026"),
        description="text that is not empty, the token of the private app that requests must carry",
    )
    properties: tuple[str, ...] | None = Field(
        default=None,
        description="the names of the properties of every object, a list of texts; None = any, "
        "and the token has no scope to read them",
    )
    failing_jobs: Share = Field(
        default=0.0,
        description="share of imports that end FAILED, with an error about the whole file, a "
        "number in [0, 1]",
    )
    reverted_jobs: Share = Field(
        default=0.0,
        description="share of imports that a user undoes, which end REVERTED, a number in [0, 1]",
    )
