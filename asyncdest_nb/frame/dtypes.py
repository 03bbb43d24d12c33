"""The type of a column, from the values that are in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from ..numerals import EXACT_INTEGER

# The type of these must not depend on their values: at first they are all missing.
_OUTCOME_DTYPES = {"progress": "float64", "retryable": "boolean"}

_LEAST, _GREATEST = -(2**63), 2**63 - 1  # int64


class ValueKinds:
    """What kinds of values a column called *name* has; they may be added slice by slice."""

    def __init__(self, name: str) -> None:
        self._fixed = _OUTCOME_DTYPES.get(name)
        self._kinds: set[type] = set()
        self._offsets: set[Any] = set()  # Of times
        self._least = self._greatest = 0  # Of integers

    @classmethod
    def of(cls, name: str, values: Iterable[Any]) -> Self:
        """Return the kinds of all *values* of a column."""
        found = cls(name)
        found.add(values)
        return found

    def add(self, values: Iterable[Any]) -> None:
        """Count *values* too; None stands for a missing one."""
        present = [value for value in values if value is not None]
        self._kinds.update(map(type, present))
        if int in self._kinds:
            numbers = [value for value in present if type(value) is int]
            self._least = min(self._least, min(numbers, default=0))
            self._greatest = max(self._greatest, max(numbers, default=0))
        if datetime in self._kinds:
            self._offsets.update(
                value.utcoffset() for value in present if isinstance(value, datetime)
            )

    @property
    def are_texts(self) -> bool:
        """Whether no value is anything else than text."""
        return all(issubclass(kind, str) for kind in self._kinds)

    @property
    def dtype(self) -> str | None:
        """The name of the type in pandas; None = pandas infers it, of times of one offset."""
        kinds = self._kinds
        if self._fixed or self.are_texts:
            return self._fixed or "string"
        if kinds == {bool}:
            return "boolean"
        if kinds == {int} and _LEAST <= self._least and self._greatest <= _GREATEST:
            return "Int64"
        if kinds <= {int, float} and max(-self._least, self._greatest) <= EXACT_INTEGER:
            return "float64"
        return None if kinds == {datetime} and len(self._offsets) == 1 else "object"
