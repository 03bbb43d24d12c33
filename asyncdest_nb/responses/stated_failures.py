"""Failures that the body of an answer with a good HTTP status states.

APIs answer errors with 200 too, and several outcomes with 207. No row is completed by such an
answer: it has failed if that is said of the whole, and is unknown if it is said of some part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_FAILED = frozenset(("failed", "failure", "error", "errored", "rejected", "denied"))
_PARTLY = ("partial", "with_errors", "with errors")
_GOOD = ("success", "ok")
_EXCERPT = 200  # characters
_OPEN = frozenset(("queued", "pending", "processing", "running", "in_progress", "in progress"))
_BAD = ("error", "errors", "failed", "failures")
# Counts and errors of parts, in lower case and without underscores. Google Ads states
# partialFailureError, Meta num_invalid_entries, Apigee fault, and Java's servers exception.
_BAD_PARTS = frozenset(
    (
        *_BAD,
        *("fault", "exception", "partialfailure", "partialfailureerror", "partialerrors"),
        *("failedcount", "failurecount", "errorcount", "invalidcount", "rejectedcount"),
        *("numfailed", "numerrors", "numinvalid", "numinvalidentries", "numrejected", "rejected"),
    )
)
_NOTHING: tuple[Any, ...] = (None, False, 0, "", "0", [], {})


def has_failed(body: Any) -> bool:
    """Whether *body* says that the whole has failed."""
    if not isinstance(body, Mapping):
        return False
    return _word(body) in _FAILED or any(body.get(name) is False for name in _GOOD)


def why_doubtful(status: int | None, body: Any, *, mask: Callable[[str], str] | None = None) -> str:
    """Return which part of an answer with *status* and *body* says that not all is done.

    "" = none does. With *mask*, which hides secrets, the text has an excerpt of the body.
    """
    if status == 207:
        return "answered 207, which is several outcomes, and nobody read them"
    return next((f"the answer has {each}" for each in _parts(body, mask)), "")


def _parts(body: Any, mask: Callable[[str], str] | None) -> Iterator[str]:
    if isinstance(body, Mapping):
        if any(part in _word(body) for part in _PARTLY):
            yield f"the status {body['status']!r}"
        if _word(body) in _OPEN:
            yield f"the status {body['status']!r}, which is no end"
        for name, value in body.items():
            if str(name).lower().replace("_", "") in _BAD_PARTS and value not in _NOTHING:
                yield f"{name!r}{_shown(value, mask)}"
        lists = [each for each in body.values() if isinstance(each, list)]
    else:
        lists = [body] if isinstance(body, list) else []
    for some in lists:
        bad = [each for each in some if isinstance(each, Mapping) and _is_bad(each)]
        if bad:
            yield f"failed entries, {len(bad):,} of {len(some):,}{_shown(bad[0], mask)}"


def _shown(value: Any, mask: Callable[[str], str] | None) -> str:
    # Masked before it is cut, or a part of a secret would stay.
    return f": {mask(str(value))[:_EXCERPT]}" if mask else ""


def _is_bad(entry: Mapping[str, Any]) -> bool:
    status = entry.get("status")
    is_error = isinstance(status, int) and 400 <= status <= 599
    return is_error or has_failed(entry) or any(entry.get(name) for name in _BAD[:2])


def _word(body: Mapping[str, Any]) -> str:
    status = body.get("status")
    return status.lower() if isinstance(status, str) else ""
