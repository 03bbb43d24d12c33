"""JSON lines: a line ends with the byte LF, and with nothing else.

U+2028 and U+0085 are characters like others, though Python's ``splitlines`` splits at them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ...request import read_json_text

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def to_json(value: Any) -> bytes:
    """Return *value* as JSON in UTF-8.

    Raises ValueError for NaN, infinity and half of a surrogate pair, which JSON and UTF-8 do not
    have.
    """
    return _encode(value).encode()


def read_lines(lines: Iterable[str]) -> Iterator[dict[str, Any] | None]:
    """Yield the JSON object of each line; None for a line that is no JSON object.

    That is also how a file looks that was cut off. Blank lines are left out.
    """
    for line in lines:
        if not line.strip():
            continue
        found, _ = read_json_text(line)
        yield found if isinstance(found, dict) else None
