"""Faults of rows before anything is sent, the sizes of their requests, and their tokens."""

from __future__ import annotations

import json
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
    guessed,
    image_bytes,
    images_of,
    most_tokens,
    projected,
    row_faults,
    to_json,
    whole_number,
)
from ..objects import object_of
from .account import GeminiSettings, model_path, object_in
from .requests import EMBED, IMAGES, GeminiMethod
from .schemas import FORM, response_schema

_COUNTED = 20  # Rows: a request for each.
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
        step = max(1, len(texts) // _COUNTED)
        sample = [json.loads(text) for text in texts[::step][:_COUNTED]]
        counted = 0
        for values in sample:
            asked = {"model": _full_name(values["model"]), **self._method.request(values)}
            answer = await request(
                model_path(values["model"], "countTokens"),
                method="POST",
                json={"generateContentRequest": asked},
            )
            counted += whole_number(object_of(answer).get("totalTokens")) or 0
        payloads = await to_thread(lambda: list(map(json.loads, texts)))
        return {
            "input_tokens": await to_thread(projected, counted, sample, payloads),
            "output_tokens": most_tokens(payloads),
            "how": f"counted by Google on {len(sample):,} of {len(texts):,} rows",
        }

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
