"""Segment's action-destinations framework itself, from npm, as the judge of what is like it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import npm

VERSION = "3.170.0"
_SCRIPT = Path(__file__).with_suffix(".cjs")


def ask(questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answer to each question: ``output``, or ``errors`` and the ``kind`` of error.

    A question has an ``op``: "fields" with fields, payload and mode ("batch" or "single"),
    "transform" with mapping and input, "fql" with text and event, or "batch" with fields, mapping
    and events. The last may have a syncMode, a title, and the ops of a multi-status, as in the
    recorded batches, or the text that the function throws.
    """
    home = npm.package("@segment/actions-core", VERSION, "liquidjs@10.30.1")
    lines = "\n".join(json.dumps(each) for each in questions)
    command = ["node", str(_SCRIPT), str(home)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def numbers_of(value: Any) -> Any:
    """Return an output with ``{"$number": "Infinity"}`` as the number that it stands for."""
    if isinstance(value, dict):
        if value.keys() == {"$number"}:
            return float(value["$number"])
        return {key: numbers_of(each) for key, each in value.items()}
    return [numbers_of(each) for each in value] if isinstance(value, list) else value


def comparable(value: Any) -> Any:
    """Return a JSON value in which true is not 1; numbers compare as doubles."""
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(each) for each in value]
    if isinstance(value, bool):
        return (bool, value)
    return float(value) if isinstance(value, int) else value
