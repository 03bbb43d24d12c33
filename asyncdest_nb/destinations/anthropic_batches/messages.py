"""The parameters of one message, and what its answer says."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from ... import destination as ad
from ..llm_batches import (
    ImageFile,
    ImageLimits,
    StrictForm,
    TextRequest,
    WebImage,
    images_of,
    strict_schema,
    to_json,
    whole_number,
    with_parameters,
)

FORM = StrictForm(
    needs_all=False,
    most_optional=24,
    unknown=frozenset(
        "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength "
        "pattern minItems maxItems uniqueItems".split()
    ),
    formats=frozenset(
        "date-time time date duration email hostname uri ipv4 ipv6 uuid".split(),
    ),
)
IMAGES = ImageLimits(count=100, encoded_bytes=10_000_000)


class MessageRequest(TextRequest):
    """A prompt for a model of Anthropic."""

    max_tokens: int = ad.field(
        "Max tokens",
        description="How long an answer may be; the API needs it",
        default=1024,
        minimum=1,
        by_name=False,
    )


def params_of(values: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a message as the API wants them."""
    content: Any = values["prompt"]
    if images := images_of(values):
        pictures = [{"type": "image", "source": _source(each)} for each in images]
        content = [*pictures, {"type": "text", "text": content}]
    schema = values.get("output_schema")
    form = {"type": "json_schema", "schema": _strict(to_json(schema))} if schema else None
    own = {name: values[name] for name in ("temperature", "top_p") if values.get(name) is not None}
    params = {
        "max_tokens": values["max_tokens"],
        "messages": [{"role": "user", "content": content}],
        "model": values["model"],
        **({"system": values["system"]} if values.get("system") else {}),
        **({"output_config": {"format": form}} if form else {}),
        **own,
    }
    return with_parameters(params, values)


@lru_cache(16)
def _strict(schema: bytes) -> dict[str, Any]:
    return strict_schema(json.loads(schema), FORM)


def _source(image: WebImage | ImageFile) -> dict[str, str]:
    if isinstance(image, ImageFile):
        kind, content = image.read()
        return {"type": "base64", "media_type": kind, "data": content}
    if image.url.startswith("data:"):
        kind, _, content = image.url.removeprefix("data:").partition(";base64,")
        return {"type": "base64", "media_type": kind, "data": content}
    return {"type": "url", "url": image.url}


def read_message(message: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a message. The total of the input is the sum of three numbers."""
    blocks = [each for each in _list(message.get("content")) if isinstance(each, dict)]
    texts = [each["text"] for each in blocks if _is_text(each)]
    usage, stop = _object(message.get("usage")), message.get("stop_reason")
    cached = whole_number(usage.get("cache_read_input_tokens")) or 0
    made = whole_number(usage.get("cache_creation_input_tokens")) or 0
    own = whole_number(usage.get("input_tokens"))
    details = _object(message.get("stop_details"))
    calls = [each for each in blocks if each.get("type") == "tool_use"]
    return {
        "text": "".join(texts) if texts else None,
        "refusal": str(details.get("category") or "refused") if stop == "refusal" else None,
        "stop_reason": stop,
        "model": message.get("model"),
        "input_tokens": None if own is None else own + cached + made,
        "cached_tokens": None if own is None else cached,
        "output_tokens": whole_number(usage.get("output_tokens")),
        "reasoning_tokens": whole_number(
            _object(usage.get("output_tokens_details")).get("thinking_tokens")
        ),
        "tool_calls": calls or None,
        "response_id": message.get("id"),
    }


def _is_text(block: dict[str, Any]) -> bool:
    return block.get("type") == "text" and isinstance(block.get("text"), str)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
