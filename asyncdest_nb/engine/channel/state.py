"""What a destination's functions keep between calls (Segment's stateContext).

Values are kept in the session, so they outlive a restart of the kernel. Each belongs to
the submission whose function stored it, and that submission's own functions, such as
``poll``, read it whatever others store under the same key. Where a submission has none of
its own, it reads the latest of its connection: the same destination by the same settings
(keys do not count), in this run or another. So does a function of no submission. A value
of its own that has expired is none of others': ``poll`` would ask about their operations.

The latest of a connection is no copy, it names the submission that has the value. So a
value is in the file once, and is gone from it when its run is forgotten.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from ...errors import UnknownName, UsageError
from ...request import as_json, without_references
from ...responses import clean_text
from ...store import LATEST, StateValue
from ..clock import Clock


class Secrets(Protocol):
    """What puts references in the place of secrets, and secrets in the place of references."""

    def folded(self, value: Any) -> Any: ...

    def unfolded(self, value: Any) -> Any: ...


# Where every value that no submission stored was kept, before there were connections.
SESSION_SCOPE = ""
_LONGEST = 1e9  # Of any unit; a number that is no float would be none of seconds either.
UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_CALL = "call "  # The scope of a call without a run, which is in no file.


def submission_scope(run: str, batch: int) -> str:
    """Return the scope of one submission of a run."""
    return f"{run}/{batch}"


def call_scope(call_id: str) -> str:
    """Return the scope of calls without a run; it ends with this process."""
    return f"{_CALL}{call_id}"


def connection_scope(destination: str, settings: Mapping[str, str]) -> str:
    """Return the scope of a destination by its *settings* without secrets."""
    return f"{destination} {json.dumps(settings, sort_keys=True)}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value as this process uses it, and as others may see it; *until* is of the steady clock.

    One that *is_from_disk* has references in the place of secrets in both.
    """

    value: StateValue
    shown: StateValue
    until: float | None
    is_from_disk: bool = False


def _masked(value: StateValue) -> StateValue:
    key, found = without_references(value.key), without_references(value.value)
    return replace(value, key=key, value=found)


class SessionState:
    """All values of a session, by scope and key; iterating gives those that are live.

    What is iterated over has no secrets, and ends with the latest of each connection. Its
    scope is "<run>/<batch>" for a submission's, "<destination> <its settings as JSON>" for
    what a connection stored outside of a run.
    """

    def __init__(
        self, kept: Sequence[StateValue], *, clock: Clock, note: Callable[[StateValue], None]
    ) -> None:
        self._clock = clock
        self._note = note
        self._lock = threading.Lock()  # What is kept last is noted last, whatever the threads do.
        # By the steady clock: the wall clock may jump, and a poll would miss what it needs.
        wall, steady = clock.wall(), clock.steady()
        self._values = {
            (each.scope, each.key): _Kept(
                each,
                each,
                None if each.expires_at is None else steady + each.expires_at - wall,
                is_from_disk=True,
            )
            for each in kept
        }

    def __iter__(self) -> Iterator[StateValue]:
        values = self._values.copy()
        latest = {
            (str(kept.value.value), key)
            for (scope, key), kept in values.items()
            if scope.startswith(LATEST)
        }
        for place in sorted(values, key=latest.__contains__):
            if self._is_live(values[place]) and not place[0].startswith((LATEST, _CALL)):
                yield _masked(values[place].shown)

    def apart(self) -> SessionState:
        """Return the same values, for a rehearsal: what is stored there is stored nowhere else."""
        found = SessionState([], clock=self._clock, note=lambda value: None)
        found._values = self._values.copy()
        return found

    def forget(self, runs: Sequence[str]) -> None:
        """Drop the state of the submissions of *runs*."""
        for (scope, key), kept in self._values.copy().items():
            owner = kept.value.value if scope.startswith(LATEST) else scope
            if str(owner).partition("/")[0] in runs:
                self._values.pop((scope, key), None)

    def of(self, own: str | None, *, connection: str, secrets: Secrets) -> ScopedState:
        """Return the state a function is given: of the *own* scope, if any, and the connection."""
        return ScopedState(self, own, connection=connection, secrets=secrets)

    def get(self, scope: str, key: str, *, secrets: Secrets) -> StateValue | None:
        """Return a value with its *secrets*, or None if there is none or it has expired."""
        kept = self._values.get((scope, secrets.folded(key)))
        if kept is None or not self._is_live(kept):
            return None
        if not kept.is_from_disk or scope.startswith(LATEST):
            return kept.value
        return replace(kept.value, value=secrets.unfolded(kept.value.value))

    def has_kept(self, scope: str, key: str, *, secrets: Secrets) -> bool:
        """Say whether a value was ever stored there, even if it has expired."""
        return (scope, secrets.folded(key)) in self._values

    def latest(self, connection: str, key: str, *, secrets: Secrets) -> StateValue | None:
        """Return the value of *key* that was stored last by *connection*."""
        named = self.get(f"{LATEST}{connection}", key, secrets=secrets)
        return None if named is None else self.get(str(named.value), key, secrets=secrets)

    def put(
        self, scope: str, key: str, value: Any, *, seconds: float | None, secrets: Secrets
    ) -> None:
        """Keep a value for so many *seconds*: as it is here, and on disk without *secrets*."""
        at = None if seconds is None else self._clock.wall() + seconds
        until = None if seconds is None else self._clock.steady() + seconds
        found = StateValue(scope, key, value, at)
        # The name of a scope is on disk anyway, and has to be the same with another key.
        folded = value if scope.startswith(LATEST) else secrets.folded(value)
        shown = replace(found, key=secrets.folded(key), value=folded)
        with self._lock:
            self._values[scope, shown.key] = _Kept(found, shown, until)
            if not scope.startswith(_CALL):
                self._note(shown)

    def _is_live(self, kept: _Kept) -> bool:
        return kept.until is None or kept.until > self._clock.steady()


