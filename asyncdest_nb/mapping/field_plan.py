"""The plan that fills an action's fields from the columns of a frame."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from ..errors import MappingError, UnknownName, UsageError
from ..stored import StoredMapping
from .checks import INVALID, half_open, problems
from .field_map import FieldMap
from .path import nests_of, split_names
from .registry import DIRECTIVES, Compile, Resolver


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What is known of a field when the plan is made.

    ``default`` is a mapping or a constant, None = none. ``hint`` describes its values,
    for the message when nothing fills the field. ``by_name``: the column of the same name
    fills it. ``is_object``: its values are objects.
    """

    required: bool = False
    default: Any | None = None
    hint: str = ""
    by_name: bool = True
    is_object: bool = False


def plan_fields(
    fields: Mapping[str, FieldPlan],
    frame_columns: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    mapping: Mapping[str, Any] | None = None,
    index_names: Sequence[str] = (),
) -> FieldMap:
    """Return what fills each field.

    In this order: its entry in *mapping*; its entry in *columns*, the whole name of a
    column (not a path); the column of its own name; its default, if that is a constant or
    reads a column of the frame. A mapping may read only columns of the frame: Segment's
    events may lack a key, but in a frame a missing column is a mistake, unless the mapping
    is a stored one: that fills no field by its name or default, and a required field that it
    leaves out makes rows invalid. A path begins with the longest name of a column, also one with
    dots in it. A path to what several columns begin with, such as ``$.properties``, leads to an
    object of them. *index_names* are the levels of the index, which are not columns; they
    improve the messages.

    Raises UnknownName for unknown fields and columns, MappingError for all other
    problems; either lists all problems.
    """
    columns = {name: str(column) for name, column in _given("columns", columns).items()}
    is_stored = isinstance(mapping, StoredMapping)
    mapping = _given("mapping", mapping)
    if is_stored:
        mapping = {name: value for name, value in mapping.items() if name in fields}
        fields = {name: FieldPlan(by_name=False) for name in fields}
    compiled = Compile(split_names(frame_columns), nests_of(frame_columns), hole=None)
    swapped = _swapped(columns, fields, frame_columns)
    meant = {column: name for name, column in swapped.items() if column not in mapping} | columns
    finder = _SourceFinder(frame_columns, meant, mapping, index_names, compiled, is_stored)
    sources, faults = finder.sources(fields)
    mapped = [] if is_stored else [sources[name] for name in mapping if name in sources]
    read = {root for source in mapped for root in source.resolver.roots}
    unknown = [
        *_unknown_fields([*mapping, *columns], fields, columns, swapped),
        *(
            found + (_of_index(name) if name in index_names else _of_dots(name, frame_columns))
            for name in dict.fromkeys([*columns.values(), *sorted(read)])
            if name not in swapped.values()
            for found in _unknown("column", [name], frame_columns)
        ),
    ]
    if unknown or faults:
        raise _all_wrong(UnknownName if unknown else MappingError, [*unknown, *faults])
    return FieldMap(
        {name: source.resolver for name, source in sources.items()},
        {name: source.description for name, source in sources.items()},
        {name: source.column for name, source in sources.items() if source.column is not None},
    )


