"""What a request for a bulk import job has in it."""

from __future__ import annotations

from typing import Any


def _at(document: Any, *names: str) -> Any:
    """Return what is at the path *names* in *document*; None if nothing is there."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def profiles_in(document: Any) -> list[Any] | None:
    """Return the profiles of a bulk import job as it was sent; None if it is not one."""
    if _at(document, "data", "type") != "profile-bulk-import-job":
        return None
    found = _at(document, "data", "attributes", "profiles", "data")
    return found if isinstance(found, list) else None


def lists_in(document: Any) -> list[str]:
    """Return the ids of the lists that its profiles are added to."""
    found = _at(document, "data", "relationships", "lists", "data")
    return [str(_at(each, "id")) for each in found or []]
