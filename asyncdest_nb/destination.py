"""Destinations as values: what can be asked of a partner, and the functions that ask it.

The words are Segment's: a destination has settings and actions; an action has
fields (its payload), ``perform``, ``perform_batch`` and ``poll``.
"""

from __future__ import annotations

import ipaddress
import re
import types
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime, time
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar, Union, get_args, get_origin

from pydantic import (
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretBytes,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .errors import SettingsError, UnknownName, UsageError
from .responses import JSONObject

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
) -> Any:
    """Declare a field of a payload or of settings.

    Its type, and whether it takes several values, come from the annotation.
    *required* None = required unless the annotation allows None. For a payload
    *default* is what fills the field when the caller names no column: a constant
    or a mapping directive; for settings it is the value itself. *minimum* and
    *maximum* bound a number, or the length of a text. A null is left out of what
    is sent unless *allow_null*.
    """
    attributes = {
        "required": required,
        "default": default,
        "choices": tuple(choices) if choices is not None else None,
        "format": format,
        "minimum": minimum,
        "maximum": maximum,
        "allow_null": allow_null,
        "placeholder": placeholder,
    }
    return Field(title=label, description=description, json_schema_extra={_EXTRA: attributes})


@dataclass(frozen=True, slots=True)
class InputField:
    """A field as declared: Segment's attributes, read off a model."""

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


class Fields(BaseModel):
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
        changed = [_settle(info, cls._default_of(info)) for info in cls.model_fields.values()]
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
    if info.default is not PydanticUndefined or info.default_factory is not None:
        return False
    if default is None and not optional:
        return False
    info.default = default
    return True


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
    choices = get_args(item) if get_origin(item) is Literal else attributes.get("choices")
    return InputField(
        key=key,
        label=info.title or key,
        description=info.description or "",
        type=_field_type(item),
        required=info.is_required(),
        multiple=multiple,
        default=attributes.get("default"),
        choices=choices,
        format=attributes.get("format"),
        minimum=attributes.get("minimum"),
        maximum=attributes.get("maximum"),
        allow_null=bool(attributes.get("allow_null")),
        placeholder=attributes.get("placeholder"),
    )


def _matches(pattern: str) -> Callable[[str], object]:
    compiled = re.compile(pattern)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise ValueError(text)

    return check


# The formats of JSON schema that Segment's fields may name; each raises ValueError.
FORMATS: dict[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
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
    if declared.choices is not None and value not in declared.choices:
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
        _place(each, fields)
        + each["msg"].removeprefix("Value error, ").replace("Field required", "is missing")
        for each in error.errors(include_url=False, include_input=False)
    ]
    return "; ".join(problems)


class Request(Protocol):
    """How ``perform`` and ``poll`` talk to the destination: one call, one HTTP request."""

    def __call__(self, url: str, **options: Any) -> Awaitable[Any]: ...


class StateContext(Protocol):
    """Values that outlive a call: what ``perform`` stores, ``poll`` reads."""

    def get_request_context(self, key: str) -> Any:
        """Return the value of *key*, or None if there is none or it has expired."""

    def set_response_context(
        self, key: str, value: Any, ttl: Mapping[str, float] | None = None
    ) -> None:
        """Keep a JSON *value* for *ttl*, e.g. ``{"hour": 24}``; None = for good."""


SettingsT = TypeVar("SettingsT")
PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True)
class ActionData(Generic[SettingsT, PayloadT]):
    """What a destination's function is given.

    ``payload`` is one payload for ``perform``, a list of them for
    ``perform_batch``, None for ``poll``; ``async_contexts`` has 1..N contexts for
    ``poll`` and none otherwise.
    """

    settings: SettingsT
    payload: PayloadT
    state_context: StateContext
    async_contexts: list[JSONObject] = dataclass_field(default_factory=list)


