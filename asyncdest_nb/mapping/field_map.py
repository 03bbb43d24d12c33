"""How the fields of an action get their values from rows: one by one, or column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .registry import Resolver
from .values import UNDEFINED


@dataclass(frozen=True, slots=True)
class FieldMap:
    """How each field gets its value from a row, without the fields that nothing fills.

    ``sources`` are descriptions: ``column 'email'``, ``default {"@path": "$.userId"}``.
    ``columns`` are the fields that a column fills as it is.
    """

    resolvers: dict[str, Resolver] = field(repr=False)
    sources: dict[str, str]
    columns: dict[str, str] = field(default_factory=dict)

    def reads(self, column: str) -> bool:
        """Whether any field may read *column*."""
        return bool(self.readers(column))

    def readers(self, column: str) -> frozenset[str]:
        """Return the fields that may read *column*."""
        found = self.resolvers.items()
        return frozenset(key for key, each in found if each.reads_all or column in each.roots)

    def payload(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the payload of a row, a copy.

        An empty cell is None. A field whose mapping finds nothing is left out; such an
        item of an array is None, since JSON has no undefined. Raises MappingError if a
        path or template that is computed from this row is no text.
        """
        found = ((name, resolver.resolve(row)) for name, resolver in self.resolvers.items())
        return {name: value for name, value in found if value is not UNDEFINED}

    def values(
        self, columns: Mapping[str, list[Any]], rows: int
    ) -> tuple[dict[str, list[Any]], dict[int, str]]:
        """Return the values of each field for several rows, and by place why a row has none.

        *columns* are those of the rows that any field reads, each with *rows* values. The
        value of a field that is left out is UNDEFINED.
        """
        found: dict[str, list[Any]] = {}
        faults: dict[int, str] = {}
        computed = [key for key in self.resolvers if self._is_computed(key)]
        each_row = _rows_of(columns, rows) if computed else []
        for key, resolver in self.resolvers.items():
            if key in self.columns:
                found[key] = columns[self.columns[key]]
            else:
                reads = not resolver.is_constant
                found[key] = _computed(resolver, each_row if reads else [{}] * rows, faults)
        return found, faults

    def _is_computed(self, key: str) -> bool:
        return key not in self.columns and not self.resolvers[key].is_constant


def _rows_of(columns: Mapping[str, list[Any]], rows: int) -> list[dict[str, Any]]:
    if not columns:
        return [{} for _ in range(rows)]
    each_row = zip(*columns.values(), strict=True)
    return [dict(zip(columns, values, strict=True)) for values in each_row]


def _computed(
    resolver: Resolver, each_row: Sequence[Mapping[str, Any]], faults: dict[int, str]
) -> list[Any]:
    """Return the values of a field, row by row; the first fault of a row is put in *faults*."""
    values = []
    for place, row in enumerate(each_row):
        try:
            values.append(resolver.resolve(row))
        except Exception as error:  # Whatever it is, the row is at fault.
            values.append(UNDEFINED)
            faults.setdefault(place, f"{type(error).__name__}: {error}")
    return values
