"""JSON of a destination as values: objects as Attributes, and nothing that others cannot take."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from ..responses import Attributes, with_attributes
from .mapped import mapped_texts

MAX_DEPTH = 200  # levels of nested JSON; the code for it recurses

_HALF = re.compile(r"\\ud", re.IGNORECASE)  # Half of a pair, or alone.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json_text(raw: str) -> tuple[Any, str | None]:
    """Return the value of *raw*, and None; or None, and what is wrong with it."""
    try:
        value = _read_json(raw)
        if raw.count("{") + raw.count("[") < MAX_DEPTH or not _is_deep(value):
            is_half = "\\" in raw and _HALF.search(raw)
            return with_attributes(_without_surrogates(value)) if is_half else value, None
    except json.JSONDecodeError:
        return None, "should be JSON but is not"
    except RecursionError:
        pass
    except ValueError:  # Python does not parse integers of more than 4,300 digits.
        return None, "holds a number too long to read"
    return None, "is JSON nested too deep to read"


def _without_surrogates(value: Any) -> Any:
    """Return *value* with U+FFFD for lone surrogates, which files and sockets do not accept."""
    return mapped_texts(value, lambda text: _LONE_SURROGATE.sub("\ufffd", text))


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _is_deep(value: Any) -> bool:
    level, depth = [value], 0
    while level and depth < MAX_DEPTH:
        level = [inner for each in level for inner in _inner(each)]
        depth += 1
    return bool(level)


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


# Made once: json.loads would make one for each response. Not strict, as the texts of some APIs
# have tabs and ends of lines as they are; nothing else could be meant by them.
_read_json = json.JSONDecoder(
    parse_constant=lambda _: None,
    parse_float=_finite,
    object_pairs_hook=Attributes,
    strict=False,
).decode
