"""The validator of payloads whose fields are given as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import sentences
from .coercion import UNFIT, converted, is_of, type_of
from .conditions import Requirement, is_equal
from .emptiness import without_empty
from .exact import exact_check
from .schema import FieldSchema, schema_of
from .text_formats import FORMATS

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the value at *path*, or that its field *missing* is not there."""

    label: str
    path: Path
    text: str
    missing: str = ""

    @property
    def sentence(self) -> str:
        """The fault in a sentence of Segment's."""
        return sentences.sentence(self.label, self.path, self.text)

    @property
    def place(self) -> Path:
        """The path of the value that is wrong or missing."""
        return (*self.path, self.missing) if self.missing else self.path

    @property
    def what(self) -> str:
        """What is wrong with what is there; "" = it is only an echo of another fault."""
        return "is missing" if self.missing else self.text if self.text != sentences.UNMET else ""


class FieldValidator:
    """Checks payloads, and converts their values where nothing is lost.

    *exempt* keys are kept, although no field declares them. Raises UnknownName or UsageError
    for fields that can never accept a value, with *what* as the place.
    """

    def __init__(
        self,
        fields: Mapping[str, Mapping[str, Any]],
        *,
        what: str = "fields",
        exempt: Sequence[str] = (),
    ) -> None:
        self.schema = schema_of(fields, what)
        self._exempt = frozenset(exempt)
        self._is_open = not fields
        self._exact = exact_check(self.schema)
        declared = (self.schema.fields or {}).items()
        self._nullable = frozenset(key for key, each in declared if "null" in each.types)

    def validate(self, payload: Any, *, in_batch: bool = False) -> tuple[Any, list[str]]:
        """Return the payload with its values converted, and sentences on what is wrong with it.

        It is a copy, without undeclared keys. *in_batch*: a row of a batch keeps empty texts,
        a single one does not. Where something is wrong the payload may be half converted.
        """
        found, faults = self.checked(payload, in_batch=in_batch)
        return found, [each.sentence for each in faults]

    def checked(self, payload: Any, *, in_batch: bool) -> tuple[Any, list[Fault]]:
        """Return what ``validate`` returns, with the places of the faults."""
        if self._is_open:
            return payload, []
        if not isinstance(payload, dict):
            found = "undefined" if payload is None else type_of(payload)
            fault = sentences.wrong_type(("object",), payload, found=found)
            return payload, [Fault("", (), fault)]
        if self._exempt and not self._exempt.isdisjoint(payload):
            return self._walked(payload, in_batch=in_batch)
        exact = self._exact(self._without_null(payload))
        if exact is not None and (in_batch or "" not in exact.values()):
            return exact, []
        return self._walked(payload, in_batch=in_batch)

    def _without_null(self, payload: dict[str, Any]) -> dict[str, Any]:
        if None not in payload.values():
            return payload
        return {
            key: value
            for key, value in payload.items()
            if value is not None or key in self._nullable
        }

    def _walked(self, payload: dict[str, Any], *, in_batch: bool) -> tuple[Any, list[Fault]]:
        own = without_empty(payload, self.schema, is_root=not in_batch)
        exempt = {key: own[key] for key in self._exempt if key in own}
        for key, schema in (self.schema.fields or {}).items():
            if schema.items is not None and own.get(key) is not None:
                own[key] = own[key] if type_of(own[key]) == "array" else [own[key]]
        check = _Check()
        return {**check.object(own, self.schema, ()), **exempt}, check.faults


class _Check:
    """One walk through a payload, which converts its values."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def _add(self, label: str, path: Path, text: str, *, missing: str = "") -> None:
        self.faults.append(Fault(label, path, text, missing))

    def value(self, value: Any, schema: FieldSchema, path: Path) -> Any:
        """Return *value* converted; what is wrong with it is added to the faults."""
        value, wrong_type = _typed(value, schema.types)
        is_late = schema.fields is not None  # JSON schema has it after the choices then.
        if wrong_type and not is_late:
            self._add(schema.label, path, wrong_type)
        for fault in _faults(value, schema):
            self._add(schema.label, path, fault)
        if wrong_type and is_late:
            self._add(schema.label, path, wrong_type)
        if schema.items is not None and type_of(value) == "array":
            return [self.value(each, schema.items, (*path, at)) for at, each in enumerate(value)]
        if schema.fields is not None and isinstance(value, dict):
            return self.object(value, schema, path)
        return value

    def object(self, value: dict[str, Any], schema: FieldSchema, path: Path) -> dict[str, Any]:
        """Return an object with its fields converted, in the order of their declaration."""
        for requirement in schema.requirements:
            if requirement.holds(value):
                self._require(requirement, value, path)
        for key in schema.required:
            if key not in value:
                self._add(schema.label, path, sentences.missing(key), missing=key)
        fields = schema.fields or {}
        own = {
            key: self.value(value[key], each, (*path, key))
            for key, each in fields.items()
            if key in value
        }
        others = value if schema.keeps_others else {}
        return own | {key: each for key, each in others.items() if key not in fields}

    def _require(self, requirement: Requirement, value: dict[str, Any], path: Path) -> None:
        """Add to the faults if a requirement that holds is not met."""
        parent, child = requirement.field, requirement.child
        if parent not in value:
            self._add("", path, sentences.missing(parent), missing=parent)
        elif child and isinstance(value[parent], dict) and child not in value[parent]:
            self._add("", (*path, parent), sentences.missing(child), missing=child)
        else:
            return
        self._add("", path, sentences.UNMET)


def _typed(value: Any, types: tuple[str, ...]) -> tuple[Any, str]:
    """Return *value* with one of *types*, and what is wrong if it has none, else ""."""
    for each in types:
        if is_of(each, value):
            return value, ""
    if types != ("object",) and isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
        if len(types) == 1 and is_of(types[0], value):
            return value, ""
    try:
        found = converted(types, value)
    except ValueError as error:  # Digits would be lost.
        return value, f"is {error}"
    return (value, sentences.wrong_type(types, value)) if found is UNFIT else (found, "")


def _faults(value: Any, schema: FieldSchema) -> Iterator[str]:
    """Return what is wrong with a value apart from its type."""
    choices, (least, most) = schema.choices, schema.bounds
    if choices is not None and not any(is_equal(value, each) for each in choices):
        yield sentences.not_a_choice(choices)
    if isinstance(value, str):
        yield from _faults_of_text(value, schema)
    elif (least is not None or most is not None) and "string" not in schema.types:
        yield from _faults_of_number(value, least, most)


def _faults_of_text(value: str, schema: FieldSchema) -> Iterator[str]:
    least, most = schema.bounds if "string" in schema.types else (None, None)
    if most is not None and len(value) > most:
        yield sentences.wrong_length(most, "or fewer", value)
    if least is not None and len(value) < least:
        yield sentences.wrong_length(least, "or more", value)
    if schema.format is not None and not FORMATS[schema.format](value):
        yield sentences.wrong_format(schema.format)


def _faults_of_number(value: Any, least: float | None, most: float | None) -> Iterator[str]:
    if not is_of("number", value):
        return
    if most is not None and value > most:
        yield sentences.out_of_range(most, "less")
    if least is not None and value < least:
        yield sentences.out_of_range(least, "greater")
