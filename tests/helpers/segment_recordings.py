"""What was recorded of Segment's mappings, and how a result is compared with it."""

from __future__ import annotations

import json
from typing import Any

from asyncdest_nb.mapping import UNDEFINED, transform, transform_batch
from paths import DATA


def recorded_rows(name: str) -> list[Any]:
    """Return the rows of a file in ``tests/data``."""
    # Not splitlines(): a text may have U+2028 in it.
    return [*map(json.loads, (DATA / name).read_text("utf-8").strip().split("\n"))]


def run(recorded: Any) -> Any:
    """Do what was recorded."""
    if recorded.get("op") == "transformBatch":
        return transform_batch(recorded["mapping"], recorded["input"])
    return transform(recorded["mapping"], recorded.get("input", UNDEFINED))


def comparable(value: Any) -> Any:
    """Return *value* with undefined as in a recording, numbers as doubles, and true unlike 1."""
    if value is UNDEFINED:
        return {"$undefined": (bool, True)}
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, bool):
        return (bool, value)
    if value == float("inf"):
        return {"$number": "Infinity"}
    return float(value) if isinstance(value, int) else value


def messages(recorded: Any) -> list[str]:
    """Return the messages of a recorded error; none if only JavaScript's engine has them."""
    is_of_engine = recorded["error"].startswith("Cannot ")
    return [] if is_of_engine else recorded.get("errors", [recorded["error"]])
