"""The knobs of simulated batch APIs of language models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from ..faults import Seconds, Secret, Share
from ..jobs import JobKnobs


class LLMKnobs(JobKnobs):
    """The knobs of every partner with jobs, and those of all models."""

    shuffle_results: bool = Field(
        default=True,
        description="True or False: whether the results of a job come in another order than "
        "its rows, as all three vendors say they may",
    )
    api_key: Secret | None = Field(
        default=None, description="the key that a request must carry; None accepts any key"
    )
    answer: Callable[[str], Any] | dict[str, Any] | str | None = Field(
        default=None,
        description="what the model answers: a text; a dict, of whose keys the first that is in "
        "the prompt has the answer; or a function of the prompt. What is not text becomes JSON",
    )
    refusing: Share = Field(
        default=0.0, description="share of rows that the model refuses, a number in [0, 1]"
    )
    overloaded: Share = Field(
        default=0.0,
        description="share of rows that fail with an error of the server the first time they "
        "are processed, a number in [0, 1]",
    )
    expiring: Share = Field(
        default=0.0,
        description="share of rows that expire the first time they are sent, a number in [0, 1]",
    )
    not_found_seconds: Seconds = Field(
        default=0.0, description="seconds >= 0 after its creation for which a job is answered 404"
    )
    spend_limit_jobs: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="jobs, a whole number >= 0, after which the account's spending limit "
        "refuses more; None sets no limit",
    )
    unknown_status: str | None = Field(
        default=None,
        min_length=1,
        description="a status that jobs have in place of the one of running, text that is not "
        "empty; None = the documented one",
    )
