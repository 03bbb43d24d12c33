"""A field of settings or of a payload: how it is declared, and how it is read off a model."""

from __future__ import annotations

import types
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AnyUrl, BaseModel, Field, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from ..errors import UnknownName
from .formats import FORMATS
from .secrets import holds_secret

FieldType = Literal["string", "integer", "number", "boolean", "datetime", "password", "object"]

_EXTRA = "asyncdest"  # Where a field's own attributes live in pydantic's json_schema_extra.
_TYPES: dict[Any, FieldType] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    datetime: "datetime",
    date: "datetime",
    SecretStr: "password",
    SecretBytes: "password",
    uuid.UUID: "string",
    Decimal: "string",
}


_DATA_TYPES: dict[str, FieldType] = {"text": "string"}


def field(
    label: str,
    *,
    description: str = "",
    required: bool | None = None,
    default: Any = None,
    choices: Sequence[Any] | None = None,
    format: str | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    allow_null: bool = False,
    placeholder: str | None = None,
    by_name: bool = True,
    variable: str | None = None,
) -> Any:
    """Declare a field of a payload or of settings.

    The annotation gives its type, and whether it takes several values. *required* None =
    required unless the annotation allows None. In a payload *default* fills the field if
    the caller names no column: a constant or a mapping directive; in settings it is the
    value itself. *minimum* and *maximum* bound a number, or the length of a text. A null
    is not sent unless *allow_null*. *by_name* False = a column of the same name does not
    fill the field automatically, because one value is meant for all rows. *variable* is the
    environment variable in which the vendor's own clients look for a setting; it is read where
    the package's own variable is not set. Raises UnknownName if *format* is unknown.
    """
    if format is not None and format not in FORMATS:
        raise UnknownName.of("format", format, FORMATS)
    attributes = {
        "required": required,
        "default": default,
        "choices": tuple(choices) if choices is not None else None,
        "format": format,
        "minimum": minimum,
        "maximum": maximum,
        "allow_null": allow_null,
        "placeholder": placeholder,
        "by_name": by_name,
        "variable": variable,
    }
    return Field(title=label, description=description, json_schema_extra={_EXTRA: attributes})


def data_field(key: str, given: Mapping[str, Any]) -> InputField:
    """Return the field *key* of a payload that is given as data, by the names of ``field``.

    It may have a ``type`` of Segment's, ``multiple``, and ``properties``: the fields of an
    object. A field with conditions for ``required`` may be left out.
    """
    choices, kind = given.get("choices"), given["type"]
    return InputField(
        key=key,
        label=given.get("label") or key,
        description=given.get("description") or "",
        type=_DATA_TYPES.get(kind, kind),
        required=given.get("required") is True,
        multiple=bool(given.get("multiple")),
        default=given.get("default"),
        choices=None if choices is None else tuple(map(_choice, choices)),
        format=given.get("format"),
        minimum=given.get("minimum"),
        maximum=given.get("maximum"),
        allow_null=bool(given.get("allow_null")),
        placeholder=given.get("placeholder"),
        holds_secret=kind == "password",
    )


def _choice(given: Any) -> Any:
    return given["value"] if isinstance(given, Mapping) and "value" in given else given


@dataclass(frozen=True, slots=True)
class InputField:
    """A field as declared: Segment's attributes, read off a model.

    ``holds_secret``: it is a secret, or contains one at any depth.
    """

    key: str
    label: str
    description: str
    type: FieldType
    required: bool
    multiple: bool = False
    default: Any = None
    choices: tuple[Any, ...] | None = None
    format: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    allow_null: bool = False
    placeholder: str | None = None
    by_name: bool = True
    holds_secret: bool = False
    variable: str | None = None

    @property
    def is_limited(self) -> bool:
        """Whether its values are limited by more than their type."""
        limits = (self.choices, self.format, self.minimum, self.maximum)
        return any(each is not None for each in limits)


def declared_attributes(info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    found = extra.get(_EXTRA) if isinstance(extra, dict) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _bare(annotation: Any) -> Any:
    """Return *annotation* without ``| None`` and ``Annotated``."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        members = [each for each in get_args(annotation) if each is not type(None)]
        return _bare(members[0]) if len(members) == 1 else Any
    return annotation


def _field_type(annotation: Any) -> FieldType:
    if get_origin(annotation) is Literal:
        return _TYPES.get(type(get_args(annotation)[0]), "string")
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _TYPES.get(type(next(iter(annotation)).value), "string")
    if isinstance(annotation, type) and issubclass(annotation, AnyUrl):
        return "string"
    return _TYPES.get(annotation, "object")


def input_fields(model: type[BaseModel]) -> dict[str, InputField]:
    """Return the fields of *model* by key, in the order of declaration."""
    cached: dict[str, InputField] | None = model.__dict__.get("_input_fields")
    if cached is None:
        cached = {key: _input_field(key, info) for key, info in model.model_fields.items()}
        type.__setattr__(model, "_input_fields", cached)
    return cached


def set_input_fields(model: type[BaseModel], fields: Mapping[str, InputField]) -> None:
    """Let *fields* be those of *model*, which has no attributes for them."""
    type.__setattr__(model, "_input_fields", dict(fields))


def limited_fields(model: type[BaseModel]) -> tuple[tuple[str, InputField], ...]:
    """Return the fields of *model* whose values are limited by more than their type."""
    cached: tuple[tuple[str, InputField], ...] | None = model.__dict__.get("_limited_fields")
    if cached is None:
        found = input_fields(model).items()
        cached = tuple((key, each) for key, each in found if each.is_limited)
        type.__setattr__(model, "_limited_fields", cached)
    return cached


def _input_field(key: str, info: FieldInfo) -> InputField:
    attributes = declared_attributes(info)
    annotation = _bare(info.annotation)
    multiple = get_origin(annotation) in (list, tuple, set)
    item = _bare(get_args(annotation)[0]) if get_args(annotation) and multiple else annotation
    return InputField(
        key=key,
        label=info.title or key,
        description=info.description or "",
        type=_field_type(item),
        required=info.is_required(),
        multiple=multiple,
        default=attributes.get("default"),
        choices=_choices(item) or attributes.get("choices"),
        format=attributes.get("format"),
        minimum=attributes.get("minimum"),
        maximum=attributes.get("maximum"),
        allow_null=bool(attributes.get("allow_null")),
        placeholder=attributes.get("placeholder"),
        by_name=bool(attributes.get("by_name", True)),
        holds_secret=holds_secret(annotation),
        variable=attributes.get("variable"),
    )


def _choices(annotation: Any) -> tuple[Any, ...] | None:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(each.value for each in annotation)
    return None
