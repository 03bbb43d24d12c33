"""Faults of rows that are found before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .images import ImageLimits, image_faults
from .schemas import StrictForm, strict_schema

# Yields what is wrong with a payload, given by the names of its fields.
Faults = Callable[[dict[str, Any]], Iterable[str]]


def row_faults(texts: Sequence[str], faults: Faults) -> list[str | None]:
    """Return for each payload, given as JSON, what is wrong with it; None = nothing."""
    return ["; ".join(faults(json.loads(text))) or None for text in texts]


def common_faults(
    values: Mapping[str, Any], *, form: StrictForm, images: ImageLimits, never: Mapping[str, str]
) -> Iterator[str]:
    """Yield what is wrong with a row for every vendor.

    *never* has the parameters that a batch does not take, with the reason.
    """
    if not str(values.get("prompt", "-")).strip():
        yield "the prompt is blank"
    yield from image_faults(values, images)
    for name in values.get("parameters") or {}:
        if name in never:
            yield f"parameters has {name!r}: {never[name]}"
    schema = values.get("output_schema")
    if schema is not None and (fault := _schema_fault(json.dumps(schema), form)):
        yield f"output_schema: {fault}"


@lru_cache(16)
def _schema_fault(schema: str, form: StrictForm) -> str | None:
    try:
        strict_schema(json.loads(schema), form)
    except (ValueError, AttributeError, TypeError) as error:
        return str(error)
    return None
