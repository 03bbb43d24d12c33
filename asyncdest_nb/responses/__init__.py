"""The values that a destination's functions and the engine exchange.

Names and shapes are those of the async action contract of Segment's destination
framework: camelCase in and out, snake_case in Python. One extension: an answer
may carry ``rows``, one outcome per row, because most APIs answer with one job for
N rows and refuse some of them at once.

    wire             camelCase names, and how scalars are read
    attributes       JSON objects with attributes, as JavaScript has them
    contract         what perform, perform_batch and poll return
    multi_status     one answer per row of a batch
    stated_failures  failures that an answer with a good status states
"""

from __future__ import annotations

from .attributes import Attributes, with_attributes
from .contract import (
    MISSING_CONTEXT,
    POLLING_ERROR,
    STATUSES,
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    OperationError,
    OverallStatus,
    RowResult,
    Status,
    failure_in,
    not_asked,
    overall_status,
)
from .multi_status import (
    RETRYABLE_STATUSES,
    MultiStatusEntry,
    MultiStatusResponse,
    error_type,
)
from .stated_failures import has_failed, why_doubtful
from .wire import JSONObject, Wire, clean_text

__all__ = [
    "MISSING_CONTEXT",
    "POLLING_ERROR",
    "RETRYABLE_STATUSES",
    "STATUSES",
    "AsyncActionResponse",
    "AsyncOperationResult",
    "AsyncPollResponse",
    "Attributes",
    "JSONObject",
    "MultiStatusEntry",
    "MultiStatusResponse",
    "OperationError",
    "OverallStatus",
    "RowResult",
    "Status",
    "Wire",
    "clean_text",
    "error_type",
    "failure_in",
    "has_failed",
    "not_asked",
    "overall_status",
    "why_doubtful",
    "with_attributes",
]
