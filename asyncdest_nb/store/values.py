"""What a store takes and returns, besides operations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..operation import value
from .cells import mapping

LATEST_SCOPE = "latest of "
LEARNED_SCOPE = "durations of "


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as submitted: the slugs of destination and action, and the settings without secrets.

    ``batch_size`` None = as many rows as the action takes; ``created_at`` is in Unix
    seconds. ``retry_of`` is the id of the run it retries; ``positions`` are its rows as
    positions in the frame of the first run of that chain, None = all of them.
    ``digest`` identifies what was submitted, None = unknown. ``deadline_seconds`` None =
    no deadline. ``recovery`` is what its action declared at that time, None = unknown.
    ``control`` is what the user last asked for: "going", "paused" or "canceled".
    ``has_integer_labels``: its labels were integers in the frame. ``notified``: the notice
    of its end was posted, or was about to be. ``key`` names what tells its rows apart at the
    destination, None = nothing was named.
    """

    id: str
    destination: str
    action: str
    title: str
    settings: dict[str, str]
    batch_size: int | None
    created_at: float
    retry_of: str | None = None
    positions: tuple[int, ...] | None = None
    digest: str | None = None
    deadline_seconds: float | None = None
    recovery: str | None = None
    control: str = "going"
    has_integer_labels: bool = False
    notified: bool = False
    key: tuple[str, ...] | None = None


@value
class StoredRow:
    """A row as submitted: its payload as JSON text, or the fault that made it invalid.

    ``digest`` is the SHA-256, in hex, of a payload that is not saved. A row of a run with a
    key that has none of the three is unchanged.
    """

    position: int
    label: str
    payload: str | None
    fault: str | None
    digest: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it was saved but its label."""
        return self.payload is self.fault is self.digest is None

    def fields(self) -> dict[str, Any]:
        """Return its payload, empty if it has none; raises ValueError if it is no JSON object."""
        return mapping(self.payload) if self.payload is not None else {}


@value
class StateValue:
    """A saved value; ``expires_at`` is in Unix seconds, None = never.

    ``scope`` is "<run>/<batch>" for the state of a submission, or the name of a connection.
    In the scope LATEST_SCOPE + name of a connection, each value is a text: the scope that has
    the latest value of its key. In the scope LEARNED_SCOPE + slug of a destination, a key is
    the slug of an action, and its value what was learned about the durations of its operations.
    """

    scope: str
    key: str
    value: Any
    expires_at: float | None


def unchanged_rows(run: StoredRun, rows: Iterable[StoredRow]) -> list[int]:
    """Return the positions of those of *rows* that *run* did not send as they were unchanged."""
    # The first schema had no digest of a payload that was not saved, and runs had no key.
    return [] if run.key is None else [each.position for each in rows if each.is_empty]
