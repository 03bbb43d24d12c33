"""Values as JSON text, whatever a destination's function may have returned."""

from __future__ import annotations

import json
import math
from typing import Any

from . import cells


def dumps(value: Any) -> str:
    """Write *value* as JSON; a value that JSON does not have becomes null or text.

    ASCII, because SQLite refuses the lone surrogates that an answer may contain.
    """
    try:
        return written(value)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return written(_finite(value))
    except (TypeError, ValueError, RecursionError) as error:
        # A function returned it as a result; the row must not be lost with it.
        return json.dumps(f"a {type(value).__name__} that is not JSON: {error}")


_encoded = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str).encode


def written(value: Any) -> str:
    """Write *value* as JSON; raises ValueError, TypeError or RecursionError if it is not that."""
    written = _encoded(value)
    if cells.is_deep(value, written):
        raise ValueError(f"it is nested more than {cells.MAX_DEPTH} deep")
    return written


def _finite(value: Any) -> Any:
    """Replace NaN and infinities, which JSON does not have, by null at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value
