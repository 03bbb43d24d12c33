"""The knobs of the simulated Mailchimp."""

from __future__ import annotations

from pydantic import Field, SecretStr

from ..faults import Positive, Secret
from ..jobs import JobKnobs


class MailchimpBatchesKnobs(JobKnobs):
    """The knobs of every partner with jobs, and those of this one."""

    api_key: Secret = Field(
        default=SecretStr("opensesame2026-us1"),
        description="text that is not empty, the key that requests must carry, with its data "
        'center: "…-us1"',
    )
    lists: tuple[str, ...] | None = Field(
        default=None,
        description="the ids of the lists that exist, as a list of text; None = all do",
    )
    results_url_seconds: Positive = Field(
        default=600.0, description="seconds > 0 that an address of the results is valid"
    )
