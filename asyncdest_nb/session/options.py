"""The options of a session."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What a session keeps, and for how long; see Session."""

    keep_payloads: bool
    keep_days: float | None
