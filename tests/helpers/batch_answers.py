"""Lines of result files, as the vendors of language models document them."""

from __future__ import annotations

from typing import Any


def chat_answer(request: dict[str, Any], text: str = "ok", **choice: Any) -> dict[str, Any]:
    """Return the line of an output file with an answer to *request*."""
    body = {
        "id": "chatcmpl-1",
        "model": "gpt-5-2026-01-01",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"content": text, "refusal": None}}
            | choice
        ],
        "usage": {
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": request["custom_id"], "response": response, "error": None}


def message_answer(request: dict[str, Any], text: str = "ok", **message: Any) -> dict[str, Any]:
    """Return the line of the results with an answer to *request*."""
    found = {
        "id": "msg_1",
        "model": "claude-x",
        "stop_reason": "end_turn",
        "content": [{"type": "text", "text": text}],
        "usage": {
            "input_tokens": 5,
            "cache_read_input_tokens": 3,
            "cache_creation_input_tokens": 2,
            "output_tokens": 7,
        },
    } | message
    return {"custom_id": request["custom_id"], "result": {"type": "succeeded", "message": found}}


def failed_answer(request: dict[str, Any], status: int, **error: Any) -> dict[str, Any]:
    """Return the line of an error file for a request that was answered with a *status*."""
    response = {"status_code": status, "request_id": "", "body": {"error": error} if error else {}}
    return {"id": "b", "custom_id": request["custom_id"], "response": response, "error": None}


def undone(request: dict[str, Any], code: str) -> dict[str, Any]:
    """Return the line of an error file for a request that was not made, with the reason."""
    error = {"code": code, "message": f"it says {code}"}
    return {"id": "b", "custom_id": request["custom_id"], "response": None, "error": error}


def errored(
    request: dict[str, Any], kind: str, message: str = "bad", **more: Any
) -> dict[str, Any]:
    """Return the line of the results of Anthropic for a row that failed; errors have two levels."""
    inner = {"type": kind, "message": message, **more}
    error = {"type": "error", "error": inner, "request_id": "req_1"}
    return {"custom_id": request["custom_id"], "result": {"type": "errored", "error": error}}


def result_of(request: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the line of the results of Anthropic with a type alone."""
    return {"custom_id": request["custom_id"], "result": {"type": kind}}
