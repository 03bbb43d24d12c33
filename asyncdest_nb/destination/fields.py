"""What settings and payloads are made of: fields, read off pydantic models."""

from __future__ import annotations

import ipaddress
import re
import types
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    AnyUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretBytes,
    SecretStr,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic.fields import FieldInfo

from ..errors import UnknownName
from ..responses import JSONObject
from .conversions import conversion_of
from .keyed import Keyed

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
) -> Any:
    """Declare a field of a payload or of settings.

    Its type, and whether it takes several values, come from the annotation.
    *required* None = required unless the annotation allows None. For a payload
    *default* is what fills the field when the caller names no column: a constant
    or a mapping directive; for settings it is the value itself. *minimum* and
    *maximum* bound a number, or the length of a text. A null is left out of what
    is sent unless *allow_null*. Without *by_name* a column of the same name does not
    fill it by itself: it is meant for all rows.
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
    }
    return Field(title=label, description=description, json_schema_extra={_EXTRA: attributes})


@dataclass(frozen=True, slots=True)
class InputField:
    """A field as declared: Segment's attributes, read off a model.

    ``holds_secret``: it is one, or has one anywhere inside.
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


class Fields(Keyed, BaseModel):
    """What payloads and settings share: declared fields, and no others."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        # An error text is shown and stored; what was typed may be a secret.
        hide_input_in_errors=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        # "https://host" stays as it is, so that f"{endpoint}/path" has one slash.
        url_preserve_empty_path=True,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        changed = [
            _settle(info, cls._default_of(info)) | _convert(info)
            for info in cls.model_fields.values()
        ]
        if any(changed):
            cls.model_rebuild(force=True)

    @classmethod
    def _default_of(cls, info: FieldInfo) -> Any:
        return None

    @model_validator(mode="after")
    def _check_declared_bounds(self) -> Any:
        for key, declared in input_fields(type(self)).items():
            value = getattr(self, key)
            if value is not None:
                for item in value if declared.multiple else (value,):
                    _check(declared, item)
        return self


class Settings(Fields):
    """What a connection needs to know: where the destination is, and credentials."""

    @classmethod
    def _default_of(cls, info: FieldInfo) -> Any:
        return _attributes(info).get("default")


class Payload(Fields):
    """What one row becomes before it is sent."""

    def keys(self) -> Iterable[str]:
        """Return the fields that are sent; so ``{**payload, "source": "crm"}`` is what it says."""
        return self.as_json().keys()

    def as_json(self) -> JSONObject:
        """Return what is sent: JSON values, without nulls that no field allows."""
        declared = input_fields(type(self))
        values = self.model_dump(mode="json", exclude_unset=True)
        return {
            key: value
            for key, value in values.items()
            if value is not None or (key in declared and declared[key].allow_null)
        }


def _attributes(info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    found = extra.get(_EXTRA) if isinstance(extra, dict) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _settle(info: FieldInfo, default: Any) -> bool:
    """Give *info* a default if it may be left out; say whether that changed it."""
    required = _attributes(info).get("required")
    optional = not required and (required is False or _allows_none(info.annotation))
    if not info.is_required():
        return False
    if default is None and not optional:
        return False
    info.default = default
    return True


def _convert(info: FieldInfo) -> bool:
    """Let *info* convert what it is given, see conversions; say whether that changed it."""
    if any(isinstance(each, _Converted) for each in info.metadata):  # Inherited.
        return False
    found = conversion_of(info.annotation, format=_attributes(info).get("format"))
    if found is not None:
        own = [isinstance(each, _READERS) for each in info.metadata]
        # What an author's own function returns is converted, not what it reads.
        info.metadata.insert(own.index(True) if any(own) else len(own), _Converted(found))
    return found is not None


class _Converted(BeforeValidator):
    """The validator that a field has from here, not from its author."""


_READERS = (BeforeValidator, PlainValidator, WrapValidator)


def _allows_none(annotation: Any) -> bool:
    return type(None) in get_args(annotation) or annotation in (Any, None)


def _bare(annotation: Any) -> Any:
    """Strip ``| None`` and ``Annotated`` off *annotation*."""
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


def _input_field(key: str, info: FieldInfo) -> InputField:
    attributes = _attributes(info)
    annotation = _bare(info.annotation)
    multiple = get_origin(annotation) in (list, tuple, set)
    item = _bare(get_args(annotation)[0]) if multiple else annotation
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
        holds_secret=_holds_secret(annotation),
    )


def _choices(annotation: Any) -> tuple[Any, ...] | None:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(each.value for each in annotation)
    return None


def _holds_secret(annotation: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether *annotation* is a secret, or has one anywhere inside."""
    if annotation is SecretStr or annotation is SecretBytes:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inside = [] if annotation in seen else annotation.model_fields.values()
        return any(_holds_secret(each.annotation, seen | {annotation}) for each in inside)
    return any(_holds_secret(each, seen) for each in get_args(annotation))


