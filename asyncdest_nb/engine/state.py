"""What a destination's functions keep between calls (Segment's stateContext).

Values are kept in the session, so they outlive a restart of the kernel. A
function is given the state of its batch; what is not there is looked up in the
session's own. What ``perform`` stored for a batch, ``poll`` of that batch reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import UnknownName, UsageError
from ..responses import clean_text
from ..store import StateValue

Clean = Callable[[Any], Any]  # JSON in, the same without secrets out.

SESSION_SCOPE = ""
UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


class SessionState:
    """All values of a session, by scope and key."""

    def __init__(
        self,
        kept: Sequence[StateValue],
        *,
        clock: Callable[[], float],
        note: Callable[[StateValue], None],
    ) -> None:
        self._values = {(each.scope, each.key): each for each in kept}
        self._clock = clock
        self._note = note

    def get(self, scope: str, key: str) -> StateValue | None:
        """Return a value, or None if there is none or it has expired."""
        found = self._values.get((scope, key))
        if found is None or found.expires_at is None or found.expires_at > self._clock():
            return found
        return None

    def put(self, found: StateValue, *, clean: Clean) -> None:
        """Keep a value: as it is in this process, and on disk as *clean* leaves it."""
        self._values[found.scope, found.key] = found
        self._note(replace(found, value=clean(found.value)))

    def expiry(self, ttl_seconds: float | None) -> float | None:
        """Return when what is kept so long expires; None = never."""
        return None if ttl_seconds is None else self._clock() + ttl_seconds

    def forget(self, runs: Sequence[str]) -> None:
        """Drop the state of the batches of *runs*."""
        kept = {key: each for key, each in self._values.items() if _run_of(key[0]) not in runs}
        self._values = kept

    def of(self, *scopes: str, clean: Clean) -> ScopedState:
        """Return the state a function is given: *scopes* in order, then the session's own."""
        return ScopedState(self, (*scopes, SESSION_SCOPE), clean=clean)


class ScopedState:
    """The ``state_context`` of one call; writes go to the first of its scopes."""

    def __init__(self, state: SessionState, scopes: Sequence[str], *, clean: Clean) -> None:
        self._state = state
        self._scopes = scopes
        self._clean = clean

    def get_request_context(self, key: str) -> Any:
        """Return the value of *key*, or None if there is none or it has expired."""
        for scope in self._scopes:
            found = self._state.get(scope, key)
            if found is not None:
                return found.value
        return None

    def set_response_context(
        self, key: str, value: Any, ttl: Mapping[str, float] | None = None
    ) -> None:
        """Keep a JSON *value* for *ttl*, e.g. ``{"hour": 24}``; None = for good.

        Secrets in it do not outlive this process: they are not written to disk.
        Raises UsageError for a *key* that is no text, a value that JSON cannot hold, and a
        *ttl* below 0; UnknownName for a unit other than day, hour, minute, second.
        """
        if not isinstance(key, str) or clean_text(key) != key:
            raise UsageError(
                f"the key of a state is {key!r}; it must be a text that UTF-8 can hold"
            )
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(f"state {key!r} must be JSON: {error}") from None
        at = self._state.expiry(_seconds(ttl))
        self._state.put(StateValue(self._scopes[0], key, value, at), clean=self._clean)


def _run_of(scope: str) -> str:
    return scope.partition("/")[0]


def _seconds(ttl: Mapping[str, float] | None) -> float | None:
    if ttl is None:
        return None
    for unit, amount in ttl.items():
        if unit not in UNITS:
            raise UnknownName.of("unit of time", unit, UNITS)
        if not isinstance(amount, int | float) or not amount >= 0:
            raise UsageError(f"ttl={ttl!r}: {amount!r} is no number of {unit}s from 0 up")
    return sum(UNITS[unit] * amount for unit, amount in ttl.items())
