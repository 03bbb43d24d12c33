"""The body that the model answers to a request of each endpoint."""

from __future__ import annotations

import base64
import random
import struct
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ..exchange import JSONObject, canonical
from ..llm.model import REFUSAL, SimulatedModel, cut, input_tokens, text_of, tokens

# The real ones have more than a thousand, which would be most of the time of a simulation.
_DIMENSIONS = 16
_ANY_OBJECT = {"type": "object", "properties": {"answer": {"type": "string"}}}


def answer_of(body: Any, model: SimulatedModel) -> str:
    """Return the whole text that the model answers."""
    return model.answer(prompt_of(body), schema_of(body))


def prompt_of(body: Any) -> str:
    """Return the text of the last message of the user."""
    asked = body.get("messages") or body.get("input")
    if isinstance(asked, str):
        return asked
    users = [each for each in asked if isinstance(each, dict) and each.get("role") == "user"]
    return text_of((users or asked)[-1])


def schema_of(body: Any) -> Any:
    """Return the schema of the answer; None if none was asked for."""
    asked = body.get("response_format") or (body.get("text") or {}).get("format") or {}
    if asked.get("type") == "json_object":
        return _ANY_OBJECT
    return (asked.get("json_schema") or asked).get("schema")


def prompt_tokens(body: Any) -> int:
    """Return how many tokens a request is, before the answer."""
    asked = body.get("messages") or body.get("input")
    return input_tokens(asked, body.get("instructions"))


def chat(body: Any, model: SimulatedModel, *, is_refused: bool, created: int) -> JSONObject:
    """Return a chat completion."""
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    text, is_cut = ("", False) if is_refused else cut(answer_of(body, model), most)
    message: JSONObject = {
        "role": "assistant",
        "content": None if is_refused else text,
        "refusal": REFUSAL if is_refused else None,
        "annotations": [],
    }
    ending = "length" if is_cut else "stop"
    choice = {"message": message, "logprobs": None, "finish_reason": ending}
    read, written = prompt_tokens(body), tokens(REFUSAL if is_refused else text)
    return {
        "id": f"chatcmpl-{_name(body)}",
        "object": "chat.completion",
        "created": created,
        "model": body["model"],
        "choices": [{"index": index, **choice} for index in range(body.get("n") or 1)],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": None,
    }


def response(body: Any, model: SimulatedModel, *, is_refused: bool, created: int) -> JSONObject:
    """Return a response."""
    whole = REFUSAL if is_refused else answer_of(body, model)
    text, is_cut = cut(whole, body.get("max_output_tokens"))
    part: JSONObject = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if is_refused:
        part = {"type": "refusal", "refusal": text}
    status, name = "incomplete" if is_cut else "completed", _name(body)
    message = {"type": "message", "id": f"msg_{name}", "status": status, "role": "assistant"}
    read, written = prompt_tokens(body), tokens(text)
    return {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body["model"],
        "output": [{**message, "content": [part]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "text": body.get("text") or {"format": {"type": "text"}},
        "metadata": body.get("metadata") or {},
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        },
    }


def embeddings(body: Any, model: SimulatedModel, *, is_refused: bool, created: int) -> JSONObject:
    """Return the embedding of each input."""
    given = body["input"]
    # A list of numbers is one input, as tokens.
    inputs = [given] if isinstance(given, str) or isinstance(given[0], int) else given
    read = sum(tokens(each) if isinstance(each, str) else len(each) for each in inputs)
    found = [_embedding(each, body) for each in inputs]
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": each}
            for index, each in enumerate(found)
        ],
        "model": body["model"],
        "usage": {"prompt_tokens": read, "total_tokens": read},
    }


def _embedding(text: Any, body: Any) -> list[float] | str:
    dice = random.Random(canonical([body["model"], text]))
    size = body.get("dimensions") or _DIMENSIONS
    numbers = [round(dice.uniform(-1, 1), 6) for _ in range(size)]
    if body.get("encoding_format") != "base64":
        return numbers
    return base64.b64encode(struct.pack(f"<{size}f", *numbers)).decode()


def _name(body: Any) -> str:
    return sha256(canonical(body).encode()).hexdigest()[:24]


BODIES: dict[str, Callable[..., JSONObject]] = {
    "/v1/chat/completions": chat,
    "/v1/responses": response,
    "/v1/embeddings": embeddings,
}
