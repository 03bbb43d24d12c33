"""Definitions in the form of Segment's framework in TypeScript, translated into our own.

There fields are a dict instead of a class, and names are in camelCase.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from datetime import datetime
from typing import Any, TypeVar, cast

from pydantic import SecretStr, create_model
from pydantic.alias_generators import to_camel, to_snake

from ..errors import UnknownName, UsageError
from .data_payload import DataPayload, data_payload
from .field_schema import FieldValidator
from .input_field import data_field, field
from .models import Fields, Payload

FieldsT = TypeVar("FieldsT", bound=Fields)
DefinedT = TypeVar("DefinedT")

_TYPES: dict[str, Any] = {
    "string": str,
    "text": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "datetime": datetime,
    "password": SecretStr,
    "object": dict[str, Any],
}
_OPTIONS = "default choices format allow_null minimum maximum placeholder".split()
_ATTRIBUTES = ["label", "description", "type", "required", "multiple", *_OPTIONS]
_ATTRIBUTES += ["properties", "additional_properties"]
# Attributes that only the screens of the framework read.
_OF_SCREENS = frozenset(
    "dynamic category depends_on default_object_ui read_only disabled_input_methods display_mode "
    "unsafe_hidden".split()
)
# Arguments with another name here; empty = not used here.
_ELSEWHERE = {
    "fields": "payload",
    "perform_poll": "poll",
    "authentication": "",
    "default_subscription": "",
    "platform": "",
    "mode": "",
}


def is_fields(given: Any) -> bool:
    """Whether *given* is a dict of fields, each a dict of its attributes."""
    if not isinstance(given, Mapping) or not given:
        return False
    return all(isinstance(each, Mapping) and "type" in each for each in given.values())


def labeled_payload(given: Mapping[str, Mapping[str, Any]], what: str) -> type[Payload]:
    """Return a payload with the fields that are *given* as dicts; raises UsageError.

    What is wrong with a row is said by label and key, not in the sentences of Segment.
    """
    own = {key: _own_names(f"{what}: field {key!r}", each) for key, each in given.items()}
    return _data_payload(own, what, is_labeled=True)


def model_of(
    given: Mapping[str, Mapping[str, Any]], base: type[FieldsT], what: str
) -> type[FieldsT]:
    """Return a class with the fields that are *given* as dicts; raises UsageError."""
    own = {key: _own_names(f"{what}: field {key!r}", each) for key, each in given.items()}
    if base is Payload:
        return cast(type[FieldsT], _data_payload(own, what))
    declared = {key: _declared(f"{what}: field {key!r}", each) for key, each in own.items()}
    return _class(base, declared, what)


def _class(base: type[FieldsT], declared: dict[str, Any], what: str) -> type[FieldsT]:
    try:
        return create_model(base.__name__, __base__=base, **declared)
    except (NameError, TypeError) as error:
        raise UsageError(f"{what}: {error}") from None


def _data_payload(
    given: Mapping[str, Mapping[str, Any]], what: str, *, is_labeled: bool = False
) -> type[DataPayload]:
    schema = {key: _segment_names(each) for key, each in given.items()}
    validator = FieldValidator(schema, what=what)
    declared = {key: data_field(key, each) for key, each in given.items()}
    return data_payload("DataPayload", declared, validator, is_labeled=is_labeled)


def _own_names(what: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a field by our names for them; raises UnknownName for others."""
    own = {to_snake(str(name)): value for name, value in attributes.items()}
    for name in own.keys() - _OF_SCREENS:
        if name not in _ATTRIBUTES:
            raise UnknownName.of("attribute", name, _ATTRIBUTES, owner=what)
    if isinstance(own.get("properties"), Mapping):
        own["properties"] = {
            key: _own_names(f"{what} > {key!r}", each) for key, each in own["properties"].items()
        }
    return own


def _segment_names(own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a field by Segment's names."""
    found = {to_camel(name): value for name, value in own.items()}
    if isinstance(own.get("properties"), Mapping):
        found["properties"] = {key: _segment_names(each) for key, each in own["properties"].items()}
    if isinstance(own.get("required"), Mapping):
        conditions = own["required"].get("conditions")
        if isinstance(conditions, list | tuple):
            named = [
                {to_camel(name): value for name, value in each.items()}
                if isinstance(each, Mapping)
                else each
                for each in conditions
            ]
            found["required"] = {**own["required"], "conditions": named}
    return found


def _declared(what: str, own: Mapping[str, Any]) -> tuple[Any, Any]:
    kind, required = own.get("type"), own.get("required", False)
    if kind not in _TYPES:
        raise UnknownName.of("type", kind, _TYPES, owner=what)
    if not isinstance(required, bool):
        raise UsageError(f"{what}: required is {required!r}; write True or False")
    annotation: Any = _TYPES[kind]
    if own.get("multiple"):
        annotation = types.GenericAlias(list, (annotation,))
    options = {name: own[name] for name in _OPTIONS if name in own}
    if options.get("choices") is not None:
        options["choices"] = [_choice(each) for each in options["choices"]]
    label, about = own.get("label") or "", own.get("description") or ""
    declared = field(label, description=about, required=required, **options)
    return (annotation if required else annotation | None), declared


def _choice(given: Any) -> Any:
    return given["value"] if isinstance(given, Mapping) and "value" in given else given


def either_spelling(defined: type[DefinedT]) -> type[DefinedT]:
    """Let the arguments of a dataclass have the framework's names as well."""
    make = defined.__init__
    names = [each.name for each in dataclass_fields(defined) if each.init]  # type: ignore[arg-type]

    @functools.wraps(make)
    def made(self: Any, *given: Any, **named: Any) -> None:
        own: dict[str, Any] = {}
        for name, value in named.items():
            if (found := _own(name, names, defined.__name__)) in own:
                raise UsageError(f"{defined.__name__} was given {found} twice")
            own[found] = value
        make(self, *given, **own)

    defined.__init__ = made  # type: ignore[method-assign]
    return defined


def _own(name: str, names: list[str], owner: str) -> str:
    own = to_snake(name)
    own = _ELSEWHERE.get(own) or own
    if own in names:
        return own
    if own == "authentication":
        raise UsageError(
            f"{owner} has no argument {name!r}: write settings=… for its fields, extend_request=… "
            "for the headers, test_authentication=… and refresh_access_token=… for its functions"
        )
    if own in _ELSEWHERE:
        raise UsageError(f"{owner} has no argument {name!r}: leave it out")
    raise UnknownName.of("argument", name, names, owner=owner)
