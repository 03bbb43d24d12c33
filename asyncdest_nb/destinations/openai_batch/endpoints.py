"""The endpoints that a job may have: the body of one request, and what its answer says."""

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
    StrictForm,
    TextRequest,
    images_of,
    strict_schema,
    to_json,
    whole_number,
    with_parameters,
)

FORM = StrictForm(
    needs_all=True,
    unknown=frozenset({"minLength", "maxLength", "uniqueItems"}),
    formats=frozenset(
        {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
    ),
)
# 50 MB for all images of a request, and 500 of them ("Images and vision").
IMAGES = ImageLimits(count=500, encoded_bytes=50_000_000)
_QUEUED = "Tokens of prompts that may wait at once for this model, as your usage tier allows"


class OpenAIText(TextRequest):
    """A prompt for a model of OpenAI."""

    max_tokens: int | None = ad.field(
        "Max tokens", description="How long an answer may be", minimum=1, by_name=False
    )
    queued_tokens: int | None = ad.field(
        "Queued tokens",
        description=f"{_QUEUED}: jobs are cut to it, and wait for each other",
        minimum=1,
        by_name=False,
    )


class EmbeddingRequest(ModelRequest):
    """A text that becomes a vector."""

    prompt: str = ad.field("Text", description="The text to embed")
    dimensions: int | None = ad.field(
        "Dimensions", description="Of the vector, if the model can choose", minimum=1, by_name=False
    )
    queued_tokens: int | None = ad.field(
        "Queued tokens", description=_QUEUED, minimum=1, by_name=False
    )


@dataclass(frozen=True)
class Endpoint:
    """What a job asks for: ``body`` makes one request of a payload, ``read`` reads its answer.

    ``read`` returns the columns of the results. ``gap`` says what an answer lacks, so that it
    is none; empty = nothing.
    """

    path: str
    body: Callable[[dict[str, Any]], dict[str, Any]]
    read: Callable[[dict[str, Any]], dict[str, Any]]
    gap: Callable[[dict[str, Any]], str]


def _set(values: dict[str, Any], **names: str) -> dict[str, Any]:
    """Return the parameters of a payload by the names of the API, without those not given."""
    return {name: values[key] for name, key in names.items() if values.get(key) is not None}


@lru_cache(16)
def _strict(schema: bytes) -> dict[str, Any]:
    return strict_schema(json.loads(schema), FORM)


def _schema(values: dict[str, Any]) -> dict[str, Any] | None:
    """Return the form of the answer as the API wants it, None = any text."""
    given = values.get("output_schema")
    if given is None:
        return None
    return {"name": "answer", "schema": _strict(to_json(given)), "strict": True}


def _urls(values: dict[str, Any]) -> list[str]:
    found = []
    for each in images_of(values):
        if isinstance(each, ImageFile):
            kind, content = each.read()
            found.append(f"data:{kind};base64,{content}")
        else:
            found.append(each.url)
    return found


def chat_body(values: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a request to chat/completions."""
    content: Any = values["prompt"]
    if urls := _urls(values):
        pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        content = [{"type": "text", "text": content}, *pictures]
    system = [{"role": "system", "content": values["system"]}] if values.get("system") else []
    schema = _schema(values)
    form = {"type": "json_schema", "json_schema": schema}
    body = {
        "model": values["model"],
        "messages": [*system, {"role": "user", "content": content}],
        **({"response_format": form} if schema else {}),
        **_set(
            values, max_completion_tokens="max_tokens", temperature="temperature", top_p="top_p"
        ),
    }
    return with_parameters(body, values)


def read_chat(body: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an answer of chat/completions."""
    choice = _first(body.get("choices"))
    message, usage = _object(choice.get("message")), _object(body.get("usage"))
    return {
        "text": _text(message.get("content")),
        "refusal": message.get("refusal"),
        "stop_reason": choice.get("finish_reason"),
        "model": body.get("model"),
        "input_tokens": whole_number(usage.get("prompt_tokens")),
        "cached_tokens": _part(usage, "prompt_tokens_details", "cached_tokens"),
        "output_tokens": whole_number(usage.get("completion_tokens")),
        "reasoning_tokens": _part(usage, "completion_tokens_details", "reasoning_tokens"),
        "tool_calls": message.get("tool_calls"),
        "response_id": body.get("id"),
    }


def chat_gap(body: dict[str, Any]) -> str:
    """Return what an answer of chat/completions lacks."""
    return "" if _object(_first(body.get("choices")).get("message")) else "it has no message"


def responses_body(values: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a request to responses."""
    given: Any = values["prompt"]
    if urls := _urls(values):
        pictures = [{"type": "input_image", "image_url": url} for url in urls]
        content = [{"type": "input_text", "text": given}, *pictures]
        given = [{"role": "user", "content": content}]
    schema = _schema(values)
    body = {
        "model": values["model"],
        "input": given,
        **({"instructions": values["system"]} if values.get("system") else {}),
        **({"text": {"format": {"type": "json_schema", **schema}}} if schema else {}),
        **_set(values, max_output_tokens="max_tokens", temperature="temperature", top_p="top_p"),
    }
    return with_parameters(body, values)


def read_responses(body: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an answer of responses."""
    output = [each for each in _list(body.get("output")) if isinstance(each, dict)]
    parts = [part for each in output for part in _list(each.get("content"))]
    usage, details = _object(body.get("usage")), _object(body.get("incomplete_details"))
    calls = [each for each in output if str(each.get("type")).endswith("_call")]
    return {
        "text": _joined(parts, "output_text", "text"),
        "refusal": _joined(parts, "refusal", "refusal"),
        "stop_reason": details.get("reason") or body.get("status"),
        "model": body.get("model"),
        "input_tokens": whole_number(usage.get("input_tokens")),
        "cached_tokens": _part(usage, "input_tokens_details", "cached_tokens"),
        "output_tokens": whole_number(usage.get("output_tokens")),
        "reasoning_tokens": _part(usage, "output_tokens_details", "reasoning_tokens"),
        "tool_calls": calls or None,
        "response_id": body.get("id"),
    }


def responses_gap(body: dict[str, Any]) -> str:
    """Return what an answer of responses lacks: one that failed also comes with the status 200."""
    status = body.get("status")
    return "" if status in ("completed", "incomplete") else f"its status is {status!r}"


def embeddings_body(values: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a request to embeddings."""
    body = {
        "model": values["model"],
        "input": values["prompt"],
        **_set(values, dimensions="dimensions"),
    }
    return with_parameters(body, values)


def read_embedding(body: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an answer of embeddings."""
    return {
        "embedding": _first(body.get("data")).get("embedding"),
        "model": body.get("model"),
        "input_tokens": whole_number(_object(body.get("usage")).get("prompt_tokens")),
    }


def embedding_gap(body: dict[str, Any]) -> str:
    """Return what an answer of embeddings lacks; a vector may be in base64."""
    return "" if _first(body.get("data")).get("embedding") else "it has no vector"


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: object) -> dict[str, Any]:
    return _object(next(iter(_list(value)), None))


def _part(usage: dict[str, Any], name: str, key: str) -> int | None:
    return whole_number(_object(usage.get(name)).get(key))


def _text(content: object) -> str | None:
    """Return the text of a message, whose content may be a list of parts."""
    return content if isinstance(content, str) else _joined(_list(content), "text", "text")


def _joined(parts: list[Any], kind: str, key: str) -> str | None:
    texts = [
        part[key]
        for part in parts
        if isinstance(part, dict) and part.get("type") == kind and isinstance(part.get(key), str)
    ]
    return "".join(texts) if texts else None


CHAT = Endpoint("/v1/chat/completions", chat_body, read_chat, chat_gap)
RESPONSES = Endpoint("/v1/responses", responses_body, read_responses, responses_gap)
EMBEDDINGS = Endpoint("/v1/embeddings", embeddings_body, read_embedding, embedding_gap)
