"""The knobs of the simulated Message Batches API of Anthropic."""

from __future__ import annotations

from pydantic import Field

from ..faults import Share
from ..llm import LLMKnobs


class AnthropicBatchesKnobs(LLMKnobs):
    """The knobs of all models, and those of this partner."""

    unknown_results: Share = Field(
        default=0.0,
        description="share of rows whose result has a type that is not documented, a number "
        "in [0, 1]",
    )
    unknown_errors: Share = Field(
        default=0.0,
        description="share of rows that fail with a type of error that is not documented, a "
        "number in [0, 1]",
    )
    results_elsewhere: bool = Field(
        default=False,
        description="True or False: whether results_url has another host than the requests",
    )
