"""The versions of the API, and the limit of requests in 24 hours."""

from __future__ import annotations

import re

from ..exchange import JSONObject

# Older versions were retired in Summer '25. Bulk API 2.0 exists since 41.0.
FIRST, LAST, FIRST_WITH_JOBS = 31, 68, 41
DAY_SECONDS = 24 * 3600.0

_VERSION = re.compile(r"[1-9][0-9]{1,2}", re.ASCII)
_SEASONS = ("Winter", "Spring", "Summer")  # Winter '15 was version 32.


def is_known(version: str, *, since: int = FIRST) -> bool:
    """Whether version *version* ("59") exists and is not older than *since*."""
    return bool(_VERSION.fullmatch(version)) and since <= int(version) <= LAST


def versions() -> list[JSONObject]:
    """Return all versions, the oldest first."""
    found = []
    for number in range(FIRST, LAST + 1):
        years, season = divmod(number - 32, 3)
        label = f"{_SEASONS[season]} '{15 + years}"
        url = f"/services/data/v{number}.0"
        found.append({"label": label, "url": url, "version": f"{number}.0"})
    return found


class Allowance:
    """The requests that are left in the 24 hours."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._ends_at: float | None = None

    def take(self, now: float) -> bool:
        """Use one request, and return whether one was left."""
        if self._ends_at is None or now >= self._ends_at:
            self.used, self._ends_at = 0, now + DAY_SECONDS
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def __str__(self) -> str:
        return f"api-usage={self.used}/{self.limit}"
