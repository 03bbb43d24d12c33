"""The request for a batch, and why none is made of it."""

from __future__ import annotations

from typing import Any

from .validity import ENDPOINTS

_MOST_PAIRS, _LONGEST_NAME, _LONGEST_VALUE = 16, 64, 512
_KEPT = range(3_600, 2_592_001)  # Seconds.


def batch_error(wanted: Any) -> tuple[str, str] | None:
    """Return the parameter and what is wrong with it; None if a batch can be made."""
    if not isinstance(wanted, dict):
        return "input_file_id", "Missing required parameter: 'input_file_id'."
    for name in ("completion_window", "endpoint", "input_file_id"):
        if not isinstance(wanted.get(name), str):
            return name, f"Missing required parameter: '{name}'."
    if wanted["completion_window"] != "24h":
        return "completion_window", "Invalid value. Value must be one of '24h'."
    if wanted["endpoint"] not in ENDPOINTS:
        return "endpoint", f"Invalid value. Value must be one of {', '.join(ENDPOINTS)}."
    return _metadata_error(wanted.get("metadata")) or _expiry_error(
        wanted.get("output_expires_after"), "output_expires_after"
    )


def _metadata_error(metadata: Any) -> tuple[str, str] | None:
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or len(metadata) > _MOST_PAIRS:
        return "metadata", f"Invalid 'metadata': at most {_MOST_PAIRS} pairs of texts."
    for name, value in metadata.items():
        if not isinstance(value, str):
            return f"metadata.{name}", "Invalid type: expected a string."
        if len(name) > _LONGEST_NAME or len(value) > _LONGEST_VALUE:
            text = f"at most {_LONGEST_NAME} characters of a key, and {_LONGEST_VALUE} of a value."
            return f"metadata.{name}", f"String too long: {text}"
    return None


def _expiry_error(asked: Any, name: str) -> tuple[str, str] | None:
    if asked is None:
        return None
    if not isinstance(asked, dict) or asked.get("anchor") != "created_at":
        return f"{name}.anchor", "Invalid value: 'created_at' is supported."
    if not isinstance(asked.get("seconds"), int) or asked["seconds"] not in _KEPT:
        return f"{name}.seconds", "Invalid value: expected an integer from 3600 to 2592000."
    return None
