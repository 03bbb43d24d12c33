"""The knobs of the simulated Batch API of OpenAI."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..faults import Share
from ..llm import LLMKnobs


class OpenAIBatchKnobs(LLMKnobs):
    """The knobs of all models, and those of this partner."""

    without_status: Share = Field(
        default=0.0,
        description="share of rows that have status_code 0 and an empty body in the error file, "
        "and are counted as completed, the first time; a number in [0, 1]",
    )
    empty_error_file_id: bool = Field(
        default=False,
        description='True or False: whether error_file_id is "", and not null, where no row failed',
    )
    queued_tokens: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="tokens, a whole number >= 1, that the open batches of a model may have "
        "together; a batch above that fails. None sets no limit",
    )
