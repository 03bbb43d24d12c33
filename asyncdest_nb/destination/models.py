"""Settings and payloads: pydantic models whose fields are declared with ``field``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    WrapValidator,
    model_validator,
)
from pydantic.fields import FieldInfo

from ..responses import JSONObject
from .checks import check_value
from .conversions import conversion_of
from .input_field import declared_attributes, input_fields, limited_fields
from .keyed import Keyed


class Fields(Keyed, BaseModel):
    """The base of payloads and settings: declared fields, and no others."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        # Error messages are shown and saved; the input may be a secret.
        hide_input_in_errors=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        # "https://host" gets no slash, so that f"{endpoint}/path" has only one.
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
        for key, declared in limited_fields(type(self)):
            value = getattr(self, key)
            if value is not None:
                for item in value if declared.multiple else (value,):
                    check_value(declared, item)
        return self


class Settings(Fields):
    """What a connection needs: the address of the destination, and credentials."""

    @classmethod
    def _default_of(cls, info: FieldInfo) -> Any:
        return declared_attributes(info).get("default")


class Payload(Fields):
    """The values that are sent for one row."""

    def keys(self) -> Iterable[str]:
        """Return the fields that are sent, so that ``{**payload, "source": "crm"}`` works."""
        return self.as_json().keys()

    def as_json(self) -> JSONObject:
        """Return the JSON values that are sent, without nulls, unless a field allows them."""
        declared = input_fields(type(self))
        values = self.model_dump(mode="json", exclude_unset=True)
        return {
            key: value
            for key, value in values.items()
            if value is not None or (key in declared and declared[key].allow_null)
        }


def _settle(info: FieldInfo, default: Any) -> bool:
    """Give *info* a default if it may be left out; return whether that changed it."""
    required = declared_attributes(info).get("required")
    optional = not required and (required is False or _allows_none(info.annotation))
    if not info.is_required():
        return False
    if default is None and not optional:
        return False
    info.default = default
    return True


def _convert(info: FieldInfo) -> bool:
    """Let *info* convert its values, see conversions; return whether that changed it."""
    if any(isinstance(each, _Converted) for each in info.metadata):  # Inherited.
        return False
    found = conversion_of(info.annotation, format=declared_attributes(info).get("format"))
    if found is not None:
        own = [isinstance(each, _READERS) for each in info.metadata]
        # What an author's own function returns is converted, not what it reads.
        info.metadata.insert(own.index(True) if any(own) else len(own), _Converted(found))
    return found is not None


class _Converted(BeforeValidator):
    """The validator that ``_convert`` adds to a field."""


def is_own_conversion(metadata: Any) -> bool:
    """Whether *metadata* of a field is a conversion that its type has by itself."""
    return isinstance(metadata, _Converted)


_READERS = (BeforeValidator, PlainValidator, WrapValidator)


def _allows_none(annotation: Any) -> bool:
    return type(None) in get_args(annotation) or annotation in (Any, None)
