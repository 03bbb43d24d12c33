"""What a destination's functions store between calls (Segment's stateContext).

Values are stored in the session, so they survive a restart of the kernel. Each belongs to
the submission whose function stored it. The functions of that submission, such as
``poll``, read its value even if others have stored one under the same key. If a submission
has stored none, it reads the latest value of its connection: the same destination with the
same settings (API keys are not compared), in this run or another. So does a function that
belongs to no submission. If a submission's own value has expired, it reads none: ``poll``
would ask about the operations of others.

The latest value of a connection is a reference to the submission that has it. So a value is
in the file once, and is deleted from it with its run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ...operation import value
from ...request import without_references
from ...store import LATEST_SCOPE, StateValue
from ..clock import Clock

FIXED = (str, int, bool, type(None))  # Types of values that no function can change.
_CALL = "call "  # The scope of a call without a run, which is in no file.


class Secrets(Protocol):
    """Puts references in place of secrets, and secrets in place of references."""

    def replace_secrets(self, value: Any) -> Any: ...

    def restore_secrets(self, value: Any) -> Any: ...


def submission_scope(run: str, batch: int) -> str:
    """Return the scope of one submission of a run."""
    return f"{run}/{batch}"


def call_scope(call_id: str) -> str:
    """Return the scope of calls without a run; its values end with this process."""
    return f"{_CALL}{call_id}"


def is_call_scope(scope: str) -> bool:
    """Whether *scope* is that of calls without a run."""
    return scope.startswith(_CALL)


def connection_scope(destination: str, settings: Mapping[str, str]) -> str:
    """Return the scope of a destination with *settings*, which have no secrets."""
    return f"{destination} {json.dumps(settings, sort_keys=True)}"


@value
class _Entry:
    """A value as this process uses it, and as it is shown and stored.

    *until* is a time of the steady clock, None = it does not expire. An entry that
    *is_from_disk* has references in place of secrets in both values.
    """

    value: StateValue
    shown: StateValue
    until: float | None
    is_from_disk: bool = False


class SessionState:
    """All values of a session, by scope and key; iterating gives those that have not expired.

    It gives them without secrets, the latest of each connection last. The scope of a
    submission's value is "<run>/<batch>"; of a value that a connection stored outside of a
    run it is "<destination> <its settings as JSON>". *note* is called with each value as it is to
    be stored; None = there is no file.
    """

    def __init__(
        self,
        stored: Sequence[StateValue],
        *,
        clock: Clock,
        note: Callable[[StateValue], None] | None = None,
    ) -> None:
        self._clock = clock
        self._note = note
        self._lock = threading.Lock()  # Values are noted in the order in which they are set.
        # By the steady clock: the wall clock may jump, and a poll would miss its values.
        wall, steady = clock.wall(), clock.steady()
        self._entries = {
            (each.scope, each.key): _Entry(
                each,
                each,
                None if each.expires_at is None else steady + each.expires_at - wall,
                is_from_disk=True,
            )
            for each in stored
        }

    def __iter__(self) -> Iterator[StateValue]:
        entries = self._entries.copy()
        latest = {
            (str(entry.value.value), key)
            for (scope, key), entry in entries.items()
            if scope.startswith(LATEST_SCOPE)
        }
        for place in sorted(entries, key=latest.__contains__):
            is_shown = not place[0].startswith((LATEST_SCOPE, _CALL))
            if is_shown and self._is_live(entries[place]):
                yield _masked(entries[place].shown)

    def copy(self) -> SessionState:
        """Return a copy for a rehearsal, whose values are not stored anywhere."""
        found = SessionState([], clock=self._clock)
        found._entries = self._entries.copy()
        return found

    def forget(self, runs: Sequence[str]) -> None:
        """Remove the values of the submissions of *runs*."""
        for (scope, key), entry in self._entries.copy().items():
            owner = entry.value.value if scope.startswith(LATEST_SCOPE) else scope
            if str(owner).partition("/")[0] in runs:
                self._entries.pop((scope, key), None)

    def get(self, scope: str, key: str, *, secrets: Secrets) -> StateValue | None:
        """Return a value with its *secrets*, None if there is none or it has expired."""
        entry = self._entries.get((scope, secrets.replace_secrets(key)))
        if entry is None or not self._is_live(entry):
            return None
        if not entry.is_from_disk or scope.startswith(LATEST_SCOPE):
            return entry.value
        return replace(entry.value, value=secrets.restore_secrets(entry.value.value))

    def was_set(self, scope: str, key: str, *, secrets: Secrets) -> bool:
        """Whether a value was ever stored there, even if it has expired."""
        return (scope, secrets.replace_secrets(key)) in self._entries

    def latest(self, connection: str, key: str, *, secrets: Secrets) -> StateValue | None:
        """Return the value of *key* that *connection* stored last."""
        place = self.get(f"{LATEST_SCOPE}{connection}", key, secrets=secrets)
        return None if place is None else self.get(str(place.value), key, secrets=secrets)

    def set(
        self,
        scope: str,
        key: str,
        value: Any,
        *,
        connection: str,
        seconds: float | None,
        secrets: Secrets,
    ) -> None:
        """Store a value for so many *seconds*, None = for ever; on disk without *secrets*.

        It is the latest of *connection*.
        """
        at = None if seconds is None else self._clock.wall() + seconds
        until = None if seconds is None else self._clock.steady() + seconds
        name, latest = secrets.replace_secrets(key), f"{LATEST_SCOPE}{connection}"
        found = StateValue(scope, key, value, at)
        stored = secrets.replace_secrets(value)
        # One object for both if no function can change it, as a run has some for each row.
        is_same = type(value) in FIXED and stored == value and name == key
        shown = found if is_same else StateValue(scope, name, stored, at)
        # The name of a scope has no secrets, and must not change with a key.
        owner = StateValue(latest, name, scope, at)
        with self._lock:
            self._entries[scope, name] = _Entry(found, shown, until)
            self._entries[latest, name] = _Entry(owner, owner, until)
            if self._note is not None:
                self._note(shown)
                self._note(owner)

    def set_for_call(
        self, scope: str, key: str, value: Any, *, seconds: float | None, secrets: Secrets
    ) -> None:
        """Store a value of a call without a run, which is in no file."""
        until = None if seconds is None else self._clock.steady() + seconds
        found = StateValue(scope, key, value, None)
        with self._lock:
            self._entries[scope, secrets.replace_secrets(key)] = _Entry(found, found, until)

    def _is_live(self, entry: _Entry) -> bool:
        return entry.until is None or entry.until > self._clock.steady()


def _masked(value: StateValue) -> StateValue:
    key, found = without_references(value.key), without_references(value.value)
    return replace(value, key=key, value=found)
