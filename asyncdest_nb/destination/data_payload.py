"""Payloads whose fields are given as data, checked as Segment's framework checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from ..responses import JSONObject
from .field_schema import FieldValidator
from .models import Payload


class DataPayload(Payload):
    """The base of such payloads. Their values are as they are sent: a date is a text."""

    __field_validator__: ClassVar[FieldValidator]

    @model_validator(mode="after")
    def _check_declared_bounds(self) -> Any:
        return self  # The validator has checked them, by Segment's rules.

    def as_json(self) -> JSONObject:
        """Return the values that are sent, which are JSON values already."""
        given = self.model_fields_set
        return {key: value for key, value in vars(self).items() if key in given}


def read_data(
    payload: type[DataPayload], values: Mapping[str, Any], *, in_batch: bool
) -> DataPayload | str:
    """Return the payload of one row, or the reasons why its *values* do not fit.

    An empty text counts as no value, but for a field of texts in a batch.
    """
    found, faults = payload.__field_validator__.validate(dict(values), in_batch=in_batch)
    return " ".join(faults) if faults else payload.model_validate(found)
