"""OpenAI Batch: rows as requests to a model, in a file that is answered within 24 hours.

POST /files                  the rows, as JSON lines; nothing is done with them yet
POST /batches                starts a batch of a file; our key is in its metadata
GET  /batches/{id}           its state
GET  /files/{id}/content     results: one file of answers, one of errors, in any order
GET  /batches                all batches, to find one whose reply was lost

What a description cannot express is that a picture is read from its file, that the schema of
answers becomes strict and their fields become columns, and that jobs are cut to the tokens that
may wait at once.

    account     settings, and what the vendor's errors say
    endpoints   the body of a row's request, and the columns of its answer
    outcomes    the outcome of each row
    batch_list  the list of batches, and the queue of their tokens
    creation    batches are created, and found
    polls       their states and results, and their end
    checks      faults before anything is sent, sizes, and the estimate
"""

from __future__ import annotations

from ... import destination as ad
from ..llm_batches import EMBEDDING_COLUMNS, TEXT_COLUMNS, ModelRequest
from .account import OpenAISettings, extend_request, test_authentication
from .checks import RowChecks
from .creation import BatchCreation
from .endpoints import CHAT, EMBEDDINGS, RESPONSES, EmbeddingRequest, Endpoint, OpenAIText
from .polls import BatchPolls, cancel


def _action(
    endpoint: Endpoint, title: str, description: str, payload: type[ModelRequest] = OpenAIText
) -> ad.Action:
    creation, checks, polls = BatchCreation(endpoint), RowChecks(endpoint), BatchPolls(endpoint)
    is_text = payload is OpenAIText
    return ad.Action(
        title=title,
        description=description,
        payload=payload,
        check=checks.check,
        tokens=checks.tokens,
        perform_batch=creation.create,
        poll=polls.poll,
        cancel=cancel,
        recovery="search",
        find=creation.find,
        # The list of batches shows a new one at once as far as is known; a day's job can wait.
        settle_seconds=120,
        operation_per="batch",
        operation_id="batch_id",
        batch_size=50_000,
        batch_bytes=200_000_000,
        batch_keys=("model",),  # A file with several models is refused.
        row_bytes=checks.row_bytes,
        poll_batch_size=1,
        missing_seconds=600,  # A batch may be not found for a while, and then be there again.
        result_columns=TEXT_COLUMNS if is_text else EMBEDDING_COLUMNS,
        spread="parsed" if is_text else None,
    )


openai_batch = ad.Destination(
    name="OpenAI",
    slug="openai-batch",
    description="Ask a model about every row, by the Batch API: answers within 24 hours",
    settings=OpenAISettings,
    extend_request=extend_request,
    test_authentication=test_authentication,
    requests_per_second=5,
    actions={
        "chat": _action(CHAT, "Chat completions", "A prompt for each row"),
        "responses": _action(RESPONSES, "Responses", "A prompt for each row, by the newer API"),
        "embeddings": _action(
            EMBEDDINGS, "Embeddings", "A vector for the text of each row", EmbeddingRequest
        ),
    },
)