Function = Callable[[Any, Any], Any]


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a destination can be asked to do with rows.

    ``perform`` takes one row, ``perform_batch`` up to ``batch_size`` rows of
    together at most ``batch_bytes`` bytes of JSON; one of them is enough.
    ``operation_per`` says what one context stands for: a "row", or the whole
    "batch" (a job). ``operation_id`` is the key of the destination's id in a
    context. ``poll`` is asked about at most ``poll_batch_size`` contexts a call.
    """

    title: str
    payload: type[Payload]
    description: str = ""
    perform: Function | None = None
    perform_batch: Function | None = None
    poll: Function | None = None
    operation_per: Literal["row", "batch"] = "row"
    operation_id: str = "operation_id"
    batch_size: int = 1000
    batch_bytes: int = 5_000_000
    poll_batch_size: int = 1

    def __post_init__(self) -> None:
        if self.perform is None and self.perform_batch is None:
            raise UsageError(f"action {self.title!r} needs perform or perform_batch")
        for name in ("batch_size", "batch_bytes", "poll_batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"action {self.title!r}: {name} must be 1 or more")

    @property
    def has_poll_support(self) -> bool:
        """Whether it can be asked how an operation stands."""
        return self.poll is not None

    def call_for(self, payloads: list[Payload], batch_size: int | None) -> tuple[Function, Any]:
        """Return the function that sends *payloads*, and what to give it.

        ``perform_batch`` where there is one, but for single rows asked for by a
        *batch_size* of 1.
        """
        alone = batch_size == 1 and self.perform is not None
        if self.perform_batch is not None and not alone:
            return self.perform_batch, payloads
        assert self.perform is not None  # An action has one of the two.
        return self.perform, payloads[0]

    @property
    def fields(self) -> dict[str, InputField]:
        """Its fields by key, in the order of declaration."""
        return input_fields(self.payload)

    def read(self, values: Mapping[str, Any]) -> Payload | str:
        """Return the payload of one row, or why its *values* do not fit.

        A null or an empty text is no value (unless the field allows null), so a
        required field that holds one is missing.
        """
        fields = self.fields
        given = {
            key: value
            for key, value in values.items()
            if value not in (None, "") or (value is None and fields[key].allow_null)
        }
        try:
            return self.payload.model_validate(given)
        except ValidationError as error:
            return explain(error, fields)


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A partner: its settings, its actions, and how a request to it looks.

    ``extend_request(data)`` returns the options of every request (``base_url``,
    ``headers``, ``username``, ``password``, ``timeout_seconds``).
    ``test_authentication(request, data)`` raises when credentials are not
    accepted. ``requests_per_second`` is the rate the partner allows.
    """

    name: str
    slug: str
    actions: Mapping[str, Action]
    settings: type[Settings] = Settings
    description: str = ""
    extend_request: Callable[[Any], Mapping[str, Any]] | None = None
    test_authentication: Function | None = None
    requests_per_second: float = 20.0

    def action(self, slug: str) -> Action:
        """Return the action called *slug*; raises UnknownName."""
        if slug not in self.actions:
            raise UnknownName.of(f"action of {self.name}", slug, self.actions)
        return self.actions[slug]

    def read_settings(self, values: Mapping[str, Any]) -> Settings:
        """Return *values* as settings; raises SettingsError, naming no value."""
        fields = input_fields(self.settings)
        for key in values:
            if key not in fields:
                raise UnknownName.of(f"setting of {self.name}", key, fields)
        try:
            return self.settings.model_validate(dict(values))
        except ValidationError as error:
            raise SettingsError(f"{self.name}: {explain(error, fields)}") from None


def secrets_of(settings: BaseModel) -> list[str]:
    """Return every secret in *settings*, also in models inside it."""
    found: list[str] = []
    for _, value in settings:
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, SecretBytes):
            found.append(value.get_secret_value().decode("utf-8", "replace"))
        elif isinstance(value, BaseModel):
            found.extend(secrets_of(value))
    return [secret for secret in found if secret]


def urls_of(settings: BaseModel) -> list[str]:
    """Return the URLs among *settings*: where the user's credentials may go."""
    texts = [str(value) for _, value in settings if isinstance(value, (str, AnyUrl))]
    return [text for text in texts if text.startswith(("http://", "https://"))]
