"""The knobs of the simulated Salesforce."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from ..faults import Knobs, Positive, Secret, Share


class SalesforceBulkKnobs(Knobs):
    """The knobs of every partner, and those of this one."""

    locked: Share = Field(
        default=0.0,
        description="share of rows that fail with UNABLE_TO_LOCK_ROW the first time they "
        "are processed, a number in [0, 1]",
    )
    failing_jobs: Share = Field(
        default=0.0, description="share of jobs that end Failed half-way, a number in [0, 1]"
    )
    truncate_results: Share = Field(
        default=0.0,
        description="share of the rows of a result file, a number in [0, 1], that are missing at "
        "the end of an otherwise whole file",
    )
    token_seconds: Positive | None = Field(
        default=None,
        description="seconds > 0 that a token from the token endpoint is valid; None accepts "
        "any token",
    )
    retention_seconds: Positive = Field(
        default=7 * 24 * 3600.0, description="seconds > 0 until a job that has ended is deleted"
    )
    daily_requests: Annotated[int, Field(ge=1)] = Field(
        default=100_000,
        description="requests in 24 hours, a whole number >= 1; more are answered "
        "403 REQUEST_LIMIT_EXCEEDED",
    )
    client_id: str = Field(
        default="simulated", min_length=1, description="text that the token endpoint requires"
    )
    client_secret: Secret = Field(
        default=SecretStr("open-sesame-2026"), description="text that is not empty"
    )
    username: str = Field(
        default="user@example.com",
        min_length=1,
        description="text, the user that the password grant requires",
    )
    password: Secret | None = Field(
        default=None, description="text that is not empty; None accepts any user and password"
    )
    refresh_token: Secret | None = Field(
        default=None, description="text that is not empty; None accepts any refresh token"
    )
