"""The directive for JSON in a text: ``@json``."""

from __future__ import annotations

from functools import partial
from typing import Any

from .. import json_text
from ..checks import choice, options, raw_or_directive
from ..registry import Compile, Resolver, Run, directive
from ..values import UNDEFINED, is_truthy


@directive(
    "@json",
    check=options(
        {"value": raw_or_directive, "mode": choice("encode", "decode")},
        required=["value", "mode"],
    ),
)
def json_(argument: Any, compiled: Compile) -> Resolver:
    """Return a value as JSON text, or the value of a JSON text.

    A text that is no JSON is left as it is, and so is what is no text.
    """
    if not isinstance(argument, dict):
        return Resolver.failing('@json requires an object with a "value" key')
    for name in ("mode", "value"):
        if not is_truthy(argument.get(name)):
            return Resolver.failing(f'@json requires a "{name}" key')
    inner = compiled(argument["value"])
    # The check allows capitals, as in "Encode": then there is no value, as with Segment.
    # In JSON, as which a payload is sent, an infinite number would be null.
    decode = partial(_decoded, only_finite=compiled.hole is None)
    changes: dict[str, Run] = {"encode": json_text.encoded, "decode": decode}
    change = changes.get(str(argument["mode"]))
    if change is None:
        return Resolver.of(lambda row: _nothing(inner.run(row)), [inner])
    return Resolver.of(lambda row: change(inner.run(row)), [inner])


def _decoded(value: Any, *, only_finite: bool) -> Any:
    if not isinstance(value, str):
        return value
    return json_text.decoded(value, only_finite=only_finite)


def _nothing(value: Any) -> Any:
    return UNDEFINED
