"""What a session knows of a simulator."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Simulated(Protocol):
    """A destination that brings its settings, such as a simulator."""

    slug: str
    settings: dict[str, Any]
    requests_per_second: float
