"""The request of a row: a prompt to a model, or a text to embed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ... import destination as ad
from ..llm_batches import (
    ImageFile,
    ImageLimits,
    ModelRequest,
    TextRequest,
    WebImage,
    images_of,
    to_json,
    with_parameters,
)
from .schemas import response_schema

# 20 MB for a request, and 3,600 images ("Image understanding").
IMAGES = ImageLimits(count=3_600, encoded_bytes=20_000_000)


class GeminiPrompt(TextRequest):
    """A prompt for a model of Google."""

    max_tokens: int | None = ad.field(
        "Max tokens", description="How long an answer may be", minimum=1, by_name=False
    )


class GeminiText(ModelRequest):
    """A text that becomes a vector."""

    prompt: str = ad.field("Text", description="The text to embed")
    dimensions: int | None = ad.field(
        "Dimensions", description="Of the vector, if the model can choose", minimum=1, by_name=False
    )


@dataclass(frozen=True)
class GeminiMethod:
    """What a job asks for: the method of a model in the API, and the request of a row."""

    name: str
    request: Callable[[dict[str, Any]], dict[str, Any]]


def generate_request(values: dict[str, Any]) -> dict[str, Any]:
    """Return the request of a prompt. ``parameters`` are of the request, or its configuration."""
    parts = [*map(_part, images_of(values)), {"text": values["prompt"]}]
    config, system = _config(values), values.get("system")
    request = {
        "contents": [{"parts": parts, "role": "user"}],
        **({"systemInstruction": {"parts": [{"text": system}], "role": "user"}} if system else {}),
        **({"generationConfig": config} if config else {}),
    }
    return with_parameters(request, values)


def _config(values: dict[str, Any]) -> dict[str, Any]:
    names = {"temperature": "temperature", "topP": "top_p", "maxOutputTokens": "max_tokens"}
    found = {name: values[key] for name, key in names.items() if values.get(key) is not None}
    if schema := values.get("output_schema"):
        form = {"responseMimeType": "application/json", "responseSchema": _schema(to_json(schema))}
        return {**found, **form}
    return found


@lru_cache(16)
def _schema(schema: bytes) -> dict[str, Any]:
    return response_schema(json.loads(schema))


def _part(image: WebImage | ImageFile) -> dict[str, Any]:
    if isinstance(image, ImageFile):
        kind, content = image.read()
    else:
        kind, _, content = image.url.removeprefix("data:").partition(";base64,")
    return {"inlineData": {"data": content, "mimeType": kind}}


def embed_request(values: dict[str, Any]) -> dict[str, Any]:
    """Return the request of a text."""
    size = values.get("dimensions")
    request = {
        "content": {"parts": [{"text": values["prompt"]}], "role": "user"},
        **({} if size is None else {"outputDimensionality": size}),
    }
    return with_parameters(request, values)


GENERATE = GeminiMethod("batchGenerateContent", generate_request)
EMBED = GeminiMethod("asyncBatchEmbedContent", embed_request)
