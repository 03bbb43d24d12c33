"""What the model answers to a request, and the error of a row that failed."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import Any
from zlib import crc32

from ..exchange import JSONObject, canonical
from ..llm import Fate, SentRow, SimulatedModel
from ..llm.model import cut, input_tokens, text_of, tokens

_DIMENSIONS = 16  # The real ones have thousands.
_FAILURES = ((3, "Request contains an invalid argument."), (3, "Unable to process input image."))
# gRPC's codes for DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL and UNAVAILABLE.
_OVERLOADS = (
    (13, "Internal error encountered."),
    (14, "The model is overloaded. Please try again later."),
    (8, "Resource has been exhausted (e.g. check quota)."),
    (4, "Deadline expired before operation could complete."),
)


def request_error(request: Any) -> str | None:
    """Return why a *request* to generate or to embed is invalid; None if it is valid."""
    if not isinstance(request, dict):
        return "request is required."
    if _contents(request):
        return None
    return "* GenerateContentRequest.contents: contents is not specified"


def _contents(request: Any) -> Any:
    return request.get("contents") or request.get("content")


def _either(request: Any, name: str, other: str) -> Any:
    """Return a field by its name in camel case or in snake case: both are taken."""
    return request.get(name) if request.get(name) is not None else request.get(other)


def config_of(request: Any) -> Any:
    """Return the generationConfig of *request*, empty if it has none."""
    return _either(request, "generationConfig", "generation_config") or {}


def prompt_of(request: Any) -> str:
    """Return the text of the last content."""
    contents = _contents(request)
    return text_of(contents[-1] if isinstance(contents, list) else contents)


def tokens_of(request: Any) -> int:
    """Return how many tokens *request* is, before the answer."""
    system = _either(request, "systemInstruction", "system_instruction")
    return input_tokens(_contents(request), system)


def answer_of(request: Any, model: SimulatedModel, *, breaks_json: bool = False) -> str:
    """Return the whole text of the answer. *breaks_json*: what follows responseJsonSchema ends."""
    config = config_of(request)
    schema = _either(config, "responseSchema", "response_schema")
    json_schema = _either(config, "responseJsonSchema", "response_json_schema")
    answer = model.answer(prompt_of(request), schema or json_schema)
    return answer[:1] + "\n" * 20 if breaks_json and json_schema and not schema else answer


def generated(request: Any, answer: str, model_name: str) -> JSONObject:
    """Return the response with *answer*."""
    config = config_of(request)
    text, is_cut = cut(answer, _either(config, "maxOutputTokens", "max_output_tokens"))
    read, written = tokens_of(request), tokens(text)
    content = {"parts": [{"text": text}], "role": "model"}
    ending = "MAX_TOKENS" if is_cut else "STOP"
    return {
        "candidates": [{"content": content, "finishReason": ending, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": read,
            "candidatesTokenCount": written,
            "totalTokenCount": read + written,
        },
        "modelVersion": model_name,
        "responseId": sha256(canonical(request).encode()).hexdigest()[:22],
    }


def refused(request: Any, model_name: str) -> JSONObject:
    """Return the response to a prompt that the model refuses: it has no candidates."""
    read = tokens_of(request)
    return {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": read, "totalTokenCount": read},
        "modelVersion": model_name,
        "responseId": sha256(canonical(request).encode()).hexdigest()[:22],
    }


def embedded(request: Any, model_name: str) -> JSONObject:
    """Return the embedding of a content."""
    dice = random.Random(canonical([model_name, prompt_of(request)]))
    size = _either(request, "outputDimensionality", "output_dimensionality") or _DIMENSIONS
    values = [round(dice.uniform(-1, 1), 6) for _ in range(size)]
    return {"embedding": {"values": values}}


def row_error(row: SentRow, fate: Fate) -> JSONObject:
    """Return the error of a row that failed."""
    if fate is Fate.INVALID:
        return {"code": 3, "message": str(row.error)}
    choices = _OVERLOADS if fate is Fate.OVERLOADED else _FAILURES
    code, message = choices[crc32(row.payload.encode()) % len(choices)]
    return {"code": code, "message": message}
