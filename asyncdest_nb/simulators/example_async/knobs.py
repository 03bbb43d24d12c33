"""The knobs of the simulated Example Async."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..faults import Knobs, Secret, Share


class ExampleAsyncKnobs(Knobs):
    """The knobs of every partner, and those of this one."""

    api_key: Secret | None = Field(
        default=None,
        description="the bearer key that a request must carry; None = no key is required",
    )
    synchronous: Share = Field(
        default=0.0,
        description="share of operations answered at once, in [0, 1]; True means all of them",
    )
    batch_answer: Literal["operation_ids", "operations"] = Field(
        default="operation_ids",
        description='how a batch is answered: "operation_ids", a list of ids, or "operations", '
        "a list of objects",
    )
