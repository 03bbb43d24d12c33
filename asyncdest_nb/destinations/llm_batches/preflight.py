"""Faults of rows that are found before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .images import ImageLimits, image_faults
from .schemas import StrictForm, strict_schema

_FIELDS = {
    "model": "give it by the field model, as jobs are cut by it",
    "custom_id": "rows have ids of their own",
}

# Yields what is wrong with a payload, given by the names of its fields.
Faults = Callable[[dict[str, Any]], Iterable[str]]


def row_faults(texts: Sequence[str], faults: Faults) -> list[str | None]:
    """Return for each payload, given as JSON, what is wrong with it; None = nothing."""
    return ["; ".join(faults(json.loads(text))) or None for text in texts]


def common_faults(
    values: Mapping[str, Any],
    *,
    form: StrictForm,
    images: ImageLimits,
    never: Mapping[str, str],
    schemas: Iterable[tuple[str, ...]],
) -> Iterator[str]:
    """Yield what is wrong with a row for every vendor.

    *never* has the parameters that a batch does not take, with the reason; *schemas* has where
    in the parameters a schema of the answer may be.
    """
    for name in ("model", "prompt"):
        if not str(values.get(name, "-")).strip():
            yield f"the {name} is blank"
    yield from image_faults(values, images)
    refused = {**_FIELDS, **never}
    for name in values.get("parameters") or {}:
        if name in refused:
            yield f"parameters has {name!r}: {refused[name]}"
    schema = values.get("output_schema")
    for place in schemas if schema is not None else ():
        if _value_at(values.get("parameters"), place) is not None:
            yield f"output_schema and parameters both have {'.'.join(place)}: leave one out"
    if schema is not None and (fault := _schema_fault(json.dumps(schema), form)):
        yield f"output_schema: {fault}"


def choice_fault(parameters: Mapping[str, Any], name: str) -> str | None:
    """Return why more than one answer is not asked for, by the parameter *name*; None = it is not.

    All of them would be paid for.
    """
    count = parameters.get(name)
    if count in (None, 1):
        return None
    return f"{name} is {count!r}: the results have one answer for each row, so leave it out"


def _value_at(value: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


@lru_cache(16)
def _schema_fault(schema: str, form: StrictForm) -> str | None:
    try:
        strict_schema(json.loads(schema), form)
    except (ValueError, AttributeError, TypeError) as error:
        return str(error)
    return None