def _matches(pattern: str) -> Callable[[str], object]:
    compiled = re.compile(pattern)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise ValueError(text)

    return check


def _clock(text: str) -> time:
    if ":" not in text:  # Python reads 2024-06 as 20:24, six hours from UTC.
        raise ValueError(text)
    return time.fromisoformat(text)


# The formats of JSON schema that Segment's fields may name; each raises ValueError.
FORMATS: dict[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": _clock,
    "date-time": TypeAdapter(datetime).validate_python,
    "email": _matches(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+"),
    "hostname": _matches(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*"),
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "regex": re.compile,
    "uri": TypeAdapter(AnyUrl).validate_python,
    "uuid": uuid.UUID,
}


def _check(declared: InputField, value: Any) -> None:
    plain = value.value if isinstance(value, Enum) else value
    if declared.choices is not None and plain not in declared.choices:
        known = ", ".join(repr(choice) for choice in declared.choices)
        raise ValueError(f"{declared.label} must be one of {known}")
    if declared.format in FORMATS and isinstance(value, str):
        _check_format(declared, value)
    _check_bounds(declared, len(value) if isinstance(value, str) else value)


def _check_format(declared: InputField, text: str) -> None:
    try:
        FORMATS[str(declared.format)](text)
    except (ValueError, re.error):
        raise ValueError(f"{declared.label} must be a valid {declared.format}") from None


def _check_bounds(declared: InputField, size: Any) -> None:
    what = "characters" if declared.type == "string" else ""
    if declared.minimum is not None and size < declared.minimum:
        raise ValueError(f"{declared.label} must be at least {declared.minimum} {what}".rstrip())
    if declared.maximum is not None and size > declared.maximum:
        raise ValueError(f"{declared.label} must be at most {declared.maximum} {what}".rstrip())


def _place(error: Any, fields: Mapping[str, InputField]) -> str:
    """Name where *error* is: the label of the field, its key, and the way inside it."""
    if not error["loc"]:
        return ""
    key, *inside = (str(part) for part in error["loc"])
    name = fields[key].label if key in fields else key
    path = "".join(f".{part}" for part in inside)
    return f"{name} ({key}{path}): " if name != key or path else f"{name}: "


def explain(error: ValidationError, fields: Mapping[str, InputField]) -> str:
    """Say in one line what does not fit, field by field, without the values."""
    problems = [
        _place(each, fields) + _in_words(each["msg"])
        for each in error.errors(include_url=False, include_input=False)
    ]
    return "; ".join(problems)


def _in_words(message: str) -> str:
    found = message.removeprefix("Value error, ").replace("Field required", "is missing")
    return found.replace("relative URL without a base", "with its scheme: https://…")


def secrets_of(settings: BaseModel) -> list[str]:
    """Return every secret in *settings*, also in models, lists and dicts inside it."""
    return list(named_secrets_of(settings).values())


def named_secrets_of(settings: BaseModel) -> dict[str, str]:
    """Return every secret in *settings* by its name, also in models, lists and dicts inside it.

    The name of one inside is that of the setting and the way to it: "login.password".
    """
    return {name: secret for name, secret in _secrets(settings, "") if secret}


def _secrets(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, SecretStr):
        yield name, value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield name, value.get_secret_value().decode("utf-8", "replace")
    else:
        for key, each in _inside(value):
            yield from _secrets(each, f"{name}.{key}" if name else key)


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        yield from value
    elif isinstance(value, Mapping):
        for at, (key, each) in enumerate(value.items()):
            yield f"key {at}", key
            yield str(key), each
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((str(at), each) for at, each in enumerate(value))


def urls_of(settings: BaseModel) -> list[str]:
    """Return the URLs among *settings*: where the user's credentials may go."""
    texts = [str(value) for _, value in settings if isinstance(value, (str, AnyUrl))]
    return [text for text in texts if text.startswith(("http://", "https://"))]
