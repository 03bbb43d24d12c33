"""Payloads whose fields are given as data, checked as Segment's framework checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict, model_validator

from ..responses import JSONObject
from .field_schema import FieldValidator
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
    name: str, fields: Mapping[str, InputField], validator: FieldValidator
) -> type[DataPayload]:
    """Return the class of payloads with *fields*, whose values *validator* checks.

    Without fields nothing is checked, as in Segment's framework.
    """
    own = {"__module__": __name__, "__field_validator__": validator, "__declared__": fields}
    made = type(name, (DataPayload if fields else OpenPayload,), own)
    set_input_fields(made, fields)
    return made


def read_data(
    payload: type[DataPayload], values: Mapping[str, Any], *, in_batch: bool
) -> DataPayload | str:
    """Return the payload of one row, or the reasons why its *values* do not fit.

    An empty text counts as no value, but for a field of texts in a batch.
    """
    found, faults = payload.__field_validator__.validate(dict(values), in_batch=in_batch)
    return " ".join(faults) if faults else payload.model_validate(found)
