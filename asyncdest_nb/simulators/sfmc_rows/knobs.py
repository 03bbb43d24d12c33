"""The knobs of the simulated Marketing Cloud."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from ..faults import Positive, Secret, Share
from ..jobs import JobKnobs


class SfmcRowsKnobs(JobKnobs):
    """The knobs of every partner with jobs, and those of this one."""

    client_id: str = Field(
        default="simulated", min_length=1, description="text that the token endpoint requires"
    )
    client_secret: Secret = Field(
        default=SecretStr("open-sesame-2026"), description="text that is not empty"
    )
    account_id: str | None = Field(
        default=None,
        description="text, the id of the business unit that the token endpoint requires; None "
        "accepts any, and none",
    )
    token_seconds: Positive = Field(default=1080.0, description="seconds > 0 that a token is valid")
    data_extensions: dict[str, tuple[str, ...]] | None = Field(
        default=None,
        description="the data extensions that exist, by external key or id, each with a list of "
        "the columns of its primary key; None = all do, and the first column that is sent is it",
    )
    deadlocked: Share = Field(
        default=0.0,
        description="share of rows that fail as victims of a deadlock the first time they are "
        "processed, a number in [0, 1]",
    )
    failing_jobs: Share = Field(
        default=0.0,
        description="share of requests that end with the status Error, a number in [0, 1]",
    )
    accepted_status: Literal[200, 202] = Field(
        default=202, description="the HTTP status of an accepted request, 200 or 202"
    )
    error_codes: Literal["text", "number"] = Field(
        default="text", description='how the errors of rows are numbered: "text" or "number"'
    )
    results_page_size: Annotated[int, Field(ge=1)] | None = Field(
        default=50,
        description="results on a page, a whole number >= 1, unless the request asks for fewer; "
        "None = all are on one page",
    )