def _given(argument: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    if value is None or isinstance(value, Mapping):
        return dict(value or {})
    raise MappingError(
        f"{argument}= got a {type(value).__name__}: {value!r}; write a dict from field to "
        + ("column" if argument == "columns" else "constant or directive")
    )


def _unknown(kind: str, names: Iterable[object], known: Iterable[object]) -> list[str]:
    found = list(known)
    return [str(UnknownName.of(kind, name, found)) for name in names if name not in found]


def _swapped(
    columns: Mapping[str, str], fields: Mapping[str, FieldPlan], frame_columns: Sequence[str]
) -> dict[str, str]:
    """Return those of *columns* that name a column as the field, and the field as its column."""
    return {
        name: column
        for name, column in columns.items()
        if name not in fields and name in frame_columns and column in fields
    }


def _unknown_fields(
    names: Iterable[str],
    fields: Mapping[str, FieldPlan],
    columns: Mapping[str, str],
    swapped: Mapping[str, str],
) -> Iterator[str]:
    """Yield which of *names* is no field, and what to write instead where that is known."""
    for name in dict.fromkeys(names):
        for found in _unknown("field", [name], fields):
            yield found + (_of_swapped(name, swapped) or _of_objects(name, found, columns, fields))


def _of_swapped(name: str, swapped: Mapping[str, str]) -> str:
    if name not in swapped:
        return ""
    return f". columns= is field → column: write columns={{{swapped[name]!r}: {name!r}}}"


def _of_objects(
    name: str, found: str, columns: Mapping[str, str], fields: Mapping[str, FieldPlan]
) -> str:
    """Return how a field that is an object takes the key *name*; *found* may know better."""
    whole = next((key for key, plan in fields.items() if plan.is_object), None)
    if whole is None or "did you mean" in found:
        return ""
    value = _as_json({"@path": f"$.{columns[name]}"}) if name in columns else "…"
    return (
        f". {whole!r} is an object: a key of it is written as "
        f"mapping={{{_as_json(whole)}: {{{_as_json(name)}: {value}}}}}"
    )


def _of_index(name: str) -> str:
    return f". {name!r} is in the index: df.reset_index() makes it a column"


def _of_dots(name: str, frame_columns: Iterable[str]) -> str:
    dotted = next((each for each in frame_columns if each.startswith(f"{name}.")), None)
    if dotted is None:
        return ""
    return f". A path begins with the whole name of a column: $.{dotted}"


def _all_wrong(error: type[UsageError], found: list[str]) -> UsageError:
    if len(found) == 1:
        return error(found[0])
    return error("\n".join([f"{len(found)} problems:", *(f"- {each}" for each in found)]))


@dataclass(frozen=True, slots=True)
class _Source:
    resolver: Resolver
    description: str
    column: str | None = None  # That is the value as it is.


@dataclass(frozen=True, slots=True)
class _SourceFinder:
    """Finds what fills a field; each problem is raised as a MappingError."""

    frame_columns: Sequence[str]
    columns: dict[str, str]
    mapping: dict[str, Any]
    index_names: Sequence[str]
    compiled: Compile
    is_stored: bool

    def sources(self, fields: Mapping[str, FieldPlan]) -> tuple[dict[str, _Source], list[str]]:
        """Return the sources of the fields that have one, and all problems."""
        sources, faults = {}, []
        for name, plan in fields.items():
            try:
                source = self.source(name, plan)
            except MappingError as error:
                faults.append(str(error))
            else:
                sources.update({name: source} if source else {})
        return sources, faults

    def source(self, name: str, plan: FieldPlan) -> _Source | None:
        if name in self.mapping and name in self.columns:
            raise MappingError(
                f"field {name!r} is in columns= ({self.columns[name]!r}) and in mapping= "
                f"({_as_json(self.mapping[name])}): keep one of them"
            )
        if name in self.mapping:
            return self._mapped(name, self.mapping[name])
        if name in self.columns or (plan.by_name and name in self.frame_columns):
            column = self.columns.get(name, name)
            resolver = Resolver(itemgetter(column), frozenset({column}))
            return _Source(resolver, f"column {column!r}", column)
        return self._default(name, plan)

    def _mapped(self, name: str, value: Any) -> _Source:
        resolver = _compiled(name, value, self.compiled)
        if not self.is_stored:
            _refuse_half_open(name, value)
        kind = "constant" if resolver.is_constant else "mapping"
        return _Source(resolver, f"{kind} {_as_json(value)}")

    def _default(self, name: str, plan: FieldPlan) -> _Source | None:
        if plan.default is not None:
            resolver = _compiled(name, plan.default, self.compiled)
            _refuse_half_open(name, plan.default)
            if resolver.is_constant or resolver.reads_all or self._has_any(resolver.roots):
                return _Source(resolver, f"default {_as_json(plan.default)}")
        if plan.required:
            raise MappingError(self._unfilled(name, plan))
        return None

    def _has_any(self, roots: frozenset[str]) -> bool:
        return not roots.isdisjoint(self.frame_columns)

    def _unfilled(self, name: str, plan: FieldPlan) -> str:
        hint = f" ({plan.hint})" if plan.hint else ""
        default = ""
        if plan.default is not None:
            default = f", and its default {_as_json(plan.default)} finds nothing there"
        return (
            f"nothing fills the required field {name!r}{hint}: the frame has no column of that "
            f"name{default}. Name one with columns={{{name!r}: '<column>'}}, or write "
            f"mapping={{{name!r}: <a constant or a directive>}}. "
            f"Columns: {', '.join(self.frame_columns) or 'none'}"
            + (_of_index(name) if name in self.index_names else "")
        )


def _compiled(name: str, value: Any, compiled: Compile) -> Resolver:
    if found := problems(value, (name,)):
        is_unknown = any(INVALID in each for each in found)
        hint = f" Known: {', '.join(sorted(DIRECTIVES))}" if is_unknown else ""
        raise MappingError("\n".join(found) + hint)
    try:
        return compiled(value)
    except MappingError as error:
        raise MappingError(f"field {name!r}: {error}") from None


def _refuse_half_open(name: str, value: Any) -> None:
    # Somebody who types it means a column; of what is stored Segment sends the braces.
    for text in half_open(value):
        raise MappingError(
            f"field {name!r}: a '{{{{' of the template {text!r} names no column; write "
            "{{column}}"
        )


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)
