"""What a failed test of a connection means, and what to do about it: texts, no widget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import HTTPError, IntegrationError, RequestFailed
from .offers import Offer
from .work import Problem

_REFUSED = (400, 401, 403)


def refusal(offer: Offer, settings: Mapping[str, Any], problem: Problem) -> str:
    """Return what happened when the connection was tested, and what to do."""
    happened, to_do = _read(offer, settings, problem.error)
    return f"{offer.title} {happened}: {problem.text}\nNo row was sent. {to_do}"


def _read(offer: Offer, settings: Mapping[str, Any], error: Exception | None) -> tuple[str, str]:
    fields = offer.settings
    status = error.status if isinstance(error, HTTPError | IntegrationError) else None
    if status in _REFUSED:
        secrets = (each.label for each in fields.values() if each.holds_secret)
        return "refuses these settings", f"Check {_listed(secrets)}, then connect again."
    if isinstance(error, RequestFailed):
        urls = (fields[key].label for key, each in settings.items() if "://" in str(each))
        return "cannot be reached", f"Check {_listed(urls)} and your network, then connect again."
    if status is not None and (status >= 500 or status == 429):
        return "is not available now", "Connect again in a while."
    return "could not be tested", "Check the settings, then connect again."


def _listed(labels: Iterable[str]) -> str:
    *others, last = labels = list(labels) or ["the settings"]
    return f"{', '.join(others)} and {last}" if others else last
