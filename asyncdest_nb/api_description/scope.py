"""The names that templates may use, by the place in a description, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..responses import JSONObject
from .model import ApiAction, ApiDescription, SubmitStep

# Names of ours, which a step cannot extract.
RESERVED = frozenset("settings token state batch row rows row_index row_number ids status".split())


def names_of_settings(description: ApiDescription) -> set[str]:
    """Return the names that all requests may use."""
    oauth2 = description.auth.oauth2 if description.auth else None
    kept = {f"token.{name}" for name in (oauth2.keep if oauth2 else {})}
    return {f"settings.{name}" for name in description.settings} | kept


def names_of_batch(action: ApiAction) -> set[str]:
    """Return the names of what is the same for all rows of a batch."""
    return {"batch.key", "batch.size", *(f"batch.{name}" for name in action.batch_by)}


def row_names(action: ApiAction) -> set[str]:
    """Return the names of a row: its fields, its place from 0 on, its number from 1 on."""
    return {"row", "row_index", "row_number", *(f"row.{name}" for name in action.fields)}


def names_after_submit(action: ApiAction, *, extracted: bool = True) -> set[str]:
    """Return the names that are known once a batch is submitted."""
    handle = {action.handle.name} if action.handle and (extracted or action.handle.value) else set()
    if not extracted:
        return handle
    # Both ways to send must give what is used later.
    ways = [_names_of(steps) for steps in (action.submit, action.submit_row) if steps]
    return handle | set.intersection(*ways)


def _names_of(steps: Sequence[SubmitStep]) -> set[str]:
    extracted = {name for step in steps for name in step.extract}
    return extracted | {f"state.{name}" for step in steps for name in step.state}


def names_after_poll(action: ApiAction) -> set[str]:
    """Return the names that are known once a batch is polled."""
    return names_after_submit(action) | set(action.poll.extract if action.poll else ())


def plain_settings(settings: Any, token: Any = None) -> JSONObject:
    """Return the values that all requests may use; a look-up of a setting reveals a secret."""
    return {"settings": settings, "token": token or {}}


def scope_of_context(base: JSONObject, context: JSONObject) -> JSONObject:
    """Return the names and values for an operation that was submitted before."""
    return {**base, **context}
