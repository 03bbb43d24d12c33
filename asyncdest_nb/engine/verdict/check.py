"""What the answer of an action's ``check`` means for the rows that it was asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ...responses import clean_text
from .values import Rejected


def read_check(
    answer: Any, positions: Sequence[int], *, mask: Callable[[str], str]
) -> dict[int, str] | Rejected:
    """Return by position why rows do not fit; *positions* are those of the checked payloads.

    Rejected = the answer cannot be matched to the payloads.
    """
    faults = [None] * len(positions) if answer is None else answer
    if not isinstance(faults, (list, tuple)) or len(faults) != len(positions):
        given = f"{len(faults)} answers" if isinstance(faults, (list, tuple)) else repr(faults)
        return Rejected(mask(f"check returned {given} for {len(positions)} payloads"), None)
    found, mask = zip(positions, faults, strict=True), cache(mask)
    return {position: mask(clean_text(why)) for position, why in found if why is not None}
