"""Runs against pandas itself: frames in, plain rows out, outcomes back on the frame's index."""

import enum
import json
import math
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncdest_nb.errors import FrameError
from asyncdest_nb.frame import LABEL_LENGTH, to_frame, to_rows, with_columns
from asyncdest_nb.numerals import Rounded


class Plan(enum.Enum):
    PRO = "pro"


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    DONE = "done"


def cells(values, dtype=None):
    """The plain values of one column, which has no faults."""
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
        ("x" * 1_000_000, "x" * 1_000_000),
    ],
    # Two processes must call a test the same, and each has an order of sets of its own.
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:30],
)
def test_a_value_becomes_a_plain_one(value, expected):
    column = np.empty(2, dtype=object)
    column[:] = [value, "beside"]
    (found, _) = cells(column, "object")
    assert exactly([found]) == exactly([expected])


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
        (cycle(), "holds itself"),
        ({1: "a", "1": "b"}, "two keys that are the same as text"),
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


def test_all_faults_of_a_row_are_told():
    frame = pd.DataFrame({"a": [1.5, math.inf], "b": [1j, 1j]})
    assert to_rows(frame).faults_where(lambda column: True) == {
        0: "column 'b': 1j is of type complex, which JSON cannot hold; "
        "send text, numbers, booleans, dates, or lists and dicts of them",
        1: "column 'a': inf is infinite, and JSON has no such number; "
        "column 'b': 1j is of type complex, which JSON cannot hold; "
        "send text, numbers, booleans, dates, or lists and dicts of them",
    }


def test_a_fault_in_a_column_that_nothing_reads_is_none():
    rows = to_rows(pd.DataFrame({"a": [1.5, math.inf], "b": [1j, 1j]}))
    assert list(rows.faults_where({"a"}.__contains__)) == [1]
    assert rows.faults_where({"c"}.__contains__) == {}


@pytest.mark.parametrize("kind", [None, "category", "Sparse", "Float64"])
def test_some_rows_are_what_they_are_among_all(kind):
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


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ([{"a": 1}], r"got a list, not a pandas DataFrame; pass pd\.DataFrame"),
        ("people.csv", r"got a str, not a pandas DataFrame; pass pd\.read_csv\(path\)"),
        (None, "got a NoneType"),
        (pd.Series([1]), r"got a Series, .* \.to_frame\(\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "named twice .*: 'a'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "named twice .*: '1'"),
        (
            pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
            r"2 levels.*flatten.*'_'\.join",
        ),
    ],
)
def test_what_cannot_be_read_as_rows_is_refused(frame, said):
    with pytest.raises(FrameError, match=said):
        to_rows(frame)


def test_empty_frames_have_rows_too():
    assert to_rows(pd.DataFrame()).rows == []
    assert to_rows(pd.DataFrame({"a": []})).columns == ("a",)
    assert to_rows(pd.DataFrame(index=["x", "y"])).rows == [{}, {}]


def test_columns_are_named_by_the_text_of_their_labels():
    assert to_rows(pd.DataFrame([[1, 2]], columns=["a.b", 7])).rows == [{"a.b": 1, "7": 2}]


@pytest.mark.parametrize(
    ("index", "labels"),
    [
        (pd.RangeIndex(5, 7), ["5", "6"]),
        (pd.Index([1.0, None]), ["1", "(missing)"]),
        (pd.Index(["x" * 100, "😀"]), ["x" * (LABEL_LENGTH - 1) + "…", "😀"]),
        (pd.DatetimeIndex(["2024-02-01", None]), ["2024-02-01T00:00:00", "(missing)"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), ["a / 1", "b / 2"]),
        (pd.Index([math.inf, 1.5]), ["inf", "1.5"]),
        (pd.Index(["\ud83d", "a"], dtype=object), ["'\\ud83d'", "a"]),
    ],
)
def test_a_row_has_a_short_label_for_the_screen(index, labels):
    assert to_rows(pd.DataFrame({"a": [1, 2]}, index=index)).labels == labels


