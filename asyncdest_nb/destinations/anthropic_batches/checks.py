"""Faults of rows before anything is sent, and the sizes of their requests."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator
from functools import partial
from typing import Any

from ... import destination as ad
from ..llm_batches import (
    IMAGE_FIELDS,
    common_faults,
    counted_tokens,
    image_bytes,
    row_faults,
    to_json,
    whole_number,
)
from ..objects import object_of
from .account import WITHOUT_SAMPLING, AnthropicSettings
from .messages import FORM, IMAGES, MessageRequest, params_of

NEVER = {
    "stream": "a batch cannot stream",
    "speed": "a batch has no speed",
    "store": "a batch does not take it",
    "previous_thread_event_id": "a batch does not take it",
    "cache_hint": "a batch does not take it",
    "context_hint": "a batch does not take it",
    "betas": "it is a header of the request, not of a row",
}
SCHEMAS = (("output_config", "format"), ("output_format",))
COUNTABLE = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")
SAMPLING = ("temperature", "top_p", "top_k")
ENVELOPE = len(b'{"custom_id":"","params":}') + 40

IMAGE = len(b'{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":""}},')


async def check(
    request: ad.Request, data: ad.ActionData[AnthropicSettings, list[MessageRequest]]
) -> list[str | None]:
    """Return for each row why it would be refused, None = it would not."""
    faults = partial(_faults, version=data.settings.version)
    return await to_thread(row_faults, data.payload_texts, faults)


def _faults(values: dict[str, Any], *, version: str) -> Iterator[str]:
    yield from common_faults(values, form=FORM, images=IMAGES, never=NEVER, schemas=SCHEMAS)
    given = {"max_tokens": 1024, **values, **(values.get("parameters") or {})}
    named = [name for name in SAMPLING if given.get(name) is not None]
    if named and version >= WITHOUT_SAMPLING:
        yield f"version {version} refuses {', '.join(named)}: leave it out, or use 2023-06-01"
    most = given.get("max_tokens")
    if not isinstance(most, int) or most < 1:
        yield f"max_tokens is {most!r}; it must be at least 1"
    if (values.get("temperature") or 0) > 1:
        yield f"temperature is {values['temperature']:g}; it may be at most 1"


async def tokens(
    request: ad.Request, data: ad.ActionData[AnthropicSettings, list[MessageRequest]]
) -> dict[str, Any]:
    """Return how many tokens the rows have, as Anthropic counts them on some: that is free."""

    async def count(values: dict[str, Any]) -> int | None:
        body = {name: each for name, each in params_of(values).items() if name in COUNTABLE}
        answer = await request("/v1/messages/count_tokens", method="POST", json=body)
        return whole_number(object_of(answer).get("input_tokens"))

    return await counted_tokens(data.payload_texts, count, vendor="Anthropic")


def row_bytes(payload: MessageRequest) -> int:
    """Return the bytes of a row in the body of the request."""
    values = payload.as_json()
    values.setdefault("max_tokens", 1024)
    plain = {name: each for name, each in values.items() if name not in IMAGE_FIELDS}
    try:
        size = len(to_json(params_of(plain)))
    except (ValueError, AttributeError, TypeError):  # The check says what is wrong.
        size = len(to_json(plain))
    return size + ENVELOPE + image_bytes(values, around=IMAGE)
