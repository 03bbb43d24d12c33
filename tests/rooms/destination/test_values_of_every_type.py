"""Values in fields of every type; a server keeps the bodies that arrive."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest
from pydantic import BaseModel, RootModel
from typing_extensions import TypeAliasType, TypedDict

from recorded_rows import Identity, case_name, of_type


class Person(BaseModel):
    id: str
    friends: list[Person] = []
    since: date | None = None


@dataclass
class Order:
    id: str
    due: datetime


class Line(NamedTuple):
    id: str
    due: date


class Item(TypedDict):
    id: str
    due: date


class Card(BaseModel):
    kind: Literal["card"]
    id: str
    due: datetime


class Bank(BaseModel):
    kind: Literal["bank"]
    id: str
    since: datetime


class Size(Enum):
    SMALL = "1001"


Days = TypeAliasType("Days", list[date])
TYPES: list[tuple[Any, Any, Any]] = [
    (Person, {"id": 1001.0}, {"id": "1001"}),
    (Person, {"id": 1, "friends": [{"id": 2.5}]}, {"id": "1", "friends": [{"id": "2.5"}]}),
    (list[Person], [{"id": 1e-7, "since": "20240601"}], [{"id": "1e-7", "since": "2024-06-01"}]),
    (Person | str, {"id": "a", "since": "20240601"}, {"id": "a", "since": "2024-06-01"}),
    (Order, {"id": 1001.0, "due": "20240601"}, {"id": "1001", "due": "2024-06-01T00:00:00"}),
    (Line, [1001.0, "20240601"], ["1001", "2024-06-01"]),
    (Item, {"id": 2.5, "due": "20240601"}, {"id": "2.5", "due": "2024-06-01"}),
    (
        Card | Bank,
        {"kind": "bank", "id": 1001.0, "since": "20240601"},
        {"kind": "bank", "id": "1001", "since": "2024-06-01T00:00:00"},
    ),
    (RootModel[dict[str, datetime]], {"a": "20240601"}, {"a": "2024-06-01T00:00:00"}),
    (tuple[str, date], [1001.0, "20240601"], ["1001", "2024-06-01"]),
    (Sequence[str], [1e-7], ["1e-7"]),
    (Mapping[str, datetime], {"a": "20240601"}, {"a": "2024-06-01T00:00:00"}),
    (dict[datetime, str], {"20240601": 1.0}, {"2024-06-01T00:00:00": "1"}),
    (dict[str, str], {1e-7: 2.5}, {"1e-7": "2.5"}),
    (Days, ["20240601"], ["2024-06-01"]),
    (str | list[str], 1e-7, "1e-7"),
    (Literal["1001"], 1001.0, "1001"),
    (Size, 1001.0, "1001"),
    (list[Any], np.array([1001.0, 2.5]), [1001, 2.5]),
    (list[str], np.ma.array([1001.0, 2.5], mask=[False, False]), ["1001", "2.5"]),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), TYPES, ids=case_name)
def test_a_value_is_read_the_same_way_in_every_type(recorder, annotation, value, expected):
    arrived = of_type(recorder, annotation, value)
    assert json.dumps(arrived) == json.dumps(expected)  # 1001.0 is equal to 1001.


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Person, {"id": "a", "friends": [{"id": 2.0**60}]}),
        (Order, {"id": 2.0**60, "due": "2024-06-01"}),
        (RootModel[list[str]], [2.0**60]),
        (tuple[int, str], [1, 2.0**60]),
        (Sequence[str], [2.0**60]),
        (Mapping[str, str], {"a": 2.0**60}),
        (dict[str, str], {2.0**60: "a"}),
        (str | list[str], [2.0**60]),
        (Identity, 2.0**60),
        (list[str], np.array([123456789], dtype="float32")),
    ],
    ids=case_name,
)
def test_lost_digits_are_found_in_every_type(recorder, annotation, value):
    assert "digits may be lost" in of_type(recorder, annotation, value)