# Any frame.

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.decimals(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.complex_numbers(),
    st.sampled_from([pd.NaT, pd.NA, np.nan, NAT64, Plan.PRO, np.float32(1.5), np.int8(3)]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.none() | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)
TYPED = st.sampled_from(
    [
        (st.none() | st.integers(-(2**62), 2**62), "Int64"),
        (st.none() | st.booleans(), "boolean"),
        (st.floats(), "float64"),
        (st.none() | st.text(max_size=5), "string"),
        (st.none() | st.text(max_size=5), "category"),
        (st.none() | st.datetimes(), "datetime64[us]"),
    ]
)


@st.composite
def frames(draw):
    size = draw(st.integers(0, 6))
    columns = {}
    for name in draw(st.lists(st.text(max_size=4), max_size=4, unique=True)):
        column = np.empty(size, dtype=object)
        if draw(st.booleans()):
            column[:] = draw(st.lists(VALUES, min_size=size, max_size=size))
            columns[name] = pd.Series(column, dtype=object)
        else:
            values, dtype = draw(TYPED)
            column[:] = draw(st.lists(values, min_size=size, max_size=size))
            columns[name] = pd.Series(column, dtype=object).astype(dtype)
    return pd.DataFrame(columns, index=range(size))


def texts_in(value):
    if isinstance(value, dict):
        return {text for each in value.items() for part in each for text in texts_in(part)}
    if isinstance(value, list | tuple | set):
        return {text for each in value for text in texts_in(each)}
    return {value} if isinstance(value, str) else set()


@settings(deadline=None)
@given(frames())
def test_every_row_is_json_and_nothing_missing_became_text(frame):
    rows = to_rows(frame)
    assert len(rows.rows) == len(rows.labels) == len(frame)
    for position, row in enumerate(rows.rows):
        assert tuple(row) == rows.columns
        json.dumps(row, allow_nan=False).encode()
        own = texts_in(frame.iloc[position].tolist()) | set(rows.columns)
        made_up = {"nan", "NaN", "NaT", "None", "<NA>"} & texts_in(row)
        assert made_up <= own


INDEXES = st.integers(1, 8).flatmap(
    lambda size: st.one_of(
        st.permutations(range(size)).map(pd.Index),
        st.lists(st.sampled_from("ab"), min_size=size, max_size=size).map(pd.Index),
        st.lists(
            st.tuples(st.sampled_from("ab"), st.integers(0, 1)), min_size=size, max_size=size
        ).map(lambda tuples: pd.MultiIndex.from_tuples(tuples, names=["k", "n"])),
    )
)


@given(INDEXES, st.data())
def test_rows_and_outcomes_are_aligned_by_position_whatever_the_labels(index, data):
    frame = pd.DataFrame({"n": range(len(index)), "status": "own"}, index=index)
    rows = to_rows(frame)
    assert [row["n"] for row in rows.rows] == list(range(len(index)))

    outcomes = to_frame(rows.index, {"n": [row["n"] for row in rows.rows]})
    pd.testing.assert_index_equal(outcomes.index, index)
    assert outcomes["n"].tolist() == frame["n"].tolist()

    positions = data.draw(st.lists(st.integers(0, len(index) - 1), max_size=5))
    picked = with_columns(frame, positions, {"status": [f"at {at}" for at in positions]})
    pd.testing.assert_frame_equal(picked[["n", "status"]], frame.iloc[positions])
    assert picked["status_1"].tolist() == [f"at {at}" for at in picked["n"]]


def test_outcomes_have_dtypes_that_do_not_depend_on_what_is_known_yet():
    known = to_frame(
        pd.RangeIndex(2),
        {
            "status": [Word.DONE, None],
            "error_code": [None, None],
            "progress": [None, 50],
            "retryable": [None, None],
            "polls": [1, 2],
            "share": [1, 0.5],
            "at": [datetime(2024, 2, 1), None],
            "result": [{"a": 1}, None],
        },
    )
    assert {name: str(dtype) for name, dtype in known.dtypes.items()} == {
        "status": "string",
        "error_code": "string",
        "progress": "float64",
        "retryable": "boolean",
        "polls": "Int64",
        "share": "float64",
        "at": str(pd.Series([datetime(2024, 2, 1)]).dtype),
        "result": "object",
    }
    assert known["error_code"].isna().all()
    assert type(known["status"].iloc[0]) is str
    assert known["result"].tolist() == [{"a": 1}, None]


def test_half_a_character_in_an_answer_does_not_break_the_outcomes():
    assert to_frame(pd.RangeIndex(1), {"message": ["half \ud83d"]})["message"][0] == "half ?"


def test_lists_of_one_length_stay_cells():
    assert to_frame(pd.RangeIndex(2), {"r": [[1, 2], [3, 4]]})["r"].tolist() == [[1, 2], [3, 4]]


def test_no_outcomes_at_all_is_a_frame_too():
    assert to_frame(pd.Index([], name="k"), {"status": []}).index.name == "k"
    assert to_frame(pd.RangeIndex(2), {}).shape == (2, 0)


def test_added_columns_leave_the_frames_own_as_they_were():
    frame = pd.DataFrame(
        {
            "id": pd.array([1, None], dtype="Int64"),
            "plan": pd.Categorical(["a", "b"]),
            "status": ["x", "y"],
            "status_1": [1, 2],
        },
        index=["same", "same"],
    )
    frame.columns.name = "fields"
    picked = with_columns(frame, [1], {"status": ["failed"], "why": [None]})
    assert list(picked.columns) == ["id", "plan", "status", "status_1", "status_2", "why"]
    assert picked.columns.name == "fields"
    pd.testing.assert_series_equal(picked.dtypes[frame.columns], frame.dtypes)
    assert picked["status_2"].tolist() == ["failed"]
    assert with_columns(frame, [], {"why": []}).shape == (0, 5)


def test_a_frame_with_categorical_column_labels_can_be_added_to():
    frame = pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["a", "b"]))
    assert list(with_columns(frame, [0], {"why": ["x"]}).columns) == ["a", "b", "why"]
