"""The message that the model answers to the params of a row."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ..exchange import JSONObject, canonical
from ..llm.model import REFUSAL, SimulatedModel, cut, input_tokens, text_of, tokens


def prompt_of(params: Any) -> str:
    """Return the text of the last message of the user."""
    asked = [each for each in params["messages"] if each.get("role") == "user"]
    return text_of((asked or params["messages"])[-1])


def tokens_of(params: Any) -> int:
    """Return how many tokens *params* are, before the answer."""
    tools = canonical(params["tools"]) if params.get("tools") else ""
    return input_tokens(params.get("system"), params.get("messages"), tools)


def answer_of(params: Any, model: SimulatedModel) -> str:
    """Return the whole text that the model answers."""
    asked = (params.get("output_config") or {}).get("format") or {}
    return model.answer(prompt_of(params), asked.get("schema"))


def message(params: Any, model: SimulatedModel, *, is_refused: bool) -> JSONObject:
    """Return the message for *params*."""
    name = sha256(canonical(params).encode()).hexdigest()[:24]
    content, stop_reason, written = _content(params, model, is_refused=is_refused)
    refused = {"type": "refusal", "category": None, "explanation": REFUSAL}
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "stop_details": refused if is_refused else None,
        "usage": {
            "input_tokens": tokens_of(params),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": written,
            "service_tier": "batch",
        },
    }


def _content(
    params: Any, model: SimulatedModel, *, is_refused: bool
) -> tuple[list[JSONObject], str, int]:
    """Return the blocks, the reason to stop, and the tokens of the answer."""
    if is_refused:
        return [{"type": "text", "text": REFUSAL}], "refusal", tokens(REFUSAL)
    if tool := _forced_tool(params):
        given = model.value(prompt_of(params), tool.get("input_schema"))
        name = sha256(canonical(given).encode()).hexdigest()[:24]
        use = {"type": "tool_use", "id": f"toolu_{name}", "name": tool["name"], "input": given}
        return [use], "tool_use", tokens(canonical(given))
    text, is_cut = cut(answer_of(params, model), params["max_tokens"])
    blocks = [{"type": "text", "text": text}]
    return blocks, "max_tokens" if is_cut else "end_turn", tokens(text)


def _forced_tool(params: Any) -> Any:
    """Return the tool that the model has to use; None if it may answer in text."""
    choice, tools = params.get("tool_choice") or {}, params.get("tools") or []
    if choice.get("type") == "any" and tools:
        return tools[0]
    named = [each for each in tools if each.get("name") == choice.get("name")]
    return named[0] if choice.get("type") == "tool" and named else None
