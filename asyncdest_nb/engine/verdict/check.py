"""What the answer of an action's ``check`` means for the rows that it was asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ...numerals import counted
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
        is_list = isinstance(faults, (list, tuple))
        given = counted(len(faults), "answer") if is_list else repr(faults)
        asked = counted(len(positions), "payload")
        return Rejected(mask(f"check returned {given} for {asked}"), None)
    found, mask = zip(positions, faults, strict=True), cache(mask)
    return {position: mask(clean_text(why)) for position, why in found if why is not None}
