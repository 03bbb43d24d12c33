"""Types of Arrow, DuckDB and pandas that Python, or Arrow, has no exact value for."""

from __future__ import annotations

import re

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as compute
import pytest

from asyncdest_nb.errors import FrameError
from asyncdest_nb.frame import to_rows

LAST = 86_399_999_999_999  # Nanoseconds: the last of a day.
HOUR = 3600 * 10**9
SHORT, CLOCK = pa.float32(), pa.time64("ns")
UNION = pa.UnionArray.from_sparse(
    pa.array([0, 1, 1], pa.int8()), [pa.array([19.99] * 3, SHORT), pa.array(["a", "b", None])]
)

# The lowest version of narwhals does not go with DuckDB 2.
NEW = pytest.mark.skipif(duckdb.__version__ < "2", reason="an older DuckDB lacks the type")


def span(*parts):
    """Return an interval of months, days and nanoseconds."""
    return pa.MonthDayNano(parts)


def plain(cells):
    rows = to_rows(pa.table({"x": cells}))
    assert rows.faults == {}
    return [row["x"] for row in rows.rows]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pa.array([19.99, None], SHORT).dictionary_encode(), [19.99, None]),
        (compute.run_end_encode(pa.array([19.99, 19.99, None], SHORT)), [19.99, 19.99, None]),
        (UNION, [19.99, "b", None]),
        (pa.array([[19.99, None], None], pa.list_view(SHORT)), [[19.99, None], None]),
        (pa.array([LAST, 3_723_000_004_000, 0, None], CLOCK).dictionary_encode(), ...),
        (pa.array([LAST, 3_723_000_004_000, 0, None], CLOCK), ...),
        (pa.array([[LAST], None], pa.list_(CLOCK)), [["23:59:59.999999999"], None]),
        (
            pa.array([{"at": 1, "p": 0.1}, None], pa.struct([("at", CLOCK), ("p", SHORT)])),
            [{"at": "00:00:00.000000001", "p": 0.1}, None],
        ),
        (
            pa.array([[("k", 1)], None], pa.map_(pa.string(), CLOCK)),
            [{"k": "00:00:00.000000001"}, None],
        ),
        (
            pa.array([span(14, 3, 5_400_500_000_000), span(0, 0, 36 * HOUR), None]),
            ["P1Y2M3DT1H30M0.5S", "P0DT36H0M0S", None],
        ),
        (pa.array([span(-1, -2, 0)]), ["-P0Y1M2DT0H0M0S"]),
        (
            pa.array([[(1, "a")], [], None], pa.map_(pa.int64(), pa.string())),
            [{"1": "a"}, {}, None],
        ),
    ],
    ids=lambda value: str(value.type)[:40] if hasattr(value, "type") else "",
)
def test_a_value_keeps_its_digits(cells, expected):
    if expected is ...:
        expected = ["23:59:59.999999999", "01:02:03.000004", "00:00:00", None]
    assert plain(cells) == expected


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (
            pa.array([[("k", "a"), ("k", "b")]], pa.map_(pa.string(), pa.string())),
            r"\[\('k', 'a'\), \('k', 'b'\)\] has a key twice",
        ),
        (pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), "struct<"),
        (pa.array([[([1], "a")]], pa.map_(pa.list_(pa.int8()), pa.string())), "unhashable"),
        (pa.array([span(1, -1, 0)]), "1 months, -1 days and 0 ns have different"),
        (
            pa.ExtensionArray.from_storage(
                pa.opaque(pa.binary(), "bignum", "DuckDB"), pa.array([b"\x80"])
            ),
            "the bignum of DuckDB; cast it to text",
        ),
        (pa.array([86_400 * 10**9], CLOCK), "hour must be in"),
    ],
    ids=lambda value: str(value.type)[:40] if hasattr(value, "type") else "",
)
def test_a_value_that_would_lose_something_is_a_fault_of_its_row(cells, why):
    rows = to_rows(pa.table({"x": pa.concat_arrays([cells, pa.nulls(1, cells.type)])}))
    assert [row["x"] for row in rows.rows] == [None, None]
    assert list(rows.faults["x"]) == [0]
    assert re.search(why, rows.faults["x"][0])


def test_a_period_and_an_interval_of_pandas_come_through_arrow():
    frame = pd.DataFrame(
        {
            "month": pd.period_range("2024-01", periods=2, freq="M"),
            "range": pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2)]),
        }
    )
    assert to_rows(pa.table(frame)).rows == to_rows(frame).rows
    assert to_rows(frame).rows[0] == {"month": "2024-01", "range": "(0, 1]"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'00101'::bit", "00101"),
        pytest.param(
            "12345678901234567890123456789012345678901234567890::bignum",
            int("1234567890" * 5),
            marks=NEW,
        ),
        ("'01:02:03+05:30'::timetz", "01:02:03+05:30"),
        pytest.param("'12:00:00.123456789'::time_ns", "12:00:00.123456789", marks=NEW),
        ("interval '1 month 2 days 3 hours'", "P0Y1M2DT3H0M0S"),
        ("uuid '00000000-0000-0000-0000-000000000001'", "00000000-0000-0000-0000-000000000001"),
        pytest.param("340282366920938463463374607431768211455::uhugeint", 2**128 - 1, marks=NEW),
        ("{'BIT': 1}", {"BIT": 1}),
    ],
)
def test_a_type_of_duckdb_that_arrow_lacks_is_sent_as_duckdb_writes_it(value, expected):
    relation = duckdb.sql(f"select {value} as x union all select null order by x")
    assert [row["x"] for row in to_rows(relation).rows] == [expected, None]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(
            "[1::bignum]", "column 'x' has BIGNUM in lists or structs; cast them", marks=NEW
        ),
        ("{'a': ['101'::bit]}", "column 'x' has BIT in lists or structs; cast them"),
        ("map {'k': '01:02:03+05:30'::timetz}", "has TIME WITH TIME ZONE in lists"),
        pytest.param("1::variant", "column 'x' is a VARIANT; cast it", marks=NEW),
    ],
)
def test_one_that_cannot_be_cast_here_is_refused(value, why):
    with pytest.raises(FrameError, match=why):
        to_rows(duckdb.sql(f"select {value} as x"))


class Uncopied:
    def __deepcopy__(self, memo):
        raise AssertionError("copied")


def test_the_attrs_of_a_frame_are_not_copied_with_each_column():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    frame.attrs["source"] = Uncopied()
    assert to_rows(frame, [1]).rows == [{"a": 2, "b": "y"}]