class ScopedState:
    """The ``state_context`` of one call."""

    def __init__(
        self, state: SessionState, own: str | None, *, connection: str, secrets: Secrets
    ) -> None:
        self._state = state
        self._own = own
        self._connection = connection
        self._secrets = secrets

    def get_request_context(self, key: str) -> Any:
        """Return the value of *key*, or None if there is none or it has expired."""
        get = partial(self._state.get, key=key, secrets=self._secrets)
        if self._own and self._state.has_kept(self._own, key, secrets=self._secrets):
            found = get(self._own)
            return None if found is None else found.value
        found = self._state.latest(self._connection, key, secrets=self._secrets)
        found = found or get(SESSION_SCOPE)
        return None if found is None else found.value

    def set_response_context(
        self, key: str, value: Any, ttl: Mapping[str, float] | None = None
    ) -> None:
        """Keep a JSON *value* for *ttl*, e.g. ``{"hour": 24}``; None = as long as its run.

        It is the submission's own, and the latest of the connection; a payload in it is kept
        as JSON. On disk a secret setting in it is kept by its name, and is there again when it
        is read; another secret does not outlive this process. Raises UsageError for a *key*
        that is no text, a value that JSON cannot hold, and a *ttl* that is no time; UnknownName
        for a unit other than day, hour, minute, second.
        """
        if not isinstance(key, str) or clean_text(key) != key:
            raise UsageError(
                f"the key of a state is {key!r}; it must be a text that UTF-8 can hold"
            )
        try:
            # As a restart would find it; what the function goes on to do to its own is no matter.
            value = json.loads(json.dumps(value, allow_nan=False, default=as_json))
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"state {key!r} must be JSON: {error}") from None
        self._keep(key, value, _seconds(ttl))

    # The framework's own names.
    setResponseContext = set_response_context
    getRequestContext = get_request_context

    def _keep(self, key: str, value: Any, seconds: float | None) -> None:
        own, put = self._own, partial(self._state.put, seconds=seconds, secrets=self._secrets)
        scope = self._connection if own is None or own.startswith(_CALL) else own
        put(scope, key, value)
        put(f"{LATEST}{self._connection}", key, scope)
        if own is not None and own != scope:
            put(own, key, value)


def _seconds(ttl: Mapping[str, float] | None) -> float | None:
    if ttl is None:
        return None
    if not isinstance(ttl, Mapping) or not ttl:
        raise UsageError(f"ttl={ttl!r}; write how long, such as {{'hour': 24}}, or None")
    for unit, amount in ttl.items():
        if unit not in UNITS:
            raise UnknownName.of("unit of time", unit, UNITS)
        if not isinstance(amount, int | float) or not amount >= 0:
            raise UsageError(f"ttl={ttl!r}: {amount!r} is no number of {unit}s from 0 up")
    return sum(UNITS[unit] * min(amount, _LONGEST) for unit, amount in ttl.items())
