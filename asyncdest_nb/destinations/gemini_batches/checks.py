"""Faults of rows before anything is sent, the sizes of their requests, and their tokens."""

from __future__ import annotations

import re
from asyncio import to_thread
from collections.abc import Iterator
from typing import Any

from ... import destination as ad
from ..llm_batches import (
    IMAGE_FIELDS,
    ModelRequest,
    WebImage,
    choice_fault,
    common_faults,
    counted_tokens,
    guessed,
    image_bytes,
    images_of,
    row_faults,
    to_json,
    whole_number,
)
from ..objects import object_of
from .account import GeminiSettings, model_path, object_in
from .requests import EMBED, IMAGES, GeminiMethod
from .schemas import FORM, response_schema

_SCHEMAS = (("generationConfig", "responseSchema"), ("generationConfig", "responseJsonSchema"))
_MODEL = re.compile(r"(?:models/)?\w[\w.-]*", re.ASCII)
_ENVELOPE = len(b'{"key":"","request":}\n') + 40
_IMAGE = len(b'{"inlineData":{"data":"","mimeType":"image/jpeg"}},')

Rows = ad.ActionData[GeminiSettings, list[ModelRequest]]


class GeminiChecks:
    """What is looked at before rows are sent to a *method*."""

    def __init__(self, method: GeminiMethod) -> None:
        self._method = method

    async def check(self, request: ad.Request, data: Rows) -> list[str | None]:
        """Return for each row why it would be refused, None = it would not."""
        return await to_thread(row_faults, data.payload_texts, _faults)

    async def tokens(self, request: ad.Request, data: Rows) -> dict[str, Any]:
        """Return how many tokens the rows have, as Google counts them on some: that is free."""
        texts = data.payload_texts
        if self._method is EMBED:
            return {**await to_thread(guessed, texts), "output_tokens": 0}

        async def count(values: dict[str, Any]) -> int | None:
            asked = {"model": _full_name(values["model"]), **self._method.request(values)}
            path = model_path(values["model"], "countTokens")
            body = {"generateContentRequest": asked}
            answer = await request(path, method="POST", json=body)
            return whole_number(object_of(answer).get("totalTokens"))

        return await counted_tokens(texts, count, vendor="Google")

    def row_bytes(self, payload: ModelRequest) -> int:
        """Return the bytes of a row in the file."""
        values = payload.as_json()
        plain = {name: each for name, each in values.items() if name not in IMAGE_FIELDS}
        try:
            size = len(to_json(self._method.request(plain)))
        except (ValueError, AttributeError, TypeError):  # The check says what is wrong.
            size = len(to_json(plain))
        return size + _ENVELOPE + image_bytes(values, around=_IMAGE)


def _full_name(model: str) -> str:
    return model if model.startswith("models/") else f"models/{model}"


def _faults(values: dict[str, Any]) -> Iterator[str]:
    found = list(common_faults(values, form=FORM, images=IMAGES, never={}, schemas=_SCHEMAS))
    yield from found
    if not _MODEL.fullmatch(values["model"]):
        yield f"the model is {values['model']!r}; write a name such as 'gemini-2.5-flash'"
    given = values.get("parameters") or {}
    for place in (given, object_in(given, "generationConfig")):
        if fault := choice_fault(place, "candidateCount"):
            yield fault
    for image in images_of(values):
        if isinstance(image, WebImage) and not image.url.startswith("data:"):
            yield f"Gemini does not fetch images: save {image.url[:60]} and give its path"
    schema = values.get("output_schema")
    if schema is not None and not any(each.startswith("output_schema") for each in found):
        try:
            response_schema(schema)
        except ValueError as error:
            yield f"output_schema: {error}"
