"""Cells of pandas as plain values, and the faults of cells that cannot be sent."""

import enum
import math
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from asyncdest_nb.frame import to_rows
from asyncdest_nb.numerals import Rounded


class Plan(enum.Enum):
    PRO = "pro"


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    DONE = "done"


def cells(values, dtype=None):
    """Return the plain values of one column, which has no faults."""
    rows = to_rows(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}))
    assert rows.faults == {}
    return [row["x"] for row in rows.rows]


def exactly(values):
    return [(type(value), value) for value in values]


NAT64 = np.datetime64("NaT", "ns")
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([17.0, None, 19.0], "float64", [17, None, 19]),
        ([17.0, 19.0], "float64", [17, 19]),
        ([17.5, None], "float64", [17.5, None]),
        ([2.0**53, None], "float64", [Rounded(2.0**53), None]),
        ([None, None], "float64", [None, None]),
        ([17.0, None], "float32", [17, None]),
        ([17.0, None], "Float64", [17, None]),
        ([17.0, None], "double[pyarrow]", [17, None]),
        ([1, 2], "int8", [1, 2]),
        ([2**64 - 1], "uint64", [2**64 - 1]),
        ([1, None], "Int64", [1, None]),
        ([1, None], "int64[pyarrow]", [1, None]),
        ([True, False], "bool", [True, False]),
        ([True, None], "boolean", [True, None]),
        ([True, None], "bool[pyarrow]", [True, None]),
        ([True, None, 1, "x"], "object", [True, None, 1, "x"]),
        (["a", None], "str", ["a", None]),
        (["a", None], "string", ["a", None]),
        (["a", None], "string[pyarrow]", ["a", None]),
        (["😀", "é", ""], "object", ["😀", "é", ""]),
        ([10**40, None], "object", [10**40, None]),
        (["b", None, "a"], "category", ["b", None, "a"]),
        ([17.0, None], "category", [17, None]),
        ([date(2024, 2, 1), None], "category", ["2024-02-01", None]),
        (pd.to_datetime(["2024-02-01", None]), "category", ["2024-02-01T00:00:00", None]),
        (
            pd.to_datetime(["2024-02-01 10:00", None, "2024-02-01 10:00:00.5"], format="ISO8601"),
            None,
            ["2024-02-01T10:00:00", None, "2024-02-01T10:00:00.500000"],
        ),
        (["1500-01-01"], "datetime64[s]", ["1500-01-01T00:00:00"]),
        (
            ["2024-02-01T00:00:00.000000001"],
            "datetime64[ns]",
            ["2024-02-01T00:00:00.000000001"],
        ),
        (
            pd.to_datetime(["2024-02-01", None, "2024-07-01"]).tz_localize(BERLIN),
            None,
            ["2024-02-01T00:00:00+01:00", None, "2024-07-01T00:00:00+02:00"],
        ),
        ([None], "datetime64[us, UTC]", [None]),
        (
            pd.to_datetime(["2024-02-01"]).tz_localize("America/St_Johns"),
            None,
            ["2024-02-01T00:00:00-03:30"],
        ),
        ([pd.Timestamp("2024-02-01", tz="UTC")], "object", ["2024-02-01T00:00:00+00:00"]),
        (
            pd.to_timedelta(["1D 02:03:04.5", None, "-1s"]),
            None,
            ["P1DT2H3M4.5S", None, "-P0DT0H0M1S"],
        ),
        ([timedelta(days=-1)], "object", ["-P1DT0H0M0S"]),
        ([timedelta.max], "object", ["P999999999DT23H59M59.999999S"]),
        ([pd.Timedelta(1, "ns")], "object", ["P0DT0H0M0.000000001S"]),
        ([pd.Period("2024-02", "M"), None], None, ["2024-02", None]),
        ([pd.Interval(0, 1), None], "object", ["(0, 1]", None]),
        (pd.arrays.SparseArray([1.0, np.nan]), None, [1, None]),
        ([Decimal("1.10"), None], pd.ArrowDtype(pa.decimal128(9, 2)), ["1.10", None]),
        ([date(2024, 2, 1), None], pd.ArrowDtype(pa.date32()), ["2024-02-01", None]),
        ([[1, 2], None], pd.ArrowDtype(pa.list_(pa.int64())), [[1, 2], None]),
        ([{"a": 1}, None], pd.ArrowDtype(pa.struct([("a", pa.int64())])), [{"a": 1}, None]),
        (
            [datetime(2024, 2, 1, tzinfo=UTC), None],
            pd.ArrowDtype(pa.timestamp("us", "UTC")),
            ["2024-02-01T00:00:00+00:00", None],
        ),
    ],
)
def test_a_column_becomes_plain_values(values, dtype, expected):
    assert exactly(cells(values, dtype)) == exactly(expected)


