"""Anthropic Message Batches: rows as messages to a model, answered within 24 hours.

POST /v1/messages/batches                rows and ids in one body; starts a batch
GET  /v1/messages/batches/{id}           its state
GET  /v1/messages/batches/{id}/results   JSON lines, in any order
GET  /v1/messages/batches                all batches, without labels and ids of rows

What a description cannot express is that a picture is read from its file, that the schema of
answers becomes strict and their fields become columns, and that a batch whose reply was lost is
known by the ids in the results of those that may be it.

    account   settings, and what the vendor's errors say
    messages  the parameters of a message, and the columns of its answer
    outcomes  the outcome of each row
    jobs      batches: create, poll, cancel
    orphans   batches whose reply was lost
    checks    faults before anything is sent, and sizes
"""

from __future__ import annotations

from ... import destination as ad
from ..llm_batches import TEXT_COLUMNS
from .account import AnthropicSettings, extend_request, test_authentication
from .checks import check, row_bytes, tokens
from .jobs import cancel, create, find, poll
from .messages import MessageRequest

anthropic_batches = ad.Destination(
    name="Anthropic",
    slug="anthropic-batches",
    description="Ask a model about every row, by Message Batches: answers within 24 hours",
    settings=AnthropicSettings,
    extend_request=extend_request,
    test_authentication=test_authentication,
    requests_per_second=5,
    actions={
        "messages": ad.Action(
            title="Messages",
            description="A prompt for each row",
            payload=MessageRequest,
            check=check,
            tokens=tokens,
            perform_batch=create,
            poll=poll,
            cancel=cancel,
            recovery="search",
            find=find,
            settle_seconds=120,
            operation_per="batch",
            operation_id="batch_id",
            batch_size=100_000,
            batch_bytes=255_000_000,
            batch_keys=("model",),
            row_bytes=row_bytes,
            poll_batch_size=1,
            missing_seconds=600,  # A batch may be not found for a while, and then be there again.
            result_columns=TEXT_COLUMNS,
            spread="parsed",
        )
    },
)
