"""The knobs of the simulated batch mode of Gemini."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..faults import Share
from ..llm import LLMKnobs


class GeminiBatchesKnobs(LLMKnobs):
    """The knobs of all models, and those of this partner."""

    expiring: Share = Field(
        default=0.0,
        description="share of rows, a number in [0, 1], that make their job expire the first "
        "time; such a job has no results",
    )
    failing_jobs: Share = Field(
        default=0.0, description="share of jobs that end FAILED, a number in [0, 1]"
    )
    doubled_output: bool = Field(
        default=True,
        description="True or False: whether the results are in `response` too, and not in "
        "`metadata.output` alone",
    )
    partial_state: bool = Field(
        default=False,
        description="True or False: whether a job with failed rows ends in the state "
        "BATCH_STATE_PARTIALLY_SUCCEEDED, which the client does not know as an end",
    )
    broken_json_schema: bool = Field(
        default=False,
        description="True or False: whether answers to responseJsonSchema break off, as reported; "
        "those to responseSchema never do",
    )
    queued_tokens: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="tokens, a whole number >= 1, that all open jobs may have together; more are "
        "answered 429. None sets no limit",
    )
