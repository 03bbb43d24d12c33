"""Gemini's batch mode: rows as requests in a file, which is answered within 48 hours.

POST /upload/v1/files                          a resumable upload of the rows, as JSON lines
POST /v1/models/{model}:batchGenerateContent   starts a batch of a file; our key is its name
GET  /v1/batches/{id}                          its state, and the file of its results
GET  /v1/files/{name}:download                 JSON lines, in any order
GET  /v1/batches                               all batches, to find one whose reply was lost

Rows are always sent in a file, and known by their keys: inline rows have no keys if they are
embeddings, and come back in the reply to a poll, twice, however large they are.

What a description cannot express is that a picture is read from its file, that the schema of
answers takes the vendor's form and their fields become columns, that the size of the file is
stated before it is sent, and that the outcome of a row depends on what its answer lacks.

    account   settings, and what the vendor's errors say
    requests  the request of a row
    schemas   JSON schemas as Gemini takes them
    outcomes  the outcome of each row, and the columns of its answer
    creation  batches are created, and found
    polls     their states and results, and their end
    checks    faults before anything is sent, sizes, and the estimate
"""

from __future__ import annotations

from ... import destination as ad
from ..llm_batches import EMBEDDING_COLUMNS, TEXT_COLUMNS, ModelRequest
from .account import GeminiSettings, extend_request, test_authentication
from .checks import GeminiChecks
from .creation import GeminiCreation
from .polls import GeminiPolls, cancel
from .requests import EMBED, GENERATE, GeminiMethod, GeminiPrompt, GeminiText


def _action(
    method: GeminiMethod, title: str, description: str, payload: type[ModelRequest]
) -> ad.Action:
    creation, checks, polls = GeminiCreation(method), GeminiChecks(method), GeminiPolls(method)
    is_text = method is GENERATE
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
        settle_seconds=120,
        operation_per="batch",
        operation_id="name",
        batch_size=50_000,  # Of our own: the vendor limits the bytes of the file alone.
        batch_bytes=2_000_000_000,
        batch_keys=("model",),  # The model is in the URL.
        row_bytes=checks.row_bytes,
        poll_batch_size=1,
        missing_seconds=600,
        result_columns=TEXT_COLUMNS if is_text else EMBEDDING_COLUMNS,
        spread="parsed" if is_text else None,
    )


gemini_batches = ad.Destination(
    name="Gemini",
    slug="gemini-batches",
    description="Ask a model about every row, in batch mode: answers within 48 hours",
    settings=GeminiSettings,
    extend_request=extend_request,
    test_authentication=test_authentication,
    requests_per_second=5,
    actions={
        "generate": _action(GENERATE, "Generate content", "A prompt for each row", GeminiPrompt),
        "embed": _action(EMBED, "Embeddings", "A vector for the text of each row", GeminiText),
    },
)
