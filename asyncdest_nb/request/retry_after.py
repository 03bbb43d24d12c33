"""How long an answer asks to wait before the next request, in every form that is in use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = 600.0  # seconds; the bound the RateLimit draft suggests against abuse

# Numbers from here on are no delays but times: seconds, or milliseconds, since 1970.
_FIRST_UNIX, _FIRST_UNIX_MILLISECONDS = 1e9, 1e11
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?")
# When the requests of a limit are counted anew; on other answers than 429 nothing waits for it.
_RESETS = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")


def read_retry_after(headers: Mapping[str, str], *, now: float, status: int = 0) -> float | None:
    """Return the seconds that a destination asks to wait, in [0, 600]; None = it does not ask.

    A Retry-After counts first, then Retry-After-Ms; for the *status* 429 also when the limit is
    reset. *now* is in Unix seconds, and is used only if the response has no Date header: a
    time comes from the destination's clock. A time in the past and a negative number mean now
    (RFC 9110, section 10.2.3); any other text is ignored.
    """
    given = {name.lower(): text.strip() for name, text in headers.items()}
    its_now = _unix_seconds(given.get("date", ""))
    clock = now if its_now is None else its_now
    seconds = _delay(given.get("retry-after", ""), clock)
    milliseconds = given.get("retry-after-ms", "")
    if seconds is None and _NUMBER.fullmatch(milliseconds):
        seconds = float(milliseconds) / 1000
    if seconds is None and status == 429:
        resets = [_delay(given.get(name, ""), clock) for name in _RESETS]
        seconds = next((each for each in resets if each is not None and each > 0), None)
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _delay(text: str, now: float) -> float | None:
    if not _NUMBER.fullmatch(text):
        until = _unix_seconds(text)
        return None if until is None else until - now
    number = float(text)
    if number < _FIRST_UNIX:
        return number
    return (number / 1000 if number >= _FIRST_UNIX_MILLISECONDS else number) - now


def _unix_seconds(date: str) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(date)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        # The parsers raise IndexError and TypeError too.
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
    return None
