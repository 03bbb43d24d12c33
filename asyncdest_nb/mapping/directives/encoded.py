"""The directive for JSON in a text: ``@json``."""

from __future__ import annotations

from typing import Any

from .. import json_text
from ..checks import choice, options, raw_or_directive
from ..registry import Compile, Resolver, directive
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
    change = {"encode": json_text.encoded, "decode": _decoded}.get(str(argument["mode"]))
    if change is None:
        return Resolver.of(lambda row: _nothing(inner.run(row)), [inner])
    return Resolver.of(lambda row: change(inner.run(row)), [inner])


def _decoded(value: Any) -> Any:
    return json_text.decoded(value) if isinstance(value, str) else value


def _nothing(value: Any) -> Any:
    return UNDEFINED
