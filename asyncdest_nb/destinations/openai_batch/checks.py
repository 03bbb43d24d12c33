"""Faults of rows before anything is sent, the sizes of their requests, and their tokens."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator
from typing import Any

from ... import destination as ad
from ..llm_batches import (
    IMAGE_FIELDS,
    ModelRequest,
    choice_fault,
    common_faults,
    guessed,
    image_bytes,
    prompt_tokens,
    row_faults,
    to_json,
)
from .account import OpenAISettings
from .endpoints import EMBEDDINGS, FORM, IMAGES, Endpoint

_NEVER = {
    "stream": "a batch cannot stream",
    "stream_options": "a batch cannot stream",
    "background": "a batch runs in the background",
}
_SCHEMAS = (("response_format",), ("text", "format"))
# Of a line around the body: the id of the row, the method and the path.
_ENVELOPE = len(b'{"custom_id":"","method":"POST","url":"/v1/chat/completions","body":}') + 40

_IMAGE = len(b',{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,"}}')


class RowChecks:
    """What is looked at before rows are sent to an *endpoint*."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def check(
        self, request: ad.Request, data: ad.ActionData[OpenAISettings, list[ModelRequest]]
    ) -> list[str | None]:
        """Return for each row why it would be refused, None = it would not."""
        return await to_thread(row_faults, data.payload_texts, self._faults)

    async def tokens(
        self, request: ad.Request, data: ad.ActionData[OpenAISettings, list[ModelRequest]]
    ) -> dict[str, Any]:
        """Return about how many tokens the rows have: OpenAI has no free request that counts."""
        found = await to_thread(guessed, data.payload_texts)
        # An embedding has no tokens that come back.
        return found if self._endpoint is not EMBEDDINGS else {**found, "output_tokens": 0}

    def _faults(self, values: dict[str, Any]) -> Iterator[str]:
        yield from common_faults(values, form=FORM, images=IMAGES, never=_NEVER, schemas=_SCHEMAS)
        if fault := choice_fault(values.get("parameters") or {}, "n"):
            yield fault
        limit, tokens = values.get("queued_tokens"), prompt_tokens(values)
        if limit is not None and tokens > limit:
            yield f"about {tokens:,} tokens, more than queued_tokens allows ({limit:,})"

    def row_bytes(self, payload: ModelRequest) -> int:
        """Return the bytes of a row in the file.

        Where the tokens of a job are limited, they count instead if they fill it sooner.
        """
        values = payload.as_json()
        plain = {name: each for name, each in values.items() if name not in IMAGE_FIELDS}
        try:
            size = len(to_json(self._endpoint.body(plain)))
        except (ValueError, AttributeError, TypeError):  # The check says what is wrong.
            size = len(to_json(plain))
        size += _ENVELOPE + image_bytes(values, around=_IMAGE)
        limit = values.get("queued_tokens")
        return max(size, prompt_tokens(values) * 200_000_000 // limit) if limit else size
