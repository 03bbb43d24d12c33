"""Payloads whose fields are given as data, checked as Segment's framework checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import ConfigDict, model_validator

from ..responses import JSONObject
from .checks import place_of
from .field_schema import Fault, FieldValidator
from .input_field import InputField, set_input_fields
from .models import Payload


class DataPayload(Payload):
    """The base of such payloads. Their values are as they are sent: a date is a text.

    A field may have any name. One that Python cannot have as an attribute, or that is the name
    of a method, such as ``keys``, is read as ``payload["keys"]``.
    """

    # Attributes of a model cannot have all of the names, so values are kept by key.
    model_config = ConfigDict(extra="allow")

    __field_validator__: ClassVar[FieldValidator]
    __declared__: ClassVar[Mapping[str, InputField]] = {}
    __is_labeled__: ClassVar[bool] = False  # Faults name fields as those of a class do.

    @model_validator(mode="after")
    def _check_declared_bounds(self) -> Any:
        # The rest was checked by the validator, by Segment's rules.
        if unknown := self._values.keys() - self.__declared__.keys():
            raise ValueError(f"no field {', '.join(sorted(unknown))}")
        return self

    @property
    def _values(self) -> JSONObject:
        return self.__pydantic_extra__ or {}

    def __getattr__(self, name: str) -> Any:
        if name in self.__declared__:
            return self._values.get(name)
        return super().__getattr__(name)  # type: ignore[misc]  # pydantic hides it from mypy.

    def __getitem__(self, key: str) -> Any:
        return self._values.get(key) if key in self.__declared__ else super().__getitem__(key)

    def as_json(self) -> JSONObject:
        """Return the values that are sent, which are JSON values already."""
        given = self._values
        return {key: given[key] for key in self.__declared__ if key in given}


class OpenPayload(DataPayload):
    """The base of payloads without declared fields: they have whatever a mapping gives."""

    @model_validator(mode="after")
    def _check_declared_bounds(self) -> Any:
        return self

    def as_json(self) -> JSONObject:
        """Return all values, as a mapping has made them."""
        return dict(self._values)


def data_payload(
    name: str,
    fields: Mapping[str, InputField],
    validator: FieldValidator,
    *,
    is_labeled: bool = False,
) -> type[DataPayload]:
    """Return the class of payloads with *fields*, whose values *validator* checks.

    Without fields nothing is checked, as in Segment's framework. Messages are sentences of
    Segment's, or name the fields by label and key if they are *is_labeled*.
    """
    own = {
        "__module__": __name__,
        "__field_validator__": validator,
        "__declared__": fields,
        "__is_labeled__": is_labeled,
    }
    made = type(name, (DataPayload if fields else OpenPayload,), own)
    set_input_fields(made, fields)
    return made


def read_data(
    payload: type[DataPayload], values: Mapping[str, Any], *, in_batch: bool
) -> DataPayload | str:
    """Return the payload of one row, or the reasons why its *values* do not fit.

    An empty text counts as no value, but for a field of texts in a batch; if messages name fields
    by label, also for such a field that is required.
    """
    given = _without_gaps(payload, values) if payload.__is_labeled__ else dict(values)
    found, faults = payload.__field_validator__.checked(given, in_batch=in_batch)
    if not faults:
        return payload.model_validate(found)
    if payload.__is_labeled__:
        return _with_labels(faults, payload.__declared__)
    return " ".join(each.sentence for each in faults)


def _without_gaps(payload: type[DataPayload], values: Mapping[str, Any]) -> dict[str, Any]:
    if "" not in values.values():
        return dict(values)
    needed = {key for key, each in payload.__declared__.items() if each.required}
    return {key: value for key, value in values.items() if value != "" or key not in needed}


def _with_labels(faults: Sequence[Fault], declared: Mapping[str, InputField]) -> str:
    return "; ".join(place_of(each.place, declared) + each.what for each in faults if each.what)
