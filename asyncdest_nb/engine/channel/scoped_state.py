"""The ``state_context`` that a destination's function is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from ...errors import UnknownName, UsageError
from ...request import as_json
from ...responses import clean_text
from .state import FIXED, Secrets, SessionState, is_call_scope

# The scope of all values without a submission in files from before there were connections.
SESSION_SCOPE = ""
UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_LONGEST = 1e9  # Of any unit; more might not be a float in seconds.


class ScopedState:
    """The state that one call reads and writes.

    *scope* is that of its submission, None = the call belongs to none; *connection* is the
    scope of its connection.
    """

    def __init__(
        self, state: SessionState, scope: str | None, *, connection: str, secrets: Secrets
    ) -> None:
        self._state = state
        self._scope = scope
        self._connection = connection
        self._secrets = secrets

    def get_request_context(self, key: str) -> Any:
        """Return the value of *key*, or None if there is none or it has expired."""
        get = partial(self._state.get, key=key, secrets=self._secrets)
        if self._scope and self._state.was_set(self._scope, key, secrets=self._secrets):
            found = get(self._scope)
            return None if found is None else found.value
        found = self._state.latest(self._connection, key, secrets=self._secrets)
        found = found or get(SESSION_SCOPE)
        return None if found is None else found.value

    def set_response_context(
        self, key: str, value: Any, ttl: Mapping[str, float] | None = None
    ) -> None:
        """Store a JSON *value* for *ttl*, e.g. ``{"hour": 24}``; None = as long as its run.

        It belongs to the submission, and is the latest of the connection; a payload in it is
        stored as JSON. On disk a secret setting in it is replaced by a reference and read
        back with the value; any other secret is lost with this process. Raises UsageError if
        *key* is not a text, JSON cannot hold the value, or *ttl* is not a time; UnknownName
        for a unit other than day, hour, minute, second.
        """
        if not isinstance(key, str) or not (key.isascii() or clean_text(key) == key):
            raise UsageError(
                f"the key of a state is {key!r}; it must be a text that UTF-8 can hold"
            )
        try:
            # A copy, as after a restart: what the function does to its own value changes nothing.
            if type(value) not in FIXED:
                value = json.loads(json.dumps(value, allow_nan=False, default=as_json))
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"state {key!r} must be JSON: {error}") from None
        own, connection, secrets = self._scope, self._connection, self._secrets
        seconds = None if ttl is None else _seconds(ttl)
        scope = connection if own is None or is_call_scope(own) else own
        self._state.set(scope, key, value, connection=connection, seconds=seconds, secrets=secrets)
        if own is not None and own != scope:
            self._state.set_for_call(own, key, value, seconds=seconds, secrets=secrets)

    # The framework's own names.
    setResponseContext = set_response_context
    getRequestContext = get_request_context


def _seconds(ttl: Mapping[str, float]) -> float:
    if not isinstance(ttl, dict | Mapping) or not ttl:
        raise UsageError(f"ttl={ttl!r}; write how long, such as {{'hour': 24}}, or None")
    seconds = 0.0
    for unit, amount in ttl.items():
        if unit not in UNITS:
            raise UnknownName.of("unit of time", unit, UNITS)
        if not isinstance(amount, int | float) or not amount >= 0:
            raise UsageError(f"ttl={ttl!r}: {amount!r} is no number of {unit}s from 0 up")
        seconds += UNITS[unit] * min(amount, _LONGEST)
    return seconds