NESTED = {"list": [1, None, np.nan, pd.NaT], "k": {"t": (1, 2), 3: np.float32(0.5)}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (math.nan, None),
        (pd.NaT, None),
        (pd.NA, None),
        (NAT64, None),
        (Decimal("NaN"), None),
        (np.ma.masked, None),
        (np.bool_(True), True),
        (np.int16(7), 7),
        (np.float64(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.datetime64("2024-02-01"), "2024-02-01T00:00:00"),
        (np.timedelta64(90, "s"), "P0DT0H1M30S"),
        (date(2024, 2, 1), "2024-02-01"),
        (time(10, 30, tzinfo=UTC), "10:30:00+00:00"),
        (
            datetime(2024, 2, 1, tzinfo=timezone(timedelta(hours=-5))),
            "2024-02-01T00:00:00-05:00",
        ),
        (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        (Decimal("0E-8"), "0.00000000"),
        (Decimal("1E+1000000"), "1E+1000000"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Plan.PRO, "pro"),
        (Level.HIGH, 3),
        (Word.DONE, "done"),
        (b"\x00\xff", "AP8="),
        (bytearray(b"a"), "YQ=="),
        (NESTED, {"list": [1, None, None, None], "k": {"t": [1, 2], "3": 0.5}}),
        ({None: 1, True: 2, 1.5: 3}, {"null": 1, "true": 2, "1.5": 3}),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (frozenset({2, 10}), [10, 2]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([0.5, np.nan]), [0.5, None]),
        (np.array(["2024-02-01"], dtype="datetime64[ns]"), ["2024-02-01T00:00:00"]),
        (np.array(5), 5),
        (pd.array(["a", None]), ["a", None]),
        (pd.array([1, None], dtype="Int64"), [1, None]),
        (pd.to_datetime(["2024-02-01"]).tz_localize("UTC").array, ["2024-02-01T00:00:00+00:00"]),
        ("x" * 1_000_000, "x" * 1_000_000),
    ],
    # The name of a case must be the same in all processes, and the order of a set is not.
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:30],
)
def test_a_value_becomes_a_plain_one(value, expected):
    column = np.empty(2, dtype=object)
    column[:] = [value, "beside"]
    (found, _) = cells(column, "object")
    assert exactly([found]) == exactly([expected])


def test_how_numpy_prints_does_not_change_a_number():
    short = np.float32(1 / 3)
    nested = pd.Series([{"a": [short]}, np.array([short])], dtype=object)
    frame = pd.DataFrame({"short": np.array([short, 19.99], "float32"), "nested": nested})
    own = to_rows(frame).rows
    assert own[0] == {"short": 0.33333334, "nested": {"a": [0.33333334]}}
    with np.printoptions(legacy="1.13", precision=2, suppress=True):
        assert to_rows(frame).rows == own


def cycle():
    knot = []
    knot.append(knot)
    return knot


class Shy:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (math.inf, "inf is infinite"),
        (-math.inf, "-inf is infinite"),
        (Decimal("Infinity"), "Infinity is infinite"),
        ([{"a": np.float32("inf")}], "inf is infinite"),
        (1 + 2j, "(1+2j) is of type complex"),
        ("half \ud83d", "lone surrogate"),
        ({"\ud83d": 1}, "lone surrogate"),
        (object(), "is of type object"),
        (Shy(), "Shy"),
        (cycle(), "contains itself"),
        ({1: "a", "1": "b"}, "two keys that are equal as text"),
        (10**5000, "too long to be written"),
        (np.datetime64("20000-01-01"), "the year 20000"),
        (np.timedelta64(1, "Y"), "cannot be read as a time"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_cell_that_cannot_be_sent_is_a_fault_of_its_row(value, why):
    odd = pd.Series(["a", value, "c"], dtype=object)
    rows = to_rows(pd.DataFrame({"id": [1, 2, 3], "odd": odd}))
    assert rows.rows == [{"id": 1, "odd": "a"}, {"id": 2, "odd": None}, {"id": 3, "odd": "c"}]
    assert list(rows.faults) == ["odd"]
    assert list(rows.faults["odd"]) == [1]
    assert why in rows.faults["odd"][1]


def test_all_faults_of_a_row_are_listed():
    frame = pd.DataFrame({"a": [1.5, math.inf], "b": [1j, 1j]})
    assert to_rows(frame).faults_where(lambda column: True) == {
        0: "column 'b': 1j is of type complex, which JSON cannot hold; "
        "send text, numbers, booleans, dates, or lists and dicts of them",
        1: "column 'a': inf is infinite, and JSON has no such number; "
        "column 'b': 1j is of type complex, which JSON cannot hold; "
        "send text, numbers, booleans, dates, or lists and dicts of them",
    }


def test_a_fault_in_an_unused_column_does_not_count():
    rows = to_rows(pd.DataFrame({"a": [1.5, math.inf], "b": [1j, 1j]}))
    assert list(rows.faults_where({"a"}.__contains__)) == [1]
    assert rows.faults_where({"c"}.__contains__) == {}


@pytest.mark.parametrize("kind", [None, "category", "Sparse", "Float64"])
def test_some_rows_are_the_same_as_among_all_rows(kind):
    ids = pd.Series([*map(float, range(300)), None], dtype=kind)
    frame = pd.DataFrame({"id": ids, "mean": 0.5})
    frame.index += 1000
    some = to_rows(frame, [7, 3])
    assert some.rows == [{"id": 7, "mean": 0.5}, {"id": 3, "mean": 0.5}]
    assert type(some.rows[0]["id"]) is int
    assert some.labels == ["1007", "1003"]
    assert to_rows(frame).rows[7] == some.rows[0]


def test_columns_with_infinite_numbers_or_odd_years_keep_their_other_values():
    frame = pd.DataFrame(
        {
            "n": [1.5, math.inf, None],
            "c": pd.Categorical([1.5, math.inf, None]),
            "t": np.array(["2024-01-01", "20000-01-01", "NaT"], dtype="datetime64[s]"),
        }
    )
    rows = to_rows(frame)
    assert rows.rows == [
        {"n": 1.5, "c": 1.5, "t": "2024-01-01T00:00:00"},
        {"n": None, "c": None, "t": None},
        {"n": None, "c": None, "t": None},
    ]
    assert {name: list(faults) for name, faults in rows.faults.items()} == {
        "n": [1],
        "c": [1],
        "t": [1],
    }
    assert "the year 20000" in rows.faults["t"][1]
